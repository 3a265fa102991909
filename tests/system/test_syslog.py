# SPDX-License-Identifier: ISC
"""The log at a server of RFC 5424, over UDP, TCP and TLS, IPv4 and IPv6."""
import re
from datetime import datetime, timezone
from pathlib import Path

import tls_certs
from billetlib import qemu
from harness import Failed, each, until
from test_dhcp import HOST4, said, wait_for, web

SERVER = Path(__file__).with_name('syslog_server.py')
WORDS = ('--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64', '--hostname=tin')
# RFC 5424 6: PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID SD MSG
MESSAGE = (r'^<(?P<pri>\d+)>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)'
           r' tin web - (?P<id>\S+) - (?P<text>.*)$')


def server(t, net, over, address, port=5140, *words):
    child = net.start('python3', SERVER, over, address, port, *words,
                      log='server')
    wait_for(child, '^ready$|\nready\n')
    return child


def metric(net, t, name):
    page = net.run(t.program('curl'), '-sS', 'http://10.73.0.2/metrics')
    return int(re.search(rf'^syslog_{name}_total (\d+)$', page.decode(),
                         re.M).group(1))


def check(child):
    """What came is what RFC 5424 has, once and in order, from the first line
    on and with the time that it was at."""
    wait_for(child, r'web - \S+ - (?:\S+: )?.*known|started in')
    rows = [m for m in re.finditer(MESSAGE, said(child), re.M)]
    texts = [m['text'] for m in rows]
    if not re.match(r'web \S+ \(\S+\) on ', texts[0]) or \
            rows[0]['id'] != 'boot' or rows[0]['pri'] != '30':
        raise Failed(f'the first line is not the first: {rows[0].group()}')
    stamps = [m['time'] for m in rows]
    if stamps != sorted(stamps):
        raise Failed(f'out of order: {stamps}')
    off = datetime.now(timezone.utc) - datetime.strptime(
        stamps[0], '%Y-%m-%dT%H:%M:%S.%fZ').replace(tzinfo=timezone.utc)
    if not -2 < off.total_seconds() < 60:
        raise Failed(f'{stamps[0]} is {off} ago')
    if len(set(zip(stamps, texts))) != len(rows):
        raise Failed('a line came twice')


@each(udp4={'over': 'udp', 'address': '10.73.0.1', 'to': '10.73.0.1:5140'},
      udp6={'over': 'udp', 'address': 'fd73::1', 'to': '[fd73::1]:5140'},
      tcp4={'over': 'tcp', 'address': '10.73.0.1', 'to': '10.73.0.1:5140'},
      tcp6={'over': 'tcp', 'address': 'fd73::1', 'to': '[fd73::1]:5140'})
def test_log_arrives(t, over, address, to):
    net = t.network()
    child = server(t, net, over, address)
    web(t, net, *WORDS, f'--syslog={over}:{to}')
    check(child)


@each(udp={'over': 'udp'}, tcp={'over': 'tcp'})
def test_log_of_a_machine_arrives(t, over):
    net = t.network()
    child = server(t, net, over, 'fd73::1')
    net.guest(qemu.Line().kernel(t.image('web'), [
        *WORDS, f'--syslog={over}:[fd73::1]:5140']))
    check(child)


def test_server_by_name(t):
    net = t.network(addresses=(HOST4,))
    child = server(t, net, 'tcp', '10.73.0.1', 514)
    net.start(t.program('dnsmasq'), '--keep-in-foreground', '--user=root',
              '--conf-file=/dev/null', '--no-resolv', '--no-hosts',
              '--interface=tap0', '--bind-interfaces',
              '--address=/logs.lab/10.73.0.1', log='names')
    web(t, net, *WORDS, '--dns=10.73.0.1', '--syslog=tcp:logs.lab')
    check(child)


def test_reset_connection_is_made_again(t):
    net = t.network()
    child = server(t, net, 'tcp', '10.73.0.1', 5140, 3)
    image = web(t, net, *WORDS, '--syslog=tcp:10.73.0.1:5140')
    wait_for(image, r'syslog\] warning: 10\.73\.0\.1: reset by the peer, again')
    wait_for(child, r'connection [\s\S]*connection [\s\S]*reset by the peer')
    until(lambda: metric(net, t, 'connections') == 2, 30, 'two connections')


def test_lines_wait_for_a_server_that_is_down(t):
    """Nobody listens: lines wait, and arrive once somebody does."""
    net = t.network()
    image = web(t, net, *WORDS, '--syslog=tcp:10.73.0.1:5140')
    wait_for(image, r'syslog\] warning: 10\.73\.0\.1: refused')
    if metric(net, t, 'sent') or metric(net, t, 'connections'):
        raise Failed('sent to nobody')
    child = server(t, net, 'tcp', '10.73.0.1')
    check(child)
    if metric(net, t, 'dropped') != 0 or metric(net, t, 'failures') < 1:
        raise Failed('counters')


BOTH = 'IP:10.73.0.1,IP:fd73::1'


def tls_web(t, net, to, *words):
    env = tls_certs.given(t, syslog_trust=tls_certs.CA)
    return net.start('env', f"BILLET_FILES={env['BILLET_FILES']}",
                     t.image('web', ''), '--net=tap0', *WORDS,
                     f'--syslog=tls:{to}', *words, log='web')


@each(ipv4={'address': '10.73.0.1', 'to': '10.73.0.1:5140'},
      ipv6={'address': 'fd73::1', 'to': '[fd73::1]'})
def test_log_arrives_over_tls(t, address, to):
    net = t.network()
    port = 5140 if to.endswith(':5140') else 6514
    child = server(t, net, 'tls', address, port,
                   *tls_certs.make(t, 'good', BOTH))
    tls_web(t, net, to)
    check(child)


def test_log_of_a_machine_arrives_over_tls(t):
    net = t.network()
    child = server(t, net, 'tls', 'fd73::1', 6514,
                   *tls_certs.make(t, 'good', BOTH))
    line = qemu.Line().kernel(t.image('web'), [
        *WORDS, '--syslog=tls:[fd73::1]'])
    line.add('-fw_cfg', f'name=opt/billet/syslog-trust,file={tls_certs.CA}')
    net.guest(line)
    check(child)


def test_reset_connection_over_tls_is_made_again(t):
    net = t.network()
    child = server(t, net, 'tls', '10.73.0.1', 6514,
                   *tls_certs.make(t, 'good', BOTH), 3)
    tls_web(t, net, '10.73.0.1')
    wait_for(child, r'connection [\s\S]*connection ')
    until(lambda: metric(net, t, 'connections') == 2, 30, 'two connections')


def test_log_server_with_another_name_gets_nothing(t):
    net = t.network()
    child = server(t, net, 'tls', '10.73.0.1', 6514,
                   *tls_certs.make(t, 'bad', 'IP:10.73.0.9,DNS:10.73.0.1'))
    image = tls_web(t, net, '10.73.0.1')
    wait_for(image, r'syslog\] warning: 10\.73\.0\.1: .*name.*, again in')
    if 'connection' in said(child) or metric(net, t, 'sent'):
        raise Failed(said(child))


@each(tls={'name': 'echo', 'value': 'tls:10.73.0.1',
           'says': 'there is no TLS in this image'},
      nonsense={'name': 'web', 'value': 'tcp', 'says': 'udp:HOST'})
def test_refused(t, name, value, says):
    out = t.run(t.image(name, ''), f'--syslog={value}', status=2).decode()
    assert says in out and len(out.splitlines()) == 1, out
