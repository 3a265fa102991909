# SPDX-License-Identifier: ISC
"""The HTTP client against a server of Python, over IPv4 and IPv6."""
import re
import zlib
from pathlib import Path

from billetlib import qemu
from harness import Failed, each
from http_server import BODY
from test_dhcp import HOST4, said, wait_for

SERVER = Path(__file__).with_name('http_server.py')
WORDS = ('--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64')
WHOLE = f'200, {len(BODY)} bytes, sum {zlib.adler32(BODY):08x}'


def server(t, net, address):
    child = net.start('python3', SERVER, address, 8000, log='server')
    wait_for(child, 'ready')
    return child


def fetch(t, net, url, *words, status=0):
    return net.run(t.image('fetch', ''), '--net=tap0', '--logs=warn', *WORDS,
                   f'--url={url}', *words, status=status).decode()


def is_said(out, text):
    if text not in out:
        raise Failed(f'not {text!r}: {out[-500:]}')


@each(ipv4={'address': '10.73.0.1', 'host': '10.73.0.1'},
      ipv6={'address': 'fd73::1', 'host': '[fd73::1]'})
def test_answers_of_all_kinds(t, address, host):
    net = t.network()
    child = server(t, net, address)
    url = f'http://{host}:8000'
    is_said(fetch(t, net, f'{url}/length', '--times=3'), WHOLE)
    ports = re.findall(r'^GET /length (\S+) (\d+)$', said(child), re.M)
    if len(ports) != 3 or len(set(ports)) != 1 or \
            ports[0][0] != f'{host}:8000':
        raise Failed(f'not one connection: {ports}')
    is_said(fetch(t, net, f'{url}/chunked'), WHOLE)
    is_said(fetch(t, net, f'{url}/close', '--times=2'), WHOLE)
    is_said(fetch(t, net, f'{url}/away'), WHOLE + ', 1 redirects')
    is_said(fetch(t, net, f'{url}/length', '--head'), '200, 0 bytes')
    is_said(fetch(t, net, f'{url}/none'), '404, 0 bytes')
    text = b'3000000'
    is_said(fetch(t, net, f'{url}/up', '--upload=3000000'),
            f'200, {len(text)} bytes, sum {zlib.adler32(text):08x}')


def test_answers_that_are_refused(t):
    net = t.network(addresses=(HOST4,))
    server(t, net, '10.73.0.1')
    url = 'http://10.73.0.1:8000'
    for path, why in (('loop', 'too many redirects'),
                      ('short', "the answer's body is cut short"),
                      ('both', 'an answer that two would read differently')):
        is_said(fetch(t, net, f'{url}/{path}', status=1), f'failed: {why}')
    is_said(fetch(t, net, 'http://10.73.0.1:1/', status=1), 'failed: refused')


def test_image_fetches(t):
    net = t.network()
    server(t, net, 'fd73::1')
    guest = net.guest(qemu.Line().kernel(t.image('fetch'), [
        *WORDS, '--url=http://[fd73::1]:8000/chunked']))
    guest.wait_for(re.escape(WHOLE), 40)
