# SPDX-License-Identifier: ISC
"""A disk with two slots for an application, and the block that chooses one.

Both slots are files of a fixed size on the FAT partition, which nothing ever
moves: the image writes into them without a file system of its own.  The block
is GRUB's environment, of which the first sector says everything, so that one
write of one sector is the switch.  docs/update.md
"""
from disk import SECTOR, ImageError

SLOT_BYTES = 4 << 20    # as UPDATE_BYTES_MAX of lib/update
ENV_PATH = 'boot/grub/grubenv'
ENV_FIRST = b'# GRUB Environment Block\n'
ENV_BYTES = 1024        # GRUB takes no other size
NAMES = 'ab'
MARK = b'update-slot\0'     # a key that only such applications have


def path(slot):
    return f'boot/slot-{slot}.elf'


def check(elf):
    if len(elf) > SLOT_BYTES:
        raise ImageError(f'the application has {len(elf):,} bytes; a slot has '
                         f'{SLOT_BYTES:,}')
    if MARK not in elf:
        raise ImageError('this application does not take updates: it has no '
                         'key update-slot (`web` has it, with TLS)')


def environment(keep, tries, sequence):
    text = ENV_FIRST + (f'keep={keep}\ntries={tries}\n'
                        f'sequence={sequence}\n').encode()
    assert len(text) <= SECTOR
    return text.ljust(ENV_BYTES, b'#')


def kept(block):
    """The slot that a block says is kept, as the boot loader reads it."""
    lines = block[:SECTOR].split(b'\n')
    return 'b' if block.startswith(ENV_FIRST) and b'keep=b' in lines else 'a'


def number(block, key):
    for line in block[:SECTOR].split(b'\n'):
        word, _, value = line.partition(b'=')
        if word == key and value.isdigit():
            return int(value)
    return 0


def tries(block):
    """1: the other slot is booted next, once."""
    return number(block, b'tries')


def sequence(block):
    """The highest that was taken."""
    return number(block, b'sequence')


def add(esp, elf, sequence):
    check(elf)
    slot = elf.ljust(SLOT_BYTES, b'\0')
    esp.add(ENV_PATH, environment('a', 0, sequence))
    esp.add(path('a'), slot)
    esp.add(path('b'), bytes(SLOT_BYTES))
