# SPDX-License-Identifier: ISC
"""Disks with two slots, in every format that can have them: what the tools
say of one and change in it, before and after an update."""
import json
import struct
import sys

from harness import TOP, each
from test_image import billet, config, digest, unpacked
from billetlib import parts, qemu, say, verify

sys.path.insert(0, str(TOP / 'boot' / 'image'))
import container  # noqa: E402
import finder  # noqa: E402
import slots  # noqa: E402

FORMATS = ('raw', 'qcow2', 'gce.tar.gz', 'vhd', 'vmdk', 'oci.tar')
ARGS = ('tls=on', 'hostname=first')
SEQUENCE = ['--slots', '--sequence', '7']


def put(disk, path, data):
    for at, size in finder.find(disk, path):
        disk.write(at, data[:size])
        data = data[size:]


def update(t, image, kind):
    """As `lib/update` leaves a disk whose second slot was kept.  An empty
    place in a qcow2 is filled by QEMU, not by our tools."""
    if kind == 'qcow2':
        raw = t.path('flat.raw')
        t.run(t.program('qemu-img'), 'convert', '-O', 'raw', image, raw)
        update(t, raw, 'raw')
        t.run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, image)
        raw.unlink()
        return
    with container.opened(image, change=True) as found:
        elf = t.image('web').read_bytes()
        put(found.disk, slots.path('b'), elf.ljust(slots.SLOT_BYTES, b'\0'))
        put(found.disk, slots.ENV_PATH, slots.environment('b', 0, 9))


def inspect(t, image):
    return json.loads(billet(t, 'inspect', '--json', image))


def check_by_others(t, kind, image):
    """What the programs of others say of such a file."""
    qemu_img = t.program('qemu-img')
    disk = unpacked(t, image)
    form = qemu.DISK_FORMATS.get(disk.suffix[1:], 'raw')
    text = t.run(qemu_img, 'info', '-f', form, disk).decode()
    assert f'file format: {form}' in text, text
    if form == 'qcow2':
        t.run(qemu_img, 'check', disk)
    if form == 'vmdk':
        t.run(qemu_img, 'convert', '-f', form, '-O', 'raw', disk,
              t.path('whole.raw'))
    if kind == 'vhd':
        footer = disk.read_bytes()[-512:]
        said, = struct.unpack_from('>I', footer, 64)
        assert said == ~(sum(footer) - sum(footer[64:68])) & 0xffffffff
    return disk


@each(**{kind: {'kind': kind} for kind in FORMATS})
def test_what_the_tools_say_of_slots(t, kind):
    image = t.disk_image(kind, 'web', *ARGS, options=SEQUENCE)
    found = inspect(t, image)
    assert found['format'] == kind and found['name'] == 'web'
    about = found['image']
    assert about['boots_by'] == ['bios', 'uefi']
    assert about['arguments'] == list(ARGS)
    assert about['slots'] == {
        'kept': 'a', 'sequence': 7, 'on_trial_next': False, 'b': None,
        'a': {k: found[k] for k in ('version', 'commit', 'build_id')}}
    update(t, image, kind)
    about = inspect(t, image)['image']['slots']
    assert (about['kept'], about['sequence']) == ('b', 9)
    assert about['a'] == about['b'] != None     # noqa: E711
    config(t, 'set', image, 'hostname=later', 'update-key=')
    config(t, 'unset', image, 'update-key')
    assert config(t, 'list', image) == 'tls=on\nhostname=later\n'
    text = billet(t, 'inspect', image).decode()
    for words in ('slot b', ': kept, boots', 'hostname=later'):
        assert words in text, text
    packages = json.loads(billet(t, 'sbom', image))['packages']
    assert any(c['checksumValue'] == digest(t.image('web'))
               for p in packages for c in p.get('checksums', []))
    check_by_others(t, kind, image)


def verified(t, image):
    """What `verify` compares once the application is built again."""
    found = parts.take_apart(image)
    words = verify.compare_disk(image, found, 'web', TOP, t.build)
    if words is None:
        verify.say_same(image, found)
    return words


def test_what_is_compared_of_a_disk_that_was_updated(t):
    image = t.disk_image('raw', 'web', *ARGS, options=SEQUENCE)
    t.at_end((t.build / 'again.raw').unlink, True)
    said, say.info = [], lambda text: said.append(text)
    assert verified(t, image) is None
    assert 'the same in every byte' in said[-1]
    whole = image.read_bytes()
    image.write_bytes(whole[:-1] + b'x')
    assert 'around the application and GRUB' in verified(t, image)
    image.write_bytes(whole)
    update(t, image, 'raw')
    assert verified(t, image) is None
    assert 'updated in place' in said[-1] and 'slot a was not' in said[-1]
    whole = image.read_bytes()
    for at, words in ((100, 'MBR: '), (100 * 512, 'core.img: ')):
        image.write_bytes(whole[:at] + bytes([whole[at] ^ 1])
                          + whole[at + 1:])
        assert verified(t, image).startswith(words)


@each(**{kind: {'kind': kind, 'uefi': False} for kind in FORMATS},
      **{kind + '-uefi': {'kind': kind, 'uefi': True}
         for kind in ('qcow2', 'vhd')})
def test_a_changed_slot_boots(t, kind, uefi):
    """Slot b with what was set after the update, on each format."""
    image = t.disk_image(kind, 'web', *ARGS, options=SEQUENCE)
    update(t, image, kind)
    config(t, 'set', image, 'tls=on', 'logs=debug')
    line = qemu.Line('q35', 128)
    if uefi:
        line.add('-bios', t.ovmf())
    guest = t.guest(line.disk(unpacked(t, image)).user_net())
    guest.wait_for('this is b, sequence 9', 60)
    guest.wait_for('--hostname', 30)


def test_what_is_unknown_is_warned_of(t):
    """At once; the image is made all the same, and says so, too."""
    image = t.disk_image('raw', 'web', 'hostname=x')
    log = t.path('commands.log')

    def said(*words):
        start = log.stat().st_size
        config(t, 'set', image, *words)
        return log.read_text()[start:]

    assert 'no key' not in said('hostname=y', '--uplink.ipv4=dhcp', 'logs=info')
    text = said('hostnam=y', 'uplink.ipv5=dhcp')
    assert 'no key --hostnam:' in text and 'no key --ipv5:' in text, text
    guest = t.guest(qemu.Line().disk(image))
    guest.wait_for('unknown key --hostnam: did you mean --hostname', 60)
