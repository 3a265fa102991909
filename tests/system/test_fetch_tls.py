# SPDX-License-Identifier: ISC
"""The HTTP client over TLS: whom it trusts, and that all of HTTP goes on."""
import base64
import re
import zlib

import tls_certs
from billetlib import qemu
from harness import Failed, each
from http_server import BODY
from test_dhcp import said, wait_for
from test_fetch import SERVER, WHOLE, WORDS, is_said, server

BOTH = 'IP:10.73.0.1,IP:fd73::1,DNS:shop.lab'


def secure(t, net, address, name='good', names=BOTH, port=8443, **options):
    child = net.start('python3', SERVER, address, port,
                      *tls_certs.make(t, name, names, **options),
                      log=f'server-{name}')
    wait_for(child, 'ready')
    return child


def fetch(t, net, url, *words, status=0, trust=tls_certs.CA):
    env = tls_certs.given(t, **({'trust': trust} if trust else {}))
    return net.run(t.image('fetch', ''), '--net=tap0', '--logs=warn', *WORDS,
                   f'--url={url}', *words, status=status, env=env).decode()


@each(ipv4={'address': '10.73.0.1', 'host': '10.73.0.1'},
      ipv6={'address': 'fd73::1', 'host': '[fd73::1]'})
def test_answers_of_all_kinds(t, address, host):
    net = t.network()
    child = secure(t, net, address)
    server(t, net, address)
    url = f'https://{host}:8443'
    is_said(fetch(t, net, f'{url}/length', '--times=3'), WHOLE)
    ports = re.findall(r'^GET /length (\S+) (\d+)$', said(child), re.M)
    if len(ports) != 3 or len(set(ports)) != 1 or \
            ports[0][0] != f'{host}:8443':
        raise Failed(f'not one connection: {ports}')
    is_said(fetch(t, net, f'{url}/chunked'), WHOLE)
    is_said(fetch(t, net, f'{url}/close', '--times=2'), WHOLE)
    is_said(fetch(t, net, f'http://{host}:8000/to?{url}/length'),
            WHOLE + ', 1 redirects')
    is_said(fetch(t, net, f'{url}/to?http://{host}:8000/length', status=1),
            'failed: a redirect from https to http')
    text = b'3000000'
    is_said(fetch(t, net, f'{url}/up', '--upload=3000000'),
            f'200, {len(text)} bytes, sum {zlib.adler32(text):08x}')


def test_certificates_that_are_refused(t):
    net = t.network()
    ports = iter(range(8444, 8460))
    for name, options, why in (
            ('name', {'names': 'DNS:10.73.0.1,IP:10.73.0.9'}, 'name'),
            ('old', {'days': -1}, 'expired'),
            ('self', {'ca': None}, 'its own issuer'),
            ('elsewhere', {'ca': 'bad-ca'}, 'trusted')):
        port = next(ports)
        child = secure(t, net, '10.73.0.1', name, port=port,
                       **{'names': BOTH, **options})
        out = fetch(t, net, f'https://10.73.0.1:{port}/length', status=1)
        if not re.search(rf'^failed: .*{why}', out, re.M) or \
                'GET' in said(child):
            raise Failed(f'{name}: {out}, {said(child)}')
    out = fetch(t, net, f'https://10.73.0.1:{port}/length', status=1,
                trust=None)  # those baked in do not know our CA either
    if not re.search('^failed: .*trusted', out, re.M):
        raise Failed(out)


def test_trust_by_key(t):
    net = t.network()
    secure(t, net, 'fd73::1')
    url = 'https://[fd73::1]:8443/length'
    text = base64.b64encode(tls_certs.CA.read_bytes()).decode()
    is_said(fetch(t, net, url, f'--trust={text}', trust=None), WHOLE)
    out = fetch(t, net, url, '--trust=***', trust=None, status=1)
    is_said(out, 'the roots are no base64')


def test_names_over_both_families(t):
    net = t.network()
    secure(t, net, '10.73.0.1')
    net.start(t.program('dnsmasq'), '--keep-in-foreground', '--user=root',
              '--conf-file=/dev/null', '--no-resolv', '--no-hosts',
              '--interface=tap0', '--bind-interfaces',
              '--address=/shop.lab/10.73.0.1', '--address=/shop.lab/fd73::1',
              '--address=/other.lab/10.73.0.1', log='names')
    # nobody listens over IPv6: the other address is taken
    is_said(fetch(t, net, 'https://shop.lab:8443/length',
                  '--dns=10.73.0.1'), WHOLE)
    out = fetch(t, net, 'https://other.lab:8443/length', '--dns=10.73.0.1',
                status=1)
    if not re.search('^failed: .*name', out, re.M):
        raise Failed(out)


def test_answers_that_end_with_the_connection(t):
    """OpenSSL sends two tickets, in a segment each, then the answer: whatever
    comes together, all of it is read."""
    net = t.network()
    child = net.start(
        t.program('openssl'), 's_server', '-accept', '8443', '-tls1_3', '-cert',
        tls_certs.CERTS / 'server-p256.crt', '-key',
        tls_certs.CERTS / 'server-p256.key', '-www', log='server-www')
    wait_for(child, 'ACCEPT')
    net.inside('addr', 'add', '10.0.0.2/32', 'dev', 'tap0')
    for _ in range(20):
        is_said(fetch(t, net, 'https://10.0.0.2:8443/',
                      '--ipv4-gateway=10.73.0.1'), '200, ')


def test_image_fetches(t):
    net = t.network()
    secure(t, net, 'fd73::1')
    line = qemu.Line().kernel(t.image('fetch'), [
        *WORDS, '--url=https://[fd73::1]:8443/chunked'])
    line.add('-fw_cfg', f'name=opt/billet/trust,file={tls_certs.CA}')
    guest = net.guest(line)
    guest.wait_for(re.escape(WHOLE), 40)
