# SPDX-License-Identifier: ISC
"""HTTP/2 from outside: curl, nghttp and h2load, over both families, and
clients that cost more than they ask for."""
import hashlib
import os
import re
import signal
from pathlib import Path

from billetlib import qemu
from harness import Failed, each, until
from test_dhcp import wait_for
from test_https import HOSTS, SITE, WORDS, curl, web

HERE = Path(__file__).parent
RUDE = HERE / 'h2_client.py'


def figures(t, net):
    text = curl(t, net, 'http://10.73.0.2/metrics')
    return {m[1]: int(m[2])
            for m in re.finditer(r'^(http2?_\w+) (\d+)$', text, re.M)}


def nothing_is_left(t, net):
    """All memory of HTTP/2 is back, and no stream is left over."""
    until(lambda: figures(t, net)['http2_memory_bytes'] == 0
          and figures(t, net)['http_connections'] == 1, 30,
          'nothing is in use')


@each(tls13_4={'family': '4', 'version': '1.3'},
      tls12_6={'family': '6', 'version': '1.2'})
def test_http2_speaks_to_curl(t, family, version):
    net = t.network()
    web(t, net, '--tls=on')
    base = f'https://{HOSTS[family]}'
    ask = ['-k', '--http2', f'--tlsv{version}', '--tls-max', version]
    out = curl(t, net, *ask, '-o', '/dev/null', '-w',
               '%{http_version} %{http_code}', f'{base}/')
    assert out == '2 200', out
    for name in 'index.html', '600.html', 'assets/style.css':
        assert curl(t, net, *ask, f'{base}/{name}') == \
            (SITE / name).read_text()
    head = curl(t, net, *ask, '-I', f'{base}/about')
    assert head.startswith('HTTP/2 301') and '\r\nlocation: /about/' in head
    assert 'connection:' not in head and 'transfer-' not in head
    assert 'strict-transport-security: ' in head
    out = curl(t, net, *ask, '-w', ' %{http_code}', '-o', '/dev/null',
               '-X', 'DELETE', f'{base}/')
    assert out == ' 405', out
    assert '# EOF' in curl(t, net, *ask, f'{base}/metrics')
    part = curl(t, net, *ask, '-r', '5-9', f'{base}/600.html')
    assert part == (SITE / '600.html').read_text()[5:10]
    nothing_is_left(t, net)


@each(length={'words': ['--data-binary', '@{}', '-H', 'Expect:']},
      continued={'words': ['--data-binary', '@{}', '-H',
                           'Expect: 100-continue']},
      chunks={'words': ['-T', '-']})
def test_http2_bodies_go_both_ways(t, words):
    net = t.network()
    web(t, net, '--tls=on')
    data = os.urandom(8 << 20)
    t.path('data').write_bytes(data)
    line = ' '.join(f"'{w.format(t.path('data'))}'" for w in words)
    out = net.run('sh', '-c', f'{t.program("curl")} -skS --http2 {line} '
                  '--limit-rate 16M https://10.73.0.2/transmit '
                  f'<{t.path("data")} | sha256sum', seconds=60)
    assert out.split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert figures(t, net)['http2_memory_high_bytes'] < 400 << 10
    nothing_is_left(t, net)


@each(four={'host': '10.73.0.2'}, six={'host': '[fd73::2]'})
def test_http2_under_load(t, host):
    net = t.network()
    web(t, net, '--tls=on')
    for path, requests, words in (
            ('/600.html', 5000, ['-c', '10', '-m', '100']),
            ('/random?bytes=300000', 200, ['-c', '2', '-m', '100', '-w', '16',
                                           '-W', '18'])):
        out = net.run(t.program('h2load'), '-n', str(requests), *words,
                      f'https://{host}{path}', seconds=60).decode()
        if f'{requests} succeeded, 0 failed, 0 errored' not in out or \
                'Application protocol: h2' not in out:
            raise Failed(out[-1500:])
    out = net.run(t.program('nghttp'), '-nv', f'https://{host}/', seconds=20,
                  status=None).decode()
    assert ':status: 200' in out and 'END_STREAM' in out, out[-1500:]
    nothing_is_left(t, net)


@each(**{name.replace('-', '_'): {'name': name, 'code': 11} for name in (
    'rapid-reset', 'continuation', 'settings', 'ping', 'empty-data',
    'priority', 'crumbs')})
def test_http2_cuts_off(t, name, code):
    net = t.network()
    web(t, net, '--tls=on')
    out = net.run('python3', RUDE, '10.73.0.2', name, seconds=60).decode()
    assert out in (f'goaway {code}\n', 'closed\n'), out
    assert figures(t, net)['http2_floods_total'] == 1
    assert curl(t, net, '-k', '--http2', 'https://10.73.0.2/healthz') == 'ok\n'
    nothing_is_left(t, net)


def test_http2_serves_a_hundred_at_once(t):
    net = t.network()
    web(t, net, '--tls=on')
    out = net.run('python3', RUDE, 'fd73::2', 'hundred', seconds=60).decode()
    assert out == 'served\n', out
    nothing_is_left(t, net)


def test_http2_is_a_machine(t):
    net = t.network()
    guest = net.guest(qemu.Line(cpu='max', memory_mb=96).kernel(
        t.image('web'), [*WORDS, '--tls=on']))
    guest.wait_for('address fd73::2/64')
    for host in HOSTS.values():
        out = curl(t, net, '-k', '--http2', '-o', '/dev/null', '-w',
                   '%{http_version} %{http_code} %{size_download}',
                   f'https://{host}/random?bytes=3000000')
        assert out == '2 200 3000000', out
    out = net.run(t.program('h2load'), '-n', '500', '-c', '5', '-m', '50',
                  'https://10.73.0.2/600.html', seconds=60).decode()
    if '500 succeeded, 0 failed' not in out:
        raise Failed(out[-1500:])
    nothing_is_left(t, net)


@each(process_by_ipv4={'host': '10.73.0.2', 'machine': False},
      image_by_ipv6={'host': 'fd73::2', 'machine': True})
def test_http2_says_that_it_goes(t, host, machine):
    """What was asked for is still given, in whole."""
    net = t.network()
    if machine:
        image = net.guest(qemu.Line(cpu='max', memory_mb=96).kernel(
            t.image('web'), [*WORDS, '--tls=on']))
        image.wait_for('address fd73::2/64')
    else:
        image = web(t, net, '--tls=on')
    client = net.start('python3', RUDE, host, 'stop', log='client')
    wait_for(client, '(?m)^asked')
    if machine:
        image.qmp('system_powerdown')
    else:
        image.send_signal(signal.SIGTERM)
    wait_for(client, '(?m)^goaway 0 after 2147483647, 1000000 bytes$')
    wait_for(client, '(?m)^ended by FIN$')
    assert (image.wait_exit(30) if machine else image.wait(30)) == 0
