# SPDX-License-Identifier: ISC
"""The Pinata's page in a browser, over HTTPS: its figures live."""
import base64
import hashlib
import socket
import ssl

from billetlib import qemu
from browser import Browser
from harness import each, http_wait, until

NAME = 'ownme.billet.test'
FRESH = {'http': {'tls': False}, 'https': {'tls': True}}


def boot(t):
    """A guest; its ports 80, 443 and 10000 on this machine."""
    ports = [t.free_port() for _ in range(3)]
    line = qemu.Line(cpu='max').kernel(
        t.image('pinata'), ['--secret=a secret of some length'])
    t.guest(line.user_net([('tcp', here, there) for here, there
                           in zip(ports, (80, 443, 10000))]))
    http_wait(ports[0])
    return ports


def key_of(t, port):
    """What Chromium has to be told of a certificate to take it."""
    pem = t.path('site.crt')
    pem.write_text(ssl.get_server_certificate(('127.0.0.1', port)))
    public = t.run(t.program('openssl'), 'x509', '-in', pem, '-noout',
                   '-pubkey')
    der = ssl.PEM_cert_to_DER_cert(
        public.decode().replace('PUBLIC KEY', 'CERTIFICATE'))
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def attempt(t, port):
    """One without a certificate."""
    with socket.create_connection(('127.0.0.1', port), 20) as raw:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with context.wrap_socket(raw) as s:
                assert s.recv(100) == b''
        except ssl.SSLError as error:
            assert 'CERTIFICATE_REQUIRED' in str(error), error


def shown(page, figure):
    return page.run(f'document.querySelector("[data-show={figure}]")'
                    '.textContent')


@each(**FRESH)
def test_pinata_page_lives(t, tls):
    ports = boot(t)
    flags = []
    if tls:
        flags = [f'--host-resolver-rules=MAP {NAME} 127.0.0.1',
                 f'--ignore-certificate-errors-spki-list={key_of(t, ports[1])}']
        url = f'https://{NAME}:{ports[1]}/'
    else:
        url = f'http://127.0.0.1:{ports[0]}/'
    page = Browser(t, 1280, 800, flags=flags)
    page.open(url)
    until(lambda: page.run('document.getElementById("state").textContent')
          == 'live', 30, 'the script runs')
    assert shown(page, 'failures') == '0'
    before = shown(page, 'uptime')
    attempt(t, ports[2])
    until(lambda: shown(page, 'failures') == '1', 30, 'the figure moves')
    until(lambda: shown(page, 'uptime') != before, 30, 'time passes')
    until(lambda: 'certificate_required'
          in page.run('document.getElementById("attempts").innerText'), 30,
          'the attempt is listed')
    page.picture('page.png')
    assert page.errors == [], page.errors
    strangers = [u for u in page.requests if not u.startswith((url, 'data:'))]
    assert strangers == [], strangers
    wide = page.run('document.documentElement.scrollWidth')
    assert wide <= 1280, wide
    assert page.run('isSecureContext') or not tls
