# SPDX-License-Identifier: ISC
"""Names: the resolver against servers good and bad, happy eyeballs, and
multicast DNS with Linux as the neighbour."""
import time
from pathlib import Path

from harness import each, until

# Global addresses, for unique local ones come after IPv4: RFC 6724 2.1.
HOST4, HOST6 = '10.73.0.1', '2001:db8:73::1'
ADDRESSES = (f'{HOST4}/24', f'{HOST6}/64')
BOTH = ['--net=tap0', '--ipv4=10.73.0.2/24', '--ipv6=2001:db8:73::2/64']
SERVER = Path(__file__).with_name('name_server.py')
CLIENT = Path(__file__).with_name('mdns_client.py')

# Says a line to each that connects, on both families, and closes.
PEER = (
    'import socket, threading\n'
    's = socket.create_server(("::", 9000), family=socket.AF_INET6,\n'
    '                         dualstack_ipv6=True)\n'
    'print("ready", flush=True)\n'
    'while True:\n'
    '    c, who = s.accept()\n'
    '    print("from", who[0], flush=True)\n'
    '    f = c.makefile("rb")\n'
    '    f.readline()\n'
    '    c.sendall(b"welcome\\n")\n'
    '    c.shutdown(socket.SHUT_WR)\n'
    '    f.read()\n'
    '    c.close()\n')


class Echo:
    """echo with both families, and a neighbour that it can call."""

    def __init__(self, t, *args):
        self.net = t.network(addresses=ADDRESSES)
        self.curl = t.program('curl')
        self.peer = self.net.start('python3', '-c', PEER, log='peer')
        until(lambda: 'ready' in self.peer.log.read_text(), 20, 'the peer')
        self.child = self.net.start(t.image('echo', ''), *BOTH, '--peer=on',
                                    *args, log='console')
        until(lambda: 'address 2001:db8:73::2' in self.child.log.read_text(),
              30, 'its addresses')
        until(lambda: self.get('/')[0] == 200, 30, 'echo')

    def get(self, path):
        try:
            out = self.net.run(self.curl, '-sS', '-g', '-w', '\n%{http_code}',
                               f'http://10.73.0.2{path}', seconds=60).decode()
        except AssertionError:
            return 0, ''
        body, status = out.rsplit('\n', 1)
        return int(status), body

    def connect(self, name, port=9000):
        began = time.monotonic()
        status, body = self.get(f'/connect?to={name}:{port}')
        return status, body, time.monotonic() - began


def name_server(net):
    server = net.start('python3', SERVER, HOST4, HOST6, log='dns')
    until(lambda: server.log.read_text().count('\nready') == 4, 20, 'it')
    return server


def asked(server, word):
    return [row.split() for row in server.log.read_text().splitlines()
            if word in row.lower() and row.split()[0] in ('udp', 'tcp')]


@each(ipv4={'address': HOST4}, ipv6={'address': HOST6})
def test_resolver_and_servers_of_all_kinds(t, address):
    echo = Echo(t, f'--dns={address}', '--search=lab.example')
    server = name_server(echo.net)
    for name in ('good.example', 'tc.example', 'old.example',
                 'lower.case.example', 'drop.example'):
        status, body, _ = echo.connect(name)
        assert status == 200 and 'welcome' in body, (name, status, body)
    rows = asked(server, 'good.example')
    assert sorted(r[2] for r in rows) == ['1', '28'], rows
    assert all(r[3] == 'edns' for r in rows), rows
    assert any(r[1] != r[1].lower() for r in rows), rows
    assert {r[0] for r in asked(server, 'tc.example')} == {'udp', 'tcp'}
    assert {r[3] for r in asked(server, 'old.example')} == {'edns', 'plain'}
    assert {r[0] for r in asked(server, 'lower.case')} == {'udp', 'tcp'}
    # What is remembered is not asked for again; nor that there is nothing.
    status, body, _ = echo.connect('good.example')
    # The other family's answer may have been too late to be remembered.
    assert status == 200 and len(asked(server, 'good.example')) <= 3, body
    for _ in range(2):
        status, body, _ = echo.connect('none.example')
        assert status == 502 and 'no such name' in body, (status, body)
    assert len(asked(server, 'none.example ')) == 2
    status, body, _ = echo.connect('other.example')
    assert status == 502 and 'no such name' in body, (status, body)
    # A short name is looked for in the search list.
    status, body, _ = echo.connect('short')
    assert status == 200 and asked(server, 'short.lab.example'), body
    assert echo.connect('a..b')[0] == 400
    assert echo.connect('10.0.0.256')[0] == 400
    metrics = echo.get('/metrics')[1]
    assert 'net_dns_cache_total{result="negative"}' in metrics, metrics


def test_resolver_with_dnsmasq(t):
    dnsmasq = t.program('dnsmasq')
    echo = Echo(t, f'--dns=10.73.0.9,{HOST4}')  # the first is not there
    log = echo.net.start(
        dnsmasq, '--keep-in-foreground', '--no-resolv', '--no-hosts',
        '--no-daemon', f'--listen-address={HOST4}', '--bind-interfaces',
        '--user=root', '--log-queries', '--conf-file=/dev/null',
        f'--host-record=peer.example,{HOST4},{HOST6}',
        '--cname=alias.example,peer.example', log='dnsmasq')
    until(lambda: 'started' in log.log.read_text(), 20, 'dnsmasq')
    for name in ('peer.example', 'alias.example'):
        status, body, _ = echo.connect(name)
        assert status == 200 and HOST6 in body, (name, status, body)
    # Who was silent is asked last now.
    status, body, took = echo.connect('PEER.example.')
    assert status == 200 and took < 1, (status, body, took)


def test_happy_eyeballs_with_a_broken_family(t):
    echo = Echo(t, f'--dns={HOST4}')
    name_server(echo.net)
    status, body, took = echo.connect('fine.example')
    assert status == 200 and f'([{HOST6}]:9000)' in body, body
    status, body, took = echo.connect('broken6.example')
    assert status == 200 and f'({HOST4}:9000)' in body, body
    assert 0.2 < took < 2, took
    status, body, _ = echo.connect('fine.example', 9001)
    assert status == 502 and 'refused' in body, body
    assert f'tried {HOST6}: ' in body and f'; {HOST4}: ' in body, body


def web(t, net, *args):
    child = net.start(t.image('web', ''), *BOTH, '--mdns=on', *args,
                      log='console')
    until(lambda: 'known as' in child.log.read_text(), 30, 'its name')
    return child


def test_mdns_name_and_service(t):
    net = t.network(addresses=ADDRESSES)
    child = web(t, net, '--hostname=box')
    assert 'known as box.local' in child.log.read_text()

    def ask(*words):
        return net.run('python3', CLIENT, 'tap0', *words, seconds=40).decode()

    for family in ('4', '6'):
        out = ask(family, 'multicast', 'box.local', 'A')
        assert 'A 10.73.0.2 120 flush' in out and 'hops 255' in out, out
        out = ask(family, 'unicast', 'BOX.local', 'AAAA')
        assert 'AAAA 2001:db8:73::2 120 flush' in out, out
        out = ask(family, 'legacy', 'box.local', 'A')
        assert 'A 10.73.0.2 10\n' in out, out
    out = ask('4', 'multicast', '_services._dns-sd._udp.local', 'PTR')
    assert 'PTR _http._tcp.local 4500\n' in out, out
    out = ask('4', 'multicast', '_http._tcp.local', 'PTR')
    assert 'PTR box._http._tcp.local 4500\n' in out, out
    assert 'SRV 80 box.local 120 flush' in out, out
    out = ask('4', 'multicast', 'box.local', 'MX')
    assert 'NSEC' in out, out
    listener = net.start('python3', CLIENT, 'tap0', '4', 'listen',
                         'box.local', 'A', log='goodbye')
    until(lambda: 'listening' in listener.log.read_text(), 20, 'the listener')
    child.terminate()
    until(lambda: 'A 10.73.0.2 0 flush' in listener.log.read_text(), 10,
          'a goodbye')


def test_mdns_by_dig(t):
    dig = t.program('dig')
    net = t.network(addresses=ADDRESSES)
    web(t, net, '--hostname=box')
    for name, kind, want in (('box.local', 'A', '10.73.0.2'),
                             ('_http._tcp.local', 'PTR',
                              'box._http._tcp.local.')):
        out = net.run(dig, '+short', '-p', '5353', '@10.73.0.2', name, kind,
                      seconds=30).decode()
        assert out.strip() == want, out


def avahi(t, net, name):
    program = t.program('avahi-daemon')
    conf = t.path('avahi.conf')
    conf.write_text(f'[server]\nhost-name={name}\nenable-dbus=no\n'
                    'allow-interfaces=tap0\n[publish]\n[reflector]\n')
    return net.start(
        'unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /run && '
        f'exec {program} --no-drop-root --no-chroot --no-rlimits '
        f'--file={conf}', log='avahi')


@each(on={'mdns': 'on'}, off={'mdns': 'off'})
def test_local_names_are_avahis(t, mdns):
    """RFC 6762 3: the neighbours are asked, or nobody; no name server."""
    t.program('avahi-daemon')
    echo = Echo(t, f'--dns={HOST4}', '--hostname=tin', f'--mdns={mdns}')
    server = name_server(echo.net)
    daemon = avahi(t, echo.net, 'box')
    until(lambda: 'Server startup complete' in daemon.log.read_text(), 30,
          'avahi')
    status, body, took = echo.connect('Box.local')
    if mdns == 'on':
        assert status == 200 and 'welcome' in body, (status, body)
        status, body, took = echo.connect('none.local')
    assert status == 502 and 'no such name' in body, (status, body)
    assert mdns == 'on' or took < 1, took
    assert not asked(server, '.local'), asked(server, '.local')


def test_mdns_gives_way_to_avahi(t):
    t.program('avahi-daemon')
    net = t.network(addresses=ADDRESSES)
    daemon = avahi(t, net, 'box')
    child = net.start(t.image('web', ''), *BOTH, '--mdns=on',
                      '--hostname=other', log='warm-up')
    until(lambda: 'Host name is box.local' in daemon.log.read_text()
          or 'Server startup complete' in daemon.log.read_text(), 30, 'avahi')
    assert 'known as box-2.local' in web_after(t, net, child)
    assert 'conflict' not in daemon.log.read_text()


def web_after(t, net, warm_up):
    """The carrier of a tap comes with whoever has it open: avahi needs it
    before, and then it is ours."""
    warm_up.terminate()
    warm_up.wait()
    return web(t, net, '--hostname=box').log.read_text()
