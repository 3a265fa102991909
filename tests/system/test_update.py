# SPDX-License-Identifier: ISC
"""Updates in place: what is signed is tried once; what is bad is taken back.
test_update_cuts.py has what becomes of one when the power goes."""
import json
import re

from billetlib import qemu
from harness import TOP, deadline, each, until

MARK = b'do:unready'
DISKS = {'virtio': ['-device', 'virtio-blk-pci,drive=disk0,bootindex=0'],
         'scsi': ['-device', 'virtio-scsi-pci', '-device',
                  'scsi-hd,drive=disk0,bootindex=0'],
         'nvme': ['-device', 'nvme,serial=n,drive=disk0,bootindex=0']}
RUNS = r'this is ([ab]), sequence (\d+)'


class Stage:
    """A key, a disk with slots, and a machine that boots from it."""

    def __init__(self, t, *args, uefi=False, kind='raw', bus='virtio'):
        self.t, self.uefi, self.bus, self.sequence = t, uefi, bus, 100
        self.key = t.path('update.pem')
        t.run(t.program('openssl'), 'genpkey', '-algorithm', 'ed25519',
              '-out', self.key)
        self.public = t.run('openssl', 'pkey', '-in', self.key, '-pubout')
        self.disk = t.disk_image(
            kind, 'web', 'tls=on', 'update-key=' + ''.join(
                self.public.decode().split('\n')[1:-2]), *args,
            options=['--slots', '--sequence', self.sequence])
        self.guest = None

    def start(self, drive=None, more=()):
        line = qemu.Line('q35', 128).add(*more)
        # It has to come back, also from a panic.
        at = line.words.index('isa-debug-exit,iobase=0xf4,iosize=4')
        del line.words[at - 1:at + 1]
        line.words.remove('-no-reboot')
        if self.uefi:
            line.add('-bios', self.t.ovmf())
        kind = qemu.DISK_FORMATS.get(self.disk.suffix[1:], 'raw')
        line.add(*(drive or ['-drive', f'file={self.disk},format={kind},'
                             'if=none,id=disk0']))
        line.add(*DISKS[self.bus])
        self.port = self.t.free_port()
        line.user_net([('tcp', self.port, 443)])
        self.guest = self.t.guest(line)
        return self.guest

    def url(self, path=''):
        return f'https://127.0.0.1:{self.port}{path}'

    def curl(self, path, *words, status=0):
        return self.t.run(self.t.program('curl'), '-skg', '--max-time', '20',
                          *words, self.url(path), status=status,
                          seconds=30).decode()

    def state(self):
        text = self.curl('/update', '-f', status=None)
        return json.loads(text) if text else None

    def runs(self, slot, seconds=60, trial=False):
        """Until that slot runs and is no more on trial."""
        def there():
            now = self.state()
            return now and now['slot'] == slot and now['trial'] == trial
        until(there, seconds, f'slot {slot} runs', 0.2)

    def signed(self, elf=None, key=None):
        self.sequence += 1
        out = self.t.path(f'{self.sequence}.update')
        self.t.run(TOP / 'scripts' / 'billet', 'sign',
                   elf or self.t.image('web'), '--key', key or self.key,
                   '--sequence', self.sequence, '-o', out)
        return out

    def update(self, file, status=0, wait=60):
        return self.t.run(TOP / 'scripts' / 'billet', 'update', '-k',
                          f'--wait={wait}', self.url(), file, status=status,
                          seconds=120).decode()

    def put(self, file):
        """The status of a plain PUT."""
        # It may be answered, and closed, before all of it was sent.
        return int(self.curl('/update', '-T', file, '-o',
                             self.t.path('answer'), '-w', '%{http_code}',
                             status=None))


def boots(guest):
    """The slots that ran, in order."""
    return ''.join(m[1] for m in re.finditer(RUNS, guest.text()))


@deadline(240)
@each(bios={'uefi': False, 'kind': 'raw'},
      uefi={'uefi': True, 'kind': 'qcow2', 'bus': 'scsi'},
      nvme={'uefi': False, 'kind': 'vhd', 'bus': 'nvme'})
def test_what_is_signed_is_tried_and_kept(t, uefi, kind, bus='virtio'):
    stage = Stage(t, uefi=uefi, kind=kind, bus=bus)
    guest = stage.start()
    stage.runs('a')
    first = stage.signed()
    assert 'slot b is kept' in stage.update(first)
    assert stage.put(first) == 409      # not twice
    assert 'slot a is kept' in stage.update(stage.signed())
    assert boots(guest) == 'aba'
    guest.stop()
    # The arguments are the disk's: an update leaves them, and the tools.
    billet = TOP / 'scripts' / 'billet'
    about = json.loads(t.run(billet, 'inspect', '--json', stage.disk))['image']
    assert (about['slots']['kept'], about['slots']['sequence']) == ('a', 102)
    assert about['arguments'][0] == 'tls=on' and about['slots']['b']
    t.run(billet, 'config', 'set', stage.disk, 'hostname=later')
    if kind == 'qcow2':
        t.run(t.program('qemu-img'), 'check', stage.disk)
    guest = stage.start()
    stage.runs('a')
    assert boots(guest) == 'a' and '--hostname' in guest.text()
    assert stage.state()['sequence'] == 102


def without_magic(data):
    """No loader takes it."""
    return data.replace(b'\xd6\x50\x52\xe8', bytes(4))


def told(what):
    return lambda data: data.replace(MARK, b'do:' + what.ljust(7, b'\0'))


@each(unready={'change': told(b'unready'), 'ran': 'aba'},
      panics={'change': told(b'panic'), 'ran': 'aa'},
      fails={'change': told(b'fail'), 'ran': 'aa'},
      hangs={'change': told(b'hang'), 'ran': 'aa', 'watchdog': True},
      no_image={'change': without_magic, 'ran': 'aa'},
      unready_uefi={'change': told(b'unready'), 'ran': 'aba', 'uefi': True},
      panics_uefi={'change': told(b'panic'), 'ran': 'aa', 'uefi': True},
      hangs_uefi={'change': told(b'hang'), 'ran': 'aa', 'uefi': True,
                  'watchdog': True})
def test_what_is_bad_is_taken_back(t, change, ran, uefi=False, watchdog=False):
    """One that is never ready in time, that panics, that fails to start, that
    hangs before it ever answers, that is nothing which boots."""
    stage = Stage(t, 'confirm=3', *['watchdog=8'] * watchdog, uefi=uefi)
    data = t.image('unready').read_bytes()
    assert MARK in data and without_magic(data) != data
    bad = t.path('bad.elf')
    bad.write_bytes(change(data))
    guest = stage.start(more=['-device', 'i6300esb'] * watchdog)
    stage.runs('a')
    said = stage.update(stage.signed(bad), status=None)
    until(lambda: boots(guest) == ran, 60, f'{ran} ran')
    stage.runs('a')
    assert 'is kept' not in said
    if ran == 'aba':
        assert 'not ready in time' in guest.text()
    # The next good one goes the same way as ever.
    assert 'slot b is kept' in stage.update(stage.signed())


def test_who_is_not_let_in(t):
    stage = Stage(t)
    guest = stage.start()
    stage.runs('a')
    good = stage.signed()
    data = good.read_bytes()
    other = t.path('other.pem')
    t.run('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', other)
    bad = t.path('bad.update')
    for status, text in ((400, data[:-1]), (400, data[:100]),
                         (400, data + b'x'), (403, data[:40] + b'\1' + data[41:]),
                         (400, data[:9999] + bytes([data[9999] ^ 1])
                          + data[10000:]),
                         (403, stage.signed(key=other).read_bytes()),
                         (0, data + bytes(5 << 20))):   # its stream is reset
        bad.write_bytes(text)
        found = stage.put(bad)
        assert found == status or status == 0 and found == 413, found
    t.run(TOP / 'scripts' / 'billet', 'sign', t.image('hello'), '--key',
          stage.key, status=1)
    assert boots(guest) == 'a' and stage.state()['sequence'] == 100
    assert stage.put(good) == 200
    stage.runs('b')
