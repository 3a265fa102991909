#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Make the table of function names that an image carries for its backtraces,
and its build id.

usage: symbols.py IMAGE OUTPUT.c

IMAGE is a first link with an empty table.  The text comes before the table in
memory, so its addresses stay the same in the second link; arch/x86_64/symbols.h
has the format.

The build id is the hash of what IMAGE loads.  The linker's own would be that of
the debug information as well, which names the folder it was built in.
"""
import collections
import hashlib
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'scripts'))
from billetlib.elf import SHT_NOBITS, Elf, ElfError  # noqa: E402

NAME_MAX = 47       # SYMBOL_NAME_BYTES - 1
FUNCTION, EXECUTABLE, LOADED = 2, 4, 2
PAIRS_MAX = 127
DEPTH_MAX = 6       # SYMBOL_PAIR_DEPTH
PAIR_WORTH = 4      # times it must occur: it takes two bytes itself


def uvarint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def functions(elf):
    """(address, name) in order; of several names at one place, the first."""
    found = {}
    code = [s for s in elf.sections if s.flags & EXECUTABLE]
    for symbol in sorted(elf.symbols(), key=lambda s: (s.address, s.name)):
        inside = any(s.address <= symbol.address < s.address + s.size
                     for s in code)
        if inside and symbol.kind == FUNCTION and symbol.name:
            name = symbol.name.split('.')[0]  # .isra.0 says nothing here
            found.setdefault(symbol.address, name[:NAME_MAX].encode())
    return sorted(found.items()), max(s.address + s.size for s in code)


def pack(rests):
    """The texts with bytes from 0x80 on for the pairs that are most frequent,
    and these pairs.  A pair's halves may be pairs, not deeper than DEPTH_MAX.
    """
    pairs, depth = [], {}
    while len(pairs) < PAIRS_MAX:
        counts = collections.Counter(
            rest[i:i + 2] for rest in rests for i in range(len(rest) - 1)
            if max(depth.get(c, 0) for c in rest[i:i + 2]) < DEPTH_MAX)
        best = min(counts.items(), key=lambda c: (-c[1], c[0]), default=(b'', 0))
        if best[1] < PAIR_WORTH:
            break
        code = 0x80 + len(pairs)
        depth[code] = 1 + max(depth.get(c, 0) for c in best[0])
        rests = [rest.replace(best[0], bytes([code])) for rest in rests]
        pairs.append(best[0])
    return rests, pairs


def encode(entries, end):
    places, rests, address, before = [], [], 0, b''
    for start, name in entries:
        shared = 0
        while shared < min(len(name), len(before)) and \
                name[shared] == before[shared]:
            shared += 1
        places.append(uvarint(start - address) + bytes([shared]))
        rests.append(name[shared:])
        address, before = start, name
    rests, pairs = pack(rests)
    out = bytes([len(pairs)]) + b''.join(pairs)
    for place, rest in zip(places, rests):
        out += place + rest + b'\0'
    return out + uvarint(end - address)


def build_id(elf, table):
    """20 bytes that the image's content decides, and nothing else."""
    digest = hashlib.sha1(table)
    for section in elf.sections:
        if section.flags & LOADED:
            digest.update(struct.pack('<QQI', section.address, section.size,
                                      section.kind))
            if section.kind != SHT_NOBITS:
                digest.update(elf.section_data(section))
    return digest.digest()


def rows(data):
    return ',\n'.join(', '.join(str(b) for b in data[i:i + 16])
                      for i in range(0, len(data), 16))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        elf = Elf(sys.argv[1])
        base = elf.symbol('image_base')
    except ElfError as error:
        sys.exit(f'symbols.py: {error}')
    entries, end = functions(elf)
    table = encode([(a - base, name) for a, name in entries], end - base)
    note = struct.pack('<III4s', 4, 20, 3, b'GNU') + build_id(elf, table)
    Path(sys.argv[2]).write_text(
        '#include <symbols.h>\n'
        f'static const uint8_t table[{len(table)}] = {{\n{rows(table)}}};\n'
        'const struct span image_symbols = {table, sizeof(table)};\n'
        '__attribute__((used, section(".note.build-id"), aligned(4)))\n'
        f'static const uint8_t id[{len(note)}] = {{\n{rows(note)}}};\n')


if __name__ == '__main__':
    main()
