# SPDX-License-Identifier: ISC
"""Which Debian packages a task wants, and how they get here.

A package counts as there when the file or program that is wanted from it is
there: what a person installed by other means is as good.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import say

# purpose -> [(package, a program or file of it)]
PACKAGES = {
    'build': [
        ('gcc', 'gcc'),
        ('libc6-dev', '/usr/include/stdio.h'),
        ('meson', 'meson'),
        ('ninja-build', 'ninja'),
        ('git', 'git'),
    ],
    'run': [('qemu-system-x86', 'qemu-system-x86_64')],
    'image': [
        ('grub-common', 'grub-mkimage'),
        ('grub-pc-bin', '/usr/lib/grub/i386-pc/boot_hybrid.img'),
        ('grub-efi-amd64-bin', '/usr/lib/grub/x86_64-efi/normal.mod'),
        ('xorriso', 'xorriso'),
    ],
    'unit': [
        ('check', '/usr/include/check.h'),
        ('pkg-config', 'pkg-config'),
    ],
    # Tests that miss one of these are skipped, and say so.
    'system': [
        ('ovmf', '/usr/share/OVMF/OVMF_CODE_4M.fd'),
        ('iproute2', 'ip'),
        ('curl', 'curl'),
        ('nghttp2-client', 'h2load'),
        ('openssl', 'openssl'),
        ('pebble', 'pebble'),
        ('gnutls-bin', 'gnutls-cli'),
        ('testssl.sh', 'testssl'),
        ('wrk', 'wrk'),
        ('netcat-openbsd', 'nc'),
        ('tcpdump', 'tcpdump'),
        ('mtools', 'mtype'),
        ('qemu-utils', 'qemu-img'),
        ('skopeo', 'skopeo'),
        ('libvirt-clients', 'virt-xml-validate'),
        ('libvirt-daemon-driver-qemu', 'virt-qemu-run'),
        ('systemd', 'systemd-analyze'),
        ('python3-yaml', '/usr/lib/python3/dist-packages/yaml'),
        ('dnsmasq-base', 'dnsmasq'),
        ('radvd', 'radvd'),
        ('avahi-daemon', 'avahi-daemon'),
        ('bind9-dnsutils', 'dig'),
        ('kea-dhcp4-server', 'kea-dhcp4'),
        ('kea-dhcp6-server', 'kea-dhcp6'),
        ('chromium', 'chromium'),
        ('clang', 'clang'),
        ('libclang-rt-14-dev',
         '/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/'
         'libclang_rt.fuzzer-x86_64.a'),
        ('gdb', 'gdb'),
        # A processor with IBT, for test_branches.py.
        ('bochs', 'bochs'),
        ('bochsbios', '/usr/share/bochs/BIOS-bochs-latest'),
        ('vgabios', '/usr/share/bochs/VGABIOS-lgpl-latest'),
        ('bochs-sdl',
         '/usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_sdl2_gui.so'),
        # The bench `lwip`.
        ('valgrind', 'valgrind'),
        ('liblwip-dev', '/usr/include/lwip/lwip/tcp.h'),
    ],
}
FOR_TEST = ('build', 'run', 'image', 'unit')


def here(what):
    if what.startswith('/'):
        return Path(what).exists()
    # Not every person's PATH has the folders of the system's own programs.
    return any(shutil.which(what, path=path) for path in
               (None, '/usr/sbin:/sbin'))


def missing(purposes):
    """The packages to install, in the order of the table."""
    return [package for purpose in purposes
            for package, what in PACKAGES[purpose] if not here(what)]


def apt_line(packages):
    return ['apt-get', 'install', '-y', '--no-install-recommends', *packages]


def as_root():
    """The words that make a command run as root; None if there are none."""
    if os.geteuid() == 0:
        return []
    if shutil.which('sudo') is None:
        return None
    if sys.stdin.isatty():
        return ['sudo']
    silent = subprocess.run(['sudo', '-n', 'true'], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    return ['sudo', '-n'] if silent.returncode == 0 else None


def apt(root, words):
    env = {'DEBIAN_FRONTEND': 'noninteractive'}
    if root:
        words = ['env', *(f'{k}={v}' for k, v in env.items()), *words]
    stdin = None if root == ['sudo'] else subprocess.DEVNULL
    return say.run(root + words, env={**os.environ, **env}, stdin=stdin)


def lists_are_empty():
    return not any(Path('/var/lib/apt/lists').glob('*_Packages*'))


def install(root, packages):
    """True when apt-get has installed them all."""
    if lists_are_empty():
        apt(root, ['apt-get', 'update', '-q'])
    return not apt(root, apt_line(packages)) or not (
        apt(root, ['apt-get', 'update', '-q'])
        or apt(root, apt_line(packages)))


def ensure(purposes):
    """Install what is missing, or stop with the line that would."""
    packages = missing(purposes)
    if not packages:
        return
    typed = 'sudo ' + say.line(apt_line(packages))
    root = as_root()
    if not shutil.which('apt-get') or root is None:
        raise say.Stop('this needs: ' + ' '.join(packages)
                       + '\nInstall it and try again:\n    ' + typed,
                       say.MISSING)
    if not install(root, packages):
        raise say.Stop('apt-get could not install it; by hand:\n    ' + typed,
                       say.MISSING)
    left = missing(purposes)
    if left:
        raise say.Stop('installed, and still not here: ' + ' '.join(left),
                       say.MISSING)


def want(purpose):
    """Install what may be had; what may not is no reason to stop."""
    packages = missing((purpose,))
    root = as_root()
    if not packages or not shutil.which('apt-get') or root is None:
        return
    if not install(root, packages):
        for package in packages:
            apt(root, apt_line([package]))
