# SPDX-License-Identifier: ISC
"""The Pinata: OpenSSL and curl as its peers, with certificates good and bad,
in both roles, over both families."""
import re
from pathlib import Path

from billetlib import qemu
from harness import Failed, deadline, each, until
from test_dhcp import said, wait_for

HERE = Path(__file__).parent
CERTS = HERE.parent / 'certs'
WORDS = ('--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64', '--test',
         '--secret=the secret itself', '--attempts-per-minute=100000')
FAMILIES = {'4': '10.73.0.2', '6': '[fd73::2]'}
GOOD = ('client-p256', 'client-p384', 'client-ed25519', 'client-rsa2048',
        'client-rsa4096', 'client-inter', 'client-fenced')
# RFC 8446 6.2
BAD = {'bad-expired': 45, 'bad-notyet': 45, 'bad-eku': 43, 'bad-usage': 43,
       'bad-critical': 43, 'bad-weak': 42, 'bad-sha1': 42, 'bad-curve': 42,
       'bad-signature': 42, 'bad-selfsigned': 48, 'bad-ca': 48, 'bad-twin': 48,
       'bad-notca': 48, 'bad-nobasic': 48, 'bad-nosign': 48, 'bad-pathlen': 48,
       'bad-oldca': 45, 'bad-caeku': 43, 'bad-cacritical': 43,
       'bad-fence-dns': 42, 'bad-fence-excluded': 42, 'bad-fence-ip': 42,
       'bad-fence-dir': 42, 'bad-fence-far': 42}


def pinata(t, net):
    child = net.start(t.image('pinata', ''), '--net=tap0', *WORDS,
                      log='pinata')
    wait_for(child, r'address fd73::2/64')
    return child


def client(t, net, to, name, *words):
    """What OpenSSL says as client with such a certificate."""
    shown = ['-cert', CERTS / f'{name}.crt', '-cert_chain',
             CERTS / f'{name}.crt', '-key', CERTS / f'{name}.key'] \
        if name else []
    # what it would not do itself is what is tried
    out = net.run('sh', '-c', 'exec "$@" 2>&1', 'sh', t.program('openssl'),
                  's_client', '-connect', to, '-ign_eof', *shown,
                  '-CAfile', CERTS / 'ca.crt', '-cipher',
                  'DEFAULT:@SECLEVEL=0', *words, status=None, seconds=20)
    return out.decode(errors='replace') if isinstance(out, bytes) else out


def expect_secret(said_there, name):
    if 'the secret itself' not in said_there:
        raise Failed(f'{name}: {said_there[-1500:]}')


def expect_alert(said_there, name, number):
    if 'the secret itself' in said_there:
        raise Failed(f'{name} has the secret')
    if f'SSL alert number {number}' not in said_there:
        raise Failed(f'{name}: no alert {number}: {said_there[-1500:]}')


@each(tls13_4={'family': '4', 'version': '-tls1_3'},
      tls13_6={'family': '6', 'version': '-tls1_3'},
      tls12_4={'family': '4', 'version': '-tls1_2'},
      tls12_6={'family': '6', 'version': '-tls1_2'})
def test_pinata_judges_clients(t, family, version):
    net = t.network()
    pinata(t, net)
    to = FAMILIES[family] + ':10000'
    for name in GOOD:
        expect_secret(client(t, net, to, name, version), name)
    for name, number in BAD.items():
        expect_alert(client(t, net, to, name, version), name, number)
    expect_alert(client(t, net, to, None, version), 'nobody',
                 116 if version == '-tls1_3' else 40)


def test_pinata_speaks_what_it_should(t):
    net = t.network()
    pinata(t, net)
    for suite in ('TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384',
                  'TLS_CHACHA20_POLY1305_SHA256'):
        out = client(t, net, '10.73.0.2:443', None, '-ciphersuites', suite,
                     '-alpn', 'h2,http/1.1', '-no_ign_eof')
        if f'Cipher is {suite}' not in out or \
                'ALPN protocol: http/1.1' not in out or \
                'Verify return code: 0' not in out:
            raise Failed(out[-1500:])
    for group in 'X25519', 'P-256', 'P-384':
        out = client(t, net, '10.73.0.2:443', None, '-groups', group,
                     '-no_ign_eof')
        if 'Verify return code: 0' not in out:
            raise Failed(f'{group}: {out[-1500:]}')
    for words in (['-tls1_1'], ['-tls1'], ['-groups', 'P-521'],
                  ['-tls1_2', '-cipher', 'AES128-SHA:@SECLEVEL=0'],
                  ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA']):
        out = client(t, net, '10.73.0.2:443', None, *words)
        if not re.search(r'SSL alert number (40|47|70)\b', out):
            raise Failed(f'{words}: {out[-1500:]}')


@each(tls13={'version': '-tls1_3'}, tls12={'version': '-tls1_2'})
def test_pinata_resumes_sessions(t, version):
    net = t.network()
    pinata(t, net)
    ticket = t.path('ticket')
    ask = [t.program('openssl'), 's_client', '-connect', '10.73.0.2:443',
           version, '-CAfile', str(CERTS / 'ca.crt')]
    get = r'printf "GET /ca.crt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"'
    first = net.run('sh', '-c', f'{get} | "$@" -ign_eof -sess_out {ticket} '
                                '2>&1', 'sh', *ask, seconds=20)
    again = net.run('sh', '-c', f'{get} | "$@" -ign_eof -sess_in {ticket} '
                                '2>&1', 'sh', *ask, seconds=20)
    if b'New, TLS' not in first or b'Reused, TLS' not in again or \
            b'BEGIN CERTIFICATE' not in again:
        raise Failed(again.decode()[-1500:])


@each(four={'family': '4'}, six={'family': '6'})
def test_pinata_page(t, family):
    net = t.network()
    pinata(t, net)
    host = FAMILIES[family]
    curl = [t.program('curl'), '-sS', '--max-time', '10', '--cacert',
            str(CERTS / 'ca.crt'), '--resolve',
            f'ownme.billet.test:443:{host}']
    want = (CERTS / 'ca.crt').read_bytes()
    for url in f'http://{host}/ca.crt', 'https://ownme.billet.test/ca.crt':
        if net.run(*curl, url) != want:
            raise Failed(f'{url}: another certificate')
    if b'port 40001' not in net.run(*curl, 'https://ownme.billet.test/'):
        raise Failed('no rules')


@each(four={'family': '4'}, six={'family': '6'})
def test_pinata_calls_back(t, family):
    net = t.network()
    pinata(t, net)
    silence = t.path('silence')
    server = net.start(
        # it ends when its input does, which nobody ends here
        'sh', '-c', f'mkfifo {silence}; exec "$@" <>{silence}', 'sh',
        t.program('openssl'), 's_server', f'-{family}', '-accept', '40001',
        '-cert', CERTS / 'server-p256.crt', '-key',
        CERTS / 'server-p256.key', '-Verify', '3', '-verify_return_error',
        '-CAfile', CERTS / 'ca.crt', log='server')
    wait_for(server, 'ACCEPT')
    host = FAMILIES[family].strip('[]')
    net.run('python3', '-c', 'import socket; '
            f'socket.create_connection(("{host}", 10001)).recv(1)')
    wait_for(server, 'the secret itself')


def test_pinata_calls_back_in_vain(t):
    net = t.network()
    child = pinata(t, net)
    net.run('python3', '-c', 'import socket; '
            'socket.create_connection(("10.73.0.2", 10001)).recv(1)')
    wait_for(child, 'nobody listens there')


def test_pinata_talks_to_itself(t):
    net = t.network()
    child = pinata(t, net)
    out = net.run('python3', HERE / 'tls_relay.py', '10.73.0.2', 10000, 10002)
    if not re.match(rb'relayed [1-9]\d{2,} [1-9]\d{2,}', out):
        raise Failed(out)
    until(lambda: said(child).count('the secret was given') == 2, 10,
          'both ends gave it')


@deadline(240)
def test_pinata_is_a_machine(t):
    net = t.network()
    guest = net.guest(qemu.Line(cpu='max', memory_mb=96).kernel(
        t.image('pinata'), [*WORDS]))
    guest.wait_for('address fd73::2/64')
    for host in FAMILIES.values():
        expect_secret(client(t, net, f'{host}:10000', 'client-p256'), host)
        expect_alert(client(t, net, f'{host}:10000', 'bad-expired'), host, 45)


def test_image_is_small(t):
    if (size := t.image('pinata').stat().st_size) > 1_200_000:
        raise Failed(f'{size:,} bytes')
