#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Make the table of files that every image of a build holds: -Dfiles=FOLDER.

usage: files.py [--depfile FILE] FOLDER OUTPUT.c

given_file() finds them by their names.  No FOLDER ("") is an empty table.
"""
import re
import sys
from pathlib import Path

BYTES_MAX = 1 << 20     # of all; an image is not a disk
NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,46}')


def rows(data):
    """The bytes as C."""
    for at in range(0, len(data), 16):
        yield '    ' + ' '.join(f'{b},' for b in data[at:at + 16])


def write(files, out):
    print('/* Made by boot/image/files.py. */\n#include "given.h"\n', file=out)
    for i, (_, data) in enumerate(files):
        print(f'static const uint8_t file_{i}[] = {{', file=out)
        print('\n'.join(rows(data)) + '\n};', file=out)
    print('const struct given_baked given_baked[] = {', file=out)
    for i, (name, data) in enumerate(files):
        print(f'    {{"{name}", {{file_{i}, {len(data)}}}}},', file=out)
    print('    {0}};', file=out)


def main():
    args = sys.argv[1:]
    depfile = None
    if args[:1] == ['--depfile']:
        depfile, args = args[1], args[2:]
    if len(args) != 2 or args[0].startswith('-'):
        print(__doc__)
        return 2
    folder, target = args
    paths = sorted(p for p in Path(folder).iterdir() if p.is_file()) \
        if folder else []
    for path in paths:
        if not NAME.fullmatch(path.name):
            sys.exit(f'files: {path.name}: no name that given_file() takes')
    files = [(p.name, p.read_bytes()) for p in paths]
    files = [(name, data) for name, data in files if data]
    if sum(len(data) for _, data in files) > BYTES_MAX:
        sys.exit(f'files: {folder} has more than {BYTES_MAX} bytes')
    with open(target, 'w', encoding='utf-8') as out:
        write(files, out)
    if depfile:
        names = ' '.join(str(p).replace(' ', '\\ ')
                         for p in [*paths, *([folder] if folder else [])])
        Path(depfile).write_text(f'{target}: {names}\n', encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
