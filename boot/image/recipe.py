#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Write an ELF note that says how an image was built.

usage: recipe.py OUTPUT --compiler ID:TEXT --linker TEXT
                 [--option KEY=VALUE]... --subprojects DIR
                 [--linked ELF] [--uses NAME[=PREFIX]]...

The note (owner Billet, type 3) is text, a line each: `compiler TEXT`, `linker
TEXT`, `option KEY=VALUE` for what is not the default, `uses NAME VERSION
SHA256` for each library that is linked, with the hash of its source archive.
With a PREFIX a library is linked if a symbol of ELF begins with it.
The commit is in the note beside it (boot/version.c.in).  `billet verify` and
`billet sbom` read it.
"""
import argparse
import configparser
import json
import re
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'scripts'))
from billetlib.elf import Elf, ElfError  # noqa: E402

OWNER, TYPE = b'Billet\0\0', 3


def wrap_line(folder, name):
    """What the wrap pins."""
    wrap = configparser.ConfigParser(interpolation=None)
    if not wrap.read(folder / (name + '.wrap')):
        raise ValueError(f'{name}: no such wrap')
    pinned = wrap['wrap-file']
    version = re.search(r'-(\d[\w.]*)', pinned['directory'])
    return f'uses {name} {version[1]} {pinned["source_hash"]}'


def note(text):
    desc = text.encode() + b'\0'
    return struct.pack('<III', len(OWNER) - 1, len(desc), TYPE) + OWNER \
        + desc + bytes(-len(desc) % 4)


def compiler(text):
    """ID:FIRST LINE of its --version; by what name it was called says
    nothing, as cc and gcc are the same."""
    kind, _, line = text.partition(':')
    return re.sub(r'^\S+(?= \()', kind, line)


def linked(options):
    """The libraries that are in it."""
    names = [s.name for s in Elf(options.linked).symbols()] \
        if options.linked else []
    for use in options.uses:
        library, conditional, prefix = use.partition('=')
        if not conditional or any(n.startswith(prefix) for n in names):
            yield library


def compose(options):
    lines = ['compiler ' + compiler(options.compiler),
             'linker ' + options.linker]
    lines += ['option ' + option for option in options.option]
    lines += [wrap_line(options.subprojects, name) for name in linked(options)]
    return '\n'.join(lines)


def served(text, name, version):
    """The SBOM that the image itself serves; its commit is elsewhere, or it
    would be made anew with each."""
    from billetlib import sbom
    return json.dumps(sbom.of_build(name, version, text),
                      separators=(',', ':')).encode() + b'\n'


def add_arguments(p):
    p.add_argument('--sbom', nargs=2, metavar=('NAME', 'VERSION'),
                   help='write an SPDX document instead, for bake.py')
    p.add_argument('--compiler', required=True)
    p.add_argument('--linker', required=True)
    p.add_argument('--option', action='append', default=[])
    p.add_argument('--subprojects', type=Path, required=True)
    p.add_argument('--linked')
    p.add_argument('--uses', action='append', default=[])


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument('output', type=Path)
    add_arguments(p)
    options = p.parse_args()
    try:
        text = compose(options)
        options.output.write_bytes(
            served(text, *options.sbom) if options.sbom else note(text))
    except (OSError, ValueError, KeyError, ElfError) as error:
        sys.exit(f'recipe.py: {error}')


if __name__ == '__main__':
    main()
