#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What symbols.py writes is what test_symbols.c reads."""
import sys
import unittest
from pathlib import Path
from unittest import mock

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / 'boot' / 'image'))
import symbols  # noqa: E402
from billetlib.elf import Section  # noqa: E402

TABLE = (b'\x00' b'\x80\x04\x00tcp_input\0' b'\x90\x01\x04output\0'
         b'\x80\x80\x01\x00x\0' b'\x01')


class Symbols(unittest.TestCase):
    def test_encoding(self):
        entries = [(0x200, b'tcp_input'), (0x290, b'tcp_output'),
                   (0x4290, b'x')]
        self.assertEqual(symbols.encode(entries, 0x4291), TABLE)

    def test_pairs(self):
        names = [b'abab', b'xabab', b'yab', b'zabab']
        rests, pairs = symbols.pack(names)
        self.assertEqual(pairs, [b'ab'])
        self.assertEqual(rests, [b'\x80\x80', b'x\x80\x80', b'y\x80',
                                 b'z\x80\x80'])
        rests, pairs = symbols.pack(names * 2)
        self.assertEqual(pairs, [b'ab', b'\x80\x80'])

    def test_the_build_id_is_of_what_is_loaded(self):
        def image(text, debug, kind=1):
            elf = mock.Mock()
            elf.sections = [Section('.text', kind, 6, 0x100200, 0, 3, 0, 0),
                            Section('.debug', 1, 0, 0, 0, 3, 0, 0)]
            elf.section_data.side_effect = \
                lambda s: text if s.name == '.text' else debug
            return symbols.build_id(elf, b'table')

        first = image(b'abc', b'one')
        self.assertEqual(len(first), 20)
        self.assertEqual(first, image(b'abc', b'two'))
        self.assertNotEqual(first, image(b'abd', b'one'))
        self.assertNotEqual(first, image(b'abc', b'one', kind=8))

    def test_numbers(self):
        self.assertEqual(symbols.uvarint(0), b'\0')
        self.assertEqual(symbols.uvarint(0x7f), b'\x7f')
        self.assertEqual(symbols.uvarint(0x80), b'\x80\x01')


if __name__ == '__main__':
    unittest.main()
