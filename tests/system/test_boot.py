# SPDX-License-Identifier: ISC
"""Every way an image is booted, and what it gets to know there."""
import re
import struct
import time

from harness import each, http_wait, until
from billetlib import qemu

HELLO = 'Ahoj, "svete" \\ it\'s {}'
GAP_MIN, GAP_MAX = 0.95, 3.0


def firmware(t, line, uefi):
    return line.add('-bios', t.ovmf()) if uefi else line


def kernel(machine):
    def make(t, args):
        return qemu.Line(machine).kernel(t.image('hello'), args)
    return {'make': make, 'way': 'multiboot'}


def pvh(machine, name='hello'):
    """QEMU takes a multiboot header first, so this file has lost it."""
    def make(t, args):
        elf = t.image(name).read_bytes()
        # With its flags: code has the number of the magic, too.
        header = struct.pack('<II', 0x1badb002, 0x10003)
        assert elf[:8192].count(header) == 1, 'where is the multiboot header?'
        copy = t.path('pvh.elf')
        copy.write_bytes(elf.replace(header, bytes(8), 1))
        return qemu.Line(machine).kernel(copy, args)
    return {'make': make, 'way': 'PVH'}


def grub(uefi):
    return 'multiboot2 on UEFI' if uefi else 'multiboot2'


def cdrom(machine, uefi, name='hello'):
    def make(t, args):
        line = firmware(t, qemu.Line(machine), uefi)
        return line.cdrom(t.disk_image('iso', name, *args))
    return {'make': make, 'way': grub(uefi)}


def disk(machine, kind, uefi=False, bus='virtio'):
    def make(t, args):
        line = firmware(t, qemu.Line(machine), uefi)
        return line.disk(t.disk_image(kind, 'hello', *args), bus)
    return {'make': make, 'way': grub(uefi)}


WAYS = {
    'multiboot-pc': kernel('pc'),
    'multiboot-q35': kernel('q35'),
    'multiboot-microvm': kernel('microvm'),
    'pvh-pc': pvh('pc'),
    'pvh-q35': pvh('q35'),
    'pvh-microvm': pvh('microvm'),
    'bios-iso': cdrom('pc', False),
    'bios-iso-as-disk': disk('pc', 'iso', bus='ide'),
    'uefi-iso': cdrom('q35', True),
    'uefi-iso-as-disk': disk('q35', 'iso', True),
    'bios-raw': disk('pc', 'raw'),
    'bios-raw-ide': disk('pc', 'raw', bus='ide'),
    'uefi-raw': disk('q35', 'raw', True),
    'bios-qcow2': disk('q35', 'qcow2'),
    'uefi-qcow2': disk('pc', 'qcow2', True),
}


@each(**WAYS)
def test_says_hello_and_powers_off(t, make, way):
    """With an argument that every loader on the way quotes differently."""
    text = HELLO.format(t.name)
    guest = t.guest(make(t, ['--hello=' + text]))
    guest.wait_for(re.escape(text), 60)
    first = time.monotonic()
    status = guest.wait_exit(30)
    guest.wait_for(f' by {way}$', 1)
    said = [line for line in guest.lines() if line == text]
    assert status == 0, f'status {status}'
    assert len(said) == 4, f'said {len(said)} times'
    took = time.monotonic() - first
    assert 3 * GAP_MIN < took < 3 * GAP_MAX, f'{took:.2f} s for three sleeps'


@each(pc={'machine': 'pc'}, q35={'machine': 'q35'})
def test_qemu_without_any_option(t, machine):
    """The line on the card: no device of ours, an e1000 nobody drives."""
    line = qemu.Line(machine)
    line.words = [qemu.PROGRAM, '-machine', machine, '-kernel',
                  str(t.image('hello')), '-nographic', '-append',
                  '--hello=FunOCaml']
    guest = t.guest(line)
    times = []
    for count in range(1, 5):
        until(lambda: guest.lines().count('FunOCaml') >= count, 30,
              f'FunOCaml {count} times')
        times.append(time.monotonic())
    assert guest.wait_exit() == 0
    assert guest.lines().count('FunOCaml') == 4
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert all(GAP_MIN - 0.1 < gap < GAP_MAX for gap in gaps), gaps


@each(pc={'machine': 'pc'}, q35={'machine': 'q35'})
def test_text_stands_on_the_vga_console(t, machine):
    line = qemu.Line(machine)
    line.words = [qemu.PROGRAM, '-machine', machine, '-kernel',
                  str(t.image('hello')), '-display', 'none', '-append',
                  '--hello=FunOCaml']
    guest = t.guest(line)
    until(lambda: sum('FunOCaml' in row for row in guest.screen()) >= 3, 30,
          'FunOCaml on the screen')
    assert guest.wait_exit() == 0


@each(mb8={'memory': 8}, mb6144={'memory': 6144})
def test_hello_with_memory(t, memory):
    line = qemu.Line(memory_mb=memory).kernel(t.image('hello'), ['--hello=yes'])
    guest = t.guest(line)
    guest.wait_for('^yes$')
    assert guest.wait_exit() == 0


def serve(t, memory, machine='q35'):
    port = t.free_port()
    line = qemu.Line(machine, memory).kernel(t.image('web'))
    guest = t.guest(line.user_net([('tcp', port, 80)]))
    status, _, body = http_wait(port)
    assert status == 200 and body, status
    return guest, port


@each(mb8={'memory': 8}, mb64={'memory': 64}, mb6144={'memory': 6144})
def test_web_with_memory(t, memory):
    serve(t, memory)


@each(pc={'machine': 'pc'}, microvm={'machine': 'microvm'})
def test_web_on(t, machine):
    serve(t, 64, machine)


@each(web={'name': 'web', 'memory': 3}, disk={'name': 'disk', 'memory': 2},
      echo={'name': 'echo', 'memory': 2})
def test_an_image_with_too_little_memory_says_what_is_enough(t, name, memory):
    said = r'wants (\d+) MiB, this machine has (\d+) MiB'
    guest = t.guest(qemu.Line(memory_mb=memory).kernel(t.image(name)))
    assert guest.wait_exit() == 1
    wants, has = map(int, re.search(said, guest.text()).groups())
    assert has == memory < wants, guest.text()
    line = qemu.Line(memory_mb=wants).kernel(t.image(name))
    guest = t.guest(line.user_net([]))
    until(lambda: guest.process.poll() is not None
          or 'started in' in guest.text(), 30, 'a start')
    assert not re.search(said, guest.text()), guest.text()


def test_an_image_that_memory_does_not_hold_says_so(t):
    guest = t.guest(qemu.Line(memory_mb=2).kernel(t.image('web')))
    assert guest.wait_exit() == 1
    assert 'This image needs more memory.' in guest.text(), guest.text()


def test_a_missing_network_is_named_with_the_line_that_gives_it(t):
    guest = t.guest(qemu.Line().kernel(t.image('web')))
    guest.wait_for(r'-device virtio-net', 20)
    assert guest.wait_exit(20) != 0


def test_unknown_key_stops_the_boot_and_names_the_nearest(t):
    guest = t.guest(qemu.Line().kernel(t.image('hello'), ['--helo=x']))
    assert guest.wait_exit(20) != 0
    assert 'hello' in guest.text() and 'helo' in guest.text()


def test_help_prints_the_keys_and_powers_off(t):
    guest = t.guest(qemu.Line().kernel(t.image('hello'), ['--help']))
    assert guest.wait_exit(20) == 0
    guest.wait_for('--hello', 1)
