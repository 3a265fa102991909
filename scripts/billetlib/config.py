# SPDX-License-Identifier: ISC
"""billet config: the arguments in an image, read and changed where they are.

The image is not built again: only its configuration area is rewritten (of the
compressed formats the file, which is replaced when the new one is whole).
"""
import sys
from pathlib import Path

from . import elf, keys, parts, say
from .tree import TOP

sys.path.insert(0, str(TOP / 'boot' / 'image'))
import container  # noqa: E402
import finder  # noqa: E402
import settings  # noqa: E402
from disk import ImageError  # noqa: E402


# verb: how many words follow the image
VERBS = {'list': (0, 0), 'get': (1, 1), 'set': (1, 64), 'unset': (1, 64)}


def add_arguments(p):
    p.add_argument('verb', metavar='list|get|set|unset', choices=VERBS,
                   help='print all arguments; print one (status 1 when it is '
                   'not set); set some, each in place of its old value; take '
                   'some out')
    p.add_argument('image', metavar='IMAGE', type=Path,
                   help='an iso, raw, qcow2, gce.tar.gz, vhd, vmdk or oci.tar '
                   'file')
    p.add_argument('words', metavar='KEY[=VALUE]', nargs='*', default=[],
                   help='for set with a value, for get and unset without')


def plain(argv):
    """The command's words, --key=value as key=value: to an image they are
    the same, and to argparse they are not."""
    own = ('--help', '--build')
    return [word[2:] if word.startswith('--') and
            word.split('=')[0] not in own else word for word in argv]


class Area:
    """The configuration area of an opened image."""

    def __init__(self, image):
        self.disk = image.disk
        self.extents = finder.find(self.disk, settings.PATH)
        self.size = sum(size for _, size in self.extents)
        if self.size > settings.AREA_MAX:
            raise ImageError(f'/{settings.PATH} of {self.size:,} bytes is not '
                             'of Billet')
        data = b''.join(self.disk.read(*extent) for extent in self.extents)
        self.name, self.args = settings.decode(data)
        self.slots = settings.has_slots(data)

    def put(self, args):
        data = settings.encode(self.name, args, self.size, self.slots)
        for at, size in self.extents:
            self.disk.write(at, data[:size])
            data = data[size:]


def value_of(args, key):
    """The last one counts, as at boot; None if there is none."""
    found = [arg for arg in args if settings.key_of(arg) == key]
    return found[-1].partition('=')[2] if found else None


def shown(arg):
    return settings.key_of(arg) + ''.join(arg.partition('=')[1:])


def check_words(options):
    least, most = VERBS[options.verb]
    if not least <= len(options.words) <= most:
        raise say.Stop(f'config {options.verb} takes {least} '
                       + (f'to {most} words' if most > least else
                          'word' + ('' if least == 1 else 's'))
                       + ' behind the image', say.USAGE)
    for word in options.words:
        key, equals, _ = word.partition('=')
        if options.verb == 'set' and not (key and equals):
            raise say.Stop(f'{word!r}: want KEY=VALUE', say.USAGE)
        if options.verb != 'set' and (equals or not key):
            raise say.Stop(f'{word!r}: want a KEY alone', say.USAGE)


def change(options):
    with container.opened(options.image, change=True) as image:
        area = Area(image)
        args = area.args
        for word in options.words:
            if options.verb == 'set':
                args = settings.changed(args, word)
            elif value_of(args, word) is None:
                raise ImageError(f'{word} is not set in it')
            else:
                args = settings.without(args, word)
        area.put(args)
        if options.verb == 'set':
            warn(options, area)
    say.info(f'{options.image}: {len(args)} argument'
             + ('' if len(args) == 1 else 's')
             + '; they count from its next boot on')


def warn(options, area):
    try:
        data = parts.application(area.disk, area.slots)[0]
    except (ImageError, elf.ElfError):
        return      # it is not started either way
    keys.warn_of_unknown(options.image, data, options.words)


def read(options):
    with container.opened(options.image) as image:
        args = Area(image).args
    if options.verb == 'list':
        for arg in args:
            print(shown(arg))
        return
    key, = options.words
    value = value_of(args, key)
    if value is None:
        raise ImageError(f'{key} is not set in it')
    print(value)


def run(options):
    check_words(options)
    try:
        elf.need_file(options.image)
        (change if options.verb in ('set', 'unset') else read)(options)
    except FileNotFoundError:
        raise say.Stop(f'{options.image}: no such file', say.USAGE) from None
    except elf.ElfError as error:
        raise say.Stop(str(error)) from None
    except (ImageError, OSError) as error:
        words = getattr(error, 'strerror', None) or error
        raise say.Stop(f'{options.image}: {words}') from None
    return say.OK
