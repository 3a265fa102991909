# SPDX-License-Identifier: ISC
"""Addresses and the rest from the servers that networks really have."""
import re
import signal

from harness import Failed, until

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
    wait_for(server, rf'DHCPRELEASE\(tap0\)')
    if image.wait(5) != 0:
        raise Failed(f'it ended with {image.returncode}')


def test_dhcp6_without_addresses(t):
    net = t.network(addresses=(HOST6,))
    dnsmasq(t, net, '--enable-ra', '--dhcp-range=fd73::,ra-stateless,64,2m',
            '--dhcp-option=option6:dns-server,[fd73::53]',
            '--dhcp-option=option6:ntp-server,[fd73::123]')
    image = web(t, net, '--ipv4=none')
    wait_for(image, r'address fd73::\S+/64 for \d+ s \(slaac\)')
    wait_for(image, r'name server fd73::53')
