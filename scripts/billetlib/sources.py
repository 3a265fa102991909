# SPDX-License-Identifier: ISC
"""billet inspect --lines: how many lines of source an image is made of.

A file counts when at least one instruction of the image comes from one of its
lines.  Of such files there are three numbers: `lines`, all that they have;
`code`, those that are neither blank nor comment; `compiled`, those from which
instructions of this image come.
"""
import posixpath
from pathlib import Path

from . import build, elf, lines, say, tree

# The first that fits; what else lies in the tree is ours.
PARTS = (('wolfSSL', 'subprojects/wolfssl-'),
         ('nghttp2', 'subprojects/nghttp2-'),
         ('picolibc', 'subprojects/picolibc-'))
OURS, COMPILER, ASSEMBLY = 'Billet', 'compiler', ', assembly'
KINDS = ('files', 'lines', 'code', 'compiled')


def debug_file(given, build_path):
    """The file with the line table for an application's name, an image, or
    that file itself."""
    path = Path(given)
    if not path.exists() and given in tree.apps():
        path = build_path / 'apps' / f'{given}.elf'
        build.prepare(build_path, [f'apps/{given}.elf'], ('build',))
    beside = path.with_name(path.name + '.debug')
    return beside if path.suffix != '.debug' and beside.exists() else path


def locate(name):
    """The name as it is from the top of the tree, and the file if it is there.
    What a build directory, or another tree of the same sources, stands before
    the name does not count."""
    parts = posixpath.normpath(name).split('/')
    if name.startswith('/usr/lib/'):
        return name, Path(name)
    for at in range(len(parts)):
        path = tree.TOP.joinpath(*parts[at:])
        if parts[at] != '..' and path.is_file():
            return '/'.join(parts[at:]), path
    return '/'.join(p for p in parts if p != '..'), None


def part_of(name):
    if name.startswith('/'):
        return COMPILER
    part = next((p for p, folder in PARTS if name.startswith(folder)), OURS)
    return part + ASSEMBLY if name.endswith('.S') else part


def code_of(text):
    """How many lines are neither blank nor nothing but comment.  A comment
    that begins within a string is rare enough to be one."""
    count, inside = 0, False
    for line in text.split('\n'):
        bare = ''
        while line:
            if inside:
                before, end, line = line.partition('*/')
                inside = not end
            else:
                before, begin, line = line.partition('/*')
                bare, inside = bare + before, bool(begin)
        bare = bare.strip()
        count += bool(bare) and not bare.startswith('//')
    return count


def count(path, build_path):
    """{part: {kind: number}}, with 'total', and the files that are not here."""
    found = {}
    for name, numbers in lines.code_lines(elf.Elf(path)).items():
        name, file = locate(name)
        if file is None:
            made = build_path / 'apps' / Path(name).name
            file = made if made.is_file() else None
        known = found.setdefault(name, (file, set()))
        known[1].update(numbers)
    parts, lacking = {}, []
    for name, (file, numbers) in sorted(found.items()):
        row = parts.setdefault(part_of(name), dict.fromkeys(KINDS, 0))
        row['files'] += 1
        row['compiled'] += len(numbers)
        if file is None:
            lacking.append(name)
            continue
        text = file.read_text('utf-8', 'replace')
        row['lines'] += text.count('\n')
        row['code'] += code_of(text)
    order = [name for part in (OURS, *(p for p, _ in PARTS), COMPILER)
             for name in (part, part + ASSEMBLY)]
    parts = {part: parts[part] for part in order if part in parts}
    parts['total'] = {kind: sum(row[kind] for row in parts.values())
                      for kind in KINDS}
    return parts, lacking


def describe(given, build_path):
    path = debug_file(given, build_path)
    parts, lacking = count(path, build_path)
    return {'file': tree.shown(path), 'parts': parts, 'lacking': lacking}


def show(found):
    print(f'{"lines of":<20}' + ''.join(f'{k:>10}' for k in KINDS))
    for part, row in found['parts'].items():
        print(f'{part:<20}' + ''.join(f'{row[k]:>10,}' for k in KINDS))
    print(f'\nfiles     with instructions in {found["file"]}\n'
          'lines     all that these files have\n'
          'code      those that are not blank and not comment\n'
          'compiled  those from which instructions come')
    if found['lacking']:
        say.warn('not in this tree, and counted as compiled only: '
                 + ', '.join(found['lacking'][:8]))
