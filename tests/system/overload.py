# SPDX-License-Identifier: ISC
"""An application under load: floods, crowds, and a client that goes on.

The programs are our own (tests/system/load): `flood` writes frames into the
tap, `hold` keeps connections, `probe` is the client that must not notice.  Its
waits are compared with those of a calm time in the same run, so that the host's
own load counts on both sides.
"""
import re
import subprocess
import time

from harness import Failed, until
from billetlib import qemu

MAC = '02:00:00:00:00:42'
GUEST = {4: '10.73.0.2', 6: 'fd73::2'}
ADDRESSES = ('10.73.0.1/16', 'fd73::1/64')
ARGS = ['--ipv4=10.73.0.2/16', '--ipv4-gateway=10.73.0.1',
        '--ipv6=fd73::2/64', '--ipv6-gateway=fd73::1']
ON_LINK = {4: '10.73.0.0/16', 6: 'fd73::/64'}
FAR = {4: '198.18.0.0/15', 6: '2001:db8:5::/48'}

CALM_FACTOR = 4      # p99 while flooded over p99 when calm
FLOOR_US = 50_000    # a busy host's own hiccups, when not strict
TRIES = 3            # when not strict
RATE = 100           # requests of each manner a second

# Kinds by family: what, frames a second, from where, to which port.
FLOODS = {
    'syn': (20_000, FAR, 80), 'syn-link': (20_000, ON_LINK, 80),
    'ack': (20_000, FAR, 80), 'udp': (50_000, FAR, 0),
    'arp': (20_000, ON_LINK, 0), 'ns': (20_000, ON_LINK, 0),
    'na': (20_000, ON_LINK, 0), 'ra': (5_000, FAR, 0),
    'echo': (20_000, FAR, 0), 'icmp-error': (20_000, FAR, 80),
    'frag-first': (10_000, FAR, 0), 'frag-overlap': (20_000, FAR, 0),
    'frag-tiny': (20_000, FAR, 0), 'garbage': (20_000, FAR, 0),
}
ONLY = {'arp': 4, 'ns': 6, 'na': 6, 'ra': 6}

# What must be as before once a flood is over and its time-outs have passed.
TABLES = re.compile(
    r'^((?:pool_in_use\{.*\})|net_(?:neighbours|reassembling|paths_narrow)|'
    r'tcp_(?:half_open|conns|queue_pieces|loss_sets)) (\d+)$', re.M)


def kinds(family):
    return [kind for kind in FLOODS if ONLY.get(kind, family) == family]


def words_to_numbers(text):
    """'keep n 5 failed 0' a line -> {'keep': {'n': 5, 'failed': 0}}."""
    out = {}
    for row in text.splitlines():
        name, *rest = row.split()
        out[name] = {k: float(v) for k, v in zip(rest[::2], rest[1::2])}
    return out


class Slow(Failed):
    """Served, but late."""


class Victim:
    """The application `name` behind a tap, as an image or a process."""

    def __init__(self, t, name, world='process', family=4, args=(),
                 memory_mb=64, env=()):
        self.t, self.family, self.host = t, family, GUEST[family]
        self.world = world
        self.port = 80 if name == 'web' else 7
        self.path = '/600.html' if name == 'web' else '-'
        self.net = t.network(addresses=ADDRESSES)
        if world == 'image':
            line = qemu.Line(memory_mb=memory_mb)
            line.kernel(t.image(name), [*ARGS, *args])
            self.child = self.net.start(
                *line.tap_net('tap0', mac=MAC).words, log='console')
        else:
            self.child = self.net.start(
                *(['env', *env] if env else []), t.image(name, ''),
                '--net=tap0', f'--mac={MAC}', *ARGS, *args, log='console')
        self.numbers = t.path('numbers.txt')
        until(self.answers, 30, f'{name} by IPv{family}')

    def tool(self, name):
        path = self.t.build / 'tests' / 'system' / 'load' / name
        if not path.is_file():
            raise Failed(f'{path}: not built')
        return path

    def answers(self):
        if self.child.poll() is not None:
            raise Failed(f'it ended with {self.child.returncode}: '
                         + self.child.log.read_text(errors='replace')[-1500:])
        # Both families, for the state that a flood is measured against.
        return all(b'failed 0' in self.net.run(
            self.tool('probe'), host, self.port, self.path, 0.05, 50,
            status=None) for host in GUEST.values())

    def metrics(self):
        return self.net.run(
            self.t.program('curl'), '-s', '-m', 20,
            f'http://{GUEST[4]}/metrics', seconds=30).decode()

    def tables(self):
        return {k: int(v) for k, v in TABLES.findall(self.metrics())}

    def counter(self, name):
        found = re.search(r'^%s (\d+)$' % re.escape(name), self.metrics(), re.M)
        if not found:
            raise Failed(f'/metrics has no {name}')
        return int(found[1])

    def probe(self, seconds):
        """{'keep': ..., 'fresh': ...}: waits in microseconds."""
        return words_to_numbers(self.net.run(
            self.tool('probe'), self.host, self.port, self.path, seconds, RATE,
            seconds=seconds + 60).decode())

    def flood(self, kind, seconds, rate=None):
        """Starts one; the child ends by itself."""
        usual, source, port = FLOODS[kind]
        return self.net.start(
            self.tool('flood'), kind.removesuffix('-link'), 'tap0', self.host,
            MAC, rate or usual, seconds, source[self.family], port,
            log=f'flood-{kind}')

    def crowd(self, manner, count, port=None, ask='x', sources=()):
        """Connections that stay until `close` is called."""
        return Crowd(self, manner, count, port or self.port, ask, sources)

    def rss_kib(self):
        text = open(f'/proc/{self.pid()}/status', encoding='ascii').read()
        return int(re.search(r'VmRSS:\s+(\d+)', text)[1])

    def pid(self):
        """Of the process itself, not of `ip netns exec`, which became it."""
        return self.child.pid

    def note(self, text):
        print(text, flush=True)
        with open(self.numbers, 'a', encoding='utf-8') as file:
            file.write(text + '\n')

    def served(self, what, calm, loud, strict=False):
        """Nobody was turned away, nobody waited four times as long."""
        for manner in ('keep', 'fresh'):
            was, now = calm[manner], loud[manner]
            most = CALM_FACTOR * was['p99']
            self.note(f'{self.world} IPv{self.family} {what:14} {manner:5} '
                      f'p99 {was["p99"]:.0f} us calm, {now["p99"]:.0f} us '
                      f'then, {now["p99"] / max(was["p99"], 1):.1f} times; '
                      f'{now["failed"]:.0f} of {now["n"]:.0f} failed')
            if now['failed']:
                raise Failed(f'{what}: {now["failed"]:.0f} of {now["n"]:.0f} '
                             f'requests ({manner}) failed')
            if now['p99'] > (most if strict else max(most, FLOOR_US)):
                raise Slow(f'{what}: p99 of {manner} is {now["p99"]:.0f} us, '
                           f'when calm {was["p99"]:.0f} us')

    def believed(self, attempt, tries=TRIES):
        """Who waited too long is believed the last time: the host may have
        had something else to do.  Who was turned away is believed at once."""
        for left in range(tries - 1, -1, -1):
            try:
                return attempt()
            except Slow as slow:
                if not left:
                    raise
                self.note(f'again, for {slow}')

    def under(self, kind, seconds, calm, strict=False):
        """The client is served while one kind of flood goes on."""
        def attempt():
            child = self.flood(kind, seconds + 0.3)
            loud = self.probe(seconds)
            child.wait(seconds + 30)
            self.note(child.log.read_text().splitlines()[-1])
            self.served(kind, calm, loud, strict)
        self.believed(attempt, 1 if strict else TRIES)

    def served_afterwards(self, calm):
        self.believed(lambda: self.served('afterwards', calm, self.probe(1)))

    def back_to(self, before, seconds):
        """Every table is as it was, after `seconds` at most."""
        end, most = time.monotonic() + seconds, {}
        while True:
            now = self.tables()
            most = {k: (before.get(k, 0), v) for k, v in now.items()
                    if v > before.get(k, 0)}
            if not most:
                return
            if time.monotonic() > end:
                raise Failed('not as before the flood (was, is): '
                             + ', '.join(f'{k} {a}, {b}'
                                         for k, (a, b) in most.items()))
            time.sleep(2)

    def alive(self):
        if self.child.poll() is not None:
            raise Failed(f'it ended with {self.child.returncode}')
        if 'panic' in self.child.log.read_text(errors='replace'):
            raise Failed('it panicked')


class Crowd:
    """`count` connections held by another process."""

    def __init__(self, victim, manner, count, port, ask, sources):
        self.log = victim.t.path(victim.t.numbered(f'crowd-{manner}') + '.log')
        self.out = open(self.log, 'wb')
        self.child = subprocess.Popen(
            [str(w) for w in (*victim.net.prefix, victim.tool('hold'), manner,
                              victim.host, port, count, ask, *sources)],
            stdin=subprocess.PIPE, stdout=self.out, stderr=subprocess.STDOUT)
        victim.t.at_end(self.close)

    def settled(self, seconds):
        """{'up': connected, 'refused': not}, when all have tried."""
        def said():
            found = re.search(r'^up (\d+) refused (\d+)$',
                              self.log.read_text(), re.M)
            if not found and self.child.poll() is not None:
                raise Failed(f'hold ended: {self.log.read_text()}')
            return found
        found = until(said, seconds, 'the crowd is there')
        return {'up': int(found[1]), 'refused': int(found[2])}

    def close(self):
        """Ends all of them; what became of them."""
        if self.child.poll() is None:
            self.child.stdin.close()
            try:
                self.child.wait(30)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.out.close()
        found = re.search(r'^alive (\d+) most (\d+) ended (\d+) refused (\d+)$',
                          self.log.read_text(), re.M)
        return dict(zip(('alive', 'most', 'ended', 'refused'),
                        map(int, found.groups()))) if found else {}
