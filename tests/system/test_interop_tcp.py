# SPDX-License-Identifier: ISC
"""What TCP and IP agree on with Linux, and what they do on bad ways."""
import json
import re

from harness import Failed, deadline, until
from interop import MIB, Pair, both_worlds
from network import Network

TIMESTAMPS, SACK, WSCALE, ECN = 1, 2, 4, 8  # tcpi_options in linux/tcp.h
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

# The same for the connection that comes to port 9000.
AGREED_TO = '''
import socket
l = socket.create_server(("::", 9000), family=socket.AF_INET6,
                         dualstack_ipv6=True)
l.settimeout(60)
print("ready", flush=True)
s, _ = l.accept()
s.recv(4096)
print("options", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 6)[5])
s.sendall(b"seen\\n")
'''

# Some of the pattern of port 19; then, while the connection is still there,
# what /connections says of all.
PATTERN = '''
import json, socket, sys
host, want = sys.argv[1], int(sys.argv[2])
s = socket.create_connection((host, 19), 60)
while want > 0:
    want -= len(s.recv(65536))
page = socket.create_connection((host, 80), 10)
page.sendall(b"GET /connections HTTP/1.0\\r\\nAccept: application/json\\r\\n\\r\\n")
said = b""
while part := page.recv(65536):
    said += part
print(said.partition(b"\\r\\n\\r\\n")[2].decode())
'''

# Of what may be marked each way, every 8th is; and who says what is counted.
MARKS = '''
add table inet t
add counter inet t to_us_marked
add counter inet t to_us_ece
add counter inet t to_us_cwr
add counter inet t from_us_marked
add counter inet t from_us_ece
add counter inet t from_us_cwr
add chain inet t output { type filter hook output priority 0; }
add chain inet t input { type filter hook input priority 0; }
''' + ''.join(f'''
add rule inet t {hook} tcp flags & (syn|ecn) == ecn counter name {way}_ece
add rule inet t {hook} tcp flags & (syn|cwr) == cwr counter name {way}_cwr
''' + ''.join(f'''
add rule inet t {hook} {ip} ecn ect0 numgen inc mod 8 0 {ip} ecn set ce \
counter name {way}_marked
''' for ip in ('ip', 'ip6')) for hook, way in (('output', 'to_us'),
                                               ('input', 'from_us')))

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


def ecn_is_agreed_on(echo):
    """In both directions; not when Linux does not want it."""
    echo.net.sysctl('net.ipv4.tcp_ecn', 0)
    if agreed(echo) & ECN:
        raise Failed('ECN that nobody asked for')
    echo.net.sysctl('net.ipv4.tcp_ecn', 1)
    if not agreed(echo) & ECN:
        raise Failed('Linux asked for ECN, and did not get it')
    server = echo.net.start('python3', '-c', AGREED_TO, log='server')
    until(lambda: b'\nready\n' in server.log.read_bytes(), 30, 'the server')
    linux = '10.73.0.1' if echo.family == 4 else '[fd73::1]'
    echo.net.run(echo.t.program('curl'), '-gsS', '--max-time', 30,
                 echo.url(f'/connect?to={linux}:9000'))
    found = until(lambda: re.search(r'^options (\d+)', server.log.read_text(),
                                    re.M), 30, 'our connection')
    if not int(found.group(1)) & ECN:
        raise Failed('Linux was not asked for ECN')


@both_worlds
def test_ecn(t, world, family):
    """RFC 3168: marks are echoed until they are heard of, and obeyed."""
    nft = t.program('nft')
    echo = Pair(t, 'echo', world, family, 7, ['--tcp-ecn=on', '--peer=on'])
    ecn_is_agreed_on(echo)
    echo.net.run(nft, '-f', '-', stdin=None, input=MARKS.encode())
    echo.client('echo', MIB)
    said = json.loads(echo.net.run('python3', '-c', PATTERN, echo.host,
                                   4 * MIB))
    rules = json.loads(echo.net.run(nft, '-j', 'list', 'counters'))['nftables']
    seen = {r['counter']['name']: r['counter']['packets']
            for r in rules if 'counter' in r}
    if len(seen) != 6 or not all(seen.values()):
        raise Failed(f'marks that nobody answered: {seen}')
    ours = [c for c in said['connections'] if c['local'].endswith(':19')]
    if len(ours) != 1 or not ours[0]['ecn'] or ours[0]['retransmits'] \
            or not 0 < ours[0]['ssthresh'] < 64 * ours[0]['mss']:
        raise Failed(f'not slowed by marks alone: {ours}')
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
