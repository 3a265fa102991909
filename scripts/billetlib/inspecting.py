# SPDX-License-Identifier: ISC
"""billet inspect: what an image of any format says of itself."""
import json

from . import elf, manifest, parts, say, sources
from .tree import build_dir


def add_arguments(p):
    p.add_argument('file', metavar='IMAGE', help='of any format, as in '
                   'build/apps/web.elf; with --lines an application of apps/, '
                   'too')
    p.add_argument('--json', action='store_true', help='for machines')
    p.add_argument('--lines', action='store_true', help='how many lines of '
                   'source the image is made of (of an elf)')


def slot(data, name):
    """What is in a slot: version and commit; why not if it is none."""
    if not any(data):
        return None
    try:
        found = manifest.read_manifest(elf.Elf(name, data))
    except parts.ERRORS as error:
        return {'broken': str(error)}
    return {'version': found.version, 'commit': found.commit,
            'build_id': found.build_id}


def slots_of(found):
    """None where the disk has none."""
    if found.slots is None:
        return None
    return {'kept': found.slots.kept, 'sequence': found.sequence,
            'on_trial_next': found.slots.tries == 1,
            **{name: slot(data, f'slot {name}')
               for name, data in sorted(found.slots.content.items())}}


def describe(path):
    """Everything, as plain values for JSON; `image` is None for an ELF."""
    found = parts.take_apart(path)
    out = manifest.describe(elf.Elf(path, found.elf))
    out['format'] = found.kind
    out['image'] = found.loaders and {
        'disk_bytes': found.size or None,
        'boots_by': parts.firmware(found),
        'grub': parts.grub_version(found),
        'title': found.title,
        'arguments': found.args,
        'slots': slots_of(found),
    } or None
    return out


def show_slots(slots, row):
    for name in 'ab':
        at = slots[name]
        row('slot ' + name,
            'empty' if at is None else 'broken: ' + at['broken']
            if 'broken' in at else f'{at["version"]}, commit {at["commit"]}'
            + (': kept, boots' if name == slots['kept'] else
               ': tried at the next boot' if slots['on_trial_next'] else ''))
    row('sequence', f'{slots["sequence"]}: an update has a higher one')


def show_image(d):
    """What is around the application, for a person."""
    image, row = d['image'], manifest.row
    size = image['disk_bytes']
    row('image', d['format']
        + (f', a disk of {size:,} bytes' if size else ''))
    row('boots by', ', '.join(image['boots_by']).upper()
        + f', with GRUB {image["grub"] or "of unknown version"}')
    row('arguments', say.line(image['arguments']) or 'none')
    if image['slots']:
        show_slots(image['slots'], row)
    print()


def run(options):
    def look(path):
        with say.aside(options.json):
            return sources.describe(path, build_dir(options.build)) \
                if options.lines else describe(path)

    found = parts.read(options.file, look)
    if options.json:
        print(json.dumps(found, indent=2))
    elif options.lines:
        sources.show(found)
    else:
        if found['image']:
            show_image(found)
        manifest.show(found)
    return say.OK if options.lines or found['w_xor_x'] else say.FAILED
