# SPDX-License-Identifier: ISC
"""billet doctor: what of this machine is good for what, and what to do."""
import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from . import packages, qemu, say
from .tree import TOP, build_dir, shown

GOOD, WEAK, BAD = 'ok', 'weak', 'missing'
PYTHON_LEAST = (3, 9)
MESON_LEAST = (1, 0, 1)
DISK_LEAST_MB = 4096
MEMORY_LEAST_MB = 2048
KVM_GET_API_VERSION, KVM_API_VERSION = 0xae00, 12


def add_arguments(p):
    p.add_argument('--json', action='store_true', help='for machines')


def first_line(*command):
    """The first line that a program says; None: it is not there."""
    try:
        out = subprocess.run(command, capture_output=True, text=True,
                             timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return out.splitlines()[0] if out else ''


def numbers(text):
    words = [w for w in (text or '').replace('-', ' ').split()
             if w[0].isdigit() and '.' in w]
    if not words:
        return ()
    return tuple(int(''.join(c for c in part if c.isdigit()) or 0)
                 for part in words[0].split('.'))


def kvm_fault():
    """Why KVM is of no use here; None: it is."""
    try:
        flags = Path('/proc/cpuinfo').read_text().split()
        with open('/dev/kvm', 'r+b', buffering=0) as kvm:
            version = fcntl.ioctl(kvm, KVM_GET_API_VERSION)
    except OSError as error:
        return f'{error.filename or "/dev/kvm"}: {error.strerror}'
    if version != KVM_API_VERSION:
        return f'KVM of version {version}'
    if not {'vmx', 'svm'} & set(flags):
        return 'the processor shows no VT-x or AMD-V'
    return None


def check_system():
    good = platform.system() == 'Linux' and platform.machine() == 'x86_64'
    yield ('machine', GOOD if good else BAD,
           f'{platform.system()} on {platform.machine()}',
           '' if good else 'Billet is built on Linux on x86-64')
    good = sys.version_info >= PYTHON_LEAST
    yield ('Python', GOOD if good else BAD, platform.python_version(),
           '' if good else 'Python 3.9 or newer')


def check_packages():
    for purpose, what in (('build', 'to build'), ('run', 'to boot images'),
                          ('image', 'to make ISO and raw images'),
                          ('unit', 'for the unit tests')):
        lacking = packages.missing((purpose,))
        yield (what, BAD if lacking else GOOD,
               ' '.join(lacking) or 'all is here',
               say.line(packages.apt_line(lacking)) if lacking else '')
    lacking = packages.missing(('system',))
    yield ('for the system tests', WEAK if lacking else GOOD,
           ' '.join(lacking) or 'all is here',
           'tests that need them are skipped; scripts/billet setup --all'
           if lacking else '')


def check_versions():
    meson = first_line('meson', '--version')
    if meson is not None:
        old = numbers('x ' + meson) < MESON_LEAST
        yield ('Meson', BAD if old else GOOD, meson,
               'Meson 1.0.1 or newer' if old else '')
    line = first_line(qemu.PROGRAM, '--version')
    if line is not None:
        old = numbers(line) < (7, 2)
        yield ('QEMU', WEAK if old else GOOD, line,
               'tested with 7.2 and newer' if old else '')
    why = kvm_fault()
    yield ('KVM', WEAK if why else GOOD, why or 'usable',
           'images run under TCG, some 20 times slower' if why else '')


def check_rights():
    root = packages.as_root() is not None
    yield ('root', GOOD if root else WEAK,
           'root, or sudo without a question' if root else 'an ordinary user',
           '' if root else 'tests with network namespaces are skipped')
    tun = os.path.exists('/dev/net/tun')
    yield ('tap devices', GOOD if tun else WEAK,
           '/dev/net/tun' if tun else 'no /dev/net/tun',
           '' if tun else '--tap and most network tests need it')


def check_room():
    free = shutil.disk_usage(TOP).free >> 20
    yield ('disk', GOOD if free >= DISK_LEAST_MB else WEAK, f'{free:,} MB free',
           '' if free >= DISK_LEAST_MB else 'the tests want 4,096 MB')
    pages = os.sysconf('SC_AVPHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') >> 20
    yield ('memory', GOOD if pages >= MEMORY_LEAST_MB else WEAK,
           f'{pages:,} MB free',
           '' if pages >= MEMORY_LEAST_MB else 'the tests want 2,048 MB')


def check_tree(build):
    ready = (build / 'build.ninja').is_file()
    yield ('build directory', GOOD if ready else WEAK, shown(build),
           '' if ready else 'none yet: scripts/billet setup')
    store = os.environ.get('BILLET_DISTFILES')
    good = not store or os.path.isdir(store)
    yield ('tarballs', GOOD if good else BAD,
           store or 'fetched when they are wanted',
           '' if good else 'BILLET_DISTFILES names no folder')


def run(options):
    rows = [row for check in (check_system, check_packages, check_versions,
                              check_rights, check_room)
            for row in check()]
    rows += check_tree(build_dir(options.build))
    if options.json:
        print(json.dumps([dict(zip(('what', 'state', 'found', 'cure'), row))
                          for row in rows], indent=1))
    else:
        for what, state, found, cure in rows:
            print(f'{state:<8} {what}: {found}')
            if cure:
                print(f'{"":<8}   -> {cure}')
    bad = [what for what, state, _, _ in rows if state == BAD]
    if not options.json:
        say.info('\nNext: ' + ('mend what is missing, then scripts/billet '
                               'doctor' if bad else 'scripts/billet run web'))
    return say.MISSING if bad else say.OK
