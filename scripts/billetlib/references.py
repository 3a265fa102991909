# SPDX-License-Identifier: ISC
"""What refers to what in a linked image: its code, disassembled, and the
addresses in its data."""
import bisect
import re
import struct
import subprocess
from collections import deque

from . import elf, say
from .tree import shown

FUNCTION, OBJECT = 2, 1
HEAD = re.compile(r'^([0-9a-f]+) <([^>]+)>:$')
TARGET = re.compile(r'(?:#\s*|\s)([0-9a-f]+) <[^>]+>$')
WORD = 8


class Graph:
    """Symbols by their addresses, and the edges between them."""

    def __init__(self, path):
        self.path = str(path)
        self.image = elf.Elf(path)
        self.symbols = sorted(
            {s.address: s for s in self.image.symbols()
             if s.section and s.kind in (FUNCTION, OBJECT) and s.size}.values(),
            key=lambda s: s.address)
        if not self.symbols:
            raise say.Stop(f'{path}: no symbols in it; NAME.elf.debug has them')
        self._starts = [s.address for s in self.symbols]
        self.users = {}  # address -> addresses of those that refer to it
        self.uses = {}

    def at(self, address):
        """The symbol that has this address in it; None: none has."""
        i = bisect.bisect_right(self._starts, address) - 1
        if i < 0 or address >= self._starts[i] + self.symbols[i].size:
            return None
        return self.symbols[i]

    def named(self, name):
        return [s for s in self.symbols
                if s.name == name or s.name.split('.')[0] == name]

    def _edge(self, user, target):
        if user and target and user.address != target.address:
            self.uses.setdefault(user.address, set()).add(target.address)
            self.users.setdefault(target.address, set()).add(user.address)

    def read_code(self):
        command = ['objdump', '-d', '--no-show-raw-insn', shown(self.path)]
        say.echo(command)
        try:
            text = subprocess.run(command, capture_output=True, text=True,
                                  check=True).stdout
        except FileNotFoundError:
            raise say.Stop('objdump: not installed (Debian: binutils)',
                           say.MISSING) from None
        except subprocess.CalledProcessError as error:
            raise say.Stop(error.stderr.strip()) from None
        user = None
        for line in text.splitlines():
            head = HEAD.match(line)
            if head:
                user = self.at(int(head[1], 16))
                continue
            target = TARGET.search(line)
            if target:
                self._edge(user, self.at(int(target[1], 16)))

    def read_data(self):
        """The words of a static PIE's data are addresses before they are
        relocated: what they would be with the image at 0."""
        for symbol in self.symbols:
            section = self.image.sections[symbol.section]
            if symbol.kind != OBJECT or section.kind == elf.SHT_NOBITS:
                continue
            data = self.image.section_data(section)
            first = symbol.address - section.address
            for at in range(first + -first % WORD,
                            first + symbol.size - WORD + 1, WORD):
                value, = struct.unpack_from('<Q', data, at)
                self._edge(symbol, self.at(value))

    def path_from(self, start, goal):
        """The shortest chain of references; None: there is none."""
        before, todo = {start: None}, deque([start])
        while todo:
            address = todo.popleft()
            if address == goal:
                chain = []
                while address is not None:
                    chain.append(self.at(address))
                    address = before[address]
                return chain[::-1]
            for target in sorted(self.uses.get(address, ())):
                if target not in before:
                    before[target] = address
                    todo.append(target)
        return None
