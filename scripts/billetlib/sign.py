# SPDX-License-Identifier: ISC
"""billet sign: an application with a signature, as /update takes it.

openssl has the private key, and signs; lib/update/header.h has the layout.
"""
import base64
import hashlib
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import build, elf, manifest, packages, say
from .tree import TOP, app, build_dir

sys.path.insert(0, str(TOP / 'boot' / 'image'))
import slots  # noqa: E402
from disk import ImageError  # noqa: E402

MAGIC = b'billet update 1\n'
HEADER, SIGNED_BYTES = '>16s16sQQ32s', 192
HEADER_BYTES, SIGNATURE_BYTES = 256, 64
SPKI = bytes.fromhex('302a300506032b6570032100')    # of Ed25519, RFC 8410


def add_arguments(p):
    p.add_argument('name', metavar='NAME',
                   help='one of apps/, or an ELF file that was built from it')
    p.add_argument('--key', required=True, type=Path, metavar='FILE',
                   help='the private key, PEM; one is made by openssl genpkey '
                   '-algorithm ed25519 -out FILE')
    p.add_argument('--sequence', type=int, metavar='N',
                   help='higher than that of what is to be replaced '
                   '(default: the time, in seconds since 1970)')
    p.add_argument('-o', '--output', type=Path, metavar='FILE',
                   help='(default NAME.update here)')


def openssl(*words):
    """What it prints."""
    say.echo(['openssl', *words])
    try:
        done = subprocess.run(['openssl', *map(str, words)],
                              capture_output=True)
    except FileNotFoundError:
        raise say.Stop('openssl: not installed (Debian: openssl)',
                       say.MISSING) from None
    if done.returncode:
        raise say.Stop('openssl ' + words[0] + ': '
                       + done.stderr.decode(errors='replace').strip())
    return done.stdout


def public_key(path):
    """The 32 bytes of it."""
    der = openssl('pkey', '-in', path, '-pubout', '-outform', 'DER')
    if not der.startswith(SPKI) or len(der) != len(SPKI) + 32:
        raise say.Stop(f'{path}: not an Ed25519 key: make one with openssl '
                       f'genpkey -algorithm ed25519 -out {path}')
    return der[len(SPKI):]


def signed(data, name, sequence, key):
    """The header and the application."""
    head = struct.pack(HEADER, MAGIC, name.encode(), sequence, len(data),
                       hashlib.sha256(data).digest())
    head = head.ljust(SIGNED_BYTES, b'\0')
    with tempfile.NamedTemporaryFile() as file:
        file.write(head)
        file.flush()
        signature = openssl('pkeyutl', '-sign', '-inkey', key, '-rawin',
                            '-in', file.name)
    if len(signature) != SIGNATURE_BYTES:
        raise say.Stop(f'{key}: openssl made no Ed25519 signature')
    return head + signature + data


def elf_file(options):
    if '/' in options.name or options.name.endswith('.elf'):
        return Path(options.name)
    app(options.name)
    build_path = build_dir(options.build)
    packages.ensure(('build',))
    build.prepare(build_path, [f'apps/{options.name}.elf'])
    return build_path / 'apps' / (options.name + '.elf')


def run(options):
    path = elf_file(options)
    sequence = int(time.time()) if options.sequence is None \
        else options.sequence
    if not 0 < sequence < 1 << 63:
        raise say.Stop('--sequence is a number from 1 on', say.USAGE)
    if not options.key.exists():
        raise say.Stop(f'{options.key}: no such file; a key is made by openssl '
                       f'genpkey -algorithm ed25519 -out {options.key}',
                       say.USAGE)
    public = public_key(options.key)
    try:
        data = path.read_bytes()
        about = manifest.read_manifest(elf.Elf(path, data))
        slots.check(data)
    except (elf.ElfError, ImageError) as error:
        raise say.Stop(f'{path}: {error}'.replace(f'{path}: {path}: ',
                                                  f'{path}: ')) from None
    except OSError as error:
        raise say.Stop(f'{path}: {error.strerror}', say.USAGE) from None
    output = options.output or Path(about.name + '.update')
    say.write(output, signed(data, about.name, sequence, options.key))
    say.info(f'{output}: {about.name} {about.version}, commit {about.commit}, '
             f'sequence {sequence}, {output.stat().st_size:,} bytes')
    say.info('taken by images with --update-key='
             + base64.b64encode(public).decode())
    say.info(f'next: scripts/billet update https://HOST {output}')
    return say.OK
