# SPDX-License-Identifier: ISC
"""Addresses and the rest from the servers that networks really have."""
import json
import re
import signal

from harness import Failed, each, until
from billetlib import qemu

HOST4 = '10.73.0.1/24'
HOST6 = 'fd73::1/64'


def said(child):
    return child.log.read_text(errors='replace')


def wait_for(child, pattern, seconds=40):
    """The first match in what the child has said, once it has."""
    def look():
        if child.poll() is not None and not re.search(pattern, said(child)):
            raise Failed(f'it ended with {child.returncode}: '
                         + said(child)[-1500:])
        return re.search(pattern, said(child))

    until(look, seconds, f'{pattern} in {child.log.name}')
    return look()


def dnsmasq(t, net, *words):
    return net.start(t.program('dnsmasq'), '--keep-in-foreground', '--port=0',
                     '--log-facility=-', '--log-dhcp', '--interface=tap0',
                     '--conf-file=/dev/null', '--user=root', '--no-ping',
                     f'--dhcp-leasefile={t.path("leases")}',
                     '--dhcp-authoritative', *words, log='dnsmasq')


def web(t, net, *words):
    return net.start(t.image('web', ''), '--net=tap0', '--logs=debug', *words,
                     log='web')


def test_dhcp4_from_dnsmasq(t):
    net = t.network(addresses=(HOST4,))
    server = dnsmasq(t, net, '--dhcp-range=10.73.0.50,10.73.0.60,2m',
                     '--domain=lab.example')
    image = web(t, net, '--ipv6=none', '--hostname=tin')
    address = wait_for(image, r'address (10\.73\.0\.5\d|10\.73\.0\.60)/24'
                              r' for \d+ s \(dhcp\)').group(1)
    wait_for(server, r'DHCPACK\(tap0\) \S+ \S+ tin')     # RFC 4702
    leases = t.path('leases').read_text()
    if not re.search(r' tin ff:[0-9a-f:]{11}:00:03:00:01:', leases):  # 4361
        raise Failed(leases)
    net.run('ping', '-c', 1, '-W', 5, address)
    image.send_signal(signal.SIGTERM)
    wait_for(server, rf'DHCPRELEASE\(tap0\) {re.escape(address)}')
    if image.wait(5) != 0:
        raise Failed(f'it ended with {image.returncode}')
    again = web(t, net, '--ipv6=none', '--hostname=tin',
                f'--ipv4-last={address}')
    wait_for(again, rf'address {re.escape(address)}/24')
    if len(re.findall(r'DHCPDISCOVER\(tap0\)', said(server))) != 1:
        raise Failed('a remembered address was not asked for at once')


@each(process={'world': 'process'}, image={'world': 'image'})
def test_two_networks_at_once(t, world):
    """Each NIC has its own lease, from the server on its own wire."""
    net = t.network(addresses=(HOST4,), taps=2)
    net.inside('address', 'add', '10.74.0.1/24', 'dev', 'tap1')
    server = dnsmasq(t, net, '--interface=tap1', '--domain=lab.example',
                     '--dhcp-range=10.73.0.50,10.73.0.60,2m',
                     '--dhcp-range=10.74.0.50,10.74.0.60,2m')
    keys = ['--ipv6=none', '--hostname=tin', '--lan.metric=5']
    if world == 'image':
        line = qemu.Line().kernel(t.image('router'), keys)
        line.tap_net('tap0', mac='52:54:00:12:34:56')
        line.tap_net('tap1', net='net1', mac='52:54:00:12:34:57')
        image = net.start(*line.words, log='router')
    else:
        image = net.start(t.image('router', ''), '--uplink.net=tap0',
                          '--lan.net=tap1', *keys, log='router')
    for name, tap, wire in (('uplink', 'tap0', 73), ('lan', 'tap1', 74)):
        address = wait_for(
            image, rf'{name}: address (10\.{wire}\.0\.(?:5\d|60))/24'
                   r' for \d+ s \(dhcp\)').group(1)
        wait_for(image, rf'{name}: router 10\.{wire}\.0\.1')
        wait_for(server, rf'DHCPACK\({tap}\) {re.escape(address)} \S+ tin')
        net.run('ping', '-c', 1, '-W', 10, address)
        status = net.run(t.program('curl'), '-sS', '-o', '/dev/null', '-w',
                         '%{http_code}', f'http://{address}/').decode()
        if status != '200':
            raise Failed(f'{name} answers with {status}')


def test_dhcp6_from_dnsmasq(t):
    net = t.network(addresses=(HOST6,))
    server = dnsmasq(t, net, '--enable-ra', '--dhcp-range=fd73::100,fd73::1ff,'
                     '64,2m', '--dhcp-option=option6:dns-server,[fd73::53]',
                     '--dhcp-option=option6:domain-search,lab.example')
    image = web(t, net, '--ipv4=none', '--hostname=tin')  # the M flag asks
    address = wait_for(image, r'address (fd73::1[0-9a-f]{2})/128'
                              r' for \d+ s \(dhcp\)').group(1)
    wait_for(image, r'name server fd73::53')
    wait_for(server, r'DHCPREPLY\(tap0\) \S+ \S+ tin')
    net.run('ping', '-c', 1, '-W', 5, address)
    image.send_signal(signal.SIGTERM)
    wait_for(server, r'DHCPRELEASE\(tap0\)')
    if image.wait(5) != 0:
        raise Failed(f'it ended with {image.returncode}')


def radvd(t, net, flag):
    path = t.path('radvd.conf')
    path.write_text(f'''interface tap0 {{
        AdvSendAdvert on; {flag} on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;
        prefix fd73::/64 {{ AdvAutonomous on; }};
    }};''')
    return net.start(t.program('radvd'), '-n', '-m', 'stderr', '-C', path,
                     '-p', t.path('radvd.pid'), log='radvd')


def test_dhcp6_without_addresses(t):
    """radvd says that there is more (O), dnsmasq has it."""
    net = t.network(addresses=(HOST6,))
    server = dnsmasq(t, net, '--dhcp-range=fd73::,ra-stateless,64,2m',
                     '--dhcp-option=option6:dns-server,[fd73::53]',
                     '--dhcp-option=option6:ntp-server,[fd73::123]')
    radvd(t, net, 'AdvOtherConfigFlag')
    image = web(t, net, '--ipv4=none')
    wait_for(image, r'address fd73::\S+/64 .*\(slaac\)')
    wait_for(image, r'name server fd73::53')
    wait_for(image, r'time server fd73::123')
    if 'DHCPSOLICIT' in said(server):
        raise Failed('it asked for addresses')


def kea(t, net, family, subnet, **more):
    """Kea of that family, its configuration as it stands in its manual."""
    program = t.program(f'kea-dhcp{family}')
    path = t.path(f'kea{family}.json')
    path.write_text(json.dumps({f'Dhcp{family}': {
        'interfaces-config': {'interfaces': ['tap0'],
                              'service-sockets-max-retries': 20,
                              'service-sockets-retry-wait-time': 500},
        'lease-database': {'type': 'memfile', 'persist': False},
        'valid-lifetime': 120, **more,
        f'subnet{family}': [{'interface': 'tap0', **subnet}],
        'loggers': [{'name': f'kea-dhcp{family}', 'severity': 'DEBUG',
                     'debuglevel': 50,
                     'output_options': [{'output': 'stdout'}]}]}}))
    child = net.start(t.program('env'), f'KEA_LOCKFILE_DIR={path.parent}',
                      f'KEA_PIDFILE_DIR={path.parent}', program, '-c', path,
                      log=f'kea{family}')
    wait_for(child, rf'DHCP{family}_STARTED')
    return child


def test_dhcp4_from_kea(t):
    net = t.network(addresses=(HOST4,))
    server = kea(t, net, 4, {
        'subnet': '10.73.0.0/24', 'pools': [{'pool': '10.73.0.70-10.73.0.79'}],
        'option-data': [
            {'name': 'domain-name-servers', 'data': '10.73.0.53'},
            {'name': 'ntp-servers', 'data': '10.73.0.123'},
            {'name': 'domain-search', 'data': 'lab.example, example'}]})
    image = web(t, net, '--ipv6=none', '--hostname=tin')
    wait_for(image, r'address 10\.73\.0\.7\d/24 for \d+ s \(dhcp\)')
    wait_for(image, r'name server 10\.73\.0\.53')
    wait_for(image, r'time server 10\.73\.0\.123')
    image.send_signal(signal.SIGTERM)
    wait_for(server, r'DHCP4_RELEASE\b')


def test_dhcp6_from_kea(t):
    net = t.network(addresses=(HOST6,))
    server = kea(t, net, 6, {
        'subnet': 'fd73::/64', 'pools': [{'pool': 'fd73::700-fd73::7ff'}],
        'option-data': [{'name': 'dns-servers', 'data': 'fd73::53'},
                        {'name': 'domain-search', 'data': 'lab.example'}]},
        **{'preferred-lifetime': 100,
           'server-id': {'type': 'EN', 'enterprise-id': 2495, 'persist': False,
                         'identifier': '0123456789'}})
    image = web(t, net, '--ipv4=none', '--ipv6=dhcp', '--hostname=tin')
    address = wait_for(image, r'address (fd73::7[0-9a-f]{2})/128'
                              r' for \d+ s \(dhcp\)').group(1)
    wait_for(image, r'name server fd73::53')
    image.send_signal(signal.SIGTERM)
    wait_for(server, rf'DHCP6_RELEASE_NA.* {re.escape(address)}')


def test_what_was_leased_is_asked_for_again_when_the_link_returns(t):
    net = t.network(addresses=(HOST4, HOST6))
    server = dnsmasq(t, net, '--dhcp-range=10.73.0.50,10.73.0.60,2m',
                     '--enable-ra', '--dhcp-range=fd73::100,fd73::1ff,64,2m')
    line = qemu.Line().kernel(t.image('web'), [])
    guest = net.guest(line, id='nic0')
    four = guest.wait_for(r'address (10\.73\.\d+\.\d+)/24', 60).group(1)
    guest.wait_for(r'address (fd73::1[0-9a-f]{2})/128', 60)
    guest.qmp('set_link', name='nic0', up=False)
    guest.wait_for('link down', 30)
    guest.qmp('set_link', name='nic0', up=True)
    wait_for(server, rf'DHCPACK\(tap0\) {re.escape(four)}'
                     rf'(.*\n)+.*DHCPACK\(tap0\) {re.escape(four)}')
    wait_for(server, r'DHCPCONFIRM\(tap0\)')
    if len(re.findall(r'DHCPDISCOVER\(tap0\)', said(server))) != 1:
        raise Failed('it asked for any address')
