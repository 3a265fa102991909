# SPDX-License-Identifier: ISC
"""A soak: all that a server meets, over and over, and nothing may grow.

A round has each kind of flood, crowds that burden, TLS clients that come anew,
transfers over a way that loses, clients that are cut off, a link that goes and
comes.  When the last is over and every time-out has passed, each gauge of what
is in use must be where it was after the first, and a process no larger than
its plan.

    scripts/billet test --soak=240 soak      so many minutes; 5 if not said
"""
import os
import re
import time

from harness import Failed, deadline, each, full, until
from overload import GUEST, Victim, kinds

MINUTES = float(os.environ.get('BILLET_SOAK_MINUTES', 5))
ROUND_S = 300        # a round and the rests around it, on a slow machine
FLOOD_S = 1
FLOOD_RATE = 5_000   # frames a second: there are other things to do
CROWD = 200
LOSS_PERCENT = 2
BULK = 1_000_000
REST_S = 200         # the longest time-out of a table, and some
OUTSIDE_KIB = 8192   # of a process: code, libc, what is not of the plan
REQUEST = f'GET /random?bytes={BULK} HTTP/1.1\\r\\nHost: soak\\r\\n\\r\\n'
TLS = ('--tls=on', '--tls-names=soak.test')

# What is in use; a round ends with as much as it began.
IN_USE = re.compile(
    r'^((?:pool_in_use|tls_sessions|tls_memory_bytes)\{.*\}|'
    r'image_used_memory_bytes|fibers_live|net_(?:neighbours|groups|routes|'
    r'addresses|reassembling|paths_narrow)|tcp_(?:half_open|conns|curr_estab|'
    r'time_wait|queue_pieces|loss_sets|listeners)|http_connections|'
    r'http2_(?:connections|memory_bytes)) (\d+)$', re.M)
# What an image counts when it has met a flaw of its own, or of its device.
NEVER = re.compile(r'^(nic_(?:rx_bad|failures)_total(?:\{.*\})?) ([1-9]\d*)$',
                   re.M)


class Soak:
    def __init__(self, t, world):
        self.t = t
        self.web = Victim(t, 'web', world, args=TLS)
        self.net, self.rounds = self.web.net, 0
        self.net.sysctl('net.ipv6.conf.tap0.keep_addr_on_down', 1)

    def curl(self, *words, status=0):
        return self.net.run(self.t.program('curl'), '-sk', '-o', '/dev/null',
                            '--max-time', '60', *words, status=status,
                            seconds=90)

    def hosts(self):
        return GUEST[4], f'[{GUEST[6]}]'

    def served(self, what, seconds):
        for name, series in self.web.probe(seconds).items():
            if series['failed']:
                raise Failed(f'round {self.rounds}, {what}: of {series["n"]} '
                             f'requests ({name}) {series["failed"]} failed')

    def floods(self):
        for family in GUEST:
            self.web.family, self.web.host = family, GUEST[family]
            for kind in kinds(family):
                child = self.web.flood(kind, FLOOD_S, FLOOD_RATE)
                self.served(kind, FLOOD_S)
                child.wait(30)

    def crowds(self):
        for manner, ask in (('idle', 'x'), ('zero', REQUEST),
                            ('drip+', REQUEST)):
            crowd = self.web.crowd(manner, CROWD, ask=ask)
            crowd.settled(60)
            self.served(manner, 1)
            crowd.close()

    def handshakes(self):
        """Whole ones, and clients that leave in the middle."""
        for host in self.hosts():
            for version in '1.2', '1.3':
                for http in '--http1.1', '--http2':
                    self.curl(http, '--tls-max', version,
                              f'https://{host}/600.html')
                    self.curl(http, '--tls-max', version, '--max-time', '0.05',
                              f'https://{host}/random?bytes={100 * BULK}',
                              status=None)
        # Plain text where a handshake should be.
        self.curl(f'http://{GUEST[4]}:443/', status=None)

    def loses(self):
        nft = self.t.program('nft')
        self.net.run(nft, '-f', '-', stdin=None, input=(
            'add table inet soak\n' + ''.join(
                f'add chain inet soak {hook} '
                f'{{ type filter hook {hook} priority 0; }}\n'
                f'add rule inet soak {hook} meta l4proto tcp numgen random '
                f'mod 100 < {LOSS_PERCENT} drop\n'
                for hook in ('input', 'output'))).encode())
        try:
            for host in self.hosts():
                self.curl('--fail', f'http://{host}/random?bytes={BULK}')
                self.curl('--fail', f'https://{host}/random?bytes={BULK}')
        finally:
            self.net.run(nft, 'delete', 'table', 'inet', 'soak')

    def flaps(self):
        for _ in range(3):
            self.net.inside('link', 'set', 'tap0', 'down')
            self.net.inside('link', 'set', 'tap0', 'up')
        try:
            until(self.web.answers, 60, 'it answers after the link was away')
        except Failed as error:
            raise Failed(f'round {self.rounds}: {error}; Linux has\n' + ''.join(
                self.net.inside(*words).decode() for words in (
                    ('address',), ('-6', 'route'), ('neighbour',)))) from None

    def round(self):
        for part in (self.floods, self.crowds, self.handshakes, self.loses,
                     self.flaps):
            part()
            self.web.alive()
        self.rounds += 1

    def in_use(self):
        text = self.web.metrics()
        flaws = NEVER.findall(text)
        if flaws:
            raise Failed(f'counted: {flaws}')
        if self.web.world == 'process':
            self.size(int(re.search(r'^image_plan_memory_bytes (\d+)$', text,
                                    re.M)[1]) // 1024)
        return {k: int(v) for k, v in IN_USE.findall(text)}

    def size(self, plan_kib):
        """A process touches its plan's memory by and by, and no other."""
        rss = self.web.rss_kib()
        self.web.note(f'round {self.rounds}: {rss} KiB in memory')
        if rss > plan_kib + OUTSIDE_KIB:
            raise Failed(f'{rss} KiB in memory, of {plan_kib} in the plan')

    def rest(self, before):
        """In use once all is over, or as soon as it is no more than before."""
        end = time.monotonic() + REST_S
        while True:
            now = self.in_use()
            grown = {k: (before[k], v) for k, v in now.items() if v > before[k]}
            if not grown or time.monotonic() > end:
                return now, grown
            time.sleep(2)


@each(process={'world': 'process'}, image={'world': 'image'})
@full
@deadline(MINUTES * 60 + 3 * ROUND_S)
def test_nothing_grows(t, world):
    soak = Soak(t, world)
    began = time.monotonic()
    fresh = soak.in_use()
    soak.round()
    # What is kept for good, such as sessions to go on with, is there by now.
    first, _ = soak.rest(fresh)
    soak.web.note(f'after a round: {first}')
    while time.monotonic() - began < MINUTES * 60 or soak.rounds < 2:
        soak.round()
    last, grown = soak.rest(first)
    soak.web.note(f'after {soak.rounds} rounds, '
                  f'{time.monotonic() - began:.0f} s: {last}')
    if grown:
        raise Failed(f'after {soak.rounds} rounds more is in use (was, is): '
                     f'{grown}')
    soak.web.alive()
