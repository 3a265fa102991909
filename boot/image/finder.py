# SPDX-License-Identifier: ISC
"""Find a file of an image: on the FAT16 of a GPT disk, or on an ISO 9660."""
import struct

import fat
import gpt
from disk import ImageError

ISO_BLOCK = 2048
ISO_DESCRIPTOR = 16 * ISO_BLOCK
FOLDER_MAX = 1 << 16
FILE_MAX = 1 << 26
LAST = 0xfff8


def find(disk, path):
    """Where its bytes are: [(offset, size)] in order."""
    if is_iso(disk):
        return find_iso(disk, path)
    if disk.size > 2 * gpt.SECTOR and \
            disk.read(gpt.SECTOR, 8) == b'EFI PART':
        return find_fat(disk, path)
    raise ImageError('neither an ISO nor a GPT disk: no image of Billet')


def content(disk, path):
    return b''.join(disk.read(at, size) for at, size in find(disk, path))


def lacking(path):
    return ImageError(f'/{path} is not in it: no image of Billet')


def is_iso(disk):
    return disk.size > ISO_DESCRIPTOR + ISO_BLOCK and \
        disk.read(ISO_DESCRIPTOR, 6) == b'\1CD001'


def find_iso(disk, path):
    root = disk.read(ISO_DESCRIPTOR + 156, 34)
    at, size = struct.unpack_from('<I4xI', root, 2)
    for depth, name in enumerate(path.split('/')):
        if size > (FOLDER_MAX if depth < path.count('/') + 1 else FILE_MAX):
            raise ImageError('an ISO with a folder that is too long')
        for entry in iso_entries(disk.read(at * ISO_BLOCK, size)):
            if iso_name(entry) == name.upper():
                at, size = struct.unpack_from('<I4xI', entry, 2)
                break
        else:
            raise lacking(path)
    if size > FILE_MAX:
        raise ImageError(f'/{path} is too long')
    return [(at * ISO_BLOCK, size)]


def iso_entries(folder):
    at = 0
    while at < len(folder):
        size = folder[at]
        if size < 34:   # the rest of a block is empty
            at = (at // ISO_BLOCK + 1) * ISO_BLOCK
            continue
        if at + size <= len(folder):
            yield folder[at:at + size]
        at += size


def iso_name(entry):
    return entry[33:33 + entry[32]].split(b';')[0].rstrip(b'.') \
        .decode('ascii', 'replace').upper()


class Fat:
    """The FAT16 of the EFI system partition, as fat.py writes it."""

    def __init__(self, disk, start):
        self.disk, self.start = disk, start
        (sector, self.per_cluster, reserved, fats, self.roots, small, _,
         fat_sectors) = struct.unpack('<HBHBHHBH', disk.read(start + 11, 13))
        if sector != fat.SECTOR or not self.per_cluster or not fats \
                or disk.read(start + 54, 5) != b'FAT16':
            raise ImageError('no FAT16 where the image has its files')
        self.cluster = self.per_cluster * sector
        table = disk.read(start + reserved * sector, fat_sectors * sector)
        self.table = struct.unpack(f'<{len(table) // 2}H', table)
        self.root_at = start + (reserved + fats * fat_sectors) * sector
        self.data_at = self.root_at + self.roots * 32

    def extents(self, first, size):
        out, cluster = [], first
        while size > 0:
            if not 2 <= cluster < len(self.table) or len(out) > FILE_MAX // 512:
                raise ImageError('a FAT16 with a broken chain')
            here = min(size, self.cluster)
            out.append((self.data_at + (cluster - 2) * self.cluster, here))
            size, cluster = size - here, self.table[cluster]
        return out

    def folder(self, first):
        """A folder's bytes: its clusters up to the end of their chain."""
        out, cluster = b'', first
        while 2 <= cluster < len(self.table) and len(out) < FOLDER_MAX:
            at = self.data_at + (cluster - 2) * self.cluster
            out += self.disk.read(at, self.cluster)
            cluster = self.table[cluster]
        return out


def find_fat(disk, path):
    volume = Fat(disk, esp_start(disk))
    here = disk.read(volume.root_at, volume.roots * 32)
    *folders, name = path.split('/')
    for folder in folders:
        first, _ = fat_entry(here, folder, path)
        here = volume.folder(first)
    first, size = fat_entry(here, name, path)
    if size > FILE_MAX:
        raise ImageError(f'/{path} is too long')
    return volume.extents(first, size)


def fat_entry(folder, name, path):
    """(first cluster, size)."""
    raw, _ = fat.short_name(name)
    for at in range(0, len(folder) - 31, 32):
        entry = folder[at:at + 32]
        if entry[:11] == raw and not entry[11] & fat.LABEL:
            return struct.unpack('<HI', entry[26:32])
    raise lacking(path)


def esp_start(disk):
    table_at, entries, size = struct.unpack(
        '<QII', disk.read(gpt.SECTOR + 72, 16))
    if entries > gpt.ENTRIES or size != gpt.ENTRY_BYTES:
        raise ImageError('a GPT of another kind')
    table = disk.read(table_at * gpt.SECTOR, entries * size)
    for at in range(0, len(table), size):
        if table[at:at + 16] == gpt.EFI_SYSTEM.bytes_le:
            return struct.unpack_from('<Q', table, at + 32)[0] * gpt.SECTOR
    raise ImageError('a GPT disk without an EFI system partition')
