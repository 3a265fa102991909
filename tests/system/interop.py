# SPDX-License-Identifier: ISC
"""An application beside a Linux host, by one family of addresses only.

Each interop test runs four times: as an image in QEMU and as a Linux process,
by IPv4 alone and by IPv6 alone.
"""
from pathlib import Path

from harness import Failed, TOP, each, until
from billetlib import qemu

GUEST = {4: '10.73.0.2', 6: 'fd73::2'}
ARGS = {4: ['--ipv4=10.73.0.2/24', '--ipv6=none'],
        6: ['--ipv4=none', '--ipv6=fd73::2/64']}
ADDRESS = {4: ('10.73.0.1/24',), 6: ('fd73::1/64',)}
CLIENT = Path(__file__).with_name('interop_client.py')
MIB = 1 << 20

both_worlds = each(**{f'{world}_ipv{family}': {'world': world,
                                               'family': family}
                      for world in ('image', 'process') for family in (4, 6)})


class Pair:
    """The application `name`, up and running, and its Linux neighbour."""

    def __init__(self, t, name, world, family, port, args=()):
        self.t, self.family, self.host = t, family, GUEST[family]
        self.net = t.network(addresses=ADDRESS[family])
        if world == 'image':
            # Not t.guest(): gigabytes would go to its pcap as well.
            line = qemu.Line().kernel(t.image(name), [*ARGS[family], *args])
            self.child = self.net.start(*line.tap_net('tap0').words,
                                        log='console')
        else:
            self.child = self.net.start(
                t.image(name, ''), '--net=tap0', *ARGS[family], *args,
                log='console')
        until(lambda: self.answers(port), 30, f'{name} on port {port}')

    def answers(self, port):
        if self.child.poll() is not None:
            raise Failed(f'it ended with {self.child.returncode}: '
                         + self.child.log.read_text(errors='replace')[-1500:])
        probe = f'import socket; socket.create_connection(' \
                f'("{self.host}", {port}), 1)'
        try:
            self.net.run('python3', '-c', probe, seconds=10)
            return True
        except Failed:
            return False

    def url(self, path):
        host = f'[{self.host}]' if self.family == 6 else self.host
        return f'http://{host}{path}'

    def client(self, name, amount, seconds=300):
        """interop_client.py inside the namespace; its one line."""
        return self.net.run('python3', CLIENT, name, self.host, amount,
                            seconds=seconds).decode().strip()

    def alive(self):
        """It still runs, and has not said that anything went wrong."""
        if self.child.poll() is not None:
            raise Failed(f'it ended with {self.child.returncode}')
        text = self.child.log.read_text(errors='replace')
        for word in ('panic', 'AddressSanitizer', 'runtime error'):
            if word in text:
                raise Failed(f'it said: {text[text.index(word):][:1500]}')


def site_file(name):
    return (TOP / 'apps' / 'web' / 'site' / name).read_bytes()
