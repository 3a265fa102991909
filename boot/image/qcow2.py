# SPDX-License-Identifier: ISC
"""qcow2, version 3: written whole, read, and changed where it stands."""
import struct

from disk import CHUNK, CHUNKS_MAX, Disk, ImageError

MAGIC = b'QFI\xfb'
HEADER = '>4sIQIIQIIQQIIQQQQII'
HEADER_BYTES = struct.calcsize(HEADER)
CLUSTER_BITS = 16
ENTRIES = CHUNK // 8
COPIED = 1 << 63        # this cluster has one owner: it may be overwritten
COMPRESSED = 1 << 62
PLACE = 0x00fffffffffffe00
ZERO = 1
L1_MAX = 1 << 13


def write(disk, out):
    """Header, reference counts, L1, L2 tables, data; a cluster each."""
    chunks = dict(disk.chunks())
    l1_entries = max(1, -(-disk.size // (CHUNK * ENTRIES)))
    l1_clusters = -(-l1_entries * 8 // CHUNK)
    used = sorted({number // ENTRIES for number in chunks})
    l1_at = 3
    l2_at = l1_at + l1_clusters
    data_at = l2_at + len(used)
    clusters = data_at + len(chunks)
    # One block of counts describes 2 GiB of file; Disk holds less.
    counts = struct.pack('>H', 1) * clusters
    place = {number: data_at + i for i, number in enumerate(sorted(chunks))}
    l1 = [0] * l1_entries
    for i, table in enumerate(used):
        l1[table] = (l2_at + i) * CHUNK | COPIED
    out.write(struct.pack(
        HEADER, MAGIC, 3, 0, 0, CLUSTER_BITS, disk.size, 0, l1_entries,
        l1_at * CHUNK, CHUNK, 1, 0, 0, 0, 0, 0, 4,
        HEADER_BYTES).ljust(CHUNK, b'\0'))
    out.write(struct.pack('>Q', 2 * CHUNK).ljust(CHUNK, b'\0'))
    out.write(counts.ljust(CHUNK, b'\0'))
    out.write(struct.pack(f'>{l1_entries}Q', *l1)
              .ljust(l1_clusters * CHUNK, b'\0'))
    for table in used:
        entries = [place[n] * CHUNK | COPIED if n in place else 0
                   for n in range(table * ENTRIES, (table + 1) * ENTRIES)]
        out.write(struct.pack(f'>{ENTRIES}Q', *entries))
    for number in sorted(chunks):
        out.write(chunks[number])


class Qcow2:
    """An existing file; `file` is open for reading, or writing as well."""

    def __init__(self, file):
        self.file = file
        head = file.read(HEADER_BYTES).ljust(HEADER_BYTES, b'\0')
        (magic, version, backing, _, bits, self.size, crypt, l1_entries, l1_at,
         _, _, snapshots, _, incompatible, _, _, order, _) = \
            struct.unpack(HEADER, head)
        if version == 2:
            incompatible, order = 0, 4
        if magic != MAGIC or version not in (2, 3):
            raise ImageError('a qcow2 of a version other than 2 and 3')
        if backing or crypt or snapshots or incompatible or order != 4 \
                or not 12 <= bits <= 21:
            raise ImageError(
                'a qcow2 with a backing file, snapshots, encryption or other '
                'extras: make a plain one of it with qemu-img convert -O qcow2')
        self.cluster = 1 << bits
        span = self.cluster * self.cluster // 8
        if l1_entries > L1_MAX or l1_entries * span < self.size:
            raise ImageError('a qcow2 whose first table is broken')
        data = self._bytes(l1_at, l1_entries * 8)
        self.l1 = struct.unpack(f'>{l1_entries}Q', data)

    def _bytes(self, at, size):
        self.file.seek(at)
        data = self.file.read(size)
        if len(data) != size:
            raise ImageError('a qcow2 that is cut short')
        return data

    def _entry(self, number):
        per_table = self.cluster // 8
        l1 = self.l1[number // per_table]
        if not l1 & PLACE:
            return 0, COPIED
        at = (l1 & PLACE) + number % per_table * 8
        return struct.unpack('>Q', self._bytes(at, 8))[0], l1

    def _pieces(self, at, size):
        if at < 0 or at + size > self.size:
            raise ImageError(f'{size} bytes at {at} are not on the disk')
        while size:
            start = at % self.cluster
            here = min(size, self.cluster - start)
            entry, table = self._entry(at // self.cluster)
            if entry & COMPRESSED:
                raise ImageError('a compressed qcow2: make a plain one of it '
                                 'with qemu-img convert -O qcow2')
            yield entry, table, start, here
            at, size = at + here, size - here

    def read(self, at, size):
        return b''.join(
            bytes(n) if entry & ZERO or not entry & PLACE
            else self._bytes((entry & PLACE) + start, n)
            for entry, _, start, n in self._pieces(at, size))

    def write(self, at, data):
        done, pieces = 0, list(self._pieces(at, len(data)))
        for entry, table, _, _ in pieces:
            if not (entry & table & COPIED and entry & PLACE) or entry & ZERO:
                raise ImageError('a qcow2 whose configuration area is shared '
                                 'or empty')
        for entry, _, start, n in pieces:
            self.file.seek((entry & PLACE) + start)
            self.file.write(data[done:done + n])
            done += n


def read(file):
    """All of it, as a Disk."""
    found = Qcow2(file)
    disk, per_table, used = Disk(found.size), found.cluster // 8, 0
    for table, l1 in enumerate(found.l1):
        if not l1 & PLACE:
            continue
        entries = struct.unpack(f'>{per_table}Q', found._bytes(
            l1 & PLACE, found.cluster))
        for i, entry in enumerate(entries):
            at = (table * per_table + i) * found.cluster
            if not entry or at >= found.size:
                continue
            used += 1
            if used > CHUNKS_MAX:
                raise ImageError('a qcow2 with too much in it')
            disk.write(at, found.read(at, min(found.cluster,
                                              found.size - at)))
    return disk
