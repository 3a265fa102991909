#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Bake a directory into a C file: bake.py [-h] [--depfile FILE]
[--file NAME=PATH]... FOLDER OUT

Every file becomes a `struct http_file` (billet/http.h): its bytes, the same
bytes by gzip where that is smaller, and the heads of its answers, ready to be
sent.  The table is `web_site`.  The same files give the same C file.
"""
import argparse
import hashlib
import os
import subprocess
import sys
import time
import urllib.parse
import zlib
from pathlib import Path

TYPES = {
    'avif': 'image/avif', 'bin': 'application/octet-stream',
    'css': 'text/css; charset=utf-8', 'csv': 'text/csv; charset=utf-8',
    'gif': 'image/gif', 'gz': 'application/gzip',
    'htm': 'text/html; charset=utf-8', 'html': 'text/html; charset=utf-8',
    'ico': 'image/vnd.microsoft.icon', 'jpeg': 'image/jpeg',
    'jpg': 'image/jpeg', 'js': 'text/javascript; charset=utf-8',
    'json': 'application/json', 'map': 'application/json',
    'md': 'text/markdown; charset=utf-8',
    'mjs': 'text/javascript; charset=utf-8', 'mp3': 'audio/mpeg',
    'mp4': 'video/mp4', 'oga': 'audio/ogg', 'ogg': 'audio/ogg',
    'otf': 'font/otf', 'pdf': 'application/pdf', 'png': 'image/png',
    'svg': 'image/svg+xml', 'tar': 'application/x-tar', 'ttf': 'font/ttf',
    'txt': 'text/plain; charset=utf-8', 'wasm': 'application/wasm',
    'wav': 'audio/wav', 'webm': 'video/webm',
    'webmanifest': 'application/manifest+json', 'webp': 'image/webp',
    'woff': 'font/woff', 'woff2': 'font/woff2',
    'xml': 'application/xml', 'zip': 'application/zip',
}
# Nothing from elsewhere, nothing inline; for what a browser shows as a page.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; "
          "img-src 'self'; connect-src 'self'; base-uri 'none'; "
          "form-action 'self'; frame-ancestors 'none'")
HEAD_MAX = 880     # bytes; with a body of 1 KiB it fits in HTTP_REPLY_MAX
WORTH_BYTES = 1448  # a packet: gzip that saves less is not stored
FILES_MAX = 32000  # slots are 16 bits, and a file may have two paths
SEEDS = 64
FACTOR, U64 = 0x9e3779b97f4a7c15, (1 << 64) - 1


def fail(text):
    sys.exit(f'bake.py: {text}')


def found(folder):
    """Relative paths, in an order that does not depend on the disk."""
    for here, below, names in os.walk(folder):
        below[:] = sorted(d for d in below if not d.startswith('.'))
        for name in sorted(names):
            if not name.startswith('.') and not name.endswith('~'):
                yield Path(here, name).relative_to(folder)


def changed(folder, files):
    """When the files last changed, in a way that two builds agree on."""
    if 'SOURCE_DATE_EPOCH' in os.environ:
        return int(os.environ['SOURCE_DATE_EPOCH'])
    try:
        # Whoever builds: git does not read another's tree unless told to.
        git = ['git', '-c', 'safe.directory=*', '-C', str(folder)]
        dirty = subprocess.run([*git, 'status', '--porcelain', '.'],
                               capture_output=True, text=True, check=True)
        last = subprocess.run([*git, 'log', '-1', '--format=%ct', '.'],
                              capture_output=True, text=True, check=True)
        if not dirty.stdout and last.stdout.strip():
            return int(last.stdout)
    except (OSError, subprocess.CalledProcessError):
        pass
    return max(int((folder / f).stat().st_mtime) for f in files)


def gzipped(data):
    """None when it saves little.  No time and no name inside."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = squeeze.compress(data) + squeeze.flush()
    out = b'\x1f\x8b\x08\0\0\0\0\0\x02\xff' + body + \
        zlib.crc32(data).to_bytes(4, 'little') + \
        (len(data) & 0xffffffff).to_bytes(4, 'little')
    return out if len(out) + WORTH_BYTES < len(data) else None


def path_hash(seed, path):
    """As lib/http/file.c does it."""
    state, whole = seed, len(path) // 8 * 8
    for at in range(0, whole, 8):
        word = int.from_bytes(path[at:at + 8], 'little')
        state = (state ^ word) * FACTOR & U64
        state ^= state >> 32
    return ((state ^ int.from_bytes(path[whole:], 'big')) * FACTOR & U64) >> 32


def place(paths):
    """Seed and slots with the shortest worst search of SEEDS tries."""
    size = 4
    while size < 2 * len(paths):
        size *= 2
    best = None
    for seed in range(SEEDS):
        slots, worst = [0] * size, 0
        for number, path in enumerate(paths, 1):
            at, steps = path_hash(seed, path) & (size - 1), 0
            while slots[at]:
                at, steps = (at + 1) & (size - 1), steps + 1
            slots[at], worst = number, max(worst, steps)
        if best is None or worst < best[0]:
            best = worst, seed, slots
    return best[1:]


def text(data):
    """A C string literal."""
    out = ''
    for byte in data.encode() if isinstance(data, str) else data:
        c = chr(byte)
        if c in '"\\':
            out += '\\' + c
        elif c == '\r':
            out += '\\r'
        elif c == '\n':
            out += '\\n'
        else:
            out += c if 32 <= byte < 127 and c != '?' else f'\\{byte:03o}'
    return f'S("{out}")'


class Baker:
    def __init__(self, folder, date):
        self.folder = folder
        self.date = date
        self.bodies = {}  # (head, bytes) -> name in the C file
        self.files = []   # (path, initialiser)

    def body(self, head, data):
        """The array that holds the head and, behind it, the body."""
        return self.bodies.setdefault((head, data), f'body_{len(self.bodies)}')

    def variant(self, data, kind, lines, coding=''):
        """Its initialiser, and where the lines are at the end of its head."""
        etag = '"' + hashlib.sha256(data + coding.encode()).hexdigest()[:20] \
            + '"'
        head = ('Server: Billet\r\n'
                f'Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n')
        if coding:
            head += f'Content-Encoding: {coding}\r\n'
        head += f'ETag: {etag}\r\n{lines}'
        if len(head) > HEAD_MAX:
            fail(f'a head of {len(head)} bytes')
        name = self.body(head, data)
        return (f'{{.head = {{{name}, {len(head)}}},\n'
                f'         .body = {{{name} + {len(head) + 2}, {len(data)}}},\n'
                f'         .etag = {{{name} + {head.index(etag)}, {len(etag)}}}}}',
                f'{{{name} + {len(head) - len(lines)}, {len(lines)}}}')

    def lines(self, kind, several):
        stamp = time.strftime('%a, %d %b %Y %H:%M:%S GMT',
                              time.gmtime(self.date))
        out = (f'Last-Modified: {stamp}\r\nCache-Control: no-cache\r\n'
               'Accept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n')
        if several:
            out += 'Vary: Accept-Encoding\r\n'
        if kind.startswith(('text/html', 'image/svg')):
            out += (f'Content-Security-Policy: {POLICY}\r\n'
                    'Referrer-Policy: no-referrer\r\n')
        return out

    def add(self, path, fields):
        self.files.append((path, fields))

    def add_file(self, file):
        self.add_data(file, self.folder / file)

    def add_data(self, file, source):
        """`source` as the file that is called `file`."""
        data = source.read_bytes()
        kind = TYPES.get(source.suffix[1:].lower(), 'application/octet-stream')
        packed = gzipped(data)
        lines = self.lines(kind, packed is not None)
        plain, place_of_lines = self.variant(data, kind, lines)
        fields = [f'.plain = {plain}']
        if packed:
            gzip, _ = self.variant(packed, kind, lines, 'gzip')
            fields.append(f'.gzip = {gzip}')
        fields += [f'.lines = {place_of_lines}', f'.type = {text(kind)}',
                   f'.modified = {self.date}']
        path = '/' + file.as_posix()
        self.add(path, fields)
        if file.name == 'index.html':
            self.add_folder(path[:-len(file.name)], fields)

    def add_folder(self, path, fields):
        self.add(path, fields)
        if path != '/':
            place = urllib.parse.quote(path, safe="/-._~!$&'()*+,;=:@")
            self.add(path[:-1], [f'.location = {text(place)}'])

    def write(self, out):
        paths = [path.encode() for path, _ in self.files]
        if len(set(paths)) != len(paths):
            fail('a file and a folder have the same path')
        if not paths or len(paths) > FILES_MAX:
            fail(f'{len(paths)} paths; 1 to {FILES_MAX} can be baked')
        seed, slots = place(paths)
        out.write('/* SPDX-License-Identifier: ISC */\n'
                  '/* Made by bake.py; what counts are the files it was made '
                  'of. */\n#include <billet/http.h>\n\n'
                  '#define S(s) {(const uint8_t *)(s), sizeof(s) - 1}\n\n'
                  'extern const struct http_site web_site;\n\n')
        for (head, body), name in self.bodies.items():
            data = f'{head}\r\n'.encode() + body
            out.write(f'static const uint8_t {name}[] = {{\n')
            for at in range(0, len(data), 24):
                out.write(','.join(str(b) for b in data[at:at + 24]) + ',\n')
            out.write('};\n')
        out.write('\nstatic const struct http_file files[] = {\n')
        for path, (_, fields) in zip(paths, self.files):
            head = [f'.path = {text(path)}', f'.hash = {path_hash(seed, path)}u']
            out.write('    {' + ',\n     '.join(head + fields) + '},\n')
        out.write('};\n\nstatic const uint16_t slots[] = {\n')
        for at in range(0, len(slots), 16):
            out.write(', '.join(str(s) for s in slots[at:at + 16]) + ',\n')
        out.write('};\n\nconst struct http_site web_site = {files, slots, '
                  f'{len(slots) - 1}, {seed}u}};\n')


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--depfile', help='write what the result depends on')
    p.add_argument('--file', action='append', default=[], metavar='NAME=PATH',
                   help='another file, as NAME in the folder')
    p.add_argument('folder', type=Path)
    p.add_argument('out')
    args = p.parse_args()
    files = list(found(args.folder))
    if not files:
        fail(f'{args.folder}: no files to bake')
    baker = Baker(args.folder, changed(args.folder, files))
    for file in files:
        baker.add_file(file)
    for extra in args.file:
        name, _, path = extra.partition('=')
        baker.add_data(Path(name), Path(path))
    with open(args.out, 'w', encoding='ascii') as out:
        baker.write(out)
    if args.depfile:
        # The folders too: a file that comes or goes changes them.
        needs = {str(args.folder / f) for f in files}
        needs |= {str((args.folder / f).parent) for f in files}
        names = [n.replace(' ', '\\ ') for n in sorted(needs)]
        Path(args.depfile).write_text(f'{args.out}: {" ".join(names)}\n')


main()
