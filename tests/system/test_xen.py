# SPDX-License-Identifier: ISC
"""Images on Xen itself: by PVH, up to its console."""
import xen
from harness import deadline

LONG = 'a line that is longer than it has to be and then goes on, ' * 16


@deadline(180)
def test_first_domain(t):
    """Its memory map and its console are calls."""
    guest = xen.first_domain(t, t.image('hello'), ['hello=first'])
    guest.wait_for(r'^\[.* boot\] hello .* on Xen by PVH$', 90)
    guest.wait_for(r'^first$')
    guest.wait_for(r'^\(XEN\) Hardware Dom0 halted: halting machine', 60)
    assert guest.lines().count('first') == 4


@deadline(180)
def test_first_domain_that_panics(t):
    guest = xen.first_domain(t, t.image('breaks'), ['do=execute-stack'])
    guest.wait_for(r'^PANIC: page fault: execution at .*, not executable', 90)
    guest.wait_for(r'^  build id [0-9a-f]{32}$')
    assert guest.wait_exit(20) == 3


@deadline(400)
def test_guests_by_pvh(t):
    """A toolstack starts them; a ring in memory is their console, and has less
    room than some of them have to say."""
    hello, breaks = t.image('hello'), t.image('breaks')
    long = LONG.strip()
    guest = xen.beside_linux(t, {
        'says': (hello, ['hello=guest', 'logs=boot:debug']),
        'much': (hello, [f'hello={long}']),
        'wrong': (hello, ['helo=guest']),
        'breaks': (breaks, ['do=overflow-fiber'])})
    guest.wait_for('^ALL DONE', 300)
    text = guest.text()
    for name, state in (('says', '---s--'), ('much', '---s--'),
                        ('wrong', '---sc-'), ('breaks', '---sc-')):
        assert f'\nSTATE {name} {state}\n' in text, (name, state)
    assert guest.lines().count('says| guest') == 4
    assert guest.lines().count(f'much| {long}') == 4
    guest.wait_for(r'^says\| \[.* boot\] hello .* on Xen by PVH$')
    guest.wait_for(r'^says\| \[.* boot\] debug: time by TSC by CPUID, woken by ')
    guest.wait_for(r'^wrong\| .*helo')
    guest.wait_for(r'^breaks\| PANIC: stack overflow: write at ')
    guest.wait_for(r'^breaks\|   build id [0-9a-f]{32}$')
    assert 'NOT CREATED' not in text
