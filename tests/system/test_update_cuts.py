# SPDX-License-Identifier: ISC
"""An update while the power goes: at every sector that is written, QEMU is
killed, and the disk boots an image that is whole."""
import struct
import sys

from billetlib import qemu, sign
from harness import TOP, Failed, deadline, full, until
from nbd_disk import SECTOR, Disk
from test_update import RUNS, Stage, boots

sys.path.insert(0, str(TOP / 'boot' / 'image'))
import container  # noqa: E402
import finder  # noqa: E402
import slots  # noqa: E402


def place(disk, path):
    """Where a file of it begins; it is in one piece."""
    with container.opened(disk) as image:
        extents = finder.find(image.disk, path)
    assert all(a + n == b for (a, n), (b, _) in zip(extents, extents[1:]))
    return extents[0][0]


class Layout:
    def __init__(self, disk):
        self.block = place(disk, slots.ENV_PATH)
        self.slot = {name: place(disk, slots.path(name)) for name in 'ab'}

    def choice(self, data):
        """The slot that boots next, as grub.cfg chooses."""
        block = bytes(data[self.block:self.block + SECTOR])
        keep = slots.kept(block)
        other = b'\ntries=1\n' in block
        return 'ab'['ab'.index(keep) ^ other]


def recorded(t, stage):
    """The writes of a whole update, sector by sector, and the file."""
    disk = Disk(t, stage.disk.read_bytes())
    file = stage.signed()
    guest = stage.start(disk.words())
    stage.runs('a')
    stage.update(file)
    assert boots(guest) == 'ab'
    guest.stop()
    return disk, file


def check_each_sector(stage, disk, file):
    """After any number of them, what boots is whole."""
    old = stage.t.image('web').read_bytes()
    new = file.read_bytes()[256:]
    layout, data = Layout(stage.disk), bytearray(stage.disk.read_bytes())
    chosen, image = layout.choice(data), {'a': old, 'b': new}
    seen, count = chosen, 0
    for at, written in disk.log:
        for i in range(0, len(written), SECTOR):
            data[at + i:at + i + SECTOR] = written[i:i + SECTOR]
            count += 1
            now = layout.choice(data)
            # The slot that boots is not written to while it does.
            if now != chosen or at < layout.slot[now] + slots.SLOT_BYTES and \
                    at >= layout.slot[now]:
                start = layout.slot[now]
                assert data[start:start + len(image[now])] == image[now], \
                    f'{count} sectors: slot {now} boots, and is not whole'
            seen += now if now != chosen else ''
            chosen = now
    assert seen == 'abab', seen     # tried, its try spent, kept
    assert count == disk.sectors > len(new) // SECTOR


def cut(t, stage, file, n):
    """An update whose power goes after `n` sectors; then it boots."""
    disk = Disk(t, stage.disk.read_bytes(), cut=n)
    guest = stage.start(disk.words())
    stage.runs('a')
    child = qemu.start(['curl', '-sk', '-T', str(file), '-o', '/dev/null',
                        stage.url('/update')])
    if not disk.dead.wait(60):
        raise Failed(f'{n} sectors: never written')
    guest.process.kill()
    guest.process.wait()
    qemu.stop(child)
    expected = Layout(stage.disk).choice(disk.data)
    left = t.path('left.raw')
    left.write_bytes(disk.data)
    guest = stage.start(['-drive', f'file={left},format=raw,if=none,id=disk0'])
    found = guest.wait_for(RUNS, 60)[1]
    assert found == expected, f'{n} sectors: {found}, not {expected}'
    stage.runs(found)
    guest.stop()
    return found


def bounds(disk):
    """How many sectors were written before each request, and at the end."""
    out = [0]
    for _, data in disk.log:
        out.append(out[-1] + len(data) // SECTOR)
    return out


@deadline(240)
def test_the_power_goes_in_an_update(t):
    """In the middle of a real slot, and after the switch."""
    stage = Stage(t)
    disk, file = recorded(t, stage)
    check_each_sector(stage, disk, file)
    ends = bounds(disk)
    switch = next(i for i, (at, _) in enumerate(disk.log)
                  if at == Layout(stage.disk).block)
    ran = ''.join(cut(t, stage, file, n) for n in
                  (ends[switch // 2] + 3, ends[switch] + 1))
    assert ran == 'ab', ran


TINY_SECTORS = 12
# Prints "trial\n" on the first serial port, and resets the machine.
TINY_CODE = b''.join(
    b'\xba\xfd\x03\0\0\xec\xa8\x20\x74\xfb'     # until it can be sent
    b'\xba\xf8\x03\0\0\xb0' + bytes([c]) + b'\xee' for c in b'trial\n') \
    + b'\xba\xf9\x0c\0\0\xb0\x06\xee\xf4\xeb\xfd'


def tiny():
    """An ELF file of a few sectors that GRUB loads, and that is never kept."""
    at, magic, n = 0x100000, 0xe85250d6, 24
    head = struct.pack('<IIIIHHI', magic, 0, n, -(magic + n) & 0xffffffff,
                       0, 0, 8)
    start = 64 + 56
    body = start + len(head)
    size = TINY_SECTORS * SECTOR
    elf = b'\x7fELF\2\1\1'.ljust(16, b'\0') + struct.pack(
        '<HHIQQQIHHHHHH', 2, 62, 1, at + body, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    elf += struct.pack('<IIQQQQQQ', 1, 7, 0, at, at, size, size, 4096)
    return (elf + head + TINY_CODE).ljust(size, b'\x55')


class Frozen:
    """A machine that stands before its update, to go on from again and again.
    """

    def __init__(self, t, stage, file):
        self.t, self.stage, self.file = t, stage, file
        self.before = stage.disk.read_bytes()
        self.state = t.path('before.state')
        disk = Disk(t, self.before)
        guest = stage.start(disk.words())
        stage.runs('a')
        guest.qmp('migrate', uri=f'exec:cat > {self.state}')
        until(lambda: guest.qmp('query-migrate')['status'] == 'completed', 60,
              'its state is in a file')
        guest.process.kill()
        guest.stop()
        assert disk.log == []

    def go_on(self, cut=None):
        """(disk, guest), while the update is sent to it."""
        disk = Disk(self.t, self.before, cut)
        guest = self.stage.start(disk.words(),
                                 ['-incoming', f'exec:cat {self.state}'])
        child = qemu.start(
            ['curl', '-sk', '--retry', '20', '--retry-connrefused',
             '--retry-delay', '1', '-T', str(self.file), '-o', '/dev/null',
             self.stage.url('/update')])
        self.t.at_end(qemu.stop, child)
        return disk, guest


def killed(disk, guest):
    """It is: with the n-th sector on the disk, and no more."""
    if not disk.dead.wait(60):
        raise Failed(f'{disk.cut} sectors: never written')
    guest.process.kill()
    guest.stop()
    assert disk.sectors == disk.cut
    return disk.data


def boot_again(t, stage, data):
    left = t.path('left.raw')
    left.write_bytes(data)
    guest = stage.start(['-drive', f'file={left},format=raw,if=none,id=disk0'])
    guest.wait_for(RUNS, 60)
    text = guest.text()
    guest.stop()
    left.unlink()
    return boots(guest), 'trial' in text.splitlines()


@deadline(300)
def test_qemu_is_killed_at_every_sector_of_an_update(t):
    """Of an update by an image of few sectors: from the first one in the slot
    to the last one that GRUB writes.  While the slot is written, whatever
    else is on the disk stays as it was; where it is not, or at every fourth,
    the disk is booted."""
    stage = Stage(t)
    file = t.path('tiny.update')
    file.write_bytes(sign.signed(tiny(), 'web', 101, stage.key))
    frozen = Frozen(t, stage, file)
    layout = Layout(stage.disk)
    disk, guest = frozen.go_on()
    guest.wait_for('^trial$', 60)
    guest.wait_for(RUNS, 60)
    guest.stop()
    total, ran = disk.sectors, {}
    slot = slice(layout.slot['b'], layout.slot['b'] + slots.SLOT_BYTES)
    for n in range(1, total + 1):
        data = killed(*frozen.go_on(n))
        choice = layout.choice(data)
        there = min(n, TINY_SECTORS) * SECTOR
        assert data[slot][:there] == tiny()[:there]
        rest, was = bytearray(data), bytearray(frozen.before)
        rest[slot] = was[slot] = b''
        if n > TINY_SECTORS or n % 4 == 0:
            ran[n] = boot_again(t, stage, data)
            assert ran[n] == ('a', choice == 'b'), f'{n} sectors: {ran[n]}'
        assert n > TINY_SECTORS or rest == was, f'{n} sectors: more is written'
    # It was on trial only while the block said so.
    tried = [n for n in ran if ran[n][1]]
    assert tried and tried[0] == TINY_SECTORS + 1 and tried[-1] < total, ran


@deadline(180)
def test_qemu_is_killed_at_every_sector_of_a_trial(t):
    """From the switch on: GRUB spends the try, the image keeps itself."""
    stage = Stage(t)
    layout, data = Layout(stage.disk), bytearray(stage.disk.read_bytes())
    elf = t.image('web').read_bytes()
    data[layout.slot['b']:layout.slot['b'] + len(elf)] = elf
    data[layout.block:layout.block + slots.ENV_BYTES] = \
        slots.environment('a', 1, 101)
    disk = Disk(t, data)
    guest = stage.start(disk.words())
    stage.runs('b')
    guest.stop()
    ran = ''
    for n in range(1, disk.sectors + 1):
        last = Disk(t, data, n)
        left = killed(last, stage.start(last.words()))
        ran += boot_again(t, stage, left)[0]
        assert ran[-1] == layout.choice(left), ran
    assert ran == 'a' * (disk.sectors - 1) + 'b', ran


@full
@deadline(3000)
def test_the_power_goes_at_each_write(t):
    """Of a real application, after each request and in the middle of it."""
    stage = Stage(t)
    disk, file = recorded(t, stage)
    check_each_sector(stage, disk, file)
    ends = bounds(disk)
    for n in sorted({*ends[1:], *((a + b) // 2 for a, b in
                                  zip(ends, ends[1:]))} - {0}):
        cut(t, stage, file, n)
