# SPDX-License-Identifier: ISC
"""Write a GPT disk with a protective MBR, the same bytes each time."""
import hashlib
import struct
import uuid
import zlib

from disk import SECTOR, Disk, ImageError

ENTRIES, ENTRY_BYTES = 128, 128
TABLE_SECTORS = ENTRIES * ENTRY_BYTES // SECTOR
FIRST_USABLE = 2 + TABLE_SECTORS
BIOS_BOOT = uuid.UUID('21686148-6449-6e6f-744e-656564454649')
EFI_SYSTEM = uuid.UUID('c12a7328-f81f-11d2-ba4b-00a0c93ec93b')


def derived_uuid(*parts):
    """A random-looking identifier that only the content decides."""
    digest = hashlib.sha256(b'\0'.join(parts)).digest()
    return uuid.UUID(bytes=digest[:16], version=4)


class Partition:
    def __init__(self, kind, name, first, data, seed, last=None):
        self.kind, self.name, self.first, self.data = kind, name, first, data
        self.seed = seed
        self.last = last or first + -(-len(data) // SECTOR) - 1

    def entry(self):
        unique = derived_uuid(self.name.encode(), self.seed)
        return struct.pack('<16s16sQQQ72s', self.kind.bytes_le, unique.bytes_le,
                           self.first, self.last, 0,
                           self.name.encode('utf-16-le'))


def header(here, other, table_at, last_usable, disk, table):
    fields = ('<8sIIIIQQQQ16sQIII', b'EFI PART', 0x10000, 92)
    rest = (0, here, other, FIRST_USABLE, last_usable, disk.bytes_le, table_at,
            ENTRIES, ENTRY_BYTES, zlib.crc32(table))
    crc = zlib.crc32(struct.pack(*fields, 0, *rest))
    return struct.pack(*fields, crc, *rest).ljust(SECTOR, b'\0')


def protective_mbr(code, sectors):
    entry = struct.pack('<B3sB3sII', 0, b'\0\2\0', 0xee, b'\xff\xff\xff', 1,
                        min(sectors - 1, 0xffffffff))
    return code[:440].ljust(446, b'\0') + entry + bytes(48) + b'\x55\xaa'


def disk(mbr_code, partitions, align, size=0):
    """The whole disk, of `size` bytes or what the partitions need; its size
    is a multiple of `align` bytes.  The second header stands at its end."""
    end = max(p.last for p in partitions) + 1
    least = (end + TABLE_SECTORS + 1) * SECTOR
    if size and size < least:
        raise ImageError(f'--size {size:,} bytes is too small: the content '
                         f'takes {least:,}')
    out = Disk(-(-max(size, least) // align) * align)
    sectors = out.size // SECTOR
    table = b''.join(p.entry() for p in partitions)
    table = table.ljust(ENTRIES * ENTRY_BYTES, b'\0')
    last_usable = sectors - TABLE_SECTORS - 2
    disk_id = derived_uuid(table)

    def put(at, data):
        out.write(at * SECTOR, data)

    put(0, protective_mbr(mbr_code, sectors))
    put(1, header(1, sectors - 1, 2, last_usable, disk_id, table))
    put(2, table)
    for partition in partitions:
        put(partition.first, partition.data)
    put(sectors - 1 - TABLE_SECTORS, table)
    put(sectors - 1, header(sectors - 1, 1, sectors - 1 - TABLE_SECTORS,
                            last_usable, disk_id, table))
    return out
