# SPDX-License-Identifier: ISC
"""billet symbolize: a panic's lines with the file and line of each function.

What a panic prints is a function's name and how far into it; that holds at
whatever address the image was.
"""
import re
import subprocess
import sys

from . import build, elf, say
from .tree import app, build_dir, shown

# A log may have put a head before it.
FRAME = re.compile(r'^(?:.*\s)?(at|by) 0x([0-9a-f]+) ([A-Za-z_]\w*)'
                   r'\+0x([0-9a-f]+)')
BUILD_ID = re.compile(r'build id ([0-9a-f]{32})')
FUNCTION = 2
NT_GNU_BUILD_ID = 3


def add_arguments(p):
    p.add_argument('name', metavar='NAME',
                   help='one of apps/, or a file with debugging information')
    p.add_argument('log', metavar='LOG', nargs='?', default='-',
                   help='what the image said (default: standard input)')


def debug_file(options):
    if options.name.endswith('.debug') or '/' in options.name:
        return options.name
    app(options.name)
    build_path = build_dir(options.build)
    target = f'apps/{options.name}.elf.debug'
    build.prepare(build_path, [target], ('build',))
    return shown(build_path / target)


def places(image):
    """Name, as a panic has it, to the addresses of functions of that name."""
    found = {}
    for symbol in image.symbols():
        if symbol.kind == FUNCTION and symbol.section:
            # boot/image/symbols.py cuts in the same way.
            found.setdefault(symbol.name.split('.')[0][:47], []).append(
                symbol.address)
    return found


def lines_of(path, addresses):
    """addr2line's answers, each a list of `function at file:line`."""
    command = ['addr2line', '-e', path, '-a', '-f', '-i', '-s'] + \
        [hex(a) for a in addresses]
    say.echo(command)
    try:
        text = subprocess.run(command, capture_output=True, text=True,
                              check=True).stdout
    except FileNotFoundError:
        raise say.Stop('addr2line: not installed (Debian: binutils)',
                       say.MISSING) from None
    except subprocess.CalledProcessError as error:
        raise say.Stop(error.stderr.strip()) from None
    answers = []
    for line in text.splitlines():
        if line.startswith('0x'):
            answers.append([])
        else:
            answers[-1].append(line)
    return [[f'{function} {place}' for function, place in zip(a[::2], a[1::2])]
            for a in answers]


def resolve(match, known):
    """Where the frame is in the file; None: nothing of that name."""
    printed, name, into = int(match[2], 16), match[3], int(match[4], 16)
    candidates = [a + into for a in known.get(name, [])]
    if not candidates:
        return None
    # Of several functions of a name the one that ends in the same page offset.
    same = [a for a in candidates if (a ^ printed) & 0xfff == 0]
    # The return address may be the next line's: look at the call before it.
    found = (same or candidates)[0]
    return found if match[1] == 'at' else found - 1


def translate(text, path):
    image = elf.Elf(path)
    known = places(image)
    rows = text.splitlines()
    frames = {i: resolve(m, known) for i, m in
              ((i, FRAME.match(row)) for i, row in enumerate(rows)) if m}
    if not frames:
        raise say.Stop('no lines of a panic in it ("  at 0x... name+0x...")')
    warn_of_other_build(text, image)
    wanted = [i for i in frames if frames[i] is not None]
    answers = dict(zip(wanted, lines_of(path, [frames[i] for i in wanted])))
    out = []
    for i, row in enumerate(rows):
        out.append(row)
        if i in frames:
            out += [f'       {place}' for place in
                    answers.get(i, [f'not in {path}'])]
    return '\n'.join(out)


def warn_of_other_build(text, image):
    said = BUILD_ID.search(text)
    mine = next((n.data.hex() for n in image.notes()
                 if n.owner == 'GNU' and n.kind == NT_GNU_BUILD_ID), '')
    if said and not mine.startswith(said[1]):
        say.warn(f'the panic is of another build ({said[1]}, this one is '
                 f'{mine[:32]}): lines may be wrong')


def run(options):
    try:
        if options.log == '-':
            text = sys.stdin.buffer.read().decode('utf-8', 'replace')
        else:
            with open(options.log, 'rb') as file:
                text = file.read().decode('utf-8', 'replace')
        print(translate(text, debug_file(options)))
    except OSError as error:
        raise say.Stop(f'{options.log}: {error.strerror}', say.USAGE
                       if isinstance(error, FileNotFoundError)
                       else say.FAILED) from None
    except elf.ElfError as error:
        raise say.Stop(str(error)) from None
    return say.OK
