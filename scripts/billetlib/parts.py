# SPDX-License-Identifier: ISC
"""Take an image of any format apart: its ELF, its recipe, its loaders."""
import hashlib
import re
import struct
import sys
from collections import namedtuple

from . import elf, manifest, say
from .tree import TOP

sys.path.insert(0, str(TOP / 'boot' / 'image'))
import container  # noqa: E402
import finder  # noqa: E402
import gpt  # noqa: E402
import settings  # noqa: E402
import slots  # noqa: E402
from disk import ImageError  # noqa: E402

RECIPE = 3          # boot/image/recipe.py
ELF_PATH = 'boot/billet.elf'
LOADERS = ('EFI/BOOT/BOOTX64.EFI', 'boot/grub/eltorito.img',
           'boot/grub/efi.img')
CORE_AT, CORE_END = gpt.FIRST_USABLE * gpt.SECTOR, 2048 * gpt.SECTOR
GRUB = re.compile(rb'GRUB (\d[\w.+~-]{0,60})')

Recipe = namedtuple('Recipe', 'compiler linker options uses')
Parts = namedtuple('Parts',
                   'kind elf title args size loaders sequence slots')
Slots = namedtuple('Slots', 'kept tries content')
FIRMWARE = (('bios', ('MBR', 'boot/grub/eltorito.img')),
            ('uefi', ('EFI/BOOT/BOOTX64.EFI', 'boot/grub/efi.img')))


def application(disk, two):
    """The ELF file that boots, its sequence, and both Slots; the latter are
    None without slots."""
    if not two:
        return finder.content(disk, ELF_PATH), None, None
    block = finder.content(disk, slots.ENV_PATH)
    content = {name: finder.content(disk, slots.path(name))
               for name in slots.NAMES}
    kept = slots.kept(block)
    data = content[kept]
    return data[:elf.Elf(slots.path(kept), data).end()], \
        slots.sequence(block), Slots(kept, slots.tries(block), content)


def take_apart(path):
    """All of an image; `sequence` and `slots` are None where there are no
    slots; kind is elf for a bare ELF file."""
    elf.need_file(path)
    with open(path, 'rb') as file:
        if file.read(4) == b'\x7fELF':
            file.seek(0)
            return Parts('elf', file.read(), '', [], 0, {}, None, None)
    with container.opened(path) as image:
        disk = image.disk
        area = finder.content(disk, settings.PATH)
        title, args = settings.decode(area)
        data, sequence, both = application(disk, settings.has_slots(area))
        loaders = {}
        for name in LOADERS:
            try:
                loaders[name] = finder.content(disk, name)
            except ImageError:
                pass    # it boots by the other firmware only
        iso = finder.is_iso(disk)
        if not iso and any(disk.read(0, 4)):
            loaders['MBR'] = disk.read(0, 440)
            loaders['core.img'] = disk.read(CORE_AT, CORE_END - CORE_AT)
        return Parts('iso' if iso else image.kind,
                     data, title, args, 0 if iso else disk.size, loaders,
                     sequence, both)


def firmware(parts):
    """What it boots by, in order."""
    return [name for name, loaders in FIRMWARE
            if any(part in parts.loaders for part in loaders)]


def grub_version(parts):
    """What GRUB says of itself in its EFI application; None without one."""
    for name in LOADERS:
        found = GRUB.search(parts.loaders.get(name, b''))
        if found:
            return found[1].decode()
    return None


def recipe(image):
    """The Recipe in an ELF's note."""
    for note in image.notes():
        if (note.owner, note.kind) == (manifest.OWNER, RECIPE):
            return parse(manifest.text(note.data))
    raise elf.ElfError(f'{image.path}: no note in it of how it was built')


def parse(text):
    compiler, linker, options, uses = 'unknown', 'unknown', [], []
    for line in text.splitlines():
        word, _, rest = line.partition(' ')
        if word == 'compiler':
            compiler = rest
        elif word == 'linker':
            linker = rest
        elif word == 'option':
            options.append(rest)
        elif word == 'uses' and len(rest.split(' ')) == 3:
            uses.append(tuple(rest.split(' ')))
    return Recipe(compiler, linker, options, uses)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# What reading a stranger's file may end in.
ERRORS = (ImageError, elf.ElfError, OSError, struct.error, MemoryError)


def read(path, function):
    """function(path), and what goes wrong with the file in words."""
    try:
        return function(path)
    except ERRORS as error:
        if isinstance(error, FileNotFoundError):
            if str(error.filename) != str(path):
                raise   # of something else: main has the words
            raise say.Stop(f'{path}: no such file', say.USAGE) from None
        words = getattr(error, 'strerror', None) or str(error) \
            or 'it wants more memory than there is'
        raise say.Stop(f'{path}: ' + words.removeprefix(f'{path}: ')
                       ) from None
