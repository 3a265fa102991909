# SPDX-License-Identifier: ISC
"""The QEMU command line for an image, and QEMU as a child that never stays.

`billet run` and the system tests make their lines here, so that what is
tested is what a person runs.
"""
import ctypes
import signal
import subprocess
from pathlib import Path

PROGRAM = 'qemu-system-x86_64'
MACHINES = ('pc', 'q35', 'microvm')
# Not -cpu's default: that one has no RDRAND, which nearly all real ones have.
CPU = 'max'
MEMORY_MB = 64
# What a disk may be behind, as clouds and hypervisors present it.
DISK_BUSES = {
    'scsi': ('virtio-scsi-pci', 'scsi-hd'),
    'nvme': ('nvme,serial=billet',),
    'ahci': ('ich9-ahci,id=ahci0', 'ide-hd,bus=ahci0.0'),
    'usb': ('qemu-xhci', 'usb-storage'),
    'lsi': ('lsi', 'scsi-hd'),
    'pvscsi': ('pvscsi', 'scsi-hd'),
}
# The name of a file's end where it is not `raw`.
DISK_FORMATS = {'qcow2': 'qcow2', 'vhd': 'vpc', 'vmdk': 'vmdk'}


class Line:
    """A command line in the making."""

    def __init__(self, machine='q35', memory_mb=MEMORY_MB, cpu=CPU,
                 accel='tcg'):
        self.machine = machine
        self.words = [PROGRAM, '-machine', machine, '-accel', accel,
                      '-cpu', cpu, '-m', str(memory_mb), '-no-reboot',
                      '-display', 'none', '-serial', 'stdio',
                      '-monitor', 'none']
        if machine == 'microvm':
            # The modern interface; tests ask for the legacy one themselves.
            self.add('-global', 'virtio-mmio.force-legacy=false')
        self.add('-nodefaults', '-device', self.device('rng'),
                 '-device', 'isa-debug-exit,iobase=0xf4,iosize=4')

    def add(self, *words):
        self.words += [str(w) for w in words]
        return self

    def device(self, kind, **properties):
        bus = 'device' if self.machine == 'microvm' else 'pci'
        more = ''.join(f',{k.replace("_", "-")}={v}'
                       for k, v in properties.items())
        return f'virtio-{kind}-{bus}{more}'

    def kernel(self, elf, args=()):
        self.add('-kernel', elf)
        if args:
            self.add('-append', ' '.join(quote_arg(a) for a in args))
        return self

    def disk(self, path, bus='virtio'):
        """Boot from a disk; writes go to a file that nobody keeps."""
        kind = DISK_FORMATS.get(str(path).rsplit('.', 1)[-1], 'raw')
        drive = f'file={comma(path)},format={kind},snapshot=on'
        if bus == 'ide':
            return self.add('-drive', drive + ',if=ide')
        self.add('-drive', drive + ',if=none,id=disk0')
        if bus == 'virtio':
            return self.add('-device', self.device('blk', drive='disk0',
                                                   bootindex=0))
        *controllers, device = DISK_BUSES[bus]
        for controller in controllers:
            self.add('-device', controller)
        return self.add('-device', device + ',drive=disk0,bootindex=0')

    def data_disk(self, path, name='', read_only=False):
        """A disk to use; the image knows it by its serial number."""
        n = sum(1 for w in self.words if w.startswith('virtio-blk-'))
        serial = {'serial': name} if name else {}
        return self.add(
            '-drive', f'file={comma(path)},format=raw,if=none,id=data{n}'
            + (',readonly=on' if read_only else ''), '-device',
            self.device('blk', drive=f'data{n}', **serial))

    def cdrom(self, path):
        return self.add('-drive',
                        f'file={comma(path)},format=raw,media=cdrom')

    def user_net(self, forwards=(), net='net0', subnet=None, **properties):
        """User-mode network; forwards are (protocol, host, guest) ports."""
        rules = ''.join(f',hostfwd={protocol}:127.0.0.1:{host}-:{guest}'
                        for protocol, host, guest in forwards)
        if subnet:
            rules = f',net={subnet}' + rules
        return self.add('-netdev', f'user,id={net}{rules}', '-device',
                        self.device('net', netdev=net, **properties))

    def tap_net(self, interface, net='net0', **properties):
        return self.add(
            '-netdev',
            f'tap,id={net},ifname={interface},script=no,downscript=no',
            '-device', self.device('net', netdev=net, **properties))

    def stream_net(self, path, net='net0', **properties):
        """A wire to whoever listens on the unix socket `path`."""
        return self.add(
            '-netdev', f'stream,id={net},server=off,addr.type=unix,'
            f'addr.path={comma(path)}',
            '-device', self.device('net', netdev=net, **properties))

    def pcap(self, path, net='net0'):
        return self.add('-object',
                        f'filter-dump,id=dump-{net},netdev={net},'
                        f'file={comma(path)}')


def comma(path):
    """A file name inside one of QEMU's comma-separated options."""
    return str(path).replace(',', ',,')


def quote_arg(arg):
    """An argument of the image as its own reader takes quotes."""
    if arg and not any(c in arg for c in ' \t"\\'):
        return arg
    key, equals, value = arg.partition('=')
    quoted = value.replace('\\', '\\\\').replace('"', '\\"')
    if equals and not any(c in key for c in ' \t"\\'):
        return f'{key}="{quoted}"'
    return '"' + arg.replace('\\', '\\\\').replace('"', '\\"') + '"'


def die_with_parent():
    """Runs in the child: no signal of the terminal reaches it, and it ends
    when this process ends, however that is."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def start(words, **options):
    return subprocess.Popen(words, stdin=subprocess.DEVNULL,
                            preexec_fn=die_with_parent, **options)


def stop(child, seconds=5):
    """End a child; gently first.  Its exit status."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()


def image_status(qemu_status):
    """What the image left with, from QEMU's own exit status.

    isa-debug-exit turns a written v into (v << 1) | 1.  Whatever QEMU itself
    complains about is 1, which no image writes (it would be v = 0).
    """
    if qemu_status >= 3 and qemu_status & 1:
        return qemu_status >> 1
    return qemu_status


def find_ovmf():
    for path in ('/usr/share/qemu/OVMF.fd', '/usr/share/ovmf/OVMF.fd'):
        if Path(path).is_file():
            return path
    return None
