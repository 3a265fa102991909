# SPDX-License-Identifier: ISC
"""billet image: a bootable image of an application, with arguments in it."""
import subprocess
import sys
from pathlib import Path

from . import build, keys, packages, say
from .tree import TOP, app, build_dir, shown

sys.path.insert(0, str(TOP / 'boot' / 'image'))
import mkimage  # noqa: E402

FORMATS = ('elf', 'iso', 'raw', 'qcow2', 'gce.tar.gz', 'vhd', 'vmdk',
           'oci.tar')
SHORT = {'gce': 'gce.tar.gz', 'oci': 'oci.tar', 'azure': 'vhd',
         'aws': 'vmdk', 'vmware': 'vmdk', 'kubevirt': 'oci.tar'}
# What somebody who makes such an image should know now, not in the cloud.
WARNINGS = {
    'vhd': 'Azure: it boots there, but has no network yet (no driver for '
           "netvsc). On Hyper-V, too; docs/deploy.md",
    'vmdk': "AWS Nitro: it boots there, but has no network yet (no driver for "
            'ENA). docs/deploy.md has what works where',
}


def size(text):
    """As it is; what is no size is said before anything is built."""
    mkimage.size_bytes(text)
    return text


def add_arguments(p):
    p.add_argument('name', metavar='NAME', help='one of apps/')
    p.add_argument('-f', '--format', choices=FORMATS + tuple(SHORT),
                   default='raw', metavar='FORMAT',
                   help='elf: for QEMU -kernel; iso: CD, disk or USB stick; '
                   'raw, qcow2: disk; gce.tar.gz (gce): Google; vhd (azure): '
                   'Azure, Hyper-V; vmdk (aws, vmware); oci.tar (kubevirt): '
                   'containerDisk; all but elf boot on BIOS and UEFI '
                   '(default %(default)s)')
    p.add_argument('-a', '--arg', action='append', default=[],
                   metavar='KEY=VALUE',
                   help='an argument for the image; repeat as needed; '
                   '`billet config` changes it later')
    p.add_argument('--size', type=size, metavar='N',
                   help="the disk's size at least, in MiB or with K, M, G or T "
                   'behind it (default: what the content takes)')
    p.add_argument('--slots', action='store_true',
                   help='two places for the application on the disk, for '
                   'updates over HTTPS (docs/update.md)')
    p.add_argument('--sequence', type=int, default=0, metavar='N',
                   help='with --slots: updates must have a higher one '
                   '(default %(default)s)')
    p.add_argument('--firmware', choices=['bios', 'uefi'],
                   help='boot by this only, and be smaller')
    p.add_argument('-o', '--output', type=Path, metavar='FILE',
                   help='(default NAME.FORMAT here)')


def make_disk(options, build_path, output):
    """From the application's ELF and the build's GRUB images."""
    parts = build_path / 'boot' / 'image'
    grub = [f'boot/image/{name}' for name in
            ('core.img', 'eltorito.img', 'bootx64.efi')]
    build.compile(build_path, [f'apps/{options.name}.elf', *grub])
    more = ['--arg=' + arg for arg in options.arg]
    more += ['--size=' + options.size] if options.size else []
    more += ['--firmware=' + options.firmware] if options.firmware else []
    if options.slots:
        more += ['--slots', f'--sequence={options.sequence}']
    command = [sys.executable, shown(TOP / 'boot' / 'image' / 'mkimage.py'),
               options.format,
               shown(build_path / 'apps' / (options.name + '.elf')),
               output, *more, '--core', shown(parts / 'core.img'),
               '--eltorito', shown(parts / 'eltorito.img'),
               '--efi', shown(parts / 'bootx64.efi')]
    status = say.run(command)
    if status:
        raise say.Stop('no image was made',
                       say.USAGE if status == say.USAGE else say.FAILED)
    built = build_path / 'apps' / (options.name + '.elf')
    keys.warn_of_unknown(output, built.read_bytes(), options.arg)


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
    options.format = SHORT.get(options.format, options.format)
    build_path = build_dir(options.build)
    output = options.output or Path(f'{options.name}.{options.format}')
    if output.is_dir():
        raise say.Stop(f'{output}: a folder; -o wants a file', say.USAGE)
    if options.sequence < 0 or options.sequence and not options.slots:
        raise say.Stop('--sequence is a number from 0 on, and goes with '
                       '--slots', say.USAGE)
    if options.format == 'elf':
        if options.arg or options.size or options.firmware or options.slots:
            raise say.Stop('an elf holds no arguments and has no size: give '
                           'arguments to its loader, as in QEMU -append',
                           say.USAGE)
        build.prepare(build_path, [f'apps/{options.name}.elf'])
        built = build_path / 'apps' / (options.name + '.elf')
        say.must(['cp', shown(built), output], 'no image was made')
    else:
        with_images(build_path)
        make_disk(options, build_path, output)
    say.info(f'{output}: {output.stat().st_size:,} bytes')
    if options.format in WARNINGS:
        say.info(WARNINGS[options.format])
    return say.OK
