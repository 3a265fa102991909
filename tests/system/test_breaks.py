# SPDX-License-Identifier: ISC
"""What a bug may not do, done by an image that is made for it: tests/guest.

Each ends in a panic that says what it was, and with the status of a panic.
"""
import re

from billetlib import qemu
from harness import each
from test_boot import cdrom, pvh

PANIC_STATUS = 3
AT = 'at 0x[0-9a-f]+'
NOT_EXECUTABLE = f'page fault: execution {AT}, not executable'
READ_ONLY = f'page fault: write {AT}, read-only'

SAYS = {
    'read-null': 'page fault: read at 0x8, a NULL pointer',
    'write-null': 'page fault: write at 0x0, a NULL pointer',
    'call-null': 'page fault: execution at 0x0, a NULL pointer',
    'write-text': READ_ONLY,
    'write-constant': READ_ONLY,
    'execute-constant': NOT_EXECUTABLE,
    'execute-data': NOT_EXECUTABLE,
    'execute-stack': NOT_EXECUTABLE,
    'execute-heap': NOT_EXECUTABLE,
    'overflow-fiber': f'stack overflow: write {AT}',
    'overflow-boot-stack': f'stack overflow: write {AT}',
    'overflow-large-frame': f'stack overflow: (read|write) {AT}',
    'smash-canary': 'stack smashed: smash wrote behind one of its arrays',
    'copy-too-much': 'a copy is larger than where it goes, .*fault.c:',
    'overflow-heap': 'heap: written over, or not of this heap, .*heap.c:',
    'free-twice': 'heap: given back twice, .*heap.c:',
    'use-after-free': 'heap: written to after it was free, .*heap.c:',
    'assert': r'.*env.* == .*, .*breaks.c:\d+',
}
BOOTS = 20


def dies(t, line, what):
    guest = t.guest(line)
    guest.wait_for(f'^now {what}', 60)
    guest.wait_for(f'^PANIC: {SAYS[what]}')
    guest.wait_for(r'^  build id [0-9a-f]{32}$', 10)
    assert 'survived' not in guest.text()
    assert guest.wait_exit(20) == PANIC_STATUS


@each(**{what: {'what': what} for what in SAYS})
def test_it_ends_in_a_panic(t, what):
    dies(t, qemu.Line().kernel(t.image('breaks'), [f'do={what}']), what)


# What who boots an image has mapped, and left behind.
WAYS = {'pvh-pc': pvh('pc', 'breaks'), 'pvh-microvm': pvh('microvm', 'breaks'),
        'bios-iso': cdrom('pc', False, 'breaks'),
        'uefi-iso': cdrom('q35', True, 'breaks')}
EVERYWHERE = ('read-null', 'write-text', 'execute-stack', 'overflow-fiber')


@each(**{f'{way}-{what}': {'make': found['make'], 'what': what}
         for way, found in WAYS.items() for what in EVERYWHERE})
def test_it_ends_so_however_it_was_booted(t, make, what):
    dies(t, make(t, [f'do={what}']), what)


def canary(t, guest):
    """In memory, where the linker says that it is."""
    text = t.run('nm', t.image('hello', 'elf.debug'), text=True)
    at = int(re.search(r'^([0-9a-f]+) \w __stack_chk_guard$', text, re.M)[1], 16)
    return int.from_bytes(guest.memory(at, 8), 'little')


def places(t, cpu):
    line = qemu.Line(cpu=cpu).kernel(t.image('hello'), ['logs=boot:debug'])
    guest = t.guest(line)
    guest.wait_for('image at 0x')
    guest.wait_for('^Hello, world')
    found = re.search('image at 0x([0-9a-f]+), stack at 0x([0-9a-f]+), '
                      'heap at 0x([0-9a-f]+)', guest.text()).groups()
    return found + (canary(t, guest),)


@each(hardware={'cpu': 'max'}, without={'cpu': 'qemu64'})
def test_each_boot_is_elsewhere(t, cpu):
    found = [places(t, cpu) for _ in range(BOOTS)]
    images, stacks, heaps = ({f[i] for f in found} for i in range(3))
    # Of 2^15 and more places two are the same once in 2,000 runs.
    assert len(images) >= BOOTS - 1, found
    assert len(stacks) >= BOOTS - 1, found
    assert len(heaps) >= BOOTS - 1, found
    canaries = {f[3] for f in found}
    assert len(canaries) == BOOTS, found
    # The lowest byte ends a text that runs into it.
    assert all(c and c & 0xff == 0 for c in canaries), found
    assert all(int(i, 16) >> 47 == 0x1ffff for i in images), found


def test_where_it_is_is_not_in_the_log(t):
    guest = t.guest(qemu.Line().kernel(t.image('hello')))
    guest.wait_for('^Hello, world')
    assert ' 0x' not in guest.text()


def test_a_debugger_may_want_it_to_stay(t):
    line = qemu.Line().kernel(t.image('hello'), ['logs=boot:debug'])
    line.add('-fw_cfg', 'name=opt/billet/aslr,string=off')
    guest = t.guest(line)
    guest.wait_for('image at 0x100000,')
