# SPDX-License-Identifier: ISC
"""Disks for the tests: files, QEMU's devices for them, and what `disk`
writes there."""
import struct

from billetlib import qemu

SECTOR = 512
MASK = (1 << 64) - 1
NO_ACPI = '-machine acpi=off '
OLD = 'disable-modern=on,disable-legacy=off,'
NEW = 'disable-legacy=on,'


def pattern(seed, size, first=0):
    """What `disk --mode=write --seed=SEED` writes from sector `first` on."""
    start = first * SECTOR // 8 + (seed << 32) + 1
    return b''.join(
        struct.pack('<Q', (start + i) * 0x9e3779b97f4a7c15 & MASK)
        for i in range(size // 8))


def make(t, name, size=4 << 20, fill=b''):
    path = t.path(name)
    path.write_bytes(fill + bytes(size - len(fill)))
    return path


def drive(path, n=0, more=''):
    return ['-drive', f'file={qemu.comma(path)},format=raw,if=none,'
                      f'id=drive{n},cache=writeback{more}']


def line(t, machine, args, *words, app='disk', more=()):
    out = qemu.Line(machine).add(*more)
    return out.kernel(t.image(app), args).add(*words)
