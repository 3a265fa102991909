# SPDX-License-Identifier: ISC
"""By what a machine counts time, and that it goes as fast as the host's."""
import re
import time

from billetlib import qemu
from harness import Failed, each, http_get, http_wait

# A processor without a steady TSC, on no hypervisor: an old real one.
OLD = 'max,-hypervisor,-invtsc'


def wall(port):
    """The image's wall clock, and the host's before and after: seconds."""
    before = time.monotonic()
    page = http_get(port, '/metrics')[2].decode()
    after = time.monotonic()
    ms = re.search(r'^image_wall_milliseconds (\d+)$', page, re.M).group(1)
    return int(ms) / 1000, before, after


def check_rate(port, seconds):
    first, before1, after1 = wall(port)
    time.sleep(seconds)
    second, before2, after2 = wall(port)
    gone = second - first
    if not 0.99 * (before2 - after1) - 0.01 <= gone \
            <= 1.01 * (after2 - before1) + 0.01:
        raise Failed(f'{gone} s here, {before2 - after1} to '
                     f'{after2 - before1} s there')


def boot(t, machine, cpu, by):
    port = t.free_port()
    line = qemu.Line(machine, cpu=cpu).kernel(t.image('web'),
                                              ['--logs=boot:debug'])
    guest = t.guest(line.add(
        '-netdev', f'user,id=net0,hostfwd=tcp:127.0.0.1:{port}-:80',
        '-device', line.device('net', netdev='net0')))
    guest.wait_for(f'boot. debug: time by {by}, woken by the local APIC$')
    http_wait(port)
    return guest, port


@each(tsc_by_hpet={'machine': 'q35', 'cpu': 'max', 'by': 'TSC by the HPET'},
      tsc_by_acpi={'machine': 'pc,hpet=off', 'cpu': 'qemu64',
                   'by': 'TSC by the ACPI timer'},
      hpet={'machine': 'q35', 'cpu': OLD, 'by': 'HPET'},
      acpi={'machine': 'q35,hpet=off', 'cpu': OLD, 'by': 'ACPI timer'},
      acpi_of_pc={'machine': 'pc,hpet=off', 'cpu': OLD, 'by': 'ACPI timer'})
def test_a_second_is_a_second(t, machine, cpu, by):
    guest, port = boot(t, machine, cpu, by)
    check_rate(port, 6)  # the ACPI timer wraps within five
    guest.qmp('stop')
    guest.qmp('cont')
    check_rate(port, 1)


@each(pc={'machine': 'pc,acpi=off,hpet=off', 'by': 'TSC by the PIT'},
      microvm={'machine': 'microvm', 'by': 'TSC by the PIT'},
      nothing={'machine': 'microvm', 'more': 'pit=off,pic=off,rtc=off',
               'by': 'TSC by the local APIC'})
def test_what_else_there_is(t, machine, by, more='usb=off'):
    """With an unsteady TSC, and nothing that can be counted."""
    line = qemu.Line(machine, cpu=OLD).kernel(t.image('hello'),
                                              ['logs=boot:debug'])
    guest = t.guest(line.add('-machine', more))
    guest.wait_for(f'boot. debug: time by {by}, woken by the local APIC$')
    guest.wait_for(r'(?s)(Hello, world\n.*){4}')
    assert guest.wait_exit() == 0
