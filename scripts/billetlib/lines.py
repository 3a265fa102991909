# SPDX-License-Identifier: ISC
"""Which source lines the code of an image is made of, by its DWARF.

The line programs of .debug_line (DWARF 2 to 5), all of them; sequences that
the linker has dropped begin where no code of the image is.
"""
import struct
from pathlib import PurePosixPath

from . import elf

STRING, DATA1, DATA2, DATA4, DATA8, DATA16 = 0x08, 0x0b, 0x05, 0x06, 0x07, 0x1e
UDATA, BLOCK, LINE_STRP, STRP = 0x0f, 0x09, 0x1f, 0x0e
FIXED = {DATA1: 1, DATA2: 2, DATA4: 4, DATA8: 8, DATA16: 16}
PATH, FOLDER = 1, 2  # DW_LNCT
(END_SEQUENCE, SET_ADDRESS) = (1, 2)
(COPY, ADVANCE_PC, ADVANCE_LINE, SET_FILE, SET_COLUMN, NEGATE_STMT,
 BASIC_BLOCK, CONST_ADD_PC, FIXED_ADVANCE_PC) = range(1, 10)


class Reader:
    """Bytes from one place on; whatever is outside raises ElfError."""

    def __init__(self, image, data, at=0, end=None):
        self.image, self.data, self.at = image, data, at
        self.end = len(data) if end is None else end
        if self.end > len(data):
            raise elf.ElfError(f'{image.path}: a line table is cut short')

    def take(self, size):
        self.at += size
        if size < 0 or self.at > self.end:
            raise elf.ElfError(f'{self.image.path}: a line table is cut short')
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), 'little')

    def uleb(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 70:
                raise elf.ElfError(f'{self.image.path}: a number of too many '
                                   'bytes in a line table')

    def sleb(self):
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) & 1 else value

    def string(self):
        end = self.data.find(b'\0', self.at, self.end)
        if end < 0:
            raise elf.ElfError(f'{self.image.path}: a name without end in a '
                               'line table')
        out = self.data[self.at:end]
        self.at = end + 1
        return out.decode('utf-8', 'replace')


class Unit:
    """The header of one line program."""

    def __init__(self, tables, reader):
        self.tables = tables
        self.wide = 4
        length = reader.number(4)
        if length == 0xffffffff:
            self.wide, length = 8, reader.number(8)
        self.end = reader.at + length
        r = self.reader = Reader(reader.image, reader.data, reader.at, self.end)
        self.version = r.number(2)
        if not 2 <= self.version <= 5:
            raise elf.ElfError(f'{r.image.path}: a line table of version '
                               f'{self.version}')
        if self.version == 5:
            r.take(2)
        size = r.number(self.wide)
        program = r.at + size
        self.step = r.number(1)
        if self.version >= 4:
            r.take(1)
        r.take(1)
        self.line_base = r.number(1)
        self.line_base -= 256 if self.line_base > 127 else 0
        self.line_range = r.number(1) or 1
        self.opcode_base = r.number(1)
        self.lengths = list(r.take(max(self.opcode_base - 1, 0)))
        self.files = self._names5() if self.version == 5 else self._names()
        r.at = program

    def _form(self, form):
        r = self.reader
        if form == STRING:
            return r.string()
        if form in (LINE_STRP, STRP):
            table = self.tables[form]
            return Reader(r.image, table, r.number(self.wide)).string()
        if form == UDATA:
            return r.uleb()
        if form == BLOCK:
            return r.take(r.uleb())
        if form in FIXED:
            return r.number(FIXED[form])
        raise elf.ElfError(f'{r.image.path}: form {form:#x} in a line table')

    def _entries(self):
        r = self.reader
        kinds = [(r.uleb(), r.uleb()) for _ in range(r.number(1))]
        for _ in range(r.uleb()):
            yield {kind: self._form(form) for kind, form in kinds}
            if not kinds:
                return

    def _names5(self):
        folders = [str(e.get(PATH, '')) for e in self._entries()]
        return {i: join(folders, e.get(FOLDER, 0), str(e.get(PATH, '')))
                for i, e in enumerate(self._entries())}

    def _names(self):
        r, folders, files = self.reader, [''], {}
        while name := r.string():
            folders.append(name)
        while name := r.string():
            folder = r.uleb()
            r.uleb(), r.uleb()
            files[len(files) + 1] = join(folders, folder, name)
        return files

    def rows(self):
        """(address, file, line) as they stand, and (address, None, 0) at the
        end of each sequence."""
        r = self.reader
        address, file, line = 0, 1, 1
        while r.at < self.end:
            op = r.number(1)
            if op >= self.opcode_base:
                op -= self.opcode_base
                address += op // self.line_range * self.step
                line += self.line_base + op % self.line_range
                yield address, file, line
            elif op == 0:
                size = r.uleb()
                body = Reader(r.image, r.data, r.at, r.at + size)
                r.take(size)
                what = body.number(1) if size else 0
                if what == END_SEQUENCE:
                    yield address, None, 0
                    address, file, line = 0, 1, 1
                elif what == SET_ADDRESS:
                    address = body.number(size - 1)
            elif op == COPY:
                yield address, file, line
            elif op == ADVANCE_PC:
                address += r.uleb() * self.step
            elif op == ADVANCE_LINE:
                line += r.sleb()
            elif op == SET_FILE:
                file = r.uleb()
            elif op == CONST_ADD_PC:
                address += (255 - self.opcode_base) // self.line_range \
                    * self.step
            elif op == FIXED_ADVANCE_PC:
                address += r.number(2)
            else:
                for _ in range(self.lengths[op - 1]):
                    r.uleb()


def join(folders, index, name):
    folder = folders[index] if index < len(folders) else ''
    return str(PurePosixPath(folder, name))


def section(image, name):
    found = image.section(name)
    if found and found.flags & 0x800:
        raise elf.ElfError(f'{image.path}: {name} is compressed')
    return image.section_data(found) if found else b''


def code_lines(image):
    """{source file: numbers of the lines that are code in the image}."""
    code = [(s.address, s.address + s.size) for s in image.sections
            if s.flags & elf.SHF_EXECINSTR]
    data = section(image, '.debug_line')
    if not data:
        raise elf.ElfError(f'{image.path}: no line table in it; give the file '
                           'NAME.elf.debug that lies beside the image')
    tables = {LINE_STRP: section(image, '.debug_line_str'),
              STRP: section(image, '.debug_str')}
    reader, found = Reader(image, data), {}
    while reader.at < len(data):
        unit = Unit(tables, reader)
        before = None
        for address, file, line in unit.rows():
            # a row that has no bytes of its own is no code
            if before and address > before[0] and before[2] and \
                    any(a <= before[0] < b for a, b in code):
                name = unit.files.get(before[1], '')
                found.setdefault(name, set()).add(before[2])
            before = (address, file, line) if file is not None else None
        reader.at = unit.end
    return found
