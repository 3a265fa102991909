# SPDX-License-Identifier: ISC
"""The web server from outside: what it says, to good clients and bad ones."""
import gzip
import hashlib
import json
import re
import socket
import threading
import time

from harness import TOP, deadline, each, http_wait, until
from http_client import Wire
from billetlib import qemu

SITE = TOP / 'apps' / 'web' / 'site'
NOISE_BYTES = 65521


def web(t, *args, memory=64):
    """The port on which a fresh image answers."""
    port = t.free_port()
    line = qemu.Line(memory_mb=memory).kernel(t.image('web'), args)
    t.guest(line.user_net([('tcp', port, 80)]))
    http_wait(port)
    return port


def site(name):
    return (SITE / name).read_bytes()


def test_files_are_what_was_baked(t):
    port = web(t)
    for file in (f for f in SITE.rglob('*') if f.is_file()):
        path = '/' + file.relative_to(SITE).as_posix()
        with Wire(port) as wire:
            status, fields, body = wire.ask('GET', path)
            assert (status, body) == (200, file.read_bytes()), path
            assert fields['content-length'] == str(len(body))
            assert re.fullmatch(r'"[0-9a-f]+"', fields['etag'])
            assert fields['x-content-type-options'] == 'nosniff'
            assert 'last-modified' in fields and 'date' in fields
            again, same, nothing = wire.ask('HEAD', path)
            assert (again, nothing) == (200, b'')
            assert {**same, 'date': 0} == {**fields, 'date': 0}
            _, packed, data = wire.ask('GET', path, 'Accept-Encoding: gzip')
            if packed.get('content-encoding') == 'gzip':
                assert packed['etag'] != fields['etag']
                assert packed['vary'] == fields['vary'] == 'Accept-Encoding'
                data = gzip.decompress(data)
            assert data == body, path
    types = {'/': 'text/html', '/assets/style.css': 'text/css',
             '/assets/live.js': 'text/javascript', '/favicon.svg': 'image/svg+xml',
             '/robots.txt': 'text/plain'}
    with Wire(port) as wire:
        for path, kind in types.items():
            _, fields, _ = wire.ask('GET', path)
            assert fields['content-type'].startswith(kind), path
        _, fields, body = wire.ask('GET', '/')
        assert body == site('index.html')
        assert "default-src 'none'" in fields['content-security-policy']
        status, fields, _ = wire.ask('GET', '/about?x=1')
        assert (status, fields['location']) == (301, '/about/?x=1')
        assert wire.ask('GET', '/about/')[2] == site('about/index.html')
        assert wire.ask('GET', '/a/%2e%2E/./%69ndex.html')[2] == body


def test_conditions_and_ranges(t):
    page = site('600.html')
    with Wire(web(t)) as wire:
        _, fields, _ = wire.ask('GET', '/600.html')
        etag, date = fields['etag'], fields['last-modified']
        for line in (f'If-None-Match: {etag}', f'If-None-Match: "x", W/{etag}',
                     'If-None-Match: *', f'If-Modified-Since: {date}'):
            status, fields, body = wire.ask('GET', '/600.html', line)
            assert (status, fields['etag'], body) == (304, etag, b''), line
        for line in ('If-None-Match: "x"', f'If-Match: {etag}',
                     'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT'):
            assert wire.ask('GET', '/600.html', line)[0] == 200, line
        assert wire.ask('GET', '/600.html', 'If-Match: "x"')[0] == 412
        for value, first, last in (('0-99', 0, 99), ('500-', 500, 599),
                                   ('-1', 599, 599), ('590-9999', 590, 599)):
            status, fields, body = wire.ask('GET', '/600.html',
                                            f'Range: bytes={value}')
            assert status == 206, value
            assert fields['content-range'] == f'bytes {first}-{last}/600'
            assert body == page[first:last + 1], value
        status, fields, _ = wire.ask('GET', '/600.html', 'Range: bytes=600-')
        assert (status, fields['content-range']) == (416, 'bytes */600')
        both = 'Range: bytes=0-9', f'If-Range: {etag}'
        assert wire.ask('GET', '/600.html', *both)[0] == 206
        both = 'Range: bytes=0-9', 'If-Range: "x"'
        assert wire.ask('GET', '/600.html', *both)[2] == page


def test_each_refusal_has_its_status_and_its_page(t):
    port = web(t)
    long = 'a' * 9000
    host = 'Host: test\r\n'
    cases = {
        'GET /nowhere HTTP/1.1\r\n' + host + '\r\n': 404,
        'GET / HTTP/1.1\r\n\r\n': 400,
        'GET /\r\n\r\n': 400,
        'GET /../etc/passwd HTTP/1.1\r\n' + host + '\r\n': 400,
        'GET /%00 HTTP/1.1\r\n' + host + '\r\n': 400,
        'DELETE / HTTP/1.1\r\n' + host + '\r\n': 405,
        'GET /transmit HTTP/1.1\r\n' + host + '\r\n': 405,
        'POST /transmit HTTP/1.1\r\n' + host + '\r\n': 411,
        'GET / HTTP/1.1\r\n' + host + 'Content-Length: 99999999\r\n\r\n': 413,
        f'GET /{long} HTTP/1.1\r\n' + host + '\r\n': 414,
        f'GET / HTTP/1.1\r\n{host}X: {long}\r\n\r\n': 431,
        'GET / HTTP/1.1\r\n' + host + 'Expect: wonders\r\n\r\n': 417,
        'BREW / HTTP/1.1\r\n' + host + '\r\n': 501,
        'GET / HTTP/2.0\r\n' + host + '\r\n': 505,
    }
    for request, want in cases.items():
        with Wire(port) as wire:
            status, fields, body = wire.send(request).reply()
            assert status == want, (request[:60], status)
            assert fields['content-type'] == 'text/html; charset=utf-8'
            assert f'<h1>{want} '.encode() in body
    with Wire(port) as wire:
        _, fields, _ = wire.ask('DELETE', '/')
        assert set(fields['allow'].split(', ')) >= {'GET', 'HEAD'}


SMUGGLING = {
    'both lengths': 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
    'the other way round': 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n',
    'two equal lengths': 'Content-Length: 4\r\nContent-Length: 4\r\n',
    'two lengths': 'Content-Length: 4\r\nContent-Length: 5\r\n',
    'a list of lengths': 'Content-Length: 4, 4\r\n',
    'a sign': 'Content-Length: +4\r\n',
    'a hexadecimal length': 'Content-Length: 0x4\r\n',
    'a blank before the colon': 'Content-Length : 4\r\n',
    'a tab before the colon': 'Transfer-Encoding\t: chunked\r\n',
    'a folded line': 'X: a\r\n b\r\nContent-Length: 4\r\n',
    'a folded coding': 'Transfer-Encoding:\r\n chunked\r\n',
    'a bare line feed': 'X: a\nContent-Length: 4\r\n',
    'a bare carriage return': 'X: a\rContent-Length: 4\r\n',
    'a NUL': 'X: a\0\r\nContent-Length: 4\r\n',
    'chunked twice': 'Transfer-Encoding: chunked, chunked\r\n',
    'chunked before another': 'Transfer-Encoding: chunked, identity\r\n',
    'a vertical tab': 'Transfer-Encoding: \x0bchunked\r\n',
    'two hosts': 'Host: other\r\nContent-Length: 4\r\n',
}
BAD_CHUNKS = ['x\r\n', '-1\r\n', '0x4\r\nbody\r\n0\r\n\r\n', '4 \r\nbody\r\n',
              '4\nbody\r\n0\r\n\r\n', '4\r\nbodyX\r\n0\r\n\r\n',
              '4;\nbody\r\n', '4\r\nbody\r\n0\r\n folded\r\n\r\n',
              'fffffffffffffffff\r\n']


def test_smuggling_is_refused(t):
    """RFC 9112 11.2: the second request must never be answered."""
    port = web(t)
    tail = '\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: test\r\n\r\n'
    for name, lines in SMUGGLING.items():
        with Wire(port) as wire:
            wire.send(f'POST /transmit HTTP/1.1\r\nHost: test\r\n{lines}{tail}')
            status, fields, _ = wire.reply()
            assert status == 400, (name, status)
            assert fields['connection'] == 'close', name
            assert wire.closed() and not wire.data, name
    for chunks in BAD_CHUNKS:
        with Wire(port) as wire:
            wire.send('POST /transmit HTTP/1.1\r\nHost: test\r\n'
                      f'Transfer-Encoding: chunked\r\n\r\n{chunks}{tail}')
            try:
                assert b'\r\nok\n' not in wire.rest(), chunks
            except ConnectionResetError:
                pass
    with Wire(port) as wire:
        text = wire.ask('GET', '/metrics')[2].decode()
    counted = re.search(r'http_refused_total{reason="smuggling"} (\d+)', text)
    assert int(counted[1]) >= 10, counted


def test_keep_alive_and_pipelining(t):
    port = web(t)
    one = b'GET /600.html HTTP/1.1\r\nHost: test\r\n\r\n'
    with Wire(port) as wire:
        for _ in range(20):
            assert wire.ask('GET', '/600.html')[2] == site('600.html')
        wire.send(one * 200)
        for _ in range(200):
            assert wire.reply()[2] == site('600.html')
        wire.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
        assert wire.reply()[1]['connection'] == 'keep-alive'
        wire.send('GET / HTTP/1.0\r\n\r\n')
        status, fields, _ = wire.reply()
        assert (status, fields['connection']) == (200, 'close')
        assert wire.closed()
    with Wire(port) as wire:  # one byte at a time
        for byte in one:
            wire.send(bytes([byte]))
        assert wire.reply()[0] == 200


def test_transmit_gives_back_what_it_gets(t):
    port = web(t)
    data = bytes(range(256)) * 700
    with Wire(port) as wire:
        assert wire.ask('POST', '/transmit', f'Content-Length: {len(data)}',
                        body=data)[2] == data
        sizes, body, at = [1, 2, 15, 16, 17, 4095, 4096, 70000], b'', 0
        for n in sizes:
            body += b'%x;ext=1\r\n%b\r\n' % (n, data[at:at + n])
            at += n
        body += b'0\r\nTrailer: yes\r\n\r\n'
        status, fields, got = wire.ask('POST', '/transmit',
                                       'Transfer-Encoding: chunked', body=body)
        assert (status, got) == (200, data[:at])
        assert wire.ask('POST', '/transmit', 'Content-Length: 0')[2] == b''
        wire.send('POST /transmit HTTP/1.1\r\nHost: test\r\n'
                  'Expect: 100-continue\r\nContent-Length: 5\r\n\r\n')
        assert wire.head()[0] == 100
        assert wire.send(b'hello').reply()[2] == b'hello'


@deadline(240)
def test_transmit_by_curl(t):
    curl, port = t.program('curl'), web(t)
    sent, got = t.path('sent'), t.path('got')
    sent.write_bytes(hashlib.shake_256(b'curl').digest(3 << 20))
    for more in ([], ['-H', 'Transfer-Encoding: chunked'],
                 ['-H', 'Expect: 100-continue']):
        t.run(curl, '-fsS', '-X', 'POST', '-T', sent, '-o', got, *more,
              f'http://127.0.0.1:{port}/transmit')
        assert got.read_bytes() == sent.read_bytes(), more


def noise(n):
    """What apps/web/noise.c says."""
    block, state = bytearray(), 1
    mask = (1 << 64) - 1
    while len(block) < NOISE_BYTES:
        state ^= state >> 12
        state = (state ^ state << 25) & mask
        state ^= state >> 27
        block += (state * 0x2545f4914f6cdd1d & mask).to_bytes(8, 'little')
    block = bytes(block[:NOISE_BYTES])
    return (block * (n // NOISE_BYTES + 1))[:n]


def test_random_is_what_it_says_it_is(t):
    with Wire(web(t)) as wire:
        for n in (0, 1, 1000, NOISE_BYTES, NOISE_BYTES + 1, 1 << 20):
            status, fields, body = wire.ask('GET', f'/random?bytes={n}')
            assert (status, fields['content-length']) == (200, str(n))
            assert body == noise(n), n
        _, fields, _ = wire.ask('HEAD', f'/random?bytes={1 << 40}')
        assert fields['content-length'] == str(1 << 40)
        for query in ('', '?bytes=', '?bytes=x', '?bytes=-1', '?n=1',
                      f'?bytes={(1 << 40) + 1}'):
            assert wire.ask('GET', '/random' + query)[0] == 400, query


def test_health_metrics_log_and_status(t):
    with Wire(web(t)) as wire:
        assert wire.ask('GET', '/healthz')[2] == b'ok\n'
        _, fields, body = wire.ask('GET', '/metrics')
        assert fields['content-type'].startswith(
            'application/openmetrics-text; version=1.0.0')
        assert body.endswith(b'# EOF\n')
        for name in (b'http_requests_total', b'tcp_', b'image_uptime_seconds'):
            assert name in body, name
        _, fields, _ = wire.ask('GET', '/metrics',
                             'Accept: text/html, */*;q=0.8')
        assert fields['content-type'].startswith('text/plain')
        log = wire.ask('GET', '/log')[2].decode()
        assert 'boot] web ' in log, log
        body = wire.ask('GET', '/connections')[2].decode()
        assert body.startswith('connections:1/'), body
        assert '\nESTABLISHED ' in body and ' rtt:' in body, body
        _, fields, body = wire.ask('GET', '/connections?format=json')
        assert fields['content-type'] == 'application/json'
        one, = json.loads(body)['connections']
        assert one['state'] == 'ESTABLISHED' and one['cwnd'] > 0, one
        first = json.loads(wire.ask('GET', '/status.json')[2])
        time.sleep(0.3)
        then = json.loads(wire.ask('GET', '/status.json')[2])
        assert then['uptime_ms'] > first['uptime_ms'] > 0
        assert then['requests'] > first['requests']
        assert 0 < then['memory_used'] <= then['memory_high']
        assert then['memory_high'] <= then['memory_plan']
        assert then['connections'] >= 1 and then['boot_us'] > 0


@deadline(240)
def test_slow_clients_lose_their_place(t):
    port = web(t, '--http-header-timeout=2', '--http-body-timeout=2',
               '--http-idle-timeout=3')
    resting = Wire(port)
    assert resting.ask('GET', '/healthz')[0] == 200
    # QEMU takes connections slowly: more than these would be too late.
    crowd = [Wire(port).send('GET / HTTP/1.1\r\nX: ') for _ in range(20)]
    silent, dripping, half = Wire(port), Wire(port), Wire(port)
    half.send('POST /transmit HTTP/1.1\r\nHost: a\r\n'
              'Content-Length: 10\r\n\r\nhalf')
    began = time.monotonic()
    dripping.send('GET / HTTP/1.1\r\n')
    try:
        while time.monotonic() - began < 20:
            dripping.send('X: y\r\n')
            time.sleep(0.2)
    except OSError:
        pass
    assert time.monotonic() - began < 15, 'a dripping head has no end'
    with Wire(port) as wire:  # others are served all the while
        assert wire.ask('GET', '/healthz')[0] == 200
    for wire in (silent, resting, half):
        wire.sock.settimeout(10)
        assert wire.closed() or wire.rest() is not None
    for wire in crowd:
        assert wire.closed() or b' 408 ' in wire.data
    with Wire(port) as wire:
        text = wire.ask('GET', '/metrics')[2].decode()
    for kind in ('header', 'body', 'idle'):
        found = re.search(fr'http_timeouts_total{{kind="{kind}"}} (\d+)', text)
        assert int(found[1]) > 0, kind


def test_a_crowd_is_told_to_come_back(t):
    port = web(t, '--http-conns=4')
    busy = []
    for _ in range(4):  # in the midst of a request: not to be pushed out
        wire = Wire(port)
        wire.send('POST /transmit HTTP/1.1\r\nHost: a\r\n'
                  'Content-Length: 10\r\n\r\nhalf')
        assert wire.head()[0] == 200
        busy.append(wire)
    with Wire(port) as wire:
        status, fields, _ = wire.reply()
        assert (status, fields['retry-after']) == (503, '5')
        assert wire.closed()
    for wire in busy:
        assert wire.send(b' whole').take(10) == b'half whole'
    until(lambda: http_wait(port)[0] == 200, 10, 'a place again')


@each(mb8={'memory': 8}, mb6={'memory': 6})
def test_64_connections_on_a_small_machine(t, memory):
    port = web(t, memory=memory)
    wires, failures = [], []
    for _ in range(64):
        wires.append(Wire(port))
        assert wires[-1].ask('GET', '/healthz')[0] == 200

    def use(wire):
        try:
            for path in ('/600.html', '/', '/random?bytes=100000', '/about/'):
                status, _, body = wire.ask('GET', path)
                assert status == 200 and body, path
        except Exception as error:  # told below
            failures.append(error)

    threads = [threading.Thread(target=use, args=(w,)) for w in wires]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [], failures[:3]
    for wire in wires:
        wire.sock.shutdown(socket.SHUT_WR)
