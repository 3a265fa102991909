# SPDX-License-Identifier: ISC
"""The formats that an image comes in: written from a Disk, and opened again
to be read or changed.
"""
import io
import os
import struct
import tempfile
from contextlib import contextmanager
from pathlib import Path

import gce
import oci
import qcow2
import vhd
import vmdk
from disk import CHUNK, SECTOR, ImageError

MIB = 1 << 20
# Any fixed moment does; this is 2025-01-01.  SOURCE_DATE_EPOCH overrides it.
EPOCH = 1735689600
# format: what its size is a multiple of
ALIGN = {'raw': MIB, 'qcow2': MIB, 'gce.tar.gz': gce.ALIGN, 'vhd': vhd.ALIGN,
         'vmdk': MIB, 'oci.tar': MIB}


def epoch():
    return int(os.environ.get('SOURCE_DATE_EPOCH', EPOCH))


def write_raw(disk, out):
    for number, data in disk.chunks():
        out.seek(number * CHUNK)
        out.write(data[:disk.size - number * CHUNK])
    out.truncate(disk.size)


def write(kind, disk, out, name):
    """A whole image to the open file `out`."""
    {'raw': lambda: write_raw(disk, out),
     'qcow2': lambda: qcow2.write(disk, out),
     'gce.tar.gz': lambda: gce.write(disk, out, epoch()),
     'vhd': lambda: vhd.write(disk, out, epoch()),
     'vmdk': lambda: vmdk.write(disk, out, name),
     'oci.tar': lambda: oci.write(disk, out, name, epoch())}[kind]()


@contextmanager
def replacing(path):
    """A file that takes the place of `path` when all went well."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + '.')
    try:
        with open(handle, 'wb') as out:
            yield out
            out.flush()
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(out.fileno(), path.stat().st_mode & 0o7777
                      if path.exists() else 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


class Flat:
    """The bytes of a file as the disk that they are."""

    def __init__(self, file, size):
        self.file, self.size = file, size

    def _check(self, at, size):
        if at < 0 or size < 0 or at + size > self.size:
            raise ImageError(f'{size} bytes at {at} are not on the disk')
        self.file.seek(at)

    def read(self, at, size):
        self._check(at, size)
        return self.file.read(size)

    def write(self, at, data):
        self._check(at, len(data))
        self.file.write(data)


def kind_of(file):
    """The format, by what the file says."""
    head = file.read(SECTOR)
    size = file.seek(0, io.SEEK_END)
    if head[:4] == qcow2.MAGIC:
        return 'qcow2'
    if head[:4] == vmdk.MAGIC:
        return 'vmdk'
    if head[:2] == b'\x1f\x8b':
        return 'gce.tar.gz'
    if head[:10] == b'oci-layout':
        return 'oci.tar'
    if head[:4] == b'\x7fELF':
        raise ImageError('an ELF holds no arguments: its loader gives them, '
                         "as QEMU's -append does")
    file.seek(max(0, size - SECTOR))
    return 'vhd' if file.read(8) == vhd.MAGIC else 'raw'


class Image:
    """An existing image: its disk, and how a change gets back into it."""

    def __init__(self, file):
        self.file, self.kind = file, kind_of(file)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self.name, self.whole = '', True
        if self.kind == 'vmdk':
            self.disk, self.name = vmdk.read(file)
        elif self.kind == 'gce.tar.gz':
            self.disk = gce.read(file)
        elif self.kind == 'oci.tar':
            self.disk, self.name = oci.read(file)
        elif self.kind == 'qcow2':
            self.disk, self.whole = qcow2.Qcow2(file), False
        else:
            tail = SECTOR if self.kind == 'vhd' else 0
            self.disk, self.whole = Flat(file, size - tail), False


@contextmanager
def opened(path, change=False):
    """An Image; its changes are in the file when the block is left."""
    path = Path(os.path.realpath(path))
    try:
        with open(path, 'r+b' if change else 'rb') as file:
            image = Image(file)
            yield image
            if change and image.whole:
                with replacing(path) as out:
                    write(image.kind, image.disk, out, image.name)
            elif change:
                file.flush()
                os.fsync(file.fileno())
    except (struct.error, OverflowError, MemoryError):
        raise ImageError('it is cut short or broken') from None
