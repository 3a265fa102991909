# SPDX-License-Identifier: ISC
"""billet new: an application that builds and boots at once."""
import os
import re
from pathlib import Path

from . import say
from .tree import TOP, apps, shown

TEMPLATES = Path(__file__).resolve().parent / 'templates'
KINDS = {
    'http': ('answers over HTTP', [(8090, 80, 'tcp')]),
    'tcp': ('sends back what each TCP connection says', [(7090, 7090, 'tcp')]),
    'udp': ('sends each datagram back', [(7090, 7090, 'udp')]),
    'fiber': ('a conversation of lines in straight code',
              [(7090, 7090, 'tcp')]),
}
# APP_NAME_BYTES, less the end
NAME = re.compile(r'[a-z]([a-z0-9-]{0,13}[a-z0-9])?')
# Targets, and folders of a build directory, that are Meson's own.
RESERVED = {'all', 'benchmark', 'clean', 'coverage', 'dist', 'help', 'install',
            'reconfigure', 'subprojects', 'test', 'uninstall', 'billet'}
KEYWORDS = set('''auto break case char const continue default do double else
    enum extern float for goto if inline int long register restrict return
    short signed sizeof static struct switch typedef union unsigned void
    volatile while linux unix'''.split())
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.DOTALL)
TABLE = 'apps = {\n'

README = """\
# @NAME@

A Billet application: @WHAT@.

@COMMANDS@
"""

MESON_HERE = """\
project('@NAME@', 'c', meson_version: '>= 1.0.1')
subproject('billet')

executable('@NAME@', '@NAME@.c', dependencies: dependency('billet-app'))
executable('@NAME@.elf', '@NAME@.c', dependencies: dependency('billet-image'))
"""


def add_arguments(p):
    p.add_argument('name', metavar='NAME', help='small letters, digits and -')
    p.add_argument('-t', '--template', choices=sorted(KINDS), default='http',
                   help='what it begins as (default %(default)s): '
                   + '; '.join(f'{k}: {v[0]}' for k, v in sorted(KINDS.items())))
    p.add_argument('--here', action='store_true',
                   help='a project of its own in ./NAME, with this tree as its '
                   'subproject (default: a folder and a line in apps/)')


def identifier(name):
    """What the application is in C, where the headers have no such name."""
    word = name.replace('-', '_')
    taken = re.compile(rf'\b{word}(_metrics(_group)?)?\b')
    headers = (TOP / 'include' / 'billet').glob('**/*.h')
    if word in KEYWORDS or any(taken.search(COMMENT.sub('', h.read_text()))
                               for h in headers):
        return word + '_app'
    return word


def fill(text, name, kind):
    what, ports = KINDS[kind]
    values = {'@NAME@': name, '@ID@': identifier(name), '@WHAT@': what,
              '@PORT@': str(ports[0][1])}
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


def check_name(name):
    if not NAME.fullmatch(name):
        raise say.Stop(f'{name!r} cannot be the name of an application: a '
                       'small letter, then up to 14 small letters, digits and '
                       '-, as in "shop"', say.USAGE)
    if name in RESERVED or name.startswith(('meson-', 'clang-', 'scan-')):
        raise say.Stop(f'{name!r} cannot be the name of an application: the '
                       'build has something else of this name', say.USAGE)


def write(folder, files):
    """A new folder with these files; nothing that is there is touched."""
    try:
        os.makedirs(folder)
        for name, text in files.items():
            with open(folder / name, 'x', encoding='utf-8') as file:
                file.write(text)
            say.info(f'made {shown(folder / name)}')
    except FileExistsError:
        raise say.Stop(f'{shown(folder)} is there already: choose another '
                       'name, or remove it') from None
    except OSError as error:
        raise say.Stop(f'{error.filename}: {error.strerror}') from None


def commands(name, kind, here):
    if here:
        lines = [f'cd {name}', 'meson setup build',
                 f'ninja -C build {name} {name}.elf', f'build/{name} --help',
                 f'qemu-system-x86_64 -kernel build/{name}.elf -nographic']
    else:
        lines = [f'scripts/billet run {name}']
        host = KINDS[kind][1][0][0]
        lines.append({'http': f'curl http://localhost:{host}/',
                      'udp': f'echo hello | nc -u -w 1 localhost {host}'}.get(
                          kind, f'nc localhost {host}'))
    return ''.join(f'    {line}\n' for line in lines)


def readme(name, kind, here):
    return fill(README, name, kind).replace(
        '@COMMANDS@\n', commands(name, kind, here))


def source(name, kind):
    return fill((TEMPLATES / (kind + '.c')).read_text(), name, kind)


def table_line(name, kind):
    ports = [('udp:' if protocol == 'udp' else '') + f'{host}:{guest}'
             for host, guest, protocol in KINDS[kind][1]]
    return f"    '{name}': {{'sources': ['{name}.c'], 'ports': {ports}}},\n"


def make_here(name, kind):
    folder = Path.cwd() / name
    write(folder, {name + '.c': source(name, kind),
                   'meson.build': fill(MESON_HERE, name, kind),
                   'README.md': readme(name, kind, True)})
    os.makedirs(folder / 'subprojects')
    os.symlink(TOP, folder / 'subprojects' / 'billet')
    (folder / '.gitignore').write_text('/build/\n/subprojects/billet\n')
    say.info(f'{shown(folder)}/subprojects/billet is a link to this tree; '
             'make it a git submodule or a wrap when the project is shared')


def make_in_tree(name, kind):
    if name in apps():
        raise say.Stop(f'apps/{name} is in apps/meson.build already')
    table = TOP / 'apps' / 'meson.build'
    text = table.read_text()
    if TABLE not in text:
        raise say.Stop('apps/meson.build: no dictionary "apps" in it')
    if not os.access(table, os.W_OK):
        raise say.Stop(f'{shown(table)}: it cannot be written; a project of '
                       'your own: scripts/billet new --here')
    write(TOP / 'apps' / name, {name + '.c': source(name, kind),
                                'README.md': readme(name, kind, False)})
    say.write(table, text.replace(TABLE, TABLE + table_line(name, kind), 1))
    say.info(f'added a line to {shown(table)}')


def run(options):
    check_name(options.name)
    (make_here if options.here else make_in_tree)(options.name,
                                                  options.template)
    say.info('\nNext:\n'
             + commands(options.name, options.template, options.here).rstrip())
    return say.OK
