# SPDX-License-Identifier: ISC
"""Xen, as Debian has it, on QEMU's emulation of AMD's SVM: an image is its
first domain, or a PVH guest beside a Linux that has the tools.

Nothing of it is installed on the machine that tests: the packages are fetched
and unpacked, once for a build directory.
"""
import fcntl
import gzip
import re
import shutil
import stat
import subprocess

from billetlib import qemu
from harness import Failed, Skip

# SMAP and MONITOR: Xen 4.17 and QEMU 7.2 do not agree about these.
CPU = 'EPYC,+svm,+npt,-monitor,-smap,-smep'
SAYS_ALL = ('com1=115200,8n1', 'console=com1', 'loglvl=all',
            'guest_loglvl=all', 'noreboot')
LIBRARIES = ('libc6', 'libgcc-s1', 'libuuid1', 'liblzma5', 'zlib1g', 'libzstd1', 'libyajl2',
             'libxencall1', 'libxenevtchn1', 'libxenforeignmemory1',
             'libxengnttab1', 'libxenstore4', 'libxentoollog1',
             'libxenhypfs1', 'libxendevicemodel1', 'libxentoolcore1')
PROGRAMS = ('xl', 'xenstored', 'xenconsoled', 'xen-init-dom0',
            'libxl-save-helper')
MODULES = ('xen-evtchn', 'xen-gntdev', 'xen-gntalloc', 'xen-privcmd', 'xenfs')
DIRECTORIES = ('bin', 'lib', 'lib64', 'dev', 'proc', 'sys', 'tmp', 'etc/xen',
               'run/xen', 'run/xenstored', 'var/lib/xen', 'var/lib/xenstored',
               'var/log/xen', 'var/run/xen')
INIT = '''\
#!/bin/busybox sh
export PATH=/bin LD_LIBRARY_PATH=/lib
/bin/busybox --install /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
for module in @MODULES@; do insmod /lib/$module.ko; done
mkdir /dev/pts
mount -t devpts none /dev/pts
mount -t xenfs none /proc/xen
xenstored --pid-file /run/xenstored.pid
until xen-init-dom0; do sleep 1; done
xenconsoled --log=guest --log-dir=/var/log/xen --pid-file=/run/consoled.pid
for guest in @GUESTS@; do
    xl create /$guest.cfg || echo "NOT CREATED $guest"
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        sleep 1
        state=$(xl list $guest | tail -1 | awk '{print $5}')
        case $state in *s*|*c*) break;; esac
    done
    sed "s/^/$guest| /" /var/log/xen/guest-$guest.log
    echo "STATE $guest $state"
    xl destroy $guest
done
echo ALL DONE
poweroff -f
'''


def apt(words, seconds=60, **options):
    try:
        done = subprocess.run(['apt-' + words[0], *words[1:]], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=seconds, **options)
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return done.stdout if done.returncode == 0 else ''


def names():
    """Xen's and Linux's packages, with the versions in their names."""
    xen = re.findall(r'^xen-hypervisor-([0-9.]+)-amd64\b', apt(
        ['cache', 'search', '--names-only', '^xen-hypervisor-[0-9]']), re.M)
    linux = re.findall(r'Depends: (linux-image-\S+)',
                       apt(['cache', 'depends', 'linux-image-amd64']))
    if not xen or not linux:
        raise Skip('apt-get knows no package of Xen')
    return [f'xen-hypervisor-{xen[-1]}-amd64', f'xen-utils-{xen[-1]}',
            f'libxenmisc{xen[-1]}', linux[0], 'busybox-static', *LIBRARIES]


def unpacked(t):
    """The folder with these packages in it."""
    top = t.build / 'system-tests' / 'xen-packages'
    top.parent.mkdir(exist_ok=True)
    with open(str(top) + '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if top.exists():
            return top
        new, files = top.with_suffix('.new'), top.with_suffix('.debs')
        for folder in (new, files):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        apt(['get', 'download', '-q', *names()], 600, cwd=files)
        if len(list(files.iterdir())) < len(names()):
            raise Skip('apt-get cannot download the packages of Xen')
        for deb in files.iterdir():
            t.run('dpkg', '-x', deb, new, seconds=120)
        shutil.rmtree(files)
        new.rename(top)
    return top


def one(top, pattern):
    found = sorted(p for p in top.glob(pattern) if p.is_file())
    if not found:
        raise Failed(f'the packages of Xen have no {pattern}')
    return found[0]


def hypervisor(t):
    path = t.path('xen')
    path.write_bytes(gzip.decompress(
        one(unpacked(t), 'boot/xen-*.gz').read_bytes()))
    return path


def machine(t, words, modules, memory_mb):
    line = qemu.Line('q35', memory_mb, CPU)
    line.kernel(hypervisor(t), (*SAYS_ALL, *words))
    return t.guest(line.add('-initrd', ','.join(qemu.comma(m)
                                                for m in modules)))


def first_domain(t, image, arguments):
    """Xen with the image as its first domain, by PVH."""
    line = qemu.Line('q35', 512, CPU).add('-device', 'amd-iommu')
    line.kernel(hypervisor(t), (*SAYS_ALL, 'dom0=pvh', 'dom0_mem=64M'))
    return t.guest(line.add('-initrd', qemu.comma(
        ' '.join([str(image), *arguments]))))


class Archive:
    """An initramfs: cpio's format "newc"."""

    def __init__(self):
        self._out, self._made = [], set()

    def _entry(self, name, mode, data=b''):
        fields = (len(self._made), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(name) + 1, 0)
        head = '070701' + ''.join(f'{v:08x}' for v in fields) + name + '\0'
        self._out += [head.encode().ljust(-len(head) % 4 + len(head), b'\0'),
                      data.ljust(-len(data) % 4 + len(data), b'\0')]
        self._made.add(name)

    def folder(self, name):
        parts = name.split('/')
        for i in range(len(parts)):
            part = '/'.join(parts[:i + 1])
            if part and part not in self._made:
                self._entry(part, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        self.folder(name.rpartition('/')[0])
        self._entry(name, stat.S_IFREG | mode, data)

    def bytes(self):
        self._entry('TRAILER!!!', 0)
        return b''.join(self._out)


def initramfs(t, guests):
    """A Linux that starts these guests in turn: {name: (image, arguments)}"""
    top, a = unpacked(t), Archive()
    for folder in DIRECTORIES:
        a.folder(folder)
    a.file('bin/busybox', one(top, 'bin/busybox').read_bytes())
    for name in PROGRAMS:
        a.file('bin/' + name, one(
            top, f'usr/lib/xen-*/bin/{name}').read_bytes())
    for name in MODULES:
        a.file(f'lib/{name}.ko', one(
            top, f'lib/modules/*/kernel/drivers/xen/**/{name}.ko'
        ).read_bytes())
    for path in sorted((*top.glob('lib/x86_64-linux-gnu/*.so*'),
                        *top.glob('usr/lib/x86_64-linux-gnu/*.so*'))):
        if path.is_file() and f'lib/{path.name}' not in a._made:
            a.file('lib/' + path.name, path.read_bytes())
    a.file('lib64/ld-linux-x86-64.so.2', one(
        top, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2').read_bytes())
    a.file('etc/xen/xl.conf', b'')
    for name, (image, arguments) in guests.items():
        a.file(name + '.elf', image.read_bytes())
        a.file(name + '.cfg', f'''\
name = "{name}"
type = "pvh"
kernel = "/{name}.elf"
cmdline = '{' '.join(map(qemu.quote_arg, arguments))}'
memory = 32
on_poweroff = "preserve"
on_reboot = "preserve"
on_crash = "preserve"
'''.encode())
    a.file('init', INIT.replace('@MODULES@', ' '.join(MODULES)).replace(
        '@GUESTS@', ' '.join(guests)).encode())
    path = t.path('initramfs')
    path.write_bytes(a.bytes())
    return path


def beside_linux(t, guests):
    return machine(t, ('dom0_mem=512M',),
                   (str(one(unpacked(t), 'boot/vmlinuz-*'))
                    + ' console=hvc0 quiet', initramfs(t, guests)), 1024)
