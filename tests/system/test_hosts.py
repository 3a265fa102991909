# SPDX-License-Identifier: ISC
"""What an IP host does beside talking: addresses, groups, with Linux as the
peer on the link."""
import ipaddress
import re
import sys
import time
from pathlib import Path

from harness import Failed, each, full, until
from billetlib import qemu
from test_dhcp import said, wait_for

HOST4 = '10.73.0.1/24'
HOST6 = 'fd73::1/64'
GROUP_OF_NODES = ipaddress.ip_address('ff02::1:ff00:0')
QUERIER = Path(__file__).resolve().parent / 'groups.py'


def web(t, net, *words):
    return net.start(t.image('web', ''), '--net=tap0', *words, log='web')


def ping(net, *words):
    net.run('ping', '-c', 1, '-W', 10, *words)


def test_several_addresses(t):
    net = t.network(addresses=(HOST4, HOST6))
    image = web(t, net, '--ipv4=10.73.0.2/24,10.73.0.3/24,10.99.0.2/16',
                '--ipv6=fd73::2/64,fd73::3/64')
    for address in ('10.73.0.2/24', '10.73.0.3/24', '10.99.0.2/16',
                    'fd73::2/64', 'fd73::3/64'):
        wait_for(image, rf'address {re.escape(address)} \(static\)')
    net.inside('address', 'add', '10.99.0.1/16', 'dev', 'tap0')
    for address in ('10.73.0.2', '10.73.0.3', '10.99.0.2', 'fd73::2',
                    'fd73::3'):
        ping(net, address)


@each(pc={'machine': 'pc'}, q35={'machine': 'q35'})
def test_ipv6_address_is_the_machines_own(t, machine):
    """RFC 7217: the same after a restart of this machine, another on each,
    though all of them have one MAC address."""
    def address(uuid):
        line = qemu.Line(machine).kernel(t.image('web'), ['--ipv4=none'])
        if uuid:
            line.add('-uuid', uuid)
        guest = t.guest(line.user_net(mac='52:54:00:12:34:56'))
        found = guest.wait_for(r'address (fe80::\S+)/64', 60).group(1)
        guest.stop()
        return found
    first = address('2f0c7a3e-5d0e-4c8f-9d3a-6b1f0e9a7c11')
    if address('2f0c7a3e-5d0e-4c8f-9d3a-6b1f0e9a7c11') != first:
        raise Failed('not the same after a restart')
    others = {first, address('2f0c7a3e-5d0e-4c8f-9d3a-6b1f0e9a7c12'),
              address(None)}
    if len(others) != 3:
        raise Failed(f'not one for each machine: {others}')


def test_link_local_address(t):
    net = t.network(addresses=('169.254.0.9/16',))
    image = web(t, net, '--ipv4=link-local', '--ipv6=none')
    address = wait_for(image, r'address (169\.254\.\d+\.\d+)/16 \(link-local\)')
    ping(net, address.group(1))


def test_address_of_another_is_left_alone(t):
    net = t.network(addresses=(HOST4, HOST6))
    image = web(t, net, '--ipv4=10.73.0.1/24', '--ipv6=fd73::1/64')
    wait_for(image, r'in use by another host, not taken: 10\.73\.0\.1/24')
    wait_for(image, r'in use by another host, not taken: fd73::1/64')


@full
def test_fallback_while_dhcp_is_silent_then_a_lease(t):
    net = t.network(addresses=(HOST4,))
    image = web(t, net, '--ipv6=none')
    wait_for(image, r'address 169\.254\.\d+\.\d+/16 \(link-local\)', 60)
    net.start(t.program('dnsmasq'), '--keep-in-foreground', '--port=0',
              '--interface=tap0', '--conf-file=/dev/null', '--user=root',
              '--no-ping', f'--dhcp-leasefile={t.path("leases")}',
              '--dhcp-range=10.73.0.50,10.73.0.60,2m', log='dnsmasq')
    wait_for(image, r'address 10\.73\.0\.\d+/24 .*\(dhcp\)', 90)
    wait_for(image, r'lost address 169\.254\.')


RADVD = '''
interface tap0 {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  prefix fd73::/64 { };
  RDNSS fd73::53 { };
  DNSSL lab.example { };
};
'''


def test_router_of_radvd(t):
    net = t.network(addresses=(HOST6,))
    net.sysctl('net.ipv6.conf.all.forwarding', 1)
    t.path('radvd.conf').write_text(RADVD)
    net.start(t.program('radvd'), '--nodaemon', '--config',
              t.path('radvd.conf'), '--pidfile', t.path('radvd.pid'),
              '--logmethod', 'stderr', log='radvd')
    image = web(t, net, '--ipv4=none', '--ipv6-temporary=on',
                '--ipv6-secret=00112233445566778899aabbccddeeff')
    stable = wait_for(image, r'address (fd73::\S+)/64 for \d+ s \(slaac\)')
    day = wait_for(image, r'address (fd73::\S+)/64 for (\d+) s \(temporary\)')
    if stable.group(1) == day.group(1) or int(day.group(2)) > 2 * 86400:
        raise Failed(said(image))
    wait_for(image, r'router fe80::')
    wait_for(image, r'name server fd73::53')
    ping(net, stable.group(1))
    ping(net, day.group(1))


@each(mld2={'family': 6, 'version': 2, 'kind': r'v2/2'},
      mld1={'family': 6, 'version': 1, 'kind': '131'},
      igmp3={'family': 4, 'version': 3, 'kind': r'v3/2'},
      igmp2={'family': 4, 'version': 2, 'kind': '0x16'},
      igmp1={'family': 4, 'version': 1, 'kind': '0x12'})
def test_queries_are_answered(t, family, version, kind):
    net = t.network(addresses=(HOST4, HOST6))
    image = web(t, net, '--ipv4=10.73.0.2/24', '--mdns=on', '--hostname=tin')
    wait_for(image, r'address fe80::')
    wait_for(image, r'address 10\.73\.0\.2')
    querier = net.start(sys.executable, QUERIER, family, version, 60)
    if family == 4:
        wait_for(querier, rf'224\.0\.0\.251 {kind} 10\.73\.0\.2')
    else:
        wait_for(querier, rf'ff02::1:ff\S+ {kind} fe80::')
        wait_for(querier, rf'ff02::fb {kind} fe80::')


def test_bridge_keeps_our_groups(t):
    """Linux's snooping bridge forgets a group after three seconds without an
    answer to its queries."""
    net = t.network(addresses=())
    bridge = t.program('bridge')
    net.inside('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', 1,
               'mcast_mld_version', 2)
    net.inside('link', 'set', 'tap0', 'master', 'br0')
    net.inside('link', 'set', 'br0', 'type', 'bridge', 'mcast_querier', 1,
               'mcast_query_interval', 100, 'mcast_query_response_interval',
               50, 'mcast_startup_query_interval', 100,
               'mcast_membership_interval', 300)
    net.inside('link', 'set', 'br0', 'up')
    image = web(t, net, '--ipv4=none')
    ours = wait_for(image, r'address (fe80::\S+)/64').group(1)
    node = int(ipaddress.ip_address(ours)) & 0xffffff
    group = str(ipaddress.ip_address(int(GROUP_OF_NODES) | node))

    def known():
        return f'port tap0 grp {group}' in net.run(
            bridge, 'mdb', 'show', 'dev', 'br0', text=True)

    until(known, 30, 'our group in the table of the bridge')
    time.sleep(5)
    if not known():
        raise Failed('the bridge has forgotten our group')
