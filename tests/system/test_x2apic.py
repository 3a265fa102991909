# SPDX-License-Identifier: ISC
"""A local APIC in the mode with MSRs, as some firmware leaves it.  No processor
of QEMU's own has it; Bochs's Tiger Lake does, and GRUB switches it on."""
from bochs import Bochs
from harness import deadline, http_wait

APIC_BASE = 0xfee00d00  # with x2APIC and on


@deadline(240)
def test_pages_are_served(t):
    folder = t.path('iso')
    (folder / 'boot' / 'grub').mkdir(parents=True)
    (folder / 'boot' / 'web.elf').write_bytes(t.image('web').read_bytes())
    (folder / 'boot' / 'grub' / 'grub.cfg').write_text(
        f'wrmsr 0x1b {APIC_BASE:#x}\nmultiboot2 /boot/web.elf\nboot\n')
    t.run(t.program('grub-mkrescue'), '-d', '/usr/lib/grub/i386-pc', '-o',
          t.path('web.iso'), folder)
    http = t.free_port()
    machine = Bochs(t, t.path('web.iso'), [(http, 80)])
    machine.wait_for(r'uplink: address 10\.0\.2\.15')
    http_wait(http)
    assert 'PANIC' not in machine.text(), machine.text()
    log = t.path('bochs.log').read_text()
    writes = [line.partition('WRMSR: ')[2] for line in log.splitlines()
              if line.endswith(' to MSR_APICBASE')]
    assert writes == [f'wrote 00000000:{APIC_BASE:08x} to MSR_APICBASE'], writes
