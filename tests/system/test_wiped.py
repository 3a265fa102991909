# SPDX-License-Identifier: ISC
"""What a guest remembers of keys and secrets: all of its memory is looked
through after a handshake.  crypto/README.md says what stands where."""
import base64
import re
import subprocess

from billetlib import qemu
from harness import Failed, deadline
from test_pinata import CERTS, client, expect_alert

SECRET = 'Never Found But Where It Is Guarded 7f83b1657ff1fc53'
LEAST_TEXT = 24     # characters of base64 that cannot be there by chance


def scalar(openssl, path):
    """Of a P-256 key, 32 bytes."""
    out = subprocess.run([openssl, 'ec', '-in', path, '-noout', '-text'],
                         check=True, capture_output=True, text=True).stdout
    words = re.search(r'priv:([0-9a-f:\s]+)pub:', out).group(1)
    return bytes.fromhex(re.sub(r'[\s:]', '', words))[-32:].rjust(32, b'\0')


def base64_of(raw):
    """What of it any base64 would show, at each of the three places in four
    that it may begin at, without the characters that are not its alone."""
    out = []
    for skip in range(3):
        text = base64.b64encode(bytes(skip) + raw)[4 if skip else 0:]
        out.append(text.rstrip(b'=')[:-2][:LEAST_TEXT])
    return out


def traces(raw):
    return {'as DER has it': [raw],
            'as words': [raw[::-1],
                         b''.join(raw[i:i + 4][::-1] for i in range(0, 32, 4))],
            'as base64': base64_of(raw)}


def count(memory, raw):
    return {how: sum(memory.count(trace) for trace in all_of_it)
            for how, all_of_it in traces(raw).items()}


def where(memory, pattern):
    return [hex(m.start()) for m in re.finditer(re.escape(pattern), memory)]


def session_secrets(path):
    """What the client wrote down of its sessions: every secret of TLS 1.3 and
    the master secrets of TLS 1.2."""
    return {(label, secret) for label, _, secret in
            (line.split() for line in path.read_text().splitlines()
             if line and line[0] != '#')}


def given(t, line, name, data):
    path = t.path(name)
    path.write_bytes(data)
    line.add('-fw_cfg', f'name=opt/billet/{name},file={path}')


@deadline(240)
def test_keys_stand_where_they_should_and_nowhere_else(t):
    net = t.network()
    openssl = t.program('openssl')
    line = qemu.Line(cpu='max', memory_mb=96).kernel(
        t.image('pinata'), ['--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64',
                            '--handshakes=16'])
    pair = [(CERTS / f'server-p256.{end}').read_bytes()
            for end in ('crt', 'key')]
    given(t, line, 'server.pem', b''.join(pair))
    given(t, line, 'ca.pem', (CERTS / 'ca.crt').read_bytes() +
          (CERTS / 'ca.key').read_bytes())
    given(t, line, 'secret', SECRET.encode())
    guest = net.guest(line)
    guest.wait_for('address fd73::2/64', 60)
    log = t.path('keylog')
    for version in '-tls1_3', '-tls1_2':
        out = client(t, net, '10.73.0.2:10000', 'client-p256', version,
                     '-keylogfile', log)
        if SECRET not in out:
            raise Failed(out[-1500:])
        expect_alert(client(t, net, '[fd73::2]:10000', 'bad-expired', version),
                     'bad-expired', 45)
    guest.qmp('stop')
    memory = guest.memory(0, 96 << 20)
    server = count(memory, scalar(openssl, CERTS / 'server-p256.key'))
    ca = count(memory, scalar(openssl, CERTS / 'ca.key'))
    secrets = where(memory, SECRET.encode())
    print(f'server key {server}, CA {ca}, secret {secrets}')
    # the two contexts of a side, as DER
    if server != {'as DER has it': 2, 'as words': 0, 'as base64': 0}:
        raise Failed(f'the key of the server stands {server}')
    if ca != {'as DER has it': 1, 'as words': 0, 'as base64': 0}:
        raise Failed(f'the key of the CA stands {ca}')
    if len(secrets) != 1:
        raise Failed(f'the secret stands at {secrets}')
    ended = session_secrets(log)
    left = [label for label, secret in ended if bytes.fromhex(secret) in memory]
    if len(ended) < 6 or left:
        raise Failed(f'of {len(ended)} secrets of sessions these are left: '
                     f'{left}')
