# SPDX-License-Identifier: ISC
"""The test peer from outside: its services, and the calls that it makes."""
import socket
import threading
import urllib.parse

from harness import http_wait, until
from http_client import Wire
from interop import ADDRESS, Pair, both_worlds
from billetlib import qemu

LINE = 74
PERIOD = 95 * LINE


def pattern(n):
    """RFC 864: 72 of the 95 visible characters, each line one later."""
    visible = bytes(range(32, 127))
    lines = b''.join((visible * 2)[i:i + 72] + b'\r\n' for i in range(95))
    assert len(lines) == PERIOD
    return (lines * (n // PERIOD + 1))[:n]


def echo(t, *args, udp=()):
    """Host ports by guest port, of a fresh image."""
    tcp = {guest: t.free_port() for guest in (7, 9, 19, 80)}
    forwards = [('tcp', host, guest) for guest, host in tcp.items()]
    ports = {('udp', guest): t.free_port(socket.SOCK_DGRAM) for guest in udp}
    forwards += [('udp', host, guest) for (_, guest), host in ports.items()]
    line = qemu.Line(memory_mb=64).kernel(t.image('echo'), args)
    t.guest(line.user_net(forwards))
    http_wait(tcp[80])
    return {**tcp, **ports}


def dial(port):
    return socket.create_connection(('127.0.0.1', port), timeout=20)


def read_all(sock):
    data = b''
    while part := sock.recv(65536):
        data += part
    return data


def test_tcp_services(t):
    ports = echo(t)
    data = pattern(300000)
    with dial(ports[7]) as sock:
        sender = threading.Thread(target=lambda: (
            sock.sendall(data), sock.shutdown(socket.SHUT_WR)))
        sender.start()
        assert read_all(sock) == data
        sender.join()
    with dial(ports[9]) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b''
    with dial(ports[19]) as sock:
        got = b''
        while len(got) < 200000:
            got += sock.recv(65536)
        assert got == pattern(len(got))


def test_echo_waits_for_a_slow_reader(t):
    ports = echo(t)
    with dial(ports[7]) as sock:
        sock.settimeout(2)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += sock.send(bytes(65536))
        except TimeoutError:
            pass
        assert sent < 64 << 20, 'it took everything and had nowhere to put it'
        with dial(ports[7]) as other:  # and nobody else notices
            other.sendall(b'hello')
            assert other.recv(10) == b'hello'
        sock.settimeout(20)
        sock.shutdown(socket.SHUT_WR)
        got = 0
        while part := sock.recv(1 << 20):
            got += len(part)
        assert got == sent


def test_udp_services(t):
    ports = echo(t, udp=(7, 9, 19))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)

        def ask(port, data):
            for _ in range(10):
                sock.sendto(data, ('127.0.0.1', ports['udp', port]))
                try:
                    return sock.recv(65536)
                except TimeoutError:
                    pass
            return None

        assert ask(7, b'hello') == b'hello'
        assert ask(7, pattern(1400)) == pattern(1400)
        assert ask(19, b'') == pattern(LINE)
        assert ask(19, bytes(200)) == pattern(2 * LINE)
        assert ask(19, bytes(1400)) == pattern(6 * LINE)
        assert ask(9, b'hello') is None


def test_http(t):
    ports = echo(t)
    with Wire(ports[80]) as wire:
        status, fields, body = wire.ask('GET', '/')
        assert status == 200 and b'Billet echo' in body
        for n in (0, 1, 73, PERIOD, 63270, 63271, 1000000):
            status, fields, body = wire.ask('GET', f'/bytes/{n}')
            assert (status, fields['content-length']) == (200, str(n))
            assert body == pattern(n), n
        for bad in ('', 'x', '-1', '1.5', str((1 << 40) + 1), '9' * 30):
            assert wire.ask('GET', f'/bytes/{bad}')[0] == 400, bad
        assert wire.ask('GET', '/none')[0] == 404
        assert wire.ask('GET', '/connect?to=192.0.2.1:9')[0] == 403
        assert wire.ask('GET', '/udp?to=192.0.2.1:9')[0] == 403
        metrics = wire.ask('GET', '/metrics')[2]
        assert b'echo_bytes_total{port="echo"}' in metrics


# A listener beside the image: it says two lines and closes.
PEER = (
    'import socket, sys\n'
    's = socket.create_server((sys.argv[1], 9000), family='
    'socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)\n'
    'print("ready", flush=True)\n'
    'c, who = s.accept()\n'
    'f = c.makefile("rwb")\n'
    'print(f.readline(), flush=True)\n'
    'f.write(b"one\\ntwo\\n"); f.flush()\n'
    'print(f.readline() + f.readline(), flush=True)\n'
    'c.shutdown(socket.SHUT_WR)\n'
    'print(f.read(), flush=True)\n')


def ours(family):
    return ADDRESS[family][0].split('/')[0]


def to(family, port):
    host = f'[{ours(family)}]' if family == 6 else ours(family)
    return urllib.parse.quote(f'{host}:{port}')


@both_worlds
def test_it_calls_when_it_is_told_to(t, world, family):
    curl = t.program('curl')
    pair = Pair(t, 'echo', world, family, 80, ['--peer=on'])

    def ask(path):
        out = pair.net.run(curl, '-sS', '-g', '-w', '\n%{http_code}',
                           pair.url(path), seconds=100).decode()
        body, status = out.rsplit('\n', 1)
        return int(status), body

    peer = pair.net.start('python3', '-c', PEER, ours(family), log='peer')
    until(lambda: '\nready' in peer.log.read_text(), 10, 'the peer listens')
    status, body = ask(f'/connect?to={to(family, 9000)}')
    assert status == 200, body
    assert body.startswith('connected to ') and '8 bytes came' in body
    assert body.endswith('one\ntwo\n'), body
    said = peer.log.read_text()
    assert 'this is Billet' in said and "b'one\\ntwo\\n'" in said, said
    status, body = ask(f'/connect?to={to(family, 9001)}')  # nobody is there
    assert status == 502 and 'refused' in body, (status, body)
    listener = pair.net.start(
        'python3', '-c', 'import socket, sys\n'
        's = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else '
        'socket.AF_INET, socket.SOCK_DGRAM)\n'
        's.bind((sys.argv[1], 9002))\nprint("ready", flush=True)\n'
        'print(s.recv(2000), flush=True)\n', ours(family), log='datagram')
    until(lambda: '\nready' in listener.log.read_text(), 10, 'it listens')
    status, body = ask(f'/udp?to={to(family, 9002)}')
    assert status == 200 and body.startswith('sent to '), (status, body)
    until(lambda: 'this is Billet' in listener.log.read_text(), 10,
          'the datagram')
    for bad in ('', '?to=', '?to=here', '?to=192.0.2.1', '?to=192.0.2.1:0',
                '?to=192.0.2.1:99999', '?to=%zz'):
        assert ask('/connect' + bad)[0] == 400, bad
    elsewhere = '[2001:db8::1]' if family == 4 else '192.0.2.1'
    status, body = ask('/udp?to=' + urllib.parse.quote(f'{elsewhere}:9'))
    assert status == 502 and 'route' in body or 'reach' in body, (status, body)
    pair.alive()
