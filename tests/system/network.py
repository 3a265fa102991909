# SPDX-License-Identifier: ISC
"""A network of one test's own: a namespace with taps, far from the host's.

Needs root; a test that asks for one is skipped without it.  Names begin with
"bt" and the process id, so that whoever ends a test can sweep behind it.
"""
import os
import subprocess
from pathlib import Path

from harness import Skip
from billetlib import qemu, say

IPV4 = '10.73.0.1/24'
IPV6 = 'fd73::1/64'


def namespace_name(pid):
    return f'bt{pid}'


def sweep(pid):
    """Remove what a test that was killed has left."""
    done = subprocess.run(['ip', 'netns', 'list'], capture_output=True,
                          text=True)
    for row in done.stdout.splitlines():
        name = row.split()[0]
        if name.split('-')[0] == namespace_name(pid):
            subprocess.run(['ip', 'netns', 'del', name])


class Network:
    """A namespace with a tap `tap0` that has the addresses of `addresses`.

    The host part of the network is ours: `run` and `start` put a program
    there, and `guest` boots an image on the tap.
    """

    def __init__(self, test, addresses=(IPV4, IPV6), taps=1):
        if os.geteuid() != 0:
            raise Skip('a network namespace needs root')
        self.test = test
        self.name = test.numbered(namespace_name(os.getpid()))
        self.prefix = [test.program('ip'), 'netns', 'exec', self.name]
        try:
            self.ip('netns', 'add', self.name)
        except AssertionError as error:
            raise Skip(f'no network namespace here: {error}') from None
        test.at_end(self.end)
        self.inside('link', 'set', 'lo', 'up')
        # No duplicate detection: a test's address is there at once.
        self.sysctl('net.ipv6.conf.default.accept_dad', 0)
        self.sysctl('net.ipv6.conf.default.dad_transmits', 0)
        self.sysctl('net.ipv6.conf.all.disable_ipv6', 0)
        self.sysctl('net.ipv6.conf.default.disable_ipv6', 0)
        for i in range(taps):
            self.add_tap(f'tap{i}')
        for address in addresses:
            self.inside('address', 'add', address, 'dev', 'tap0',
                        *(['nodad'] if ':' in address else []))

    def ip(self, *words):
        return self.test.run('ip', *words)

    def inside(self, *words):
        return self.ip('-n', self.name, *words)

    def sysctl(self, key, value):
        path = Path('/proc/sys') / key.replace('.', '/')
        self.run('sh', '-c', f'echo {value} > {path}')

    def add_tap(self, name):
        try:
            self.inside('tuntap', 'add', 'dev', name, 'mode', 'tap')
        except AssertionError as error:
            raise Skip(f'no tap device here: {error}') from None
        self.inside('link', 'set', name, 'up')

    def run(self, *command, **options):
        return self.test.run(*self.prefix, *command, **options)

    def start(self, *command, log='peer'):
        """A program that runs on; its output goes to a log of the test."""
        path = self.test.path(self.test.numbered(log) + '.log')
        with open(path, 'wb') as out:
            out.write(f'+ {say.line(command)}\n'.encode())
            out.flush()
            child = qemu.start([*self.prefix, *[str(w) for w in command]],
                               stdout=out, stderr=subprocess.STDOUT)
        self.test.at_end(qemu.stop, child)
        child.log = path
        return child

    def guest(self, line, tap='tap0', **properties):
        line.tap_net(tap, **properties)
        return self.test.guest(line, prefix=self.prefix)

    def end(self):
        self.ip('netns', 'del', self.name)
