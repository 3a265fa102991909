# SPDX-License-Identifier: ISC
"""Handshakes held by the thousand, what a connection at rest costs, and that
memory returns."""
import re
import shutil
import sys

from billetlib import qemu
from harness import Failed, TOP, deadline, each, full, until
from test_pinata import CERTS, HERE, client, expect_secret

sys.path.append(str(TOP / 'tests' / 'bench'))
import board  # noqa: E402
import build_plugin  # noqa: E402

WORDS = ('--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64', '--test',
         '--secret=the secret itself', '--attempts-per-minute=0')
HOST = '10.73.0.2'
IDLE = 200
IDLE_BYTES_MAX = 20 << 10
REFUSED = 50
# TCP's SYN, its end and a line in the log; a handshake takes 1,500,000.
REFUSAL_INSTRUCTIONS_MAX = 100_000


def metric(t, net, name):
    text = net.run(t.program('curl'), '-s', '-m', 20,
                   f'http://{HOST}/metrics', seconds=30).decode()
    found = re.search(rf'^{re.escape(name)} (\d+)$', text, re.M)
    if not found:
        raise Failed(f'/metrics has no {name}')
    return int(found[1])


def guest(t, net, *words, memory_mb=64, board_path=None):
    line = qemu.Line(cpu='max', memory_mb=memory_mb)
    line.kernel(t.image('pinata'), [*WORDS, *words])
    if board_path:
        line.words[line.words.index('tcg')] = 'tcg,thread=single'
        line.add('-plugin', f'{build_plugin.build(t.folder)},'
                            f'board={board_path}')
    made = net.guest(line)
    made.wait_for('address fd73::2/64', 60)
    return made


class Holder:
    """tls_hold.py, and what it says."""

    def __init__(self, t, net, count, host=HOST, port=10000):
        fifo = t.path('more')
        self.child = net.start('sh', '-c', f'mkfifo {fifo}; exec "$@" <>{fifo}',
                               'sh', sys.executable, HERE / 'tls_hold.py',
                               host, port, count, log='holder')
        self.fifo = fifo

    def said(self, pattern, seconds):
        def look():
            return re.search(pattern, self.child.log.read_text())
        found = until(look, seconds, f'the holder says {pattern}')
        return [int(n) for n in found.groups()]

    def more(self, count):
        """Connections besides; how many bytes they were told, and how many of
        them were closed."""
        self.fifo.open('w').write(f'{count}\n')
        return self.said(rf'more {count} bytes (\d+) closed (\d+)', 60)

    def end(self):
        qemu.stop(self.child)


@deadline(240)
def test_a_thousand_handshakes_are_held_in_64_mib(t):
    net = t.network()
    guest(t, net)
    holder = Holder(t, net, 1000)
    held, closed = holder.said(r'held (\d+) closed (\d+)', 60)
    memory = metric(t, net, 'tls_memory_bytes{side="gate"}')
    sessions = metric(t, net, 'tls_sessions{side="gate"}')
    print(f'{held} held, {closed} closed, {sessions} sessions, '
          f'{memory} bytes, {memory // 1000} each')
    if held != 1000 or sessions != 1000:
        raise Failed(f'of 1000 handshakes {held} are held, {closed} ended')
    refused = metric(t, net, 'tls_refused_total{side="gate"}')
    said, closed = holder.more(1)
    again = metric(t, net, 'tls_refused_total{side="gate"}')
    if said or closed != 1 or again != refused + 1:
        raise Failed(f'the 1001st was told {said} bytes, {again - refused} '
                     'were refused')
    until(lambda: metric(t, net, 'tls_sessions{side="gate"}') == 0, 40,
          'they are given up')
    holder.end()
    expect_secret(client(t, net, f'{HOST}:10000', 'client-p256'), 'afterwards')


@deadline(240)
def test_who_is_refused_costs_no_arithmetic(t):
    if not shutil.which('cc'):
        t.skip('no C compiler for the plugin that counts instructions')
    net = t.network()
    elf = board.Elf(t.image('pinata', 'elf.debug'))
    counter = board.Board(str(t.path('board')), elf.lo, elf.hi)
    t.at_end(counter.close)
    guest(t, net, '--handshakes=4', board_path=counter.path)
    holder = Holder(t, net, 4)
    if holder.said(r'held (\d+) closed (\d+)', 60) != [4, 0]:
        raise Failed('four are not held')
    before = counter.settle()
    said, closed = holder.more(REFUSED)
    each_one = (counter.settle() - before) // REFUSED
    print(f'{each_one} instructions for each that is refused')
    refused = metric(t, net, 'tls_refused_total{side="gate"}')
    if said or closed != REFUSED or refused < REFUSED // 2 or \
            each_one > REFUSAL_INSTRUCTIONS_MAX:
        raise Failed(f'{refused} refused of {REFUSED}, {said} bytes said, '
                     f'{each_one} instructions each')


@each(process={'world': 'process'}, image={'world': 'image'})
@deadline(180)
def test_an_idle_connection_of_tls_is_small(t, world):
    net = t.network()
    words = (f'--https-sessions={IDLE + 8}',)
    if world == 'image':
        guest(t, net, *words)
    else:
        child = net.start(t.image('pinata', ''), '--net=tap0', *WORDS, *words,
                          log='pinata')
        until(lambda: 'address fd73::2/64' in child.log.read_text(), 30, 'up')
    base = metric(t, net, 'tls_memory_bytes{side="site"}')
    idle = net.start(sys.executable, '-c', IDLE_ONES, HOST, IDLE, log='idle')
    until(lambda: '\nall idle' in idle.log.read_text(), 60, 'all are idle')
    n = metric(t, net, 'tls_sessions{side="site"}')
    memory = metric(t, net, 'tls_memory_bytes{side="site"}') - base
    print(f'{n} idle, {memory // n} bytes each')
    if n != IDLE or memory > IDLE * IDLE_BYTES_MAX:
        raise Failed(f'{n} idle ones have {memory} bytes')
    qemu.stop(idle)
    until(lambda: metric(t, net, 'tls_memory_bytes{side="site"}') <= base, 60,
          'all of it is given back')


def memory(t, net):
    return {side: metric(t, net, f'tls_memory_bytes{{side="{side}"}}')
            for side in ('gate', 'reach', 'site')}


def at_rest(t, net):
    return all(metric(t, net, f'tls_sessions{{side="{side}"}}') == 0
               for side in ('gate', 'reach', 'site'))


def resident_kib(child):
    with open(f'/proc/{child.pid}/status', encoding='ascii') as status:
        return int(re.search(r'VmRSS:\s+(\d+)', status.read())[1])


def memory_returns(t, first_ones, then):
    net = t.network()
    child = net.start(t.image('pinata', ''), '--net=tap0', *WORDS, '--logs=warn',
                      log='pinata')
    until(lambda: b'up' in net.run('sh', '-c', f'curl -s http://{HOST}/ca.crt '
                                   '>/dev/null && echo up', status=None), 30,
          'it is up')
    before = memory(t, net)

    def mixed(count):
        out = net.run(sys.executable, HERE / 'tls_mixed.py', HOST, count,
                      CERTS, seconds=500).decode()
        print(out.strip())
        for word in 'given', 'refused', 'whole', 'resumed', 'cut':
            if not re.search(rf'\b{word} [1-9]', out):
                raise Failed(f'none was {word}: {out}')
        if 'given-wrongly' in out or 'not-given' in out:
            raise Failed(out)
        until(lambda: at_rest(t, net), 30, 'all are over')

    mixed(first_ones)
    first = resident_kib(child)
    mixed(then)
    if memory(t, net) != before:
        raise Failed(f'{before} bytes became {memory(t, net)}')
    grown = resident_kib(child) - first
    print(f'the process has grown by {grown} KiB')
    if grown > 256:
        raise Failed(f'the process has grown by {grown} KiB')


@deadline(180)
def test_memory_returns_after_handshakes_of_every_kind(t):
    memory_returns(t, 100, 400)


@full
@deadline(600)
def test_memory_returns_after_10000_handshakes(t):
    memory_returns(t, 1000, 9000)


IDLE_ONES = '''
import socket, ssl, sys, time
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
all = []
for i in range(int(sys.argv[2])):
    s = context.wrap_socket(socket.create_connection((sys.argv[1], 443)))
    s.send(b'HEAD /ca.crt HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
    assert s.recv(4096).startswith(b'HTTP/1.1 200')
    all.append(s)
print('all idle', flush=True)
time.sleep(1000)
'''
