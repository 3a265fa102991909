# SPDX-License-Identifier: ISC
"""The counters that plugin/count.c keeps while a guest runs, and their names.

A Board is the file that QEMU's plugin and this process both have mapped; the
layout is struct board of count.c.  An Elf gives the range to look at and the
functions to charge instructions to.
"""
import bisect
import mmap
import os
import re
import struct
import subprocess
import time

HEADER = struct.Struct("<8s6Q")
MARK = struct.Struct("<4Q")
MAGIC = b"Blltbrd1"
HITS_AT = 4096
MARKS_MAX = 16
FROM_LTO = re.compile(r"\.c\.[0-9a-f]{8}$")


class Elf:
    """Where an image's code is, and what its functions are called."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            data = file.read()
        if data[:4] != b"\x7fELF":
            raise ValueError(f"{path} is no ELF file")
        wide = data[4] == 2
        if wide:
            at, size, count = (struct.unpack_from("<Q", data, 32)[0],
                               *struct.unpack_from("<HH", data, 54))
        else:
            at, size, count = (struct.unpack_from("<I", data, 28)[0],
                               *struct.unpack_from("<HH", data, 42))
        spans = []
        for i in range(count):
            p = at + i * size
            if wide:
                kind, flags = struct.unpack_from("<II", data, p)
                vaddr, _, _, mem = struct.unpack_from("<4Q", data, p + 16)
            else:
                kind, _, vaddr, _, _, mem, flags = struct.unpack_from(
                    "<7I", data, p)
            if kind == 1 and flags & 1:  # PT_LOAD, PF_X
                spans.append((vaddr, vaddr + mem))
        if not spans:
            raise ValueError(f"{path} has no code")
        self.lo = min(lo for lo, _ in spans)
        self.hi = max(hi for _, hi in spans)
        self._read_symbols()

    def _read_symbols(self):
        text = subprocess.run(["nm", "-n", "--defined-only", self.path],
                              capture_output=True, text=True,
                              check=True).stdout
        self.address = {}
        code = []
        for line in text.splitlines():
            if len(line.split()) < 3:  # what LTO leaves without a name
                continue
            value, kind, name = line.split(maxsplit=2)
            if FROM_LTO.search(name):   # a place in debug information
                continue
            self.address.setdefault(name, int(value, 16))
            if kind in "tTwW":
                code.append((int(value, 16), name))
        self._starts = [a for a, _ in code]
        self._names = [n for _, n in code]

    def find(self, name):
        """The address of a function, also of one that an optimiser cloned."""
        for known, address in self.address.items():
            if known.split(".")[0] == name:
                return address
        raise ValueError(f"{self.path} has no {name}")

    def function(self, pc):
        """The function that holds an address; its number when none does."""
        i = bisect.bisect_right(self._starts, pc) - 1
        return self._names[i] if i >= 0 else hex(pc)


class Board:
    """Shared counters.  `marks` are addresses whose hits are kept apart."""

    def __init__(self, path, lo, hi, marks=()):
        if len(marks) > MARKS_MAX:
            raise ValueError("too many marks")
        self.path, self.lo, self.hi, self.marks = path, lo, hi, list(marks)
        size = HITS_AT + 8 * (hi - lo)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.ftruncate(fd, size)
        self._map = mmap.mmap(fd, size)
        os.close(fd)
        for i, pc in enumerate(self.marks):
            MARK.pack_into(self._map, HEADER.size + i * MARK.size, pc, 0, 0, 0)
        HEADER.pack_into(self._map, 0, MAGIC, lo, hi, len(self.marks), 0, 0, 0)

    def close(self):
        self._map.close()
        os.unlink(self.path)

    def _header(self):
        return HEADER.unpack_from(self._map, 0)

    @property
    def total(self):
        """Instructions since the machine was switched on, firmware and all."""
        return self._header()[4]

    @property
    def start(self):
        """`total` before the image's first instruction; None until then."""
        header = self._header()
        return header[6] if header[5] else None

    def mark(self, i):
        """(hits, total at the first, total at the last) of a mark."""
        return MARK.unpack_from(self._map, HEADER.size + i * MARK.size)[1:]

    def hits(self):
        """How often each address of the image ran: a copy, by offset."""
        return memoryview(self._map[HITS_AT:]).cast("Q")

    def settle(self, quiet=0.15, timeout=20.0):
        """Wait until the guest has stood still for `quiet` seconds; the
        total.  Raises TimeoutError when it never does."""
        end = time.monotonic() + timeout
        last, since = self.total, time.monotonic()
        while time.monotonic() - since < quiet:
            if time.monotonic() > end:
                raise TimeoutError("the guest does not come to rest")
            time.sleep(0.01)
            now = self.total
            if now != last:
                last, since = now, time.monotonic()
        return last


def histogram(elf, before, after):
    """{function: (instructions, calls)} between two copies of Board.hits().
    A jump to the first instruction counts as a call."""
    out = {}
    for i, (a, b) in enumerate(zip(before, after)):
        if a != b:
            pc = elf.lo + i
            name = elf.function(pc)
            count, calls = out.get(name, (0, 0))
            first = elf.address.get(name) == pc
            out[name] = (count + b - a, calls + (b - a if first else 0))
    return out
