# SPDX-License-Identifier: ISC
"""billet size: where an image's bytes went, and who wanted them."""
import functools
import html
import json
import subprocess
from pathlib import Path

from . import build, elf, references, say, treemap
from .sources import locate
from .tree import app, build_dir, shown

ROWS = 25
DATA = 'data without a source file'
NAMELESS, HEADERS = 'without a symbol', 'headers and padding'


def add_arguments(p):
    p.add_argument('name', metavar='NAME', help='one of apps/')
    p.add_argument('--why', metavar='SYMBOL',
                   help='instead: the shortest chain of references that pulls '
                   'this function or object in, and what refers to it')
    p.add_argument('-o', '--output', metavar='FILE',
                   help='where to write the page (default: NAME.size.html in '
                   'the build directory)')
    p.add_argument('--json', action='store_true',
                   help='print the bytes of every symbol, and write no page')


def sources(path, addresses):
    """The source file of each address, relative to the tree if it is there."""
    command = ['addr2line', '-e', shown(path)]
    say.echo(command)
    try:
        text = subprocess.run(
            command, input='\n'.join(map(hex, addresses)),
            capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise say.Stop('addr2line: not installed (Debian: binutils)',
                       say.MISSING) from None
    return [tidy(line.rpartition(':')[0]) for line in text.splitlines()]


@functools.lru_cache(maxsize=None)
def tidy(path):
    """As seen from the top of the tree, wherever it was built."""
    return DATA if path in ('', '??') else locate(path)[0].strip('/')


def measure(path):
    """(source file, symbol, bytes in the file) of everything in it."""
    graph = references.Graph(path)
    kept = [s for s in graph.symbols
            if graph.image.sections[s.section].kind != elf.SHT_NOBITS]
    functions = [s for s in kept if s.kind == references.FUNCTION]
    where = dict(zip([s.address for s in functions],
                     sources(path, [s.address for s in functions])))
    return graph, [(where.get(s.address, DATA), s.name, size)
                   for s, size in own_bytes(kept)]


def own_bytes(symbols):
    """Each with the bytes that are no other's: one may lie within another."""
    ends = [s.address for s in symbols[1:]] + [1 << 64]
    return [(s, min(s.size, end - s.address))
            for s, end in zip(symbols, ends)]


def whole(graph, rows, total):
    """The rows, and what else the file is made of: all of its bytes."""
    left = {i: s.size for i, s in enumerate(graph.image.sections)
            if s.flags & elf.SHF_ALLOC and s.kind != elf.SHT_NOBITS}
    for symbol, size in own_bytes([s for s in graph.symbols
                                   if s.section in left]):
        left[symbol.section] -= size
    rows = rows + [(NAMELESS, graph.image.sections[i].name, size)
                   for i, size in left.items() if size > 0]
    return rows + [(HEADERS, '', total - sum(size for _, _, size in rows))]


def folder_of(source):
    return source if source in (DATA, NAMELESS, HEADERS) \
        else str(Path(source).parent)


def by(rows, key):
    total = {}
    for row in rows:
        total[key(row)] = total.get(key(row), 0) + row[2]
    return sorted(total.items(), key=lambda item: (-item[1], item[0]))


def tree_of(rows):
    """Folders with files with symbols, for the page."""
    out = {}
    for source, name, size in rows:
        files = out.setdefault(folder_of(source), {})
        symbols = files.setdefault(Path(source).name, {})
        symbols[name] = symbols.get(name, 0) + size
    return out


def plain(symbol):
    """Without what the compiler hung on: .constprop.0, .lto_priv.0."""
    return symbol.name.split('.')[0] or symbol.name


def why(graph, name):
    goals = graph.named(name)
    if not goals:
        near = sorted({s.name for s in graph.symbols if name in s.name})[:8]
        raise say.Stop(f'{name}: not in the image'
                       + (f'; there are {", ".join(near)}' if near else
                          ' (inlined, or never linked)'))
    graph.read_code()
    graph.read_data()
    start = graph.at(graph.image.entry)
    for goal in goals:
        print(f'{plain(goal)}: {goal.size:,} bytes')
        chain = start and graph.path_from(start.address, goal.address)
        if not chain:
            print('  no chain of references from the entry leads to it; '
                  'assembly may jump to it')
        for depth, symbol in enumerate(chain or []):
            print('  ' * (depth + 1) + plain(symbol))
        users = sorted({plain(graph.at(a))
                        for a in graph.users.get(goal.address, ())})
        print('referred to by: ' + (', '.join(users) or 'nothing'))


def page(name, rows, total):
    title = f'{name}.elf: {total:,} bytes'
    return treemap.page(title, tree_of(rows),
                        f'{html.escape(name)}: every byte of the file, by '
                        'folder, file and symbol.')


def run(options):
    app(options.name)
    build_path = build_dir(options.build)
    target = f'apps/{options.name}.elf'
    with say.aside(options.json):
        build.prepare(build_path, [target, target + '.debug'], ('build',))
    path = build_path / (target + '.debug')
    try:
        if options.why:
            why(references.Graph(path), options.why)
            return say.OK
        with say.aside(options.json):
            graph, rows = measure(path)
        total = (build_path / target).stat().st_size
        rows = whole(graph, rows, total)
    except elf.ElfError as error:
        raise say.Stop(str(error)) from None
    if options.json:
        print(json.dumps([{'source': s, 'symbol': n, 'bytes': b}
                          for s, n, b in rows], indent=1))
        return say.OK
    out = Path(options.output) if options.output else \
        build_path / f'{options.name}.size.html'
    say.write(out, page(options.name, rows, total))
    print(f'{total:>10,}  {shown(build_path / target)}')
    for folder, size in by(rows, lambda row: folder_of(row[0]))[:ROWS]:
        print(f'{size:>10,}  {folder}')
    say.info(f'\nthe whole picture: {shown(out)}\nwho wanted a symbol: '
             f'scripts/billet size {options.name} --why SYMBOL')
    return say.OK
