# SPDX-License-Identifier: ISC
"""Disk images as files: the same each time, and sound."""
import hashlib
import os

from harness import TOP, each, full


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@each(iso={'kind': 'iso'}, raw={'kind': 'raw'}, qcow2={'kind': 'qcow2'})
def test_same_input_gives_the_same_bytes(t, kind):
    """At another time, in another zone, with other dates on the files."""
    first = digest(t.disk_image(kind, 'hello', 'a=b'))
    elf = t.path('copy.elf')
    elf.write_bytes(t.image('hello').read_bytes())
    os.utime(elf, (1, 1))
    os.environ['TZ'] = 'Pacific/Kiritimati'
    os.umask(0o077)
    second = digest(t.disk_image(kind, 'hello', 'a=b', elf=elf))
    assert first == second


def test_another_argument_gives_other_bytes(t):
    """So that the test above compares something."""
    first = digest(t.disk_image('raw', 'hello', 'a=b'))
    assert first != digest(t.disk_image('raw', 'hello', 'a=c'))


def test_mtools_reads_the_fat(t):
    mtype = t.program('mtype')
    image = t.disk_image('raw', 'hello', "x=it's")
    text = t.run(mtype, '-i', f'{image}@@1M', '::/boot/grub/grub.cfg').decode()
    assert "multiboot2 /boot/billet.elf 'x=it'\\''s'" in text, text
    copy = t.path('back.elf')
    t.run(t.program('mcopy'), '-i', f'{image}@@1M', '::/boot/billet.elf', copy)
    assert digest(copy) == digest(t.image('hello'))


def billet(t, *words, **options):
    return t.run(TOP / 'scripts' / 'billet', *words, **options)


def test_billet_image_makes_each_format(t):
    for kind, magic in (('elf', b'\x7fELF'), ('iso', b''), ('raw', b''),
                        ('qcow2', b'QFI\xfb')):
        out = t.path('out.' + kind)
        billet(t, 'image', 'hello', '--build', t.build, '-f', kind, '-o', out)
        assert out.read_bytes().startswith(magic), kind
    billet(t, 'image', 'nosuch', '--build', t.build, status=2)
    billet(t, 'image', 'hello', '--build', t.build, '-f', 'elf', '-a', 'x=1',
           '-o', t.path('never'), status=2)


@full
def test_another_build_directory_gives_the_same_elf(t):
    other = t.path('elsewhere/b')
    env = {**os.environ, 'BILLET_BUILD': str(other)}
    t.run('meson', 'setup', '-Dimages=disabled', other, TOP, env=env)
    t.run('ninja', '-C', other, 'apps/hello.elf', 'apps/web.elf', seconds=600)
    for name in ('hello', 'web'):
        assert digest(other / 'apps' / f'{name}.elf') == \
            digest(t.image(name)), name


test_another_build_directory_gives_the_same_elf.deadline = 900
