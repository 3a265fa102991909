# SPDX-License-Identifier: ISC
"""billet export: the files with which an existing engine runs an image.

What they say comes from the image's own manifest (networks, disks) and from
apps/meson.build (ports, health).  The engines are in engines.py.
"""
import argparse
import re
from collections import namedtuple
from pathlib import Path

from . import build, elf, engines, packages, qemu, say
from .manifest import read_manifest
from .runner import parse_port
from .tree import app, build_dir, shown

NAME = re.compile(r'[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?')
PATH = re.compile(r'[/\w.+@:=-]+')
MEMORY_LEAST = 8

# ports are (protocol, host, guest); health is (guest port, path or None).
Plan = namedtuple('Plan', 'name version nets disks memory cpus ports health '
                  'image args accel folder')


def memory(text):
    if not text.isascii() or not text.isdigit() \
            or not MEMORY_LEAST <= int(text) <= 1 << 20:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a number of MiB from {MEMORY_LEAST} to 1048576')
    return int(text)


def add_arguments(p):
    p.add_argument('name', metavar='NAME', help='one of apps/')
    p.add_argument('engine', metavar='ENGINE', choices=sorted(engines.ENGINES),
                   help='one of ' + ', '.join(sorted(engines.ENGINES)))
    p.add_argument('-a', '--arg', action='append', default=[],
                   metavar='KEY=VALUE',
                   help='an argument for the image; repeat as needed')
    p.add_argument('-p', '--port', action='append', metavar='HOST:GUEST',
                   help='a port of the host for one of the image; repeat as '
                   'needed (default: see apps/meson.build)')
    p.add_argument('-d', '--disk', action='append', default=[],
                   metavar='NAME',
                   help='a disk that the image uses but can do without; '
                   'repeat as needed')
    p.add_argument('-m', '--memory', type=memory, default=qemu.MEMORY_MB,
                   metavar='MB', help='memory (default %(default)s)')
    p.add_argument('--accel', choices=['kvm', 'tcg'], default='kvm',
                   help='tcg where the host has no KVM (default %(default)s)')
    p.add_argument('--image', metavar='PATH',
                   help='where the image will be on the host (default '
                   '/var/lib/billet/NAME.FORMAT); for kubevirt '
                   'REGISTRY/NAME:TAG')
    p.add_argument('-o', '--output', type=Path, metavar='DIR',
                   help='the folder for the files (default NAME-ENGINE here)')


def health_of(entry, ports):
    """What to ask for to know that the image serves."""
    guests = [guest for protocol, _, guest in ports if protocol == 'tcp']
    if 80 in guests:
        return 80, entry.get('health', '/')
    return (guests[0], None) if guests else None


def disks_of(options, about):
    """Those the image cannot do without, and those that are asked for."""
    spare = [disk[:-1] for disk in about.blks if disk.endswith('?')]
    for disk in options.disk:
        if disk not in spare:
            raise say.Stop(
                f'{disk}: no disk that {options.name} can do without'
                + (f'; there is {", ".join(spare)}' if spare else ''),
                say.USAGE)
    return [disk.removesuffix('?') for disk in about.blks
            if not disk.endswith('?') or disk[:-1] in options.disk]


def plan(options, about, folder):
    entry = app(options.name)
    engine = engines.ENGINES[options.engine]
    ports = [parse_port(p) for p in options.port or entry.get('ports', [])]
    pulled = options.engine == 'kubevirt'
    image = options.image or (
        f'registry.example/{options.name}:{about.version}' if pulled
        else f'/var/lib/billet/{options.name}.{engine.format}')
    if not PATH.fullmatch(image) or image.startswith('/') == pulled:
        raise say.Stop(f'--image {image}: want ' + (
            'REGISTRY/NAME:TAG' if pulled else 'an absolute path')
            + ', of letters, digits and / . _ + - : = @', say.USAGE)
    if not NAME.fullmatch(options.name):
        raise say.Stop(f'{options.name}: engines take names of small letters, '
                       'digits and dashes', say.USAGE)
    for arg in options.arg:
        if any(ord(c) < 32 or ord(c) == 127 for c in arg):
            raise say.Stop(f'{arg!r}: no control characters', say.USAGE)
    # Without a port nobody asks a network for anything; with one it needs it.
    return Plan(options.name, about.version or '0', about.nets,
                disks_of(options, about), options.memory, 1,
                ports if about.nets else [],
                health_of(entry, ports) if about.nets else None, image,
                options.arg, options.accel, shown(folder))


def image_line(made, form):
    """The command that makes the file which the engine wants."""
    words = ['scripts/billet', 'image', made.name, '-f', form]
    # An engine that loads an ELF gives the arguments itself.
    for arg in made.args if form != 'elf' else []:
        words += ['--arg', arg]
    return say.line(words)


def run(options):
    app(options.name)
    engine = engines.ENGINES[options.engine]
    build_path = build_dir(options.build)
    packages.ensure(('build',))
    build.setup(build_path)
    build.compile(build_path, [f'apps/{options.name}.elf'])
    image = elf.Elf(build_path / 'apps' / (options.name + '.elf'))
    folder = options.output or Path(f'{options.name}-{options.engine}')
    made = plan(options, read_manifest(image), folder)
    say.make_folder(folder)
    for name, text in engine.files(made).items():
        path = folder / name
        say.write(path, text)
        if text.startswith('#!'):
            path.chmod(0o755)
        say.info(f'{shown(path)}: {len(text):,} bytes')
    say.info('next:\n    ' + '\n    '.join(
        [image_line(made, engine.format), *engine.after(made)]))
    return say.OK
