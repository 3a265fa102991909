# SPDX-License-Identifier: ISC
"""Indirect calls in the image end at marks (endbr64), as a processor with IBT
demands.  Read off the ELF: whatever function has its address taken, in code or
data, begins with a mark.  And seen on a processor of Bochs, for QEMU has none
with IBT."""
import re
import struct
import subprocess

from bochs import Bochs
from harness import Failed, Skip, deadline, http_wait
from billetlib import elf

MARK = bytes.fromhex('f30f1efa')
FUNCTION, OBJECT = 2, 1
# Jumped to before branches are guarded, or compared with only.
NOT_CALLED = {'start64', 'text_end', 'boot_start'}
HEAD = re.compile(r'^([0-9a-f]+) <([^>]+)>:$')
TAKEN = re.compile(r'\blea\b.*# ([0-9a-f]+) <[^>]*>$')
STUBS = {'exception_stubs': (32, 16), 'irq_stubs': (65, 16)}


def bytes_at(image, address, n):
    for s in image.sections:
        if s.kind != elf.SHT_NOBITS and s.address \
                and s.address <= address < s.address + s.size:
            data = image.section_data(s)
            at = address - s.address
            return data[at:at + n]
    raise Failed(f'nothing is at {address:#x}')


def taken_in_code(objdump, path, starts):
    out = subprocess.run([objdump, '-d', '--no-show-raw-insn', str(path)],
                         check=True, capture_output=True, text=True).stdout
    return {int(m[1], 16) for m in map(TAKEN.search, out.splitlines())
            if m and int(m[1], 16) in starts}


def taken_in_data(image, starts):
    """Words of data that are a function's address, as they are before the
    image is relocated."""
    found = set()
    for symbol in image.symbols():
        if symbol.kind != OBJECT or not symbol.section or not symbol.size:
            continue
        section = image.sections[symbol.section]
        if section.kind == elf.SHT_NOBITS:
            continue
        first = symbol.address - section.address
        data = image.section_data(section)[first:first + symbol.size]
        skip = -symbol.address % 8
        for at in range(skip, len(data) - 7, 8):
            word, = struct.unpack_from('<Q', data, at)
            if word in starts:
                found.add(word)
    return found


@deadline(120)
def test_each_target_of_an_indirect_call_is_marked(t):
    path = t.image('web', 'elf.debug')
    image = elf.Elf(path)
    symbols = list(image.symbols())
    starts = {s.address: s.name for s in symbols
              if s.kind == FUNCTION and s.section}
    if bytes_at(image, next(s.address for s in symbols
                            if s.name == 'exception_stubs'), 4) != MARK:
        raise Skip('a build without marks (-Dharden=small)')
    taken = taken_in_code(t.program('objdump'), path, starts) \
        | taken_in_data(image, starts)
    bare = sorted(starts[a] for a in taken if bytes_at(image, a, 4) != MARK)
    bare = [name for name in bare if name not in NOT_CALLED]
    if bare or len(taken) < 100:
        raise Failed(f'{len(taken)} are called by address; without a mark: '
                     f'{", ".join(bare)}')
    for name, (n, step) in STUBS.items():
        base = next(s.address for s in symbols if s.name == name)
        for i in range(n):
            if bytes_at(image, base + i * step, 4) != MARK:
                raise Failed(f'{name}: {i} has no mark')


@deadline(240)
def test_a_processor_with_ibt_stops_at_a_wrong_call(t):
    iso = t.disk_image('iso', 'breaks', 'do=call-unmarked')
    machine = Bochs(t, iso)
    machine.wait_for('^now call-unmarked')
    machine.wait_for('^PANIC: control protection violation')
    machine.wait_for('^  build id ', 10)
    assert 'survived' not in machine.text()


@deadline(240)
def test_a_processor_with_ibt_serves_pages(t):
    http = t.free_port()
    machine = Bochs(t, t.disk_image('iso', 'web'), [(http, 80)])
    machine.wait_for(r'uplink: address 10\.0\.2\.15')
    http_wait(http)
    assert 'PANIC' not in machine.text(), machine.text()


@deadline(240)
def test_the_last_line_is_out_before_the_power(t):
    """Of a UART that takes its time; woken by the TSC deadline timer, which no
    processor of QEMU's own has."""
    machine = Bochs(t, t.disk_image('iso', 'hello', 'logs=boot:debug'))
    machine.wait_for(r'debug: time by .*, woken by the TSC$')
    machine.wait_for(r'(?s)(Hello, world\n.*){4}')
