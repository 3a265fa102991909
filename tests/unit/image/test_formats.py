#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each format: what is written reads back, and what is broken is refused."""
import io
import struct
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / 'boot' / 'image'))
import container  # noqa: E402
import disk  # noqa: E402
import fat  # noqa: E402
import finder  # noqa: E402
import gce  # noqa: E402
import gpt  # noqa: E402
import oci  # noqa: E402
import qcow2  # noqa: E402
import vhd  # noqa: E402
import vmdk  # noqa: E402
from disk import CHUNK, Disk, ImageError  # noqa: E402

MIB = 1 << 20
GIB = 1 << 30


def sample(size=GIB, pieces=((0, b'boot'), (70000, b'x' * 130000))):
    d = Disk(size)
    for at, data in pieces:
        d.write(at, data)
    d.write(size - 512, b'EFI PART'.ljust(512, b'.'))
    return d


def written(kind, d):
    out = io.BytesIO()
    container.write(kind, d, out, 'name')
    return out.getvalue()


READ = {'qcow2': qcow2.read, 'gce.tar.gz': gce.read,
        'vmdk': lambda f: vmdk.read(f)[0], 'oci.tar': lambda f: oci.read(f)[0]}


class Disks(unittest.TestCase):
    def test_only_what_was_written_is_there(self):
        d = sample()
        self.assertEqual(d.read(69998, 4), b'\0\0xx')
        self.assertEqual(d.read(GIB // 2, 9), bytes(9))
        self.assertEqual([n for n, _ in d.chunks()],
                         [0, 1, 2, 3, GIB // CHUNK - 1])
        d.write(0, bytes(CHUNK))
        self.assertEqual(next(d.chunks())[0], 1)

    def test_a_range_outside_is_refused(self):
        for at, size in ((-1, 1), (GIB, 1), (GIB - 1, 2), (0, -1)):
            with self.assertRaises(ImageError):
                sample().read(at, size)

    def test_a_full_table_is_refused(self):
        d, disk.CHUNKS_MAX = Disk(GIB), 3
        try:
            for i in range(3):
                d.write(i * CHUNK, b'x')
            with self.assertRaises(ImageError):
                d.write(4 * CHUNK, b'x')
        finally:
            disk.CHUNKS_MAX = 1 << 14


class Formats(unittest.TestCase):
    def test_what_is_written_reads_back(self):
        # So many pieces that the tar's list needs three more blocks.
        many = [(i * 8192, b'%d' % i) for i in range(50)]
        for size in (4 * MIB, GIB, 600 * GIB):
            d = sample(size, many)
            for kind, read in READ.items():
                with self.subTest(kind=kind, size=size):
                    back = read(io.BytesIO(written(kind, d)))
                    self.assertEqual(back.size, size)
                    self.assertEqual(list(back.chunks()), list(d.chunks()))

    def test_a_cut_file_is_refused(self):
        for kind, read in READ.items():
            whole = written(kind, sample())
            for keep in (0, 3, len(whole) // 4, len(whole) // 2):
                with self.subTest(kind=kind, keep=keep), \
                        self.assertRaises((ImageError, struct.error)):
                    read(io.BytesIO(whole[:keep]))

    def test_a_byte_turned_over_never_ends_in_a_crash(self):
        for kind, read in READ.items():
            whole = written(kind, sample(8 * MIB))
            for at in [*range(0, min(600, len(whole)), 7),
                       *range(1 << 16, len(whole), 9973)]:
                broken = bytearray(whole)
                broken[at] ^= 0xff
                try:
                    read(io.BytesIO(broken))
                except (ImageError, struct.error, OverflowError):
                    pass    # what container.opened() expects

    def test_vhd_has_a_footer_that_adds_up(self):
        data = written('vhd', sample(64 * MIB))
        foot = data[-512:]
        self.assertEqual(len(data), 64 * MIB + 512)
        total, = struct.unpack_from('>I', foot, 64)
        self.assertEqual(~(sum(foot) - sum(foot[64:68])) & 0xffffffff, total)
        self.assertEqual(struct.unpack_from('>Q', foot, 48)[0], 64 * MIB)

    def test_vhd_geometry_never_exceeds_the_disk(self):
        for size in (4 * MIB, 127 * MIB, GIB, 200 * GIB, 2048 * GIB):
            c, h, s = vhd.geometry(size // 512)
            self.assertTrue(c < 65536 and h <= 16 and s <= 255)
            self.assertTrue(c * h * s * 512 <= size)

    def test_qcow2_with_extras_is_refused(self):
        whole = bytearray(written('qcow2', sample(4 * MIB)))
        for at, value in ((8, 1), (32, 1), (60, 1), (72, 1), (96, 5), (20, 40),
                          (4, 9), (36, 1 << 20)):
            broken = bytearray(whole)
            size = 8 if at in (8, 72) else 4
            broken[at:at + size] = value.to_bytes(size, 'big')
            with self.assertRaises(ImageError, msg=at):
                qcow2.Qcow2(io.BytesIO(broken))

    def test_qcow2_does_not_write_what_others_share(self):
        data = io.BytesIO(written('qcow2', sample(4 * MIB)))
        found = qcow2.Qcow2(data)
        found.write(70000, b'new')
        self.assertEqual(found.read(69999, 5), b'\0newx')
        with self.assertRaises(ImageError):
            found.write(3 * MIB, b'new')    # nothing is there
        l2 = found.l1[0] & qcow2.PLACE
        data.seek(l2)
        data.write(b'\0')                   # no longer the only owner
        with self.assertRaises(ImageError):
            found.write(0, b'new')


class Finder(unittest.TestCase):
    def image(self):
        esp = fat.Fat16('BILLET', 1735689600, 7)
        for i in range(40):
            esp.add(f'boot/grub/f{i}.txt', b'%d' % i)
        esp.add('boot/grub/grub.cfg', b'c' * 3000)
        return gpt.disk(b'', [gpt.Partition(
            gpt.EFI_SYSTEM, 'x', 2048, esp.image(), b's')], MIB)

    def test_a_file_in_a_long_folder_is_found(self):
        d = self.image()
        self.assertEqual(finder.content(d, 'boot/grub/grub.cfg'), b'c' * 3000)
        self.assertEqual(finder.content(d, 'boot/grub/f39.txt'), b'39')
        for path in ('boot/none', 'none/grub.cfg', 'boot/grub'):
            with self.assertRaises(ImageError):
                finder.content(d, path + '/x')

    def test_a_broken_disk_is_refused(self):
        whole = self.image()
        for at, data in ((512, b'x'), (592, b'\xff\xff'), (1024, b'x'),
                         (2048 * 512 + 11, b'x'), (2048 * 512 + 13, b'\0'),
                         (2048 * 512 + 22, b'\xff\xff'),
                         (2048 * 512 + 512, bytes(6000))):
            d = self.image()
            d.write(at, data)
            with self.assertRaises((ImageError, struct.error), msg=at):
                finder.content(d, 'boot/grub/grub.cfg')
        self.assertTrue(finder.content(whole, 'boot/grub/grub.cfg'))


if __name__ == '__main__':
    unittest.main()
