# SPDX-License-Identifier: ISC
"""The page tables of a running image, read through QEMU's monitor."""
import re
import threading

from billetlib import qemu
from harness import each, http_get, http_wait

PAGE, LARGE, HUGE = 1 << 12, 1 << 21, 1 << 30
# Address, what it maps to, and the flags: X is for not executable.
ENTRY = re.compile(r'^([0-9a-f]{16}): ([0-9a-f]{16}) (\S{9})\r?$', re.M)
ADDRESS = (1 << 52) - PAGE


def pages(guest):
    """(address, frame, bytes, writable, executable) of all that is mapped."""
    found = [(int(at, 16), int(frame, 16) & ADDRESS, flags)
             for at, frame, flags in ENTRY.findall(guest.monitor('info tlb'))]
    out = []
    for i, (at, frame, flags) in enumerate(found):
        size = PAGE
        if 'P' in flags:
            following = found[i + 1][0] if i + 1 < len(found) else at + LARGE
            size = HUGE if following - at >= HUGE and frame % HUGE == 0 \
                else LARGE
        out.append((at, frame, size, 'W' in flags, 'X' not in flags))
    return out


def judge(found):
    executable = {frame for _, frame, _, _, x in found if x}
    assert found and executable
    assert len(executable) < 3000, 'so much is not the text of an image'
    for at, frame, size, writable, runs in found:
        assert at >= PAGE, 'page 0 is mapped'
        assert not (writable and runs), f'{at:#x} is writable and executable'
        assert not runs or size == PAGE, f'{at:#x}: a large page of code'
        shared = writable and any(frame <= f < frame + size
                                  for f in executable)
        assert not shared, f'{at:#x} writes to code that runs elsewhere'


@each(pc={'machine': 'pc'}, microvm={'machine': 'microvm'})
def test_no_frame_is_writable_and_executable(t, machine):
    port = t.free_port()
    line = qemu.Line(machine).kernel(t.image('web'))
    guest = t.guest(line.user_net([('tcp', port, 80)]))
    http_wait(port)
    judge(pages(guest))
    over = threading.Event()

    def load():
        while not over.is_set():
            http_get(port)

    loads = [threading.Thread(target=load, daemon=True) for _ in range(3)]
    for one in loads:
        one.start()
    try:
        for _ in range(5):
            judge(pages(guest))
    finally:
        over.set()
        for one in loads:
            one.join(10)
