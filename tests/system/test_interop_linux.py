# SPDX-License-Identifier: ISC
"""Linux and its usual programs as the peer, by each family alone."""
import re

from harness import Failed, alone, deadline
from interop import Pair, both_worlds


@both_worlds
def test_ping(t, world, family):
    ping = t.program('ping')
    echo = Pair(t, 'echo', world, family, 7)
    for size in (0, 56, 1400):
        said = echo.net.run(ping, '-c', 5, '-i', '0.1', '-s', size,
                            echo.host).decode()
        if '5 received' not in said:
            raise Failed(said)


@both_worlds
def test_nc(t, world, family):
    nc = t.program('nc')
    echo = Pair(t, 'echo', world, family, 7)
    said = echo.net.run(nc, '-N', '-w', 5, echo.host, 7,
                        stdin=None, input=b'one line\n')
    if said != b'one line\n':
        raise Failed(f'nc got {said!r}')
    said = echo.net.run(nc, '-u', '-w', 1, echo.host, 7,
                        stdin=None, input=b'a datagram')
    if said != b'a datagram':
        raise Failed(f'nc -u got {said!r}')


@both_worlds
def test_datagrams(t, world, family):
    echo = Pair(t, 'echo', world, family, 7)
    echo.client('udp', 500)
    echo.alive()


@both_worlds
@alone
@deadline(240)
def test_4096_connections_at_once(t, world, family):
    echo = Pair(t, 'echo', world, family, 7)
    echo.client('connections', 4096)
    echo.client('connections', 4096)  # the slots came back
    echo.alive()


@both_worlds
def test_curl(t, world, family):
    curl = t.program('curl')
    web = Pair(t, 'web', world, family, 80)
    page = web.net.run(curl, '-fsS', '-g', web.url('/'))
    again = web.net.run(curl, '-fsS', '-g', '--compressed', web.url('/'),
                        web.url('/')).decode()
    if again != page.decode() * 2:
        raise Failed('three requests for one page gave different bytes')
    code = web.net.run(curl, '-sS', '-g', '-o', '/dev/null', '-w',
                       '%{http_code}', web.url('/no/such/page'))
    if code != b'404':
        raise Failed(f'a page that is not there: {code}')


@both_worlds
@alone
def test_wrk(t, world, family):
    wrk = t.program('wrk')
    web = Pair(t, 'web', world, family, 80)
    said = web.net.run(wrk, '-t', 1, '-c', 64, '-d', '3s',
                       web.url('/')).decode()
    if 'Socket errors' in said or 'Non-2xx' in said:
        raise Failed(said)
    if not re.search(r'[1-9]\d+ requests in', said):
        raise Failed(said)
    web.alive()
