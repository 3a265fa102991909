# SPDX-License-Identifier: ISC
"""What an image says when it breaks, and how it leaves.

The image is the one that users run.  While it sleeps, a debugger changes its
registers; when it wakes up it does what the test wants to see refused.
"""
import re
import subprocess
import tempfile
from pathlib import Path

from gdbstub import Gdb
from harness import each, until
from billetlib import qemu

PANIC_STATUS = 3


class Image:
    """Where things are in a guest that sleeps."""

    def __init__(self, t, guest):
        text = t.run('nm', '--defined-only', t.image('hello', 'elf.debug'),
                     text=True)
        self.symbols = {name: int(value, 16) for value, name in re.findall(
            r'^([0-9a-f]{16}) \w (\S+)$', text, re.M)}
        # It has moved itself, by a multiple of 4 GiB.
        self.moved = register(guest, 'RIP') >> 32 << 32

    def __getitem__(self, name):
        return self.symbols[name] + self.moved


def register(guest, name):
    text = guest.monitor('info registers')
    return int(re.search(rf'\b{name} ?= ?([0-9a-f]+)', text)[1], 16)


def wait_asleep(guest):
    guest.wait_for('started in')
    until(lambda: 'HLT=1' in guest.monitor('info registers'), 20, 'sleep')


def asleep(t, line=None, cpu='max'):
    """A guest within its first sleep, and its debugger."""
    folder = tempfile.mkdtemp(prefix='billet-')
    t.at_end(subprocess.run, ['rm', '-rf', folder])
    path = Path(folder) / 'gdb'
    line = line or qemu.Line(cpu=cpu)
    line.kernel(t.image('hello'))
    line.add('-gdb', f'unix:{qemu.comma(path)},server=on,wait=off')
    guest = t.guest(line)
    wait_asleep(guest)
    return guest, Gdb(path)


def call(image, function, *arguments):
    """The registers with which a function is called."""
    return {'rip': image[function],
            **dict(zip(('rdi', 'rsi', 'rdx', 'rcx'), arguments))}


def write_to(address):
    return lambda image: call(image, 'memset', address(image), 0, 16)


def symbol(name, off=0):
    return lambda image: image[name] + off


def tables(image):
    """Mapped where they are."""
    return image['boot_tables'] - image.moved


BREAKAGES = {
    'null-write': {
        'change': write_to(lambda image: 8),
        'says': r'page fault: write at 0x8, a NULL pointer'},
    'null-call': {
        'change': lambda image: {'rip': 0},
        'says': r'page fault: execution at 0x0, a NULL pointer'},
    'text-write': {
        'change': write_to(symbol('memset')),
        'says': r'page fault: write at 0x[0-9a-f]+, read-only'},
    'constant-write': {
        'change': write_to(symbol('build_id_start')),
        'says': r'page fault: write at 0x[0-9a-f]+, read-only'},
    'descriptor-write': {
        'change': write_to(symbol('late_ro_start', 64)),
        'says': r'page fault: write at 0x[0-9a-f]+, read-only'},
    'page-table-write': {
        'change': write_to(tables),
        'says': r'page fault: write at 0x[0-9a-f]+, read-only'},
    'data-execution': {
        'change': lambda image: {'rip': image['boot_stack_top'] - 64},
        'says': r'page fault: execution at 0x[0-9a-f]+, not executable'},
    'unmapped': {
        'change': write_to(lambda image: 1 << 45),
        'says': r'page fault: write at 0x200000000000, not mapped'},
    'not-an-address': {
        'change': write_to(lambda image: 1 << 63),
        'says': r'general protection fault'},
    'stack-overflow': {
        'change': lambda image: {
            'rsp': image['boot_stack_guard'] + 4096 + 8},
        'says': r'stack overflow: write at 0x[0-9a-f]+'},
    'no-stack': {
        'change': lambda image: {'rsp': 1 << 45},
        'says': r'page fault: write at 0x1[0-9a-f]+, not mapped'},
}


@each(**BREAKAGES)
def test_refuses_and_says(t, change, says):
    guest, gdb = asleep(t)
    image = Image(t, guest)
    gdb.set(**change(image))
    gdb.go()
    guest.wait_for('^PANIC: ' + says)
    guest.wait_for(r'^  build id [0-9a-f]{32}$', 5)
    guest.wait_for(r'^  rax [0-9a-f]{16}  rbx', 1)
    assert guest.wait_exit(20) == PANIC_STATUS


@each(pc={'machine': 'pc'}, q35={'machine': 'q35'},
      microvm={'machine': 'microvm'})
def test_backtrace_names_who_called(t, machine):
    """By a non-maskable interrupt, which finds it asleep."""
    guest = t.guest(qemu.Line(machine).kernel(t.image('hello')))
    wait_asleep(guest)
    guest.qmp('inject-nmi')
    guest.wait_for('^PANIC: non-maskable interrupt$')
    guest.wait_for(r'^  build id', 5)
    text = guest.text()
    names = re.findall(r'^  (?:at|by) 0x[0-9a-f]+ (\w+)[^ ]*\+0x[0-9a-f]+',
                       text, re.M)
    assert names[0] == 'irq_sleep', names
    assert 'machine_wait' in names, names
    assert guest.wait_exit(20) == PANIC_STATUS


def without_debug_exit(line):
    at = line.words.index('isa-debug-exit,iobase=0xf4,iosize=4')
    del line.words[at - 1:at + 1]
    return line


def test_pvpanic_is_told(t):
    line = without_debug_exit(qemu.Line('pc'))
    line.add('-device', 'pvpanic', '-action', 'panic=exit-failure')
    guest = t.guest(line.kernel(t.image('hello')))
    guest.wait_for('started in')
    guest.qmp('inject-nmi')
    guest.wait_for('^PANIC: ')
    assert guest.wait_exit(20) == 1


def test_without_either_it_starts_again(t):
    line = without_debug_exit(qemu.Line('pc'))
    line.words.remove('-no-reboot')
    guest = t.guest(line.kernel(t.image('hello')))
    guest.wait_for('started in')
    guest.qmp('inject-nmi')
    guest.wait_for('^PANIC: ')
    guest.wait_for(r'(?s)PANIC: .*started in', 60)
    assert guest.wait_exit(30) == 0


def test_protections_of_the_processor_are_on(t):
    guest = t.guest(qemu.Line(cpu='max').kernel(t.image('hello')))
    guest.wait_for('started in')
    text = guest.monitor('info registers')
    cr0, cr4, efer = (int(re.search(name + '=([0-9a-f]+)', text)[1], 16)
                      for name in ('CR0', 'CR4', 'EFER'))
    assert cr0 >> 16 & 1, 'CR0.WP'
    for bit, name in ((11, 'UMIP'), (20, 'SMEP'), (21, 'SMAP')):
        assert cr4 >> bit & 1, name
    assert efer >> 11 & 1, 'NX'
