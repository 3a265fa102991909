# SPDX-License-Identifier: ISC
"""What peers may not do, or may do too often, and what a client of ours says
to servers of the wrong kind: OpenSSL as the peer, and bytes by hand."""
import re
import struct

import tls_certs
from harness import Failed, each, until
from test_dhcp import said, wait_for
from test_https import web

CERTS = tls_certs.CERTS
GET = r'GET /600.html HTTP/1.0\r\n\r\n'
HELLO = '''
import socket, sys
sock = socket.create_connection(("10.73.0.2", 443), 20)
sock.sendall(bytes.fromhex(sys.argv[1]))
while data := sock.recv(4096):
    print(data.hex(), end="", flush=True)
    if data[0] == 22:
        break
'''


def typed(t, net, words, *lines):
    """What OpenSSL says as a client at whose keyboard that is typed."""
    keys = '; '.join(f'printf "{line}"; sleep 0.3' for line in lines)
    return net.run('sh', '-c', f'(sleep 1; {keys}; sleep 1) | "$@" 2>&1', 'sh',
                   t.program('openssl'), 's_client', '-connect',
                   '10.73.0.2:443', '-msg', *words, status=None,
                   seconds=30).decode(errors='replace')


def test_peer_asks_for_new_keys(t):
    net = t.network()
    web(t, net, '--tls=on')
    out = typed(t, net, ['-tls1_3'], r'k\n', r'K\n', r'K\n', GET)
    answers = re.findall(r'<<< TLS 1.3, Handshake .*KeyUpdate', out)
    if len(answers) != 2 or 'HTTP/1.0 200' not in out.replace('1.1', '1.0'):
        raise Failed(out[-3000:])


def test_renegotiation_is_refused(t):
    net = t.network()
    child = web(t, net, '--tls=on')
    out = typed(t, net, ['-tls1_2'], r'R\n', GET)
    if 'RENEGOTIATING' not in out or '200 OK' in out or \
            len(re.findall(r'ServerHello\b', out)) != 1 or \
            'alert number 10' not in out:
        raise Failed(out[-3000:])
    # who does not try is served
    if '200 OK' not in typed(t, net, ['-tls1_2'], GET):
        raise Failed(said(child))


def hello(versions, compression):
    """A ClientHello that a server of such versions can answer."""
    extensions = b''.join(struct.pack('>HH', kind, len(body)) + body
                          for kind, body in (
        (10, b'\0\2\0\x17'), (11, b'\1\0'), (13, b'\0\4\4\3\x08\x04'),
        (23, b''), (43, bytes([2 * len(versions)]) + b''.join(versions))))
    body = (b'\3\3' + bytes(range(32)) + b'\0' + b'\0\4\x13\1\xc0\x2b' +
            bytes([len(compression)]) + compression +
            struct.pack('>H', len(extensions)) + extensions)
    shake = b'\1' + struct.pack('>I', len(body))[1:] + body
    return b'\x16\3\1' + struct.pack('>H', len(shake)) + shake


def answered(net, *words):
    out = net.run('python3', '-c', HELLO, hello(*words).hex(), seconds=20)
    return bytes.fromhex(out.decode())


def test_compression_is_never_agreed_on(t):
    net = t.network()
    web(t, net, '--tls=on')
    got = answered(net, [b'\3\3'], b'\1\0')
    # a ServerHello: behind its session's name the suite, then the method
    assert got[0] == 22 and got[5] == 2, got.hex()
    at = 9 + 34 + 1 + got[9 + 34]
    assert got[at:at + 3] == b'\xc0\x2b\0', got.hex()
    # illegal_parameter: RFC 8446 4.1.2; and who takes no other
    got = answered(net, [b'\3\4'], b'\1\0')
    assert got[:7] == b'\x15\3\3\0\2\2\x2f', got.hex()
    got = answered(net, [b'\3\3'], b'\1')
    assert got[:1] == b'\x15' and got[5] == 2, got.hex()


HERE, ELSEWHERE = '10.0.0.2', '10.0.0.3'    # of which the certificate has one


@each(tls13={'version': '-tls1_3'}, tls12={'version': '-tls1_2'})
def test_client_refuses_what_a_server_staples_or_is(t, version):
    net = t.network()
    for host in HERE, ELSEWHERE:
        net.inside('addr', 'add', f'{host}/24', 'dev', 'tap0')
    env = tls_certs.given(t, trust=tls_certs.CA)
    port = 8443
    for answer, host, alert, words in (
            ('good', HERE, None, ''), ('revoked', HERE, 44, 'revoked'),
            ('unknown', HERE, 113, 'does not know'), ('stale', HERE, 113, ''),
            ('stranger', HERE, 113, ''), ('good', ELSEWHERE, 42, 'name')):
        port += 1
        child = net.start(
            t.program('openssl'), 's_server', '-accept', str(port), version,
            '-cert', CERTS / 'server-p256.crt', '-key',
            CERTS / 'server-p256.key', '-status_file',
            CERTS / f'ocsp-{answer}.der', '-www', log=f'server-{port}')
        wait_for(child, 'ACCEPT')
        out = net.run(t.image('fetch', ''), '--net=tap0', '--logs=warn',
                      '--ipv4=10.0.0.9/24', '--ipv6=none',
                      f'--url=https://{host}:{port}/', env=env,
                      status=1 if alert else 0, seconds=30).decode()
        heard = f'SSL alert number {alert}'
        if not alert:
            # it begins before its address may be used
            assert re.search('^200', out, re.M), (out, said(child))
            continue
        if not re.search(f'^failed: .*{words}', out, re.M):
            raise Failed(f'{answer}: {out}')
        until(lambda: heard in said(child), 20, f'{answer}: {heard}')
