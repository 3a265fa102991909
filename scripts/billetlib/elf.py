# SPDX-License-Identifier: ISC
"""Read ELF64 little-endian files: headers, sections, symbols, notes.

A file is what a stranger hands over: every offset is checked before it is
followed, and whatever is wrong raises ElfError with words for a person.
"""
import os
import stat
import struct
from collections import namedtuple
from pathlib import Path

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 1, 2, 3, 4
PT_GNU_STACK = 0x6474e551
SHT_SYMTAB, SHT_STRTAB, SHT_NOTE, SHT_NOBITS = 2, 3, 7, 8
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
PF_X, PF_W, PF_R = 1, 2, 4

Segment = namedtuple(
    'Segment', 'kind flags offset address paddr file_size memory_size align')
Section = namedtuple(
    'Section', 'name kind flags address offset size link entry_size')
Symbol = namedtuple('Symbol', 'name address size kind section')
Note = namedtuple('Note', 'owner kind data')


class ElfError(Exception):
    pass


def need_file(path):
    """Refuse what has no end, or waits for somebody to write it."""
    mode = os.stat(path).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        raise ElfError(f'{path}: a device or a pipe, and no file')


class Elf:
    def __init__(self, path, data=None):
        """Of a file; or of `data`, and then the path is for messages."""
        self.path = str(path)
        try:
            if data is None:
                need_file(path)
                data = Path(path).read_bytes()
            self.data = data
        except OSError as error:
            raise ElfError(f'{path}: {error.strerror}') from None
        header = self._unpack('<16sHHIQQQIHHHHHH', 0)
        ident = header[0]
        if ident[:4] != b'\x7fELF':
            raise ElfError(f'{path}: not an ELF file')
        if ident[4:6] != b'\x02\x01':
            raise ElfError(f'{path}: not a 64-bit little-endian ELF file')
        self.type, self.machine, _, self.entry = header[1:5]
        phoff, shoff, _, _, phsize, phnum, shsize, shnum, shstr = header[5:]
        self.segments = [self._segment(phoff + i * phsize)
                         for i in range(phnum)]
        self.sections = self._sections(shoff, shsize, shnum, shstr)
        self._header_end = shoff + shsize * shnum

    def end(self):
        """Bytes of the file, where it stands in a larger place."""
        return max([self._header_end]
                   + [s.offset + s.size for s in self.sections
                      if s.kind != SHT_NOBITS])

    def _unpack(self, layout, at):
        try:
            return struct.unpack_from(layout, self.data, at)
        except (struct.error, OverflowError):
            raise ElfError(f'{self.path}: cut short at byte {at}') from None

    def bytes_at(self, offset, size):
        if offset < 0 or size < 0 or offset + size > len(self.data):
            raise ElfError(f'{self.path}: {size} bytes at {offset} are '
                           'outside the file')
        return self.data[offset:offset + size]

    def _segment(self, at):
        kind, flags, offset, vaddr, paddr, filesz, memsz, align = \
            self._unpack('<IIQQQQQQ', at)
        return Segment(kind, flags, offset, vaddr, paddr, filesz, memsz, align)

    def _sections(self, shoff, shsize, shnum, shstr):
        raw = [self._unpack('<IIQQQQIIQQ', shoff + i * shsize)
               for i in range(shnum)]
        if not raw:
            return []
        if shstr >= len(raw):
            raise ElfError(f'{self.path}: no section names')
        names = self.bytes_at(raw[shstr][4], raw[shstr][5])
        return [Section(self._string(names, r[0]), r[1], r[2], r[3], r[4],
                        r[5], r[6], r[9]) for r in raw]

    def _string(self, table, at):
        end = table.find(b'\0', at)
        if at >= len(table) or end < 0:
            raise ElfError(f'{self.path}: a name outside its table')
        return table[at:end].decode('utf-8', 'replace')

    def section(self, name):
        return next((s for s in self.sections if s.name == name), None)

    def section_data(self, section):
        if section.kind == SHT_NOBITS:
            return bytes(section.size)
        return self.bytes_at(section.offset, section.size)

    def symbols(self):
        """All symbols of .symtab; none for a stripped file."""
        out = []
        for table in self.sections:
            if table.kind != SHT_SYMTAB:
                continue
            if table.link >= len(self.sections):
                raise ElfError(f'{self.path}: symbols without names')
            names = self.section_data(self.sections[table.link])
            data = self.section_data(table)
            for at in range(0, len(data) - 23, 24):
                name, info, _, index, value, size = \
                    struct.unpack_from('<IBBHQQ', data, at)
                out.append(Symbol(self._string(names, name), value, size,
                                  info & 15, index))
        return out

    def symbol(self, name):
        for symbol in self.symbols():
            if symbol.name == name and symbol.section:
                return symbol.address
        raise ElfError(f'{self.path}: no symbol {name} in it')

    def notes(self):
        """Notes of the note segments, then of sections that are in none."""
        parts = [(s.offset, s.file_size) for s in self.segments
                 if s.kind == PT_NOTE]
        parts += [(s.offset, s.size) for s in self.sections
                  if s.kind == SHT_NOTE
                  and not (parts and s.flags & SHF_ALLOC)]
        return [note for offset, size in parts
                for note in self._notes_in(self.bytes_at(offset, size))]

    def _notes_in(self, data):
        at = 0
        while at + 12 <= len(data):
            owner_size, size, kind = struct.unpack_from('<III', data, at)
            owner_at = at + 12
            data_at = owner_at + (owner_size + 3 & ~3)
            end = data_at + size
            if end > len(data):
                raise ElfError(f'{self.path}: a note longer than its segment')
            owner = data[owner_at:owner_at + owner_size].rstrip(b'\0')
            yield Note(owner.decode('ascii', 'replace'), kind,
                       data[data_at:end])
            at = data_at + (size + 3 & ~3)
