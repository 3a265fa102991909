#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""FAT, GPT and settings as mkimage.py writes them, read by their definitions."""
import struct
import sys
import unittest
import zlib
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / 'boot' / 'image'))
import fat  # noqa: E402
import gpt  # noqa: E402
import settings  # noqa: E402
from disk import ImageError  # noqa: E402


class Reader:
    """A FAT16 reader that knows nothing of the writer."""

    def __init__(self, image):
        self.image = image
        (self.sector, self.per_cluster, reserved, fats, self.entries, total16,
         _, fat_sectors, _, _, _, total32) = struct.unpack_from(
             '<HBHBHHBHHHII', image, 11)
        self.total = total16 or total32
        self.fat_at = reserved * self.sector
        self.fats = [image[self.fat_at + i * fat_sectors * self.sector:]
                     [:fat_sectors * self.sector] for i in range(fats)]
        self.root_at = self.fat_at + fats * fat_sectors * self.sector
        self.data_at = self.root_at + self.entries * 32
        self.clusters = (self.total - self.data_at // self.sector) \
            // self.per_cluster

    def chain(self, first):
        while 2 <= first < 0xfff8:
            at = self.data_at + (first - 2) * self.sector
            yield self.image[at:at + self.sector]
            first, = struct.unpack_from('<H', self.fats[0], first * 2)

    def list(self, raw):
        for at in range(0, len(raw), 32):
            entry = raw[at:at + 32]
            if entry[:1] == b'\0':
                return
            if not entry[11] & 8:
                name = entry[:8].decode().strip()
                kind = entry[8:11].decode().strip()
                yield (name + ('.' + kind if kind else '')).lower(), \
                    entry[11], *struct.unpack_from('<HI', entry, 26)

    def read(self, path):
        raw = self.image[self.root_at:self.data_at]
        *folders, name = path.lower().split('/')
        for folder in folders:
            first = next(c for n, a, c, _ in self.list(raw)
                         if n == folder and a & 16)
            raw = b''.join(self.chain(first))
        first, size = next((c, s) for n, a, c, s in self.list(raw)
                           if n == name)
        return b''.join(self.chain(first))[:size]


class Fat(unittest.TestCase):
    def setUp(self):
        self.files = {'EFI/BOOT/BOOTX64.EFI': bytes(range(256)) * 700,
                      'boot/grub/grub.cfg': b'x', 'boot/billet.elf': b'y' * 512,
                      'boot/empty.txt': b''}
        self.fs = fat.Fat16('BILLET', 1735689600, 7)
        for path, data in self.files.items():
            self.fs.add(path, data)

    def test_every_file_reads_back(self):
        reader = Reader(self.fs.image())
        for path, data in self.files.items():
            self.assertEqual(reader.read(path), data, path)

    def test_it_is_fat16_by_its_cluster_count(self):
        reader = Reader(self.fs.image())
        self.assertTrue(4085 <= reader.clusters < 65525)
        self.assertEqual(reader.fats[0], reader.fats[1])
        self.assertEqual(len(self.fs.image()), reader.total * 512)

    def test_many_files_in_one_folder_need_several_clusters(self):
        for i in range(100):
            self.fs.add(f'boot/f{i}.txt', b'%d' % i)
        reader = Reader(self.fs.image())
        for i in range(100):
            self.assertEqual(reader.read(f'boot/f{i}.txt'), b'%d' % i)

    def test_names_that_are_not_short_are_refused(self):
        for name in ('longer-than-8.txt', 'a.json', 'MiXed.txt', 'x y.txt', ''):
            with self.assertRaises(ValueError, msg=name):
                fat.short_name(name)

    def test_too_much_is_refused(self):
        self.fs.add('boot/big.bin', bytes(33 << 20))
        with self.assertRaises(ValueError):
            self.fs.image()


class Gpt(unittest.TestCase):
    def setUp(self):
        self.disk = gpt.disk(b'\xeb' * 440, [
            gpt.Partition(gpt.BIOS_BOOT, 'one', 34, b'1' * 700, b's', last=2047),
            gpt.Partition(gpt.EFI_SYSTEM, 'two', 2048, b'2' * 5000, b's')],
            1 << 20)
        self.disk = self.disk.read(0, self.disk.size)
        self.sectors = len(self.disk) // 512

    def header(self, lba):
        raw = bytearray(self.disk[lba * 512:lba * 512 + 92])
        crc, = struct.unpack_from('<I', raw, 16)
        raw[16:20] = bytes(4)
        self.assertEqual(zlib.crc32(raw), crc)
        return struct.unpack_from('<QQQQ', raw, 24), \
            struct.unpack_from('<QIII', raw, 72)

    def test_both_headers_agree(self):
        first, table = self.header(1)
        last, backup = self.header(self.sectors - 1)
        self.assertEqual(first[:2], (1, self.sectors - 1))
        self.assertEqual(last[:2], (self.sectors - 1, 1))
        self.assertEqual(first[2:], last[2:])
        for at, count, size, crc in (table, backup):
            raw = self.disk[at * 512:at * 512 + count * size]
            self.assertEqual(zlib.crc32(raw), crc)

    def test_partitions_hold_their_data(self):
        self.assertEqual(self.disk[34 * 512:34 * 512 + 700], b'1' * 700)
        self.assertEqual(self.disk[2048 * 512:2048 * 512 + 5000], b'2' * 5000)

    def test_the_mbr_protects_the_whole_disk(self):
        self.assertEqual(self.disk[510:512], b'\x55\xaa')
        kind, first, count = self.disk[450], *struct.unpack_from(
            '<II', self.disk, 454)
        self.assertEqual((kind, first, count), (0xee, 1, self.sectors - 1))

    def test_another_seed_gives_other_identifiers(self):
        a = gpt.Partition(gpt.EFI_SYSTEM, 'x', 34, b'a', b'one')
        b = gpt.Partition(gpt.EFI_SYSTEM, 'x', 34, b'a', b'other')
        self.assertNotEqual(a.entry()[16:32], b.entry()[16:32])


class Settings(unittest.TestCase):
    WORDS = ["--a=it's", 'b="c d"', '$x;{', "'", "''x", 'back\\slash', 'č=ž']

    def test_arguments_are_quoted_for_grub(self):
        cfg = settings.encode('web', self.WORDS)
        self.assertIn(b"""'--a=it'\\''s' 'b="c d"' '$x;{'""", cfg)

    def test_what_is_written_reads_back_and_has_its_size(self):
        for args in ([], self.WORDS, self.WORDS * 9):
            cfg = settings.encode("it's", args, 8192)
            self.assertEqual(len(cfg), 8192)
            self.assertEqual(settings.decode(cfg), ("it's", args))

    def test_more_than_the_boot_takes_is_refused(self):
        settings.encode('x', ['a'] * 64)
        settings.encode('x', ['a'] * 63, slots=True)
        for args in (['a'] * 65, ['a' * 4095], ['\0'], [''], ['a\n'],
                     ["'" * 2048], ['\udc80']):
            with self.assertRaises(ImageError, msg=args[0][:4]):
                settings.encode('x', args, 1 << 20)

    def test_arguments_stand_before_what_parts_them_from_the_line(self):
        self.assertIn(b"/boot/billet.elf 'a=b' --\n",
                      settings.encode('x', ['a=b']))
        self.assertIn(b"/boot/slot-$1.elf 'a=b' -- update-slot=$2$1\n",
                      settings.encode('x', ['a=b'], slots=True))

    def test_what_was_changed_by_hand_is_refused(self):
        good = settings.encode('x', ['a=b'])
        for bad in (b'', b'set timeout=0\n', good.replace(b'=0', b'=1'),
                    good.replace(b"'a=b'", b'a=b'), good[:-8000] + b'x',
                    good.replace(b"'a=b'", b"'\xff'"), good.replace(b'}', b'')):
            with self.assertRaises(ImageError, msg=bad[:40]):
                settings.decode(bad)

    def test_a_key_is_set_where_it_stood(self):
        args = ['a=1', '--b=2', 'c=3', 'b=4']
        self.assertEqual(settings.changed(args, 'b=5'), ['a=1', 'b=5', 'c=3'])
        self.assertEqual(settings.changed(args, '--d=6'), args + ['--d=6'])
        self.assertEqual(settings.without(args, '--b'), ['a=1', 'c=3'])


if __name__ == '__main__':
    unittest.main()
