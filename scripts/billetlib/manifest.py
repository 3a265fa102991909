# SPDX-License-Identifier: ISC
"""What an image says of itself: its ELF notes, sections and rights.

The layouts are those of include/billet/app.h (struct manifest) and
boot/version.c.in; tests/system/test_inspect.py compares them with the source.
"""
import struct
from collections import namedtuple

from . import elf

OWNER, MANIFEST, VERSION, PART = 'Billet', 1, 2, 4
GNU_BUILD_ID = 3
OWN = 'ISC'  # with picolibc, which has licences of the same kind
ABI = 1
NAME_BYTES, NETS_MAX, BLKS_MAX = 16, 4, 4
LIMITS = ('tcp_conns', 'tcp_half_open', 'tcp_listeners', 'tcp_rcvbuf',
          'tcp_sndbuf', 'rx_blocks', 'tx_blocks', 'udp_binds', 'fibers',
          'fiber_stack', 'arena_bytes', 'conn_bytes')
# A zero in the manifest takes these; see struct limits.
LIMIT_DEFAULTS = (256, 256, 8, 4194304, 4194304, 4096, 2048, 8, 4, 16384,
                  65536, 0)
MANIFEST_BYTES = 4 + NAME_BYTES * (1 + NETS_MAX + BLKS_MAX) + 4 * len(LIMITS)

Manifest = namedtuple('Manifest', 'name nets blks limits version commit '
                      'build_id parts')


def text(data):
    return data.split(b'\0', 1)[0].decode('utf-8', 'replace')


def read_manifest(image):
    name = version = commit = build_id = None
    nets, blks, limits, parts = [], [], {}, []
    for note in image.notes():
        if (note.owner, note.kind) == (OWNER, MANIFEST):
            name, nets, blks, limits = parse_manifest(image, note.data)
        elif (note.owner, note.kind) == (OWNER, VERSION):
            version, commit = [text(p) for p in
                               (note.data + b'\0\0').split(b'\0')[:2]]
        elif (note.owner, note.kind) == (OWNER, PART):
            words = (note.data + b'\0\0\0').split(b'\0')[:3]
            parts.append(dict(zip(('name', 'version', 'licence'),
                                  (text(word) for word in words))))
        elif (note.owner, note.kind) == ('GNU', GNU_BUILD_ID):
            build_id = note.data.hex()
    if name is None:
        raise elf.ElfError(f'{image.path}: no note of Billet in it')
    return Manifest(name, nets, blks, limits, version, commit, build_id,
                    parts)


def gpl(parts):
    """The part by which the image as a whole is under the GPL, or None."""
    return next((p for p in parts if p['licence'].startswith('GPL')), None)


def parse_manifest(image, data):
    if len(data) < 4:
        raise elf.ElfError(f'{image.path}: a manifest without content')
    abi, = struct.unpack_from('<I', data)
    if abi != ABI or len(data) != MANIFEST_BYTES:
        raise elf.ElfError(
            f'{image.path}: manifest of ABI {abi}, {len(data)} bytes; this '
            f'tool reads ABI {ABI}, {MANIFEST_BYTES} bytes')
    names = [text(data[4 + i * NAME_BYTES:][:NAME_BYTES])
             for i in range(1 + NETS_MAX + BLKS_MAX)]
    values = struct.unpack_from(f'<{len(LIMITS)}I', data,
                                4 + len(names) * NAME_BYTES)
    limits = {k: v or default for k, v, default
              in zip(LIMITS, values, LIMIT_DEFAULTS)}
    return (names[0], [n for n in names[1:1 + NETS_MAX] if n],
            [n for n in names[1 + NETS_MAX:] if n], limits)


RIGHTS = elf.PF_R | elf.PF_W | elf.PF_X


def rights(flags):
    return ''.join(letter if flags & bit else '-' for letter, bit in
                   (('R', elf.PF_R), ('W', elf.PF_W), ('X', elf.PF_X)))


def wx_faults(image):
    """Why the image is not W^X; nothing if it is."""
    faults = []
    loads = [s for s in image.segments if s.kind == elf.PT_LOAD]
    if not loads:
        faults.append('there is no segment to load')
    for s in loads:
        if s.flags & elf.PF_W and s.flags & elf.PF_X:
            faults.append(f'the segment at {s.address:#x} is {rights(s.flags)}')
    last_page = {}  # of the segments so far, by their rights
    for s in sorted(loads, key=lambda s: s.address):
        first, mine = s.address >> 12, s.flags & RIGHTS
        if any(last >= first for other, last in last_page.items()
               if other != mine):
            faults.append(f'the page at {first << 12:#x} is wanted with '
                          'two different rights')
        last = s.address + max(s.memory_size, 1) - 1 >> 12
        last_page[mine] = max(last, last_page.get(mine, last))
    stack = [s for s in image.segments if s.kind == elf.PT_GNU_STACK]
    if not stack or any(s.flags & elf.PF_X for s in stack):
        faults.append('the stack is executable')
    for s in image.sections:
        if s.flags & elf.SHF_WRITE and s.flags & elf.SHF_EXECINSTR:
            faults.append(f'the section {s.name} is writable and executable')
    return faults


def describe(image):
    """Everything of an Elf, as plain values for JSON."""
    manifest = read_manifest(image)
    return {
        'file': image.path,
        'bytes': len(image.data),
        **manifest._asdict(),
        'gpl': gpl(manifest.parts) is not None,
        'licence': (gpl(manifest.parts) or {'licence': OWN})['licence'],
        'segments': [{'address': s.address, 'file_bytes': s.file_size,
                      'memory_bytes': s.memory_size,
                      'rights': rights(s.flags)}
                     for s in image.segments if s.kind == elf.PT_LOAD],
        'sections': [{'name': s.name, 'address': s.address, 'bytes': s.size,
                      'in_file': s.kind != elf.SHT_NOBITS}
                     for s in image.sections if s.flags & elf.SHF_ALLOC],
        'w_xor_x': not wx_faults(image),
        'w_xor_x_faults': wx_faults(image),
    }


def row(label, value):
    print(f'{label:<10} {value}')


def show(d):
    """The same for a person."""
    row('name', d['name'])
    row('version', d['version'] or 'unknown')
    row('commit', d['commit'] or 'unknown')
    row('build id', d['build_id'] or 'none')
    row('file', f'{d["file"]}, {d["bytes"]:,} bytes')
    part = gpl(d['parts'])
    row('licence', f'{d["licence"]}: {part["name"]} {part["version"]} is in it'
        if part else f'{d["licence"]}: nothing in it is under the GPL')
    row('networks', ', '.join(d['nets']) or 'none')
    row('disks', ', '.join(d['blks']) or 'none')
    print('\nlimits')
    for key, value in d['limits'].items():
        print(f'  {key:<16}{value:>10,}')
    print('\nsections')
    for s in d['sections']:
        where = '' if s['in_file'] else '  not in the file'
        print(f'  {s["name"]:<16}{s["bytes"]:>10,}  at {s["address"]:#x}'
              + where)
    print('\nsegments')
    for s in d['segments']:
        print(f'  {s["rights"]}  {s["memory_bytes"]:>10,}  at '
              f'{s["address"]:#x}')
    print()
    row('W^X', 'yes: nothing is both writable and executable'
        if d['w_xor_x'] else 'NO: ' + '; '.join(d['w_xor_x_faults']))
