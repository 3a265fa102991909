# SPDX-License-Identifier: ISC
"""Who can speak TLS with the Pinata: OpenSSL, GnuTLS and curl, in both roles,
by both families and both versions, with certificates good and bad.  Each test
leaves its part of the table in `matrix.txt` in its folder."""
import re

from billetlib import qemu
from harness import Failed, each, until
from test_dhcp import said
from test_pinata import CERTS, FAMILIES, pinata

SECRET = 'the secret itself'
VERSIONS = ('1.3', '1.2')
# RFC 8446 6.2, and what OpenSSL calls it.
ALERTS = {42: ('bad_certificate', 'bad certificate'),
          43: ('unsupported_certificate', 'unsupported certificate'),
          45: ('certificate_expired', 'certificate expired'),
          48: ('unknown_ca', 'unknown ca')}
GOOD_CLIENTS = ('client-p256', 'client-ed25519', 'client-rsa2048',
                'client-inter')
BAD_CLIENTS = {'bad-expired': 45, 'bad-notyet': 45, 'bad-eku': 43,
               'bad-critical': 43, 'bad-pathlen': 48, 'bad-ca': 48,
               'bad-fence-dns': 42}
GOOD_SERVERS = ('server-p256', 'server-rsa2048')
BAD_SERVERS = {'bad-server-expired': 45, 'bad-server-eku': 43,
               'bad-selfsigned': 48}

by_client = each(**{f'{peer}_ipv{family}': {'peer': peer, 'family': family}
                    for peer in ('openssl', 'gnutls', 'curl')
                    for family in '46'})
by_server = each(**{f'{peer}_ipv{family}': {'peer': peer, 'family': family}
                    for peer in ('openssl', 'gnutls') for family in '46'})


def pem(name, end):
    return CERTS / f'{name}.{end}'


def gnutls_priority(version):
    return f'NORMAL:-VERS-ALL:+VERS-TLS{version}'


def openssl_client(t, host, name, version):
    return [t.program('openssl'), 's_client', '-connect', f'{host}:10000',
            '-tls' + version.replace('.', '_'), '-ign_eof',
            '-cert', pem(name, 'crt'), '-cert_chain', pem(name, 'crt'),
            '-key', pem(name, 'key'), '-CAfile', CERTS / 'ca.crt',
            '-verify_return_error']


def gnutls_client(t, host, name, version):
    return [t.program('gnutls-cli'), '-p', '10000', host.strip('[]'),
            '--priority', gnutls_priority(version),
            '--x509cafile', CERTS / 'ca.crt', '--verify-hostname',
            'ownme.billet.test', '--x509certfile', pem(name, 'crt'),
            '--x509keyfile', pem(name, 'key')]


def curl_client(t, host, name, version):
    return [t.program('curl'), '-sS', '--http0.9', '--max-time', '10',
            f'--tlsv{version}', '--tls-max', version, '--cacert',
            CERTS / 'ca.crt', '--cert', pem(name, 'crt'), '--key',
            pem(name, 'key'), '--resolve', f'ownme.billet.test:10000:{host}',
            'https://ownme.billet.test:10000/']


CLIENTS = {'openssl': openssl_client, 'gnutls': gnutls_client,
           'curl': curl_client}


class Table:
    def __init__(self, t, title):
        self.path, self.wrong = t.path('matrix.txt'), []
        self.write(title)

    def write(self, line):
        with self.path.open('a') as out:
            out.write(line + '\n')

    def cell(self, words, good, seen):
        self.write(f'{words:48} {"as it should" if good else "WRONG"}')
        if not good:
            self.wrong.append(f'{words}: {seen[-700:]}')

    def end(self):
        if self.wrong:
            raise Failed('\n'.join(self.wrong))


def patient(t, net, command):
    """What a program says whose input does not end, until it does."""
    silence = t.path('silence')
    return net.run(
        'sh', '-c', f'[ -p {silence} ] || mkfifo {silence}; '
        f'exec "$@" <>{silence} 2>&1', 'sh', *command, status=None,
        seconds=30).decode(errors='replace')


def told(out, number):
    """Whether a client says that it was sent that alert.  curl has one text
    for all that is about certificates when it comes early."""
    return re.search(rf'alert number {number}\b|alert \[{number}\]|'
                     rf'alert {ALERTS[number][1]}|curl: \(60\)',
                     out) is not None


@by_client
def test_matrix_of_clients(t, peer, family):
    line = CLIENTS[peer]
    line(t, '', 'client-p256', '1.3')       # skips if it is not there
    net = t.network()
    child = pinata(t, net)
    table = Table(t, f'{peer} as client, IPv{family}')
    for version in VERSIONS:
        for name in GOOD_CLIENTS:
            out = patient(t, net, line(t, FAMILIES[family], name, version))
            table.cell(f'TLS {version} {name}', SECRET in out, out)
        for name, number in BAD_CLIENTS.items():
            out = patient(t, net, line(t, FAMILIES[family], name, version))
            table.cell(f'TLS {version} {name} {ALERTS[number][0]}',
                       SECRET not in out and told(out, number) and
                       f'sent alert {ALERTS[number][0]}' in
                       said(child).rstrip().rsplit('\n', 1)[-1], out)
    table.end()


def openssl_server(t, name, version):
    return [t.program('openssl'), 's_server', '-accept', '40001',
            '-tls' + version.replace('.', '_'), '-cert', pem(name, 'crt'),
            '-key', pem(name, 'key'), '-Verify', '3', '-verify_return_error',
            '-CAfile', CERTS / 'ca.crt']


def gnutls_server(t, name, version):
    return [t.program('gnutls-serv'), '--port', '40001', '--echo',
            '--priority', gnutls_priority(version), '--x509certfile',
            pem(name, 'crt'), '--x509keyfile', pem(name, 'key'),
            '--x509cafile', CERTS / 'ca.crt', '--require-client-cert',
            '--verify-client-cert']


SERVERS = {'openssl': (openssl_server, 'ACCEPT'),
           'gnutls': (gnutls_server, 'listening on')}


def called_back(t, net, child, command, ready, host):
    """What the Pinata says of one call, and what the server says of it."""
    silence = t.path('silence')
    server = net.start(
        'sh', '-c', f'[ -p {silence} ] || mkfifo {silence}; '
        f'exec "$@" <>{silence}', 'sh', *command, log='server')
    # behind the line that says how it was started
    until(lambda: ready in server.log.read_text().partition('\n')[2], 20,
          'the server listens')
    before = len(said(child))
    net.run('python3', '-c', 'import socket; '
            f'socket.create_connection(("{host}", 10001)).recv(1)')
    until(lambda: re.search(r'pinata\] 10001:.*\n', said(child)[before:]), 20,
          'the attempt is over')
    qemu.stop(server)
    return said(child)[before:], server.log.read_text(errors='replace')


@by_server
def test_matrix_of_servers(t, peer, family):
    line, ready = SERVERS[peer]
    line(t, 'server-p256', '1.3')
    net = t.network()
    child = pinata(t, net)
    table = Table(t, f'{peer} as server, IPv{family}')
    host = FAMILIES[family].strip('[]')
    for version in VERSIONS:
        for name in GOOD_SERVERS:
            ours, _ = called_back(t, net, child, line(t, name, version), ready,
                                  host)
            table.cell(f'TLS {version} {name}',
                       'the secret was given' in ours, ours)
        for name, number in BAD_SERVERS.items():
            ours, _ = called_back(t, net, child, line(t, name, version), ready,
                                  host)
            table.cell(f'TLS {version} {name} {ALERTS[number][0]}',
                       'the secret was given' not in ours and
                       f'sent alert {ALERTS[number][0]}' in ours, ours)
    table.end()
