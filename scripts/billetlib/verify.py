# SPDX-License-Identifier: ISC
"""billet verify: build an image again from the recipe in it, and compare.

The commit, the options, the libraries' hashes and the compiler's version are
in the image.  The sources are those of this tree where it is at that commit,
else a clone of it that is set to it.
"""
import os
import subprocess
import sys
from pathlib import Path

from . import build, elf, manifest, packages, parts, say
from .tree import TOP, build_dir, shown

CORES = ('core.img', 'eltorito.img', 'bootx64.efi')
FUNCTION, OBJECT = 2, 1


def add_arguments(p):
    p.add_argument('image', metavar='IMAGE', type=Path,
                   help='an image of any format, elf too')


def git(*words):
    try:
        done = subprocess.run(
            ['git', '-c', 'safe.directory=*', '-C', str(TOP),
             f'--git-dir={TOP}/.git', f'--work-tree={TOP}', *words],
            capture_output=True, text=True)
    except FileNotFoundError:
        raise say.Stop('git: not installed', say.MISSING) from None
    return done.stdout.strip() if done.returncode == 0 else ''


def sources(commit, folder):
    """A tree at the image's commit."""
    here = git('describe', '--always', '--dirty', '--abbrev=12') or 'unknown'
    if commit == here:
        return TOP
    if commit.endswith('-dirty') or commit == 'unknown':
        raise say.Stop(f'it was built from {commit}: sources that no commit '
                       f'has, and not those of this tree ({here})')
    if not git('rev-parse', '--verify', '--quiet', commit + '^{commit}'):
        raise say.Stop(f'it was built from commit {commit}, which is not in '
                       'this tree: fetch it, and try again')
    clone = folder / commit
    if not clone.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        say.must(['git', '-c', 'safe.directory=*', 'clone', '--quiet',
                  '--shared', '--no-checkout', shown(TOP), shown(clone)],
                 'no sources')
        say.must(['git', '-C', shown(clone), 'checkout', '--quiet', commit],
                 'no sources')
    return clone


def environment(recipe):
    """For a build like the image's: its compiler, and archives from here."""
    return {'BILLET_DISTFILES': str(TOP / 'subprojects' / 'packagecache'),
            'CC': 'clang' if 'clang' in recipe.compiler else 'gcc',
            **os.environ}


def rebuild(options, recipe, about, with_disk):
    """The folder of a build of its own, with the application in it."""
    folder = build_dir(options.build)
    folder = folder.with_name(folder.name + '-verify')
    top = sources(about.commit, folder / 'src')
    path = folder / (about.commit if top != TOP else 'here')
    packages.ensure(('build', 'image') if with_disk else ('build',))
    setup = ['meson', 'setup', '-Dtests=disabled',
             '-Dimages=' + ('enabled' if with_disk else 'auto')]
    words = [f'-D{option}' for option in recipe.options]
    if not any(option.startswith('tls=') for option in recipe.options):
        words.append('-Dtls=enabled')
    # The same words for the same build directory need no second set-up.
    said = path / 'billet-verify.txt'
    if not said.is_file() or said.read_text() != say.line(setup + words):
        again = ['--reconfigure'] if build.configured(path) else []
        say.must([*setup, *words, *again, shown(path), shown(top)],
                 'the build directory could not be set up; why is in '
                 f'{shown(path)}/meson-logs/meson-log.txt',
                 env=environment(recipe), stdout=subprocess.DEVNULL)
        said.write_text(say.line(setup + words))
    targets = [f'apps/{about.name}.elf', f'apps/{about.name}.elf.debug']
    if with_disk:
        targets += ['boot/image/' + core for core in CORES]
    build.compile(path, targets)
    return top, path


def recipe_differences(old, new):
    """Lines of two recipes that are not the same."""
    for what in ('compiler', 'linker', 'options', 'uses'):
        a, b = getattr(old, what), getattr(new, what)
        if a != b:
            yield f'{what}: the image has {a}, this build {b}'


def first_difference(a, b):
    size = min(len(a), len(b))
    if a[:size] == b[:size]:
        return size
    low, high = 0, size     # a[:low] is the same, a[:high] is not
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


def symbol_at(debug, address):
    """The function or object that an address is in."""
    near = [s for s in debug.symbols() if s.kind in (FUNCTION, OBJECT)
            and s.address <= address]
    best = max(near, key=lambda s: (s.address, s.size), default=None)
    if best is None:
        return 'no symbol'
    return f'{best.name}+{address - best.address:#x}'


def section_difference(image, other, debug):
    """Words for the first section that is not the same; None if all are."""
    if [s.name for s in image.sections] != [s.name for s in other.sections]:
        return 'the image has other sections: ' \
            + ' '.join(s.name for s in image.sections)
    for s, o in zip(image.sections, other.sections):
        a, b = ((b'', b'') if s.kind == elf.SHT_NOBITS else
                (image.section_data(s), other.section_data(o)))
        if (a, s.size, s.address, s.kind) == (b, o.size, o.address, o.kind):
            continue
        at = first_difference(a, b)
        text = f'section {s.name}, {s.size:,} bytes in the image and ' \
            f'{o.size:,} in this build, from byte {at:,} on'
        if s.flags & elf.SHF_ALLOC:
            text += f': {s.address + at:#x} is in ' \
                + symbol_at(debug, o.address + at)
        return text
    return None


def compare_elf(image, path, name):
    """Words for the first difference; None if there is none."""
    built = path / 'apps' / (name + '.elf')
    other = elf.Elf(built)
    if image.data == other.data:
        return None
    for words in recipe_differences(parts.recipe(image), parts.recipe(other)):
        say.info(words)
    debug = elf.Elf(path / 'apps' / (name + '.elf.debug'))
    return section_difference(image, other, debug) \
        or f'the ELF header, from byte ' \
        f'{first_difference(image.data, other.data)} on'


def make_again(found, name, top, path):
    """The image once more, from what is in it and this build."""
    out = path / ('again.' + found.kind)
    cores = path / 'boot' / 'image'
    say.must([sys.executable, shown(top / 'boot' / 'image' / 'mkimage.py'),
              found.kind, shown(path / 'apps' / (name + '.elf')), shown(out),
              '--name', found.title,
              '--firmware', ','.join(parts.firmware(found)),
              *([f'--size={found.size}B'] if found.size else []),
              *(['--slots', f'--sequence={found.sequence}']
                if found.sequence is not None else []),
              *['--arg=' + a for a in found.args],
              '--core', shown(cores / 'core.img'),
              '--eltorito', shown(cores / 'eltorito.img'),
              '--efi', shown(cores / 'bootx64.efi')], 'no image was made')
    return out


def updated(found):
    """Whether another application was written into a slot."""
    return found.slots is not None and (
        found.slots.kept != 'a' or any(found.slots.content['b']))


def compare_disk(image, found, name, top, path):
    """Words for the first difference around the ELF; None without one.

    A disk that was updated has the names that its first application gave it,
    and both slots filled: of it all that is executed is compared.  Its
    grub.cfg was read by settings.decode(), which takes nothing else.
    """
    out = make_again(found, name, top, path)
    whole, other = Path(image).read_bytes(), out.read_bytes()
    if whole == other:
        return None
    again = parts.take_apart(out)
    for part in sorted({*found.loaders, *again.loaders}):
        if found.loaders.get(part) != again.loaders.get(part):
            return f"{part}: GRUB's part is another (the image has GRUB " \
                f'{parts.grub_version(found)}, here is ' \
                f'{parts.grub_version(again)})'
    if updated(found):
        return None
    return f'byte {first_difference(whole, other):,} of the file, around ' \
        'the application and GRUB, which are the same'


def say_same(image, found):
    arguments = say.line(found.args) or 'none'
    if updated(found):
        other = 'b' if found.slots.kept == 'a' else 'a'
        say.info(f'{image}: updated in place since it was made. Slot '
                 f'{found.slots.kept} is kept and compared, and the boot '
                 f'loader is the same; slot {other} was not compared. '
                 f'Arguments: {arguments}')
    else:
        say.info(f'{image}: the same in every byte, with the arguments that '
                 f'are in it: {arguments}')


def check(options):
    found = parts.take_apart(options.image)
    image = elf.Elf(options.image, found.elf)
    about, recipe = manifest.read_manifest(image), parts.recipe(image)
    say.info(f'{about.name} {about.version}, commit {about.commit}, '
             f'{recipe.compiler}')
    with_disk = found.kind != 'elf'
    top, path = rebuild(options, recipe, about, with_disk)
    words = compare_elf(image, path, about.name)
    if words:
        raise say.Stop(f'{options.image} is NOT what its sources make. The '
                       f'first difference: {words}')
    say.info(f'the application: the same {len(found.elf):,} bytes, SHA-256 '
             + parts.sha256(found.elf))
    if with_disk:
        words = compare_disk(options.image, found, about.name, top, path)
        if words:
            raise say.Stop(f'{options.image}: the application is the same, '
                           f'the rest is not. The first difference: {words}')
        say_same(options.image, found)


def run(options):
    parts.read(options.image, lambda path: check(options))
    return say.OK
