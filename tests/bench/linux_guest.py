# SPDX-License-Identifier: ISC
"""Linux's stack in the same QEMU, on the same tap, with the same client.

The kernel is Debian's for virtual machines, as it comes; apt-get fetches it
into the build folder.  Its only process serves as cheaply as Linux can
(linux/init.c).  Everything the guest does is counted, and a MiB is the
difference between many of them and few.
"""
import glob
import os
import re
import socket
import subprocess
import tempfile
import time

import workloads
from board import Board
from guest import BOOT_S, Guest
from build_plugin import build as build_plugin
from billetlib import qemu

PACKAGE = 'linux-image-cloud-amd64'
MODULES = ('virtio_ring', 'virtio', 'virtio_pci_modern_dev',
           'virtio_pci_legacy_dev', 'virtio_pci', 'failover', 'net_failover',
           'virtio_net')
FILE_BYTES = 1 << 20
FEW, MANY = 16, 80
RUNS = 3
REST_S = 0.5


class NotHere(Exception):
    """No kernel could be had."""


def run(*words, cwd=None):
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True,
                          timeout=300)
    if done.returncode:
        raise NotHere(f'{" ".join(words)}: {done.stderr.strip()[-200:]}')
    return done.stdout


def kernel(folder):
    """(the kernel, its modules by name), fetched at the first time."""
    tree = os.path.join(folder, 'tree')
    if not glob.glob(tree + '/boot/vmlinuz-*'):
        os.makedirs(tree, exist_ok=True)
        depends = run('apt-cache', 'depends', PACKAGE)
        name = re.search(r'Depends: (linux-image-\S+)', depends)
        if not name:
            raise NotHere(f'there is no {PACKAGE}')
        run('apt-get', 'download', name[1], cwd=folder)
        run('dpkg-deb', '-x', glob.glob(folder + '/linux-image-*.deb')[0],
            tree)
    modules = {}
    for path in glob.glob(tree + '/lib/modules/**/*.ko', recursive=True):
        modules[os.path.basename(path)[:-3]] = path
    return glob.glob(tree + '/boot/vmlinuz-*')[0], modules


def entry(name, mode, data=b''):
    """A file as cpio's "newc" has it."""
    named = name.encode() + b'\0'
    head = b'070701' + b''.join(b'%08x' % n for n in (
        1, mode, 0, 0, 1, 0, len(data), 0, 0, 5 if mode & 0o20000 else 0,
        1 if mode & 0o20000 else 0, len(named), 0)) + named
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def initrd(build, modules, path):
    def content(name):
        with open(name, 'rb') as file:
            return file.read()
    with open(path, 'wb') as out:
        out.write(entry('dev', 0o40755) + entry('modules', 0o40755)
                  + entry('dev/console', 0o20600) + entry(
                      'init', 0o100755, content(os.path.join(
                          build, 'tests', 'bench', 'linux', 'linux_init')))
                  + entry('file', 0o100644, bytes(FILE_BYTES)))
        for i, name in enumerate(MODULES):
            out.write(entry(f'modules/{i:02}.ko', 0o100644,
                            content(modules[name])))
        out.write(entry('TRAILER!!!', 0))


class Linux(Guest):
    """Like an image's Guest, but for what is booted."""

    def __init__(self, net, build, folder):
        # Not super().__init__(): there is no image.
        image, modules = kernel(folder)
        self.net = net
        self.dir = tempfile.TemporaryDirectory(prefix='billet-bench-')
        self.console = os.path.join(self.dir.name, 'console')
        ramdisk = os.path.join(self.dir.name, 'initrd')
        initrd(build, modules, ramdisk)
        line = qemu.Line('q35', 256, accel='tcg,thread=single')
        line.add('-kernel', image, '-initrd', ramdisk,
                 '-append', 'console=ttyS0 panic=-1 quiet mitigations=off')
        net.join(line)
        self.board = Board(os.path.join(self.dir.name, 'board'), 0, 0)
        line.add('-plugin', f'{build_plugin(build)},board={self.board.path}')
        self.line = line.words
        with open(self.console, 'wb') as out:
            self.child = qemu.start(self.line, stdout=out,
                                    stderr=subprocess.STDOUT)

    def total(self):
        """After a while of rest, which costs next to nothing."""
        time.sleep(REST_S)
        return self.board.total


def per_mib(guest, total, work):
    """Instructions a MiB: the least of some runs."""
    family = socket.AF_INET
    work(guest, family, FEW)
    found = []
    for _ in range(RUNS):
        begin = total()
        work(guest, family, FEW)
        middle = total()
        work(guest, family, MANY)
        found.append((total() - middle - (middle - begin)) / (MANY - FEW))
    return min(found)


def compare(net, build, say=print):
    """{'send': ours in per cent of Linux's, 'receive': ...}, or None."""
    folder = os.path.join(build, 'linux-guest')
    os.makedirs(folder, exist_ok=True)
    works = {'send': (workloads.send, 'web'),
             'receive': (workloads.receive, 'echo')}
    out, linux = {}, {}
    try:
        with Linux(net, build, folder) as guest:
            end = time.monotonic() + 4 * BOOT_S
            while 'serving' not in guest.text():
                if time.monotonic() > end or guest.child.poll() is not None:
                    guest.fail('Linux does not come up')
                time.sleep(0.1)
            for what, (work, _) in works.items():
                linux[what] = per_mib(guest, guest.total, work)
    except NotHere as reason:
        say(f'    no comparison: {reason}')
        return None
    for what, (work, app) in works.items():
        with Guest(net, build, app) as guest:
            guest.wait_port()
            ours = per_mib(guest, guest.board.settle, work)
        out[what] = round(100 * ours / linux[what])
        say(f'    {what:8} ours {ours:,.0f} a MiB, Linux {linux[what]:,.0f}, '
            f'{out[what]} %')
    return out
