# SPDX-License-Identifier: ISC
"""billet image: a bootable image of an application, with arguments in it."""
import subprocess
import sys
from pathlib import Path

from . import build, packages, say
from .tree import TOP, app, build_dir, shown

FORMATS = ('elf', 'iso', 'raw', 'qcow2')


def add_arguments(p):
    p.add_argument('name', metavar='NAME', help='one of apps/')
    p.add_argument('-f', '--format', choices=FORMATS, default='raw',
                   help='elf: for QEMU -kernel; iso: CD or USB stick; raw and '
                   'qcow2: disk; all but elf boot on BIOS and UEFI '
                   '(default %(default)s)')
    p.add_argument('-a', '--arg', action='append', default=[],
                   metavar='KEY=VALUE',
                   help='an argument for the image; repeat as needed')
    p.add_argument('-o', '--output', type=Path, metavar='FILE',
                   help='(default NAME.FORMAT here)')


def make_disk(options, build_path, output):
    """iso or raw, from the build's GRUB images."""
    parts = build_path / 'boot' / 'image'
    grub = [f'boot/image/{name}' for name in
            ('core.img', 'eltorito.img', 'bootx64.efi')]
    build.compile(build_path, [f'apps/{options.name}.elf', *grub])
    arguments = [word for arg in options.arg for word in ('--arg=' + arg,)]
    say.must([sys.executable, shown(TOP / 'boot' / 'image' / 'mkimage.py'),
              'iso' if options.format == 'iso' else 'raw',
              shown(build_path / 'apps' / (options.name + '.elf')),
              output, *arguments,
              '--core', shown(parts / 'core.img'),
              '--eltorito', shown(parts / 'eltorito.img'),
              '--efi', shown(parts / 'bootx64.efi')], 'no image was made')


def make_qcow2(options, build_path, output):
    raw = output.with_name(output.name + '.raw')
    try:
        make_disk(options, build_path, raw)
        say.must(['qemu-img', 'convert', '-q', '-f', 'raw', '-O', 'qcow2',
                  raw, output], 'no image was made')
    finally:
        raw.unlink(missing_ok=True)


def with_images(build_path):
    """Set the build up so that it knows how to make disks."""
    packages.ensure(('build', 'image'))
    build.setup(build_path)
    known = subprocess.run(
        ['ninja', '-C', str(build_path), '-t', 'query', 'boot/image/core.img'],
        capture_output=True)
    if known.returncode:
        build.setup(build_path, ['-Dimages=enabled'])


def run(options):
    app(options.name)
    build_path = build_dir(options.build)
    output = options.output or Path(f'{options.name}.{options.format}')
    if options.format == 'elf':
        if options.arg:
            raise say.Stop('an elf holds no arguments: give them to its '
                           'loader, as in QEMU -append', say.USAGE)
        build.prepare(build_path, [f'apps/{options.name}.elf'])
        built = build_path / 'apps' / (options.name + '.elf')
        say.must(['cp', shown(built), output], 'no image was made')
    else:
        with_images(build_path)
        if options.format == 'qcow2':
            packages.ensure(('qcow2',))
            make_qcow2(options, build_path, output)
        else:
            make_disk(options, build_path, output)
    say.info(f'{output}: {output.stat().st_size:,} bytes')
    return say.OK
