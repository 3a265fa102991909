# SPDX-License-Identifier: ISC
"""Write a FAT16 file system: whole, fresh, and the same bytes each time.

Only what an EFI system partition of an image needs: directories and files
with 8.3 names (kept lower-case by the bits that Windows NT uses for that).
"""
import struct
import time

SECTOR = 512
ROOT_ENTRIES = 128
# Below 4085 clusters a file system is FAT12, above 65524 it is FAT32.
CLUSTERS_MIN, CLUSTERS_MAX = 4085 + 16, 65524 - 16
FATS = 2
DIRECTORY, ARCHIVE, LABEL = 0x10, 0x20, 0x08
NT_LOWER_STEM, NT_LOWER_TYPE = 0x08, 0x10


def dos_time(epoch):
    t = time.gmtime(max(epoch, 315532800))
    return (t.tm_hour << 11 | t.tm_min << 5 | t.tm_sec // 2,
            t.tm_year - 1980 << 9 | t.tm_mon << 5 | t.tm_mday)


def short_name(name):
    """The 11 bytes of a name and its case bits."""
    if name in ('.', '..'):
        return name.encode().ljust(11), 0
    stem, _, kind = name.partition('.')
    plain = (stem + kind).replace('_', '').replace('-', '')
    if not 1 <= len(stem) <= 8 or len(kind) > 3 or not plain.isalnum() \
            or not plain.isascii() or stem not in (stem.lower(), stem.upper()) \
            or kind not in (kind.lower(), kind.upper()):
        raise ValueError(f'{name}: not an 8.3 name in one case')
    bits = (NT_LOWER_STEM if stem != stem.upper() else 0) | \
        (NT_LOWER_TYPE if kind != kind.upper() else 0)
    return (stem.upper().encode().ljust(8) + kind.upper().encode().ljust(3),
            bits)


class Fat16:
    def __init__(self, label, epoch, serial):
        """`serial` is 32 bits that tell one volume from another."""
        self.serial = struct.pack('<I', serial)
        self.label = label.upper().encode().ljust(11)
        self.time, self.date = dos_time(epoch)
        self.tree = {}

    def add(self, path, data):
        """Add a file; the directories on the way are made."""
        *folders, name = path.strip('/').split('/')
        here = self.tree
        for folder in folders:
            here = here.setdefault(folder, {})
        here[name] = data

    def _entry(self, raw_name, attributes, bits, cluster, size):
        return struct.pack('<11sBBBHHHHHHHI', raw_name, attributes, bits, 0,
                           self.time, self.date, self.date, 0, self.time,
                           self.date, cluster, size)

    def _take(self, size):
        """Consecutive clusters for `size` bytes; the first one's number."""
        count = -(-size // SECTOR)
        if count == 0:
            return 0
        first = len(self.fat)
        if first + count - 2 > CLUSTERS_MAX:
            raise ValueError('the files do not fit a FAT16 of 32 MB')
        self.fat += list(range(first + 1, first + count)) + [0xffff]
        return first

    def _store(self, data):
        first = self._take(len(data))
        self.clusters += data + bytes(-len(data) % SECTOR)
        return first

    def _directory(self, tree, parent, extra=b''):
        """The entries of a directory, its content stored first."""
        out = bytearray(extra)
        for name in sorted(tree):
            raw, bits = short_name(name)
            child = tree[name]
            if isinstance(child, dict):
                first = self._store_directory(child, parent)
                out += self._entry(raw, DIRECTORY, bits, first, 0)
            else:
                first = self._store(child)
                out += self._entry(raw, ARCHIVE, bits, first, len(child))
        return bytes(out)

    def _store_directory(self, tree, parent):
        size = (2 + len(tree)) * 32
        first = self._take(size)
        at = len(self.clusters)
        self.clusters += bytes(-(-size // SECTOR) * SECTOR)
        dots = self._entry(b'.'.ljust(11), DIRECTORY, 0, first, 0) + \
            self._entry(b'..'.ljust(11), DIRECTORY, 0, parent, 0)
        entries = self._directory(tree, first, dots)
        self.clusters[at:at + len(entries)] = entries
        return first

    def image(self):
        self.fat, self.clusters = [0xfff8, 0xffff], bytearray()
        label = self._entry(self.label, LABEL, 0, 0, 0)
        root = self._directory(self.tree, 0, label)
        if len(root) > ROOT_ENTRIES * 32:
            raise ValueError('too many files in the root directory')
        clusters = max(len(self.fat) - 2, CLUSTERS_MIN)
        fat_sectors = -(-(clusters + 2) * 2 // SECTOR)
        root_sectors = ROOT_ENTRIES * 32 // SECTOR
        total = 1 + FATS * fat_sectors + root_sectors + clusters
        boot = struct.pack(
            '<3s8sHBHBHHBHHHII', b'\xeb\x3c\x90', b'BILLET  ', SECTOR, 1, 1,
            FATS, ROOT_ENTRIES, total if total < 65536 else 0, 0xf8,
            fat_sectors, 63, 255, 0, total if total >= 65536 else 0)
        boot += struct.pack('<BBB4s11s8s', 0x80, 0, 0x29, self.serial,
                            self.label, b'FAT16   ')
        boot = boot.ljust(510, b'\0') + b'\x55\xaa'
        table = struct.pack(f'<{len(self.fat)}H', *self.fat)
        table = table.ljust(fat_sectors * SECTOR, b'\0')
        body = bytes(self.clusters).ljust(clusters * SECTOR, b'\0')
        return boot + table * FATS + root.ljust(root_sectors * SECTOR, b'\0') \
            + body

