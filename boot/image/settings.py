# SPDX-License-Identifier: ISC
"""The configuration area of an image: its grub.cfg, which has a fixed size.

It is padded with empty lines, so that arguments can be changed later where
they stand, without a thing moving on the disk.
"""
import re

from disk import ImageError

PATH = 'boot/grub/grub.cfg'
AREA_BYTES = 8192
AREA_MAX = 1 << 20
# What boot/ takes of a command line (docs/boot.md).
LINE_MAX, WORDS_MAX = 4095, 64
FIRST = b'# Configuration of a Billet image; `billet config` changes it.\n'
WORD = r"(?:'[^']*'|\\')+"
TEXT = re.compile(
    rb'set timeout=0\nmenuentry (' + WORD.encode() + rb') \{\n'
    rb'    multiboot2 /boot/billet\.elf((?: ' + WORD.encode() + rb')*)\n\}\n')


def quote(text):
    """A word as GRUB's script reader takes it, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def unquote(word):
    return re.sub(r"'([^']*)'|\\'",
                  lambda m: "'" if m[1] is None else m[1], word)


def on_the_line(arg):
    """Bytes that GRUB makes of an argument: it quotes once more."""
    quoted = re.sub(r'''(["'\\])''', r'\\\1', arg)
    return len(quoted.encode()) + (3 if ' ' in arg else 1)


def check(args):
    for arg in args:
        if not arg or any(ord(c) < 32 or ord(c) == 127 for c in arg):
            raise ImageError(f'{arg!r}: an argument has at least one character '
                             'and no control characters')
        try:
            arg.encode()
        except UnicodeEncodeError:
            raise ImageError(f'{arg!r}: not UTF-8') from None
    if len(args) > WORDS_MAX:
        raise ImageError(f'{len(args)} arguments; {WORDS_MAX} is the limit')
    size = sum(on_the_line(arg) for arg in args)
    if size > LINE_MAX:
        raise ImageError(f'the arguments take {size} bytes on the command '
                         f'line; {LINE_MAX} is the limit')


def encode(name, args, size=AREA_BYTES):
    """The whole area."""
    check(args)
    words = ''.join(' ' + quote(a) for a in args)
    text = FIRST + f"""\
set timeout=0
menuentry {quote(name)} {{
    multiboot2 /boot/billet.elf{words}
}}
""".encode()
    if len(text) > size:
        raise ImageError(f'the arguments do not fit: with their quotes they '
                         f'take {len(text)} bytes, and the area has {size}')
    return text.ljust(size, b'\n')


def decode(data):
    """(name, arguments)."""
    text = data.rstrip(b'\n') + b'\n'
    match = TEXT.fullmatch(text[len(FIRST):])
    if not text.startswith(FIRST) or not match:
        raise ImageError(f'/{PATH} is not as `billet image` writes it: change '
                         'it as it was changed before, or make a new image')
    try:
        name, words = (part.decode() for part in match.groups())
    except UnicodeDecodeError:
        raise ImageError(f'/{PATH} is not UTF-8') from None
    return unquote(name), [unquote(w) for w in re.findall(WORD, words)]


def key_of(arg):
    """What an argument is about: --key=value and key=value say the same."""
    key = arg.partition('=')[0]
    return key[2:] if key.startswith('--') else key


def changed(args, new):
    """The arguments with one set, where its key stood or at the end."""
    at = [i for i, arg in enumerate(args) if key_of(arg) == key_of(new)]
    rest = [arg for arg in args if key_of(arg) != key_of(new)]
    place = at[0] if at else len(rest)
    return rest[:place] + [new] + rest[place:]


def without(args, key):
    return [arg for arg in args if key_of(arg) != key_of(key)]
