# SPDX-License-Identifier: ISC
"""The instruction counter against an image that was counted by hand."""
import os
import subprocess
import tempfile
import unittest

from board import Board, Elf, histogram
from build_plugin import HERE, build

LOOPS, COPY = 1000, 4096
# cli, cld, mov | loop | 3 mov, nop, the copy | nop, mov, call | 8 * 2 + ret |
# mov, out; QEMU ends inside the last, after counting it.  A string copy is
# entered once for each byte and once more to find that nothing is left.
BEFORE_COPIED = 3 + 2 * LOOPS + 4 + COPY + 1
ALL = BEFORE_COPIED + 3 + 17 + 2


class TestPlugin(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.image = os.path.join(self.dir.name, "selftest.elf")
        subprocess.run(
            ["cc", "-m32", "-nostdlib", "-static", "-no-pie",
             "-Wl,--build-id=none,-Ttext=0x110000",
             "-Wl,--section-start=.multiboot=0x100000", "-o", self.image,
             os.path.join(HERE, "plugin", "selftest.S")], check=True)
        self.elf = Elf(self.image)

    def run_image(self, name="board"):
        board = Board(os.path.join(self.dir.name, name), self.elf.lo,
                      self.elf.hi, [self.elf.address["copied"],
                                    self.elf.address["work"]])
        self.addCleanup(board.close)
        result = subprocess.run(
            ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-m", "8",
             "-display", "none", "-nic", "none", "-no-reboot",
             "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
             "-plugin", f"{build(self.dir.name)},board={board.path}",
             "-kernel", self.image], timeout=60, check=False)
        self.assertEqual(result.returncode, 0x10 << 1 | 1)
        return board

    def test_every_instruction_is_counted_once(self):
        board = self.run_image()
        self.assertGreater(board.start, 1000)  # the firmware's own
        self.assertEqual(board.total - board.start, ALL)

    def test_a_mark_knows_when_it_was_reached(self):
        board = self.run_image()
        hits, first, last = board.mark(0)
        self.assertEqual((hits, first), (1, last))
        self.assertEqual(first - board.start, BEFORE_COPIED)
        self.assertEqual(board.mark(1)[0], 8)

    def test_instructions_are_charged_to_their_function(self):
        board = self.run_image()
        hits = board.hits()
        by_name = histogram(self.elf, [0] * len(hits), hits)
        self.assertEqual(by_name["work"], (17, 8))
        self.assertEqual(by_name["copied"], (3 + 2, 1))
        self.assertEqual(by_name["loop_top"][0], 2 * LOOPS + 4 + COPY + 1)
        self.assertEqual(sum(n for n, _ in by_name.values()), ALL)

    def test_a_second_run_counts_the_same(self):
        self.assertEqual(*(b.total - b.start
                           for b in (self.run_image("a"), self.run_image("b"))))

    def test_a_file_that_is_no_board_is_refused(self):
        path = os.path.join(self.dir.name, "junk")
        with open(path, "wb") as file:
            file.write(b"\0" * 8192)
        result = subprocess.run(
            ["qemu-system-x86_64", "-display", "none", "-plugin",
             f"{build(self.dir.name)},board={path}"],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("made by board.py", result.stderr)


if __name__ == "__main__":
    unittest.main()
