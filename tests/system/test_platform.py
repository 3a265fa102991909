# SPDX-License-Identifier: ISC
"""Keys from what the platform gives: fw_cfg, SMBIOS, config disks, metadata
services.  docs/platforms.md."""
import re

from harness import Failed, each
from billetlib import qemu

MARK = 'opt/org.billet/config'


def hello(t, *words, args=(), machine='q35'):
    return t.guest(qemu.Line(machine).kernel(t.image('hello'), args)
                   .add(*words))


def said(guest, *patterns):
    for pattern in patterns:
        guest.wait_for(pattern)


def fw_cfg(t, text, name=MARK):
    path = t.path('config')
    path.write_text(text)
    return ['-fw_cfg', f'name={name},file={path}']


def smbios(*strings):
    return ['-smbios', ','.join(['type=11', *(f'value={s}' for s in strings)])]


@each(q35={'machine': 'q35'}, microvm={'machine': 'microvm'},
      short={'machine': 'q35', 'name': 'opt/billet/config'})
def test_keys_by_fw_cfg(t, machine, name=MARK):
    guest = hello(t, *fw_cfg(t, '# ours\nhello=Good day\n\n--delay=1\n', name),
                  machine=machine)
    said(guest, r'keys\] --hello from the fw_cfg',
         r'keys\] --delay from the fw_cfg', r'(?m)^Good day')


def test_the_command_line_counts_more_than_fw_cfg_and_that_than_smbios(t):
    guest = hello(t, *fw_cfg(t, 'hello=by fw_cfg\ndelay=1\n'),
                  *smbios('hello=by SMBIOS', 'delay=3', 'logs=debug',
                          'Vendor=of others', 'others'),
                  args=['--hello=by line'])
    said(guest, r'keys\] --hello from the command line',
         r'keys\] --delay from the fw_cfg', r'keys\] --logs from the SMBIOS',
         r'(?m)^by line')


@each(fw_cfg={'words': ['-fw_cfg', f'name={MARK},string=helo=x'],
              'error': r'hello: fw_cfg: unknown key --helo: did you mean'},
      line={'words': ['-fw_cfg', f'name={MARK},string=what?'],
            'error': r'hello: fw_cfg: line 1: neither key=value nor a comment'},
      smbios={'words': smbios('org.billet:helo=x'),
              'error': r'hello: SMBIOS: unknown key --helo: did you mean'})
def test_a_key_that_is_none_stops_the_boot(t, words, error):
    said(hello(t, *words), error)


def test_values_of_secrets_are_not_shown(t):
    line = qemu.Line('q35').kernel(t.image('web')).add(
        *fw_cfg(t, 'logs=debug\ntls-key=hunter2hunter2\nipv6-secret=deadbee4\n'
                   'ipv4=none\nipv6=none\n'))
    guest = t.guest(line.user_net([]))
    said(guest, r'keys\] --tls-key from the fw_cfg',
         r'keys\] --ipv6-secret from the fw_cfg', r'boot\] (started|.*error)')
    wrong = qemu.Line('q35').kernel(t.image('web')).add(
        *fw_cfg(t, 'ipv6-secret=hunter2\n'))
    bad = t.guest(wrong.user_net([]))
    said(bad, r'--ipv6-secret=\.\.\. is not accepted')
    for text in (guest.text(), bad.text()):
        if re.search('hunter2|deadbee4', text):
            raise Failed(text)
