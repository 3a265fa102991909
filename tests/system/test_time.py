# SPDX-License-Identifier: ISC
"""Wall time from a server whose clock is off by a known amount."""
import email.utils
import re
import time
from pathlib import Path

from billetlib import qemu
from harness import Failed, each
from test_dhcp import HOST4, dnsmasq, said, wait_for, web

SERVER = Path(__file__).with_name('ntp_server.py')
OFF = 7200


def time_server(t, net, *addresses, off=OFF):
    server = net.start('python3', SERVER, off, *addresses, log='ntp')
    wait_for(server, 'ready')
    return server


def check_wall(t, net, host, off=OFF):
    """By /metrics within 50 ms, by the Date of an answer to the second."""
    before = time.time()
    page = net.run(t.program('curl'), '-sS', '-g', '-D', '-',
                   f'http://{host}/metrics').decode()
    after = time.time()
    date = re.search(r'^Date: (.*)\r$', page, re.M | re.I).group(1)
    wall = int(re.search(r'^image_wall_milliseconds (\d+)$', page,
                         re.M).group(1)) / 1000
    if not before + off - 0.05 <= wall <= after + off + 0.05:
        raise Failed(f'{wall - before - off} s off')
    seen = email.utils.parsedate_to_datetime(date).timestamp()
    if not before + off - 1.1 <= seen <= after + off + 0.1:
        raise Failed(f'Date: {date}, {seen - before - off} s off')
    if not re.search(r'^ntp_stratum 3$', page, re.M):
        raise Failed('/metrics has no ntp_stratum 3')


@each(ipv4={'words': ('--ipv6=none', '--ipv4=10.73.0.2/24',
                      '--ntp=10.73.0.1'), 'host': '10.73.0.2'},
      ipv6={'words': ('--ipv4=none', '--ipv6=fd73::2/64', '--ntp=fd73::1'),
            'host': '[fd73::2]'})
def test_clock_is_set_by_a_server(t, words, host):
    net = t.network()
    server = time_server(t, net, '10.73.0.1', 'fd73::1')
    image = web(t, net, *words)
    wait_for(image, r'time set by \S+ \(it was 7(199\.9|200\.0)\d\d s behind\)')
    check_wall(t, net, host)
    question = re.search(r'^\S+ ([0-9a-f]{96})$', said(server), re.M).group(1)
    question = bytes.fromhex(question)
    if question[:1] != b'\x23' or any(question[1:40]):
        raise Failed(f'the question says too much: {question.hex()}')


def test_clock_is_set_by_the_server_of_dhcp(t):
    net = t.network(addresses=(HOST4,))
    dnsmasq(t, net, '--dhcp-range=10.73.0.50,10.73.0.50,2m',
            '--dhcp-option=option:ntp-server,10.73.0.1')
    time_server(t, net, '10.73.0.1', off=-OFF)
    image = web(t, net, '--ipv6=none')
    wait_for(image, r'time server 10\.73\.0\.1')
    wait_for(image, r'time set by \S+ \(it was 7(199\.9|200\.0)\d\d s ahead\)')
    check_wall(t, net, '10.73.0.50', off=-OFF)


def test_clock_agrees_with_chrony(t):
    net = t.network()
    path = t.path('chrony.conf')
    path.write_text('local stratum 2\nallow all\ncmdport 0\n'
                    f'bindcmdaddress /\npidfile {t.path("chrony.pid")}\n')
    net.start(t.program('chronyd'), '-x', '-d', '-u', 'root', '-f', path,
              log='chrony')
    image = web(t, net, '--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64',
                '--ntp=10.73.0.1,fd73::1')
    wait_for(image, r'time set by \S+ \(it was 0\.0\d\d s (behind|ahead)\)')
    check_wall(t, net, '10.73.0.2', off=0)


def test_clock_of_a_machine_is_set_and_kept(t):
    """By three servers, one of which lies, in QEMU."""
    net = t.network()
    net.inside('address', 'add', '10.73.0.3/24', 'dev', 'tap0')
    time_server(t, net, '10.73.0.1', 'fd73::1')
    time_server(t, net, '10.73.0.3', off=OFF / 2)
    line = qemu.Line().kernel(t.image('web'), [
        '--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64',
        '--ntp=10.73.0.3,10.73.0.1,fd73::1'])
    guest = net.guest(line)
    guest.wait_for(r'time set by \S+ \(it was 7\d\d\d\.\d+ s behind\)', 60)
    check_wall(t, net, '10.73.0.2')


def test_server_by_name(t):
    net = t.network(addresses=(HOST4,))
    time_server(t, net, '10.73.0.1')
    net.start(t.program('dnsmasq'), '--keep-in-foreground', '--user=root',
              '--conf-file=/dev/null', '--no-resolv', '--no-hosts',
              '--interface=tap0', '--bind-interfaces',
              '--address=/time.lab/10.73.0.1', log='names')
    image = web(t, net, '--ipv4=10.73.0.2/24', '--ipv6=none',
                '--dns=10.73.0.1', '--ntp=time.lab')
    wait_for(image, r'time set by \S+ \(it was 7(199\.9|200\.0)\d\d s behind\)')
    check_wall(t, net, '10.73.0.2')
