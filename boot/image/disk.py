# SPDX-License-Identifier: ISC
"""A disk in memory of which only the parts that were written exist."""

CHUNK = 65536       # also a cluster of qcow2 and a grain of VMDK
SECTOR = 512
SIZE_MAX = 1 << 41  # 2 TiB: what a VHD, the narrowest, can hold
# Beyond this a file holds more than any image of ours: someone's own disk.
CHUNKS_MAX = 1 << 14
ZEROS = bytes(CHUNK)


class ImageError(Exception):
    """What is wrong with a file, in words for a person."""


class Disk:
    def __init__(self, size):
        if not 0 <= size <= SIZE_MAX:
            raise ImageError(f'a disk of {size} bytes; 2 TiB is the limit')
        self.size, self._chunks = size, {}

    def _parts(self, at, size):
        """(chunk, offset in it, bytes) for a range of the disk."""
        if at < 0 or size < 0 or at + size > self.size:
            raise ImageError(f'{size} bytes at {at} are not on the disk')
        while size:
            here = min(size, CHUNK - at % CHUNK)
            yield at // CHUNK, at % CHUNK, here
            at, size = at + here, size - here

    def write(self, at, data):
        done = 0
        for chunk, start, size in self._parts(at, len(data)):
            piece = data[done:done + size]
            done += size
            if chunk not in self._chunks:
                if piece == ZEROS[:size]:
                    continue
                if len(self._chunks) == CHUNKS_MAX:
                    raise ImageError('more than 1 GiB of content: this is no '
                                     'image of Billet')
                self._chunks[chunk] = bytearray(CHUNK)
            self._chunks[chunk][start:start + size] = piece

    def read(self, at, size):
        return b''.join(
            bytes(self._chunks[chunk][start:start + n])
            if chunk in self._chunks else bytes(n)
            for chunk, start, n in self._parts(at, size))

    def chunks(self):
        """(number, bytes) of those that are not all zeros, in order."""
        for number in sorted(self._chunks):
            if self._chunks[number] != ZEROS:
                yield number, bytes(self._chunks[number])
