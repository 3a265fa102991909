# SPDX-License-Identifier: ISC
"""The configuration area of an image: its grub.cfg, which has a fixed size.

It is padded with empty lines, so that arguments can be changed later where
they stand, without a thing moving on the disk.  What follows their `--` is the
command line: all other sources of keys come between (docs/platforms.md).
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
ONE = """\
set timeout=0
menuentry @NAME {
    multiboot2 /boot/billet.elf@WORDS --
}
"""
# A slot on trial is booted once: its `tries` is spent on the disk before it
# runs, and where that cannot be written it does not run (docs/update.md).
SLOTS = """\
set timeout=0
set keep=a
set tries=0
load_env keep tries
function billet {
    multiboot2 /boot/slot-$1.elf@WORDS -- update-slot=$2$1
}
function other {
    if [ "$keep" = b ]; then billet a trial-; else billet b trial-; fi
}
function choose {
    if [ "$tries" != 1 ]; then billet $keep; return; fi
    set tries=0
    if save_env tries; then if other; then return; fi; fi
    billet $keep
}
menuentry @NAME {
    choose
}
"""


def pattern(text):
    return re.compile(
        re.escape(text).replace('@NAME', f'(?P<name>{WORD})')
        .replace('@WORDS', f'(?P<words>(?: {WORD})*)').encode())


TEXT, SLOTS_TEXT = pattern(ONE), pattern(SLOTS)


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
        if not key_of(arg):
            raise ImageError(f'{arg!r}: an argument begins with its key')
        try:
            arg.encode()
        except UnicodeEncodeError:
            raise ImageError(f'{arg!r}: not UTF-8') from None
    if len(args) > WORDS_MAX:
        raise ImageError(f'{len(args)} arguments; {WORDS_MAX} is the limit')
    size = sum(on_the_line(arg) for arg in args + ['--'])
    if size > LINE_MAX:
        raise ImageError(f'the arguments take {size} bytes on the command '
                         f'line; {LINE_MAX} is the limit')


def encode(name, args, size=AREA_BYTES, slots=False):
    """The whole area."""
    check(args + [slots_arg()] if slots else args)
    words = ''.join(' ' + quote(a) for a in args)
    text = FIRST + (SLOTS if slots else ONE).replace('@NAME', quote(name)) \
        .replace('@WORDS', words).encode()
    if len(text) > size:
        raise ImageError(f'the arguments do not fit: with their quotes they '
                         f'take {len(text)} bytes, and the area has {size}')
    return text.ljust(size, b'\n')


def slots_arg():
    """The longest that the boot loader adds."""
    return 'update-slot=trial-a'


def has_slots(data):
    return b'/boot/slot-$1.elf' in data


def decode(data):
    """(name, arguments)."""
    text = data.rstrip(b'\n') + b'\n'
    match = (SLOTS_TEXT if has_slots(data) else TEXT) \
        .fullmatch(text[len(FIRST):])
    if not text.startswith(FIRST) or not match:
        raise ImageError(f'/{PATH} is not as `billet image` writes it: change '
                         'it as it was changed before, or make a new image')
    try:
        name, words = (match[part].decode() for part in ('name', 'words'))
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
