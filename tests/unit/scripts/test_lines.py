# SPDX-License-Identifier: ISC
"""scripts/billetlib/lines.py: the lines of a small program, by each version of
DWARF; dropped functions, damage."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / 'scripts'))
from billetlib import elf, lines, sources  # noqa: E402

SOURCE = '''\
/* one
   comment */
int twice(int x)
{
    return x + x;
}

int dropped(int x)
{
    return x - 1;
}
int unused;
void _start(void)
{
    unused = twice(3);
    for (;;)
        ;
}
'''
COMPILER = sys.argv.pop(1) if len(sys.argv) > 1 else 'cc'


class Lines(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.here = Path(self.folder.name)
        (self.here / 'small.c').write_text(SOURCE)

    def make(self, *words):
        out = self.here / 'small'
        subprocess.run([*COMPILER.split(), '-O0', '-g', '-nostdlib', '-static',
                        '-ffunction-sections', '-Wl,--gc-sections',
                        '-fcf-protection=none', *words, 'small.c', '-o', out],
                       cwd=self.here, check=True)
        return out

    def test_each_version(self):
        for version in 2, 3, 4, 5:
            with self.subTest(version=version):
                found = lines.code_lines(
                    elf.Elf(self.make(f'-gdwarf-{version}')))
                name, = found
                self.assertTrue(name.endswith('small.c'), name)
                self.assertTrue({4, 5, 6, 14, 15} <= found[name])
                self.assertFalse({1, 2, 9, 10, 11, 12} & found[name])

    def test_without_a_line_table(self):
        with self.assertRaisesRegex(elf.ElfError, 'no line table'):
            lines.code_lines(elf.Elf(self.make('-g0', '-s')))

    def test_damage_is_said(self):
        whole = self.make().read_bytes()
        image = elf.Elf(self.make())
        at = image.section('.debug_line')
        words = 0
        for i in range(at.size):
            broken = bytearray(whole)
            broken[at.offset + i] ^= 0xff
            path = self.here / 'broken'
            path.write_bytes(broken)
            try:
                lines.code_lines(elf.Elf(path))
            except elf.ElfError:
                words += 1
        self.assertGreater(words, 3)

    def test_lines_that_are_code(self):
        self.assertEqual(sources.code_of(SOURCE), 15)
        self.assertEqual(sources.code_of(
            'a /* x\n y */ b\n// c\n\n/**/\n/* */ d /* */\n'), 3)


unittest.main()
