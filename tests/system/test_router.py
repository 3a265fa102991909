# SPDX-License-Identifier: ISC
"""apps/router between two Linux hosts, in two namespaces.

    here, tap0 10.73.0.1 --- 10.73.0.2 router 10.74.0.2 --- 10.74.0.1, there

With `trunk`, `here` also is 10.75.0.1 on tap2, which vlan_relay.py makes VLAN
10 of the same wire.  The far wire may be narrower.  tap1 is joined to a veth by
a bridge, for a tap cannot be opened from another namespace than its own.
"""
import hashlib
import random
import sys
from pathlib import Path

from billetlib import qemu
from harness import Failed, each, until

MIB = 1 << 20
KEYS = ['--uplink.ipv4=10.73.0.2/24', '--uplink.ipv6=fd73::2/64',
        '--lan.ipv4=10.74.0.2/24', '--lan.ipv6=fd74::2/64',
        '--uplink.vlan=10', '--uplink.10.ipv4=10.75.0.2/24',
        '--uplink.10.ipv6=fd75::2/64']
BYTES = 10 * MIB
# Sends BYTES of a known stream to whoever connects, or takes as many.
SERVE = f'''
import socket, hashlib, random, sys
s = socket.create_server(("", 4000), family=socket.AF_INET6,
                         dualstack_ipv6=True)
data = random.Random(73).randbytes({BYTES})
print("ready", flush=True)
while True:
    c = s.accept()[0]
    if c.recv(1) == b"g":
        c.sendall(data)
    else:
        got = hashlib.sha256()
        while (part := c.recv(1 << 16)):
            got.update(part)
        c.sendall(got.hexdigest().encode())
    c.close()
'''
CALL = f'''
import socket, hashlib, random, sys
c = socket.create_connection((sys.argv[1], 4000), 20)
c.settimeout(20)
if sys.argv[2] == "get":
    c.sendall(b"g")
    got = hashlib.sha256()
    while (part := c.recv(1 << 16)):
        got.update(part)
    print(got.hexdigest())
else:
    c.sendall(b"p" + random.Random(73).randbytes({BYTES}))
    c.shutdown(socket.SHUT_WR)
    print(c.recv(64).decode())
'''
HASH = hashlib.sha256(random.Random(73).randbytes(BYTES)).hexdigest()
TAKE = '''
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("", 4001))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(65536)
    s.sendto(str(len(data)).encode(), who)
'''
# A datagram whose sender lets routers cut it; asked again until it is answered,
# for IPv6 loses the one that teaches it the path's MTU.
SEND = '''
import socket, sys
v6 = ":" in sys.argv[1]
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5)
if not v6:
    s.setsockopt(socket.IPPROTO_IP, 10, 0)
for i in range(20):
    try:
        s.sendto(bytes(int(sys.argv[2])), (sys.argv[1], 4001))
        print(s.recv(99).decode())
        break
    except TimeoutError:
        pass
'''


class Routed:
    def __init__(self, t, world, mtu=1500, args=(), trunk=False):
        self.t = t
        self.net = net = t.network(taps=3)
        self.far = f'{net.name}-b'
        net.ip('netns', 'add', self.far)
        t.at_end(net.ip, 'netns', 'del', self.far)
        self.wire(mtu)
        uplink = self.trunk() if trunk else 'tap0'
        if world == 'image':
            line = qemu.Line().kernel(t.image('router'), [*KEYS, *args])
            if trunk:  # QEMU speaks to the relay in the relay's own way
                line.stream_net(uplink)
            else:
                line.tap_net('tap0')
            line.tap_net('tap1', net='net1')
            self.child = net.start(*line.words, log='console')
        else:
            if trunk:
                uplink = f'unix:{uplink}'
            self.child = net.start(
                t.image('router', ''), f'--uplink.net={uplink}',
                '--lan.net=tap1', *KEYS, *args, log='console')
        for code in (SERVE, TAKE):
            peer = net.start('ip', 'netns', 'exec', self.far, sys.executable,
                             '-c', code, log='peer')
            until(lambda: b'ready' in peer.log.read_bytes(), 30, 'the peer')
        for host in ('10.74.0.1', 'fd74::1'):
            until(lambda: self.ping(host, status=None), 30, f'a way to {host}')

    def wire(self, mtu):
        net, far = self.net, self.far
        net.inside('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name',
                   'far0', 'netns', far)
        net.inside('link', 'add', 'br0', 'type', 'bridge')
        for dev in ('veth0', 'tap1', 'br0'):
            net.sysctl(f'net.ipv6.conf.{dev}.disable_ipv6', 1)
            net.inside('link', 'set', dev, 'mtu', mtu, 'up')
        for dev in ('veth0', 'tap1'):
            net.inside('link', 'set', dev, 'master', 'br0')
        net.ip('-n', far, 'link', 'set', 'far0', 'mtu', mtu, 'up')
        for command in (
                ('-n', far, 'address', 'add', '10.74.0.1/24', 'dev', 'far0'),
                ('-n', far, 'address', 'add', 'fd74::1/64', 'dev', 'far0',
                 'nodad'),
                ('-n', far, 'route', 'add', 'default', 'via', '10.74.0.2'),
                ('-n', far, 'route', 'add', 'default', 'via', 'fd74::2'),
                ('-n', net.name, 'route', 'add', '10.74.0.0/24', 'via',
                 '10.73.0.2'),
                ('-n', net.name, 'route', 'add', 'fd74::/64', 'via',
                 'fd73::2')):
            net.ip(*command)

    def trunk(self):
        path = self.t.path('trunk')
        relay = self.net.start(
            sys.executable, Path(__file__).with_name('vlan_relay.py'), path,
            'tap0', 'tap2', 10, log='relay')
        until(lambda: b'ready' in relay.log.read_bytes(), 30, 'the relay')
        self.net.inside('address', 'add', '10.75.0.1/24', 'dev', 'tap2')
        self.net.inside('address', 'add', 'fd75::1/64', 'dev', 'tap2', 'nodad')
        return path

    def by_vlan(self):
        """What is sent over there goes by the VLAN from now on."""
        self.net.inside('route', 'replace', '10.74.0.0/24', 'via', '10.75.0.2')
        self.net.inside('route', 'replace', 'fd74::/64', 'via', 'fd75::2')

    def ping(self, host, *words, status=0):
        said = self.net.run('sh', '-c', 'ping "$@" 2>&1; true', 'ping', '-c', 1,
                            '-W', 2, *words, host).decode()
        if status == 0 and ' 0% packet loss' not in said:
            raise Failed(said)
        return said if status == 0 or ' 0% packet loss' in said else ''

    def refused(self, host, words, *options):
        said = self.net.run('sh', '-c', 'ping "$@" 2>&1; true', 'ping', '-c', 1,
                            '-W', 3, *options, host).decode()
        if words not in said:
            raise Failed(f'no {words!r} in: {said}')

    def bulk(self, host, kind):
        said = self.net.run(sys.executable, '-c', CALL, host, kind,
                            seconds=60).decode().strip()
        if said != HASH:
            raise Failed(f'{kind} by {host} gave {said!r}')

    def datagram(self, host, size):
        said = self.net.run(sys.executable, '-c', SEND, host, size).decode()
        if said.strip() != str(size):
            raise Failed(f'{size} bytes to {host}: {said!r}')

    def alive(self):
        if self.child.poll() is not None:
            raise Failed(self.child.log.read_text(errors='replace')[-1500:])


worlds = each(process={'world': 'process'}, image={'world': 'image'})


@worlds
def test_two_hosts(t, world):
    t.program('ping')
    way = Routed(t, world)
    for host in ('10.74.0.1', 'fd74::1'):
        way.ping(host, '-s', 1400)
        way.refused(host, 'ime', '-t', 1)
        way.bulk(host, 'get')
        way.bulk(host, 'put')
    way.refused('10.74.0.99', 'Unreachable', '-W', 8)
    way.refused('fd74::99', 'nreachable', '-W', 8)
    metrics = way.net.run('curl', '-sS', 'http://10.74.0.2/metrics').decode() \
        if t.program('curl') else ''
    if 'net_forwarded_total{family="ip6"} 0' in metrics \
            or 'net_forwarded_total' not in metrics:
        raise Failed(metrics[:3000])
    way.alive()


@worlds
def test_vlan(t, world):
    way = Routed(t, world, trunk=True)
    way.by_vlan()
    for host in ('10.75.0.2', 'fd75::2'):
        way.ping(host)
    for host in ('10.74.0.1', 'fd74::1'):
        way.ping(host, '-s', 1400)
        way.bulk(host, 'get')
        way.bulk(host, 'put')
    way.alive()


@worlds
def test_narrow_hop(t, world):
    way = Routed(t, world, mtu=1300, args=['--mss-clamp=off'])
    if world == 'process':
        way.refused('10.74.0.1', 'mtu = 1300', '-M', 'do', '-s', 1400)
        way.refused('fd74::1', 'mtu=1300', '-M', 'do', '-s', 1400)
    for host in ('10.74.0.1', 'fd74::1'):
        way.datagram(host, 1400)
        way.datagram(host, 8000)
        way.bulk(host, 'get')
        way.bulk(host, 'put')
    way.alive()
