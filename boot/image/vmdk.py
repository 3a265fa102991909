# SPDX-License-Identifier: ISC
"""Stream-optimized VMDK, as AWS and VMware import it: compressed grains, each
behind a marker, their tables behind them, and the header once more at the end.
"""
import hashlib
import struct
import zlib

from disk import CHUNK, SECTOR, Disk, ImageError

MAGIC = b'KDMV'
HEADER = '<4sIIQQQQIQQQB4sH'
GRAIN = CHUNK // SECTOR
TABLE_ENTRIES = 512
OVERHEAD = 128              # sectors in front of the first grain
DESCRIPTOR_AT, DESCRIPTOR_SECTORS = 1, 20
AT_END = 0xffffffffffffffff
FLAGS = 0x30001             # newlines are checked, compressed, with markers
NEWLINES = b'\n \r\n'
TABLE, DIRECTORY, FOOTER, END = 1, 2, 3, 0
DEFLATE = 1


def descriptor(name, disk, content):
    sectors = disk.size // SECTOR
    return f"""\
# Disk DescriptorFile
version=1
CID={content[:8]}
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RDONLY {sectors} SPARSE "{name}"

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
ddb.geometry.cylinders = "{max(1, sectors // (255 * 63))}"
ddb.geometry.heads = "255"
ddb.geometry.sectors = "63"
ddb.longContentID = "{content[:32]}"
ddb.virtualHWVersion = "10"
""".encode()


def header(disk, directory):
    return struct.pack(
        HEADER, MAGIC, 3, FLAGS, disk.size // SECTOR, GRAIN, DESCRIPTOR_AT,
        DESCRIPTOR_SECTORS, TABLE_ENTRIES, 0, directory, OVERHEAD, 0,
        NEWLINES, DEFLATE).ljust(SECTOR, b'\0')


class Writer:
    def __init__(self, out):
        self.out, self.sectors = out, 0

    def put(self, data):
        """Where it stands, in sectors."""
        at = self.sectors
        data += bytes(-len(data) % SECTOR)
        self.out.write(data)
        self.sectors += len(data) // SECTOR
        return at

    def marker(self, kind, data=b''):
        self.put(struct.pack('<QII', -(-len(data) // SECTOR), 0, kind))
        return self.put(data)


def write(disk, out, name):
    content = hashlib.sha256()
    for number, data in disk.chunks():
        content.update(number.to_bytes(8, 'big') + data)
    w = Writer(out)
    w.put(header(disk, AT_END))
    w.put(descriptor(name, disk, content.hexdigest())
          .ljust(DESCRIPTOR_SECTORS * SECTOR, b'\0'))
    w.put(bytes((OVERHEAD - w.sectors) * SECTOR))
    grains = -(-disk.size // CHUNK)
    directory = [0] * -(-grains // TABLE_ENTRIES)
    tables = {}
    for number, data in disk.chunks():
        packed = zlib.compress(data, 9)
        at = w.put(struct.pack('<QI', number * GRAIN, len(packed)) + packed)
        tables.setdefault(number // TABLE_ENTRIES, {})[number] = at
    for i, places in sorted(tables.items()):
        entries = [places.get(n, 0) for n in
                   range(i * TABLE_ENTRIES, (i + 1) * TABLE_ENTRIES)]
        directory[i] = w.marker(TABLE, struct.pack(f'<{TABLE_ENTRIES}I',
                                                   *entries))
    at = w.marker(DIRECTORY, struct.pack(f'<{len(directory)}I', *directory))
    w.marker(FOOTER, header(disk, at))
    w.marker(END)


def read(file):
    """(the disk, the name in its descriptor), from the markers in order."""
    fields = struct.unpack(HEADER, file.read(SECTOR)[:struct.calcsize(HEADER)])
    magic, version, flags, capacity, grain = fields[:5]
    if magic != MAGIC or version != 3 or flags & FLAGS != FLAGS \
            or fields[5] != DESCRIPTOR_AT or fields[6] > OVERHEAD \
            or fields[-1] != DEFLATE or not 0 < grain <= 2048:
        raise ImageError('a VMDK that is not stream-optimized')
    text = file.read(fields[6] * SECTOR).decode('utf-8', 'replace')
    name = (text.split(' SPARSE "', 1) + [''])[1].split('"', 1)[0]
    disk = Disk(capacity * SECTOR)
    file.seek(fields[10] * SECTOR)
    while True:
        marker = file.read(SECTOR)
        if len(marker) < SECTOR:
            raise ImageError('a VMDK that is cut short')
        value, size, kind = struct.unpack_from('<QII', marker)
        if size:
            if size > 2 * grain * SECTOR:
                raise ImageError('a VMDK with a grain that is too long')
            packed = marker[12:] + file.read(-(-(12 + size) // SECTOR)
                                             * SECTOR - SECTOR)
            disk.write(value * SECTOR,
                       unpack(packed[:size], grain * SECTOR,
                              disk.size - value * SECTOR))
        elif kind == END:
            return disk, name
        else:
            file.seek(value * SECTOR, 1)


def unpack(packed, grain, left):
    reader = zlib.decompressobj()
    try:
        data = reader.decompress(packed, grain)
    except zlib.error as error:
        raise ImageError(f'a VMDK with a broken grain: {error}') from None
    return data[:max(left, 0)]
