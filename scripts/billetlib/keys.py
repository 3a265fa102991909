# SPDX-License-Identifier: ISC
"""Whether an application knows the keys that an image is to give it.

A stripped ELF has no table that could be read, but the name of each key that
it knows is a string in it.  So what is not there is surely unknown; a name
that is there as something else is found out at boot, which stops and says so.
"""
from . import elf, say


def name_of(arg):
    """--uplink.ipv4=dhcp is about ipv4."""
    key = arg.partition('=')[0]
    return key.removeprefix('--').rpartition('.')[2]


def unknown(image, args):
    """The keys among the arguments that an Elf cannot know."""
    strings = image.section('.rodata')
    if strings is None:
        return []
    data = image.section_data(strings)
    return [name_of(arg) for arg in args
            if name_of(arg).encode() + b'\0' not in data]


def warn_of_unknown(path, data, args):
    """`data` is the application's ELF file; of one that cannot be read
    nothing is said."""
    try:
        found = unknown(elf.Elf(path, data), args)
    except elf.ElfError:
        return
    for key in found:
        say.warn(f'{path}: the application has no key --{key}: it will say '
                 'so and not start; docs/keys.md has all')
