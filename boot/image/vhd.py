# SPDX-License-Identifier: ISC
"""Fixed VHD, as Azure and Hyper-V take it: the raw disk and a footer."""
import hashlib
import struct

from disk import CHUNK, SECTOR

MAGIC = b'conectix'
ALIGN = 1 << 20         # Azure takes whole MiB only
FIXED = 2
SINCE = 946684800       # VHD counts seconds from 2000 on
# Readers that do not know the creator take the size from the geometry, which
# is rounded; of this one they take the size itself.
CREATOR, SYSTEM = b'win ', b'Wi2k'


def geometry(sectors):
    """Cylinders, heads, sectors of a track, by the specification's way."""
    sectors = min(sectors, 65535 * 16 * 255)
    if sectors >= 65535 * 16 * 63:
        return sectors // 255 // 16, 16, 255
    per_track, heads = 17, max(-(-(sectors // 17) // 1024), 4)
    if sectors // 17 >= heads * 1024 or heads > 16:
        per_track, heads = 31, 16
    if sectors // 31 >= 16 * 1024:
        per_track, heads = 63, 16
    return sectors // per_track // heads, heads, per_track


def footer(disk, epoch):
    # Of the GPT's name of the disk: a changed argument leaves the footer.
    unique = hashlib.sha256(b'VHD' + disk.read(SECTOR + 56, 16))
    out = struct.pack(
        '>8sIIQI4sI4sQQHBBII16sB', MAGIC, 2, 0x10000, 0xffffffffffffffff,
        max(epoch - SINCE, 0), CREATOR, 0xa0000, SYSTEM, disk.size, disk.size,
        *geometry(disk.size // SECTOR), FIXED, 0, unique.digest()[:16], 0)
    out = bytearray(out.ljust(SECTOR, b'\0'))
    struct.pack_into('>I', out, 64, ~sum(out) & 0xffffffff)
    return bytes(out)


def write(disk, out, epoch):
    for number, data in disk.chunks():
        out.seek(number * CHUNK)
        out.write(data[:disk.size - number * CHUNK])
    out.seek(disk.size)
    out.write(footer(disk, epoch))
