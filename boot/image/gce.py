# SPDX-License-Identifier: ISC
"""Google's import format: a gzipped tar in GNU's old format that holds one
sparse file, disk.raw, of whole GiB.  Only what is not zero is in it.
"""
import gzip
import struct
import zlib

from disk import CHUNK, Disk, ImageError

ALIGN = 1 << 30
NAME = b'disk.raw'
BLOCK = 512
PIECE = 4096            # holes are looked for in steps of a page
IN_HEADER, IN_EXTENSION = 4, 21
SPARSE_AT, EXTENDED_AT, REAL_SIZE_AT = 386, 482, 483
EXTENSION_EXTENDED_AT = 504
EXTENTS_MAX = 1 << 16
PLAIN_MAX = 1 << 30     # of the tar: 2 GiB of zeros compress to nothing


def extents(disk):
    """Runs of pages that are not zero: [(offset, bytes)]."""
    out = []
    for number, data in disk.chunks():
        for start in range(0, CHUNK, PIECE):
            page = data[start:start + PIECE]
            at = number * CHUNK + start
            if page.count(0) == PIECE:
                continue
            if out and out[-1][0] + len(out[-1][1]) == at:
                out[-1][1].extend(page)
            else:
                out.append((at, bytearray(page)))
    return out


def number(value):
    """Octal, and from 8 GiB on in base 256, as GNU tar has it."""
    if value < 8 ** 11:
        return b'%011o\0' % value
    return b'\x80' + value.to_bytes(11, 'big')


def sparse_list(entries, places):
    return b''.join(number(at) + number(size) for at, size in entries) \
        .ljust(places * 24, b'\0')


def tar_header(disk, runs, epoch):
    entries = [(at, len(data)) for at, data in runs]
    # The end has to be said when a hole is in front of it.
    if not entries or sum(entries[-1]) != disk.size:
        entries.append((disk.size, 0))
    first, rest = entries[:IN_HEADER], entries[IN_HEADER:]
    head = bytearray(BLOCK)
    stored = sum(len(data) for _, data in runs)
    for at, data in ((0, NAME), (100, b'0000644\0'), (108, b'0000000\0'),
                     (116, b'0000000\0'), (124, number(stored)),
                     (136, number(epoch)), (148, b' ' * 8), (156, b'S'),
                     (257, b'ustar  \0'), (265, b'root'), (297, b'root'),
                     (SPARSE_AT, sparse_list(first, IN_HEADER)),
                     (EXTENDED_AT, bytes([bool(rest)])),
                     (REAL_SIZE_AT, number(disk.size))):
        head[at:at + len(data)] = data
    head[148:156] = b'%06o\0 ' % sum(head)
    while rest:
        block = sparse_list(rest[:IN_EXTENSION], IN_EXTENSION)
        rest = rest[IN_EXTENSION:]
        head += (block + bytes([bool(rest)])).ljust(BLOCK, b'\0')
    return bytes(head)


def write(disk, out, epoch):
    runs = extents(disk)
    with gzip.GzipFile('', 'wb', 9, out, mtime=0) as packed:
        packed.write(tar_header(disk, runs, epoch))
        size = 0
        for _, data in runs:
            packed.write(data)
            size += len(data)
        # tar's records are of 20 blocks, the last two empty.
        packed.write(bytes(-size % BLOCK + 2 * BLOCK))


def octal(data):
    if data[:1] == b'\x80':
        return int.from_bytes(data[1:], 'big')
    try:
        return int(data.rstrip(b'\0 ') or b'0', 8)
    except ValueError:
        raise ImageError('a tar with a broken number') from None


def read(file):
    """The disk of such a tar."""
    try:
        with gzip.GzipFile('', 'rb', fileobj=file) as packed:
            return read_tar(packed)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ImageError(f'a tar.gz that is broken: {error}') from None


def exactly(file, size):
    data = file.read(size)
    if len(data) != size:
        raise ImageError('a tar that is cut short')
    return data


def read_tar(file):
    head = exactly(file, BLOCK)
    if head[156:157] != b'S' or head[:100].rstrip(b'\0') != NAME:
        raise ImageError('a tar.gz without a sparse disk.raw in front')
    disk = Disk(octal(head[REAL_SIZE_AT:REAL_SIZE_AT + 12]))
    entries, more = head[SPARSE_AT:EXTENDED_AT], head[EXTENDED_AT]
    while more:
        if len(entries) > 24 * EXTENTS_MAX:
            raise ImageError('a tar.gz with too many pieces')
        block = exactly(file, BLOCK)
        entries += block[:IN_EXTENSION * 24]
        more = block[EXTENSION_EXTENDED_AT]
    total = 0
    for at in range(0, len(entries), 24):
        start, size = (octal(part) for part in
                       struct.unpack_from('12s12s', entries, at))
        total += size
        if total > PLAIN_MAX or start + size > disk.size:
            raise ImageError('a tar.gz whose disk.raw is too full')
        for done in range(0, size, CHUNK):
            disk.write(start + done, exactly(file, min(CHUNK, size - done)))
    return disk
