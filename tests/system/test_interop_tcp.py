# SPDX-License-Identifier: ISC
"""What TCP and IP agree on with Linux, and what they do on bad ways."""
from harness import Failed, deadline
from interop import MIB, Pair, both_worlds
from network import Network

TIMESTAMPS, SACK, WSCALE = 1, 2, 4  # tcpi_options in linux/tcp.h
GATEWAY = {4: '--ipv4-gateway=10.73.0.1', 6: '--ipv6-gateway=fd73::1'}
FAR = {4: ('10.74.0.1/24', '10.74.0.2/24', '10.74.0.1'),
       6: ('fd74::1/64', 'fd74::2/64', 'fd74::1')}

# One connection to port 7: a line there and back, then what was agreed on.
AGREED = '''
import socket, sys
s = socket.create_connection((sys.argv[1], 7), 10)
s.sendall(b"x" * 3000)
n = 0
while n < 3000:
    n += len(s.recv(4096))
print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 6)[5])
'''

# A datagram of some size to port 7 and back; the first ones may be lost to
# finding out how much the way takes.
DATAGRAM = '''
import socket, sys
host, n = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                  socket.SOCK_DGRAM)
s.settimeout(2)
data = bytes(i * 7 & 255 for i in range(n))
for _ in range(10):
    try:
        s.sendto(data, (host, 7))
        if s.recv(65536) == data:
            sys.exit(0)
    except OSError:
        pass
sys.exit("no answer of %d bytes" % n)
'''


def agreed(echo):
    return int(echo.net.run('python3', '-c', AGREED, echo.host))


@both_worlds
def test_options_are_agreed_on(t, world, family):
    echo = Pair(t, 'echo', world, family, 7)
    every = TIMESTAMPS | SACK | WSCALE
    for key, bit in (('', 0), ('tcp_timestamps', TIMESTAMPS),
                     ('tcp_sack', SACK), ('tcp_window_scaling', WSCALE)):
        if key:
            echo.net.sysctl('net.ipv4.' + key, 0)
        got = agreed(echo) & every
        if got != every & ~bit:
            raise Failed(f'without {key or "nothing"}: options {got:#x}')
        echo.client('echo', MIB)
        if key:
            echo.net.sysctl('net.ipv4.' + key, 1)
    echo.alive()


@both_worlds
@deadline(240)
def test_a_way_that_loses(t, world, family):
    nft = t.program('nft')
    web = Pair(t, 'web', world, family, 80)
    rules = 'add table inet t\n' + ''.join(
        f'add chain inet t {hook} {{ type filter hook {hook} priority 0; }}\n'
        f'add rule inet t {hook} meta l4proto tcp '
        f'numgen random mod 100 < 2 drop\n' for hook in ('input', 'output'))
    web.net.run(nft, '-f', '-', stdin=None, input=rules.encode())
    web.client('random', 4 * MIB)
    web.client('transmit', 4 * MIB)
    web.alive()


def far_away(t, pair):
    """A second namespace behind the first one, over a cable of MTU 1300."""
    near, family = pair.net, pair.family
    ours, theirs, router = FAR[family]
    far = Network(t, addresses=(), taps=0)
    near.inside('link', 'add', 'name', 'veth0', 'type', 'veth', 'peer', 'name',
                'veth1', 'netns', far.name)
    for net, name, address in ((near, 'veth0', ours), (far, 'veth1', theirs)):
        net.inside('link', 'set', name, 'mtu', 1300, 'up')
        net.inside('address', 'add', address, 'dev', name,
                   *(['nodad'] if family == 6 else []))
    far.inside('route', 'add', 'default', 'via', router)
    near.sysctl('net.ipv4.ip_forward', 1)
    near.sysctl('net.ipv6.conf.all.forwarding', 1)
    pair.net = far  # what the pair runs now, it runs there


@both_worlds
@deadline(240)
def test_a_narrow_hop(t, world, family):
    web = Pair(t, 'web', world, family, 80, [GATEWAY[family]])
    far_away(t, web)
    web.client('random', 4 * MIB)
    web.client('transmit', 4 * MIB)
    web.alive()


@both_worlds
def test_datagrams_over_a_narrow_hop(t, world, family):
    echo = Pair(t, 'echo', world, family, 7, [GATEWAY[family]])
    far_away(t, echo)
    for size in (1200, 1400, 5000):
        echo.net.run('python3', '-c', DATAGRAM, echo.host, size)
    echo.alive()


@both_worlds
def test_fragments(t, world, family):
    ping = t.program('ping')
    echo = Pair(t, 'echo', world, family, 7)
    for size in (1473, 3000, 8000):
        said = echo.net.run(ping, '-c', 3, '-i', '0.1', '-s', size,
                            echo.host).decode()
        if '3 received' not in said:
            raise Failed(said)
        echo.net.run('python3', '-c', DATAGRAM, echo.host, size)
    echo.alive()
