# SPDX-License-Identifier: ISC
"""Goodput over a relay of our own, ours beside Linux's.

The receiver is Linux in both cases.  Ours is the Linux process of `echo`, whose
network is the relay; Linux's is a server in a namespace with CUBIC.  Both run
at the same time over relays of their own with the same numbers and the same
seed, so a busy host is busy for both.
"""
import array
import os
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DELAYS_MS = (10, 50, 200)
LOSSES = (0, 0.001, 0.01, 0.03)
RATE_MBIT = 20
SECONDS = 15
SEEDS = (1, 2)
RARE = 0.001         # so few losses in a run are chance: it takes more runs
RARE_SEEDS = (1, 2, 3, 4, 5, 6)
SHARE_MS, SHARE_S = 40, 30
START_S = 60


def queue_bytes(delay_ms):
    """What fits on the line, and at least 64 packets."""
    return max(64 * 1514, int(RATE_MBIT * 125 * delay_ms))


class Run:
    """One relay, its receiver, and its senders ('ours', 'linux')."""

    def __init__(self, build, senders, delay_ms, loss, seed, seconds):
        self.children, self.folder = [], tempfile.TemporaryDirectory(
            prefix='billet-relay-')
        self.fds = []
        self.end(2, 'source') if 'linux' in senders else None
        peers = [{'ours': '10.99.0.3', 'linux': '10.99.0.2'}[s]
                 for s in senders]
        self.sink = self.end(1, 'sink', *peers, seconds=seconds)
        path = os.path.join(self.folder.name, 'net')
        rights = [f'unix:{path}' if s == 'ours' else f'tap:{self.fds[0]}'
                  for s in senders]
        self.relay = self.start(
            [os.path.join(build, 'tests', 'bench', 'relay', 'relay'), delay_ms,
             loss, RATE_MBIT, queue_bytes(delay_ms), seed,
             f'tap:{self.fds[-1]}', *rights],
            pass_fds=self.fds, stdout=subprocess.PIPE)
        if self.relay.stdout.readline() != b'ready\n':
            raise RuntimeError('the relay does not come up')
        if 'ours' in senders:
            self.start([os.path.join(build, 'apps', 'echo'),
                        f'--net=unix:{path}', '--ipv4=10.99.0.3/24',
                        '--ipv6=none'], stdout=subprocess.DEVNULL)

    def start(self, words, **options):
        child = subprocess.Popen([str(w) for w in words], **options)
        self.children.append(child)
        return child

    def end(self, number, *words, seconds=0):
        """A namespace with a tap, whose descriptor comes back to us."""
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        child = self.start(
            ['unshare', '-n', sys.executable, os.path.join(HERE, 'end.py'),
             number, *words], stdin=its, stdout=subprocess.PIPE,
            env={**os.environ, 'SECONDS': str(seconds)})
        its.close()
        mine.settimeout(START_S)
        _, control, _, _ = mine.recvmsg(1, socket.CMSG_SPACE(4))
        if not control:
            raise RuntimeError('an end does not come up')
        fds = array.array('i')
        fds.frombytes(control[0][2][:4])
        self.fds.append(fds[0])
        mine.close()
        return child

    def result(self, seconds):
        """Bytes that each sender brought over."""
        out, _ = self.sink.communicate(timeout=seconds + START_S)
        return [int(word) for word in out.split()]

    def close(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdout:
                child.stdout.close()
        for fd in self.fds:
            os.close(fd)
        self.folder.cleanup()


def run_all(settings, seconds):
    """The results of runs with such settings, all at the same time."""
    runs = []
    try:
        for setting in settings:
            runs.append(Run(*setting, seconds=seconds))
        return [run.result(seconds) for run in runs]
    finally:
        for run in runs:
            run.close()


def mbit(count, seconds):
    return count * 8 / 1e6 / seconds


def seeds_for(loss):
    if not loss:
        return SEEDS[:1]
    return RARE_SEEDS if loss <= RARE else SEEDS


def goodput(build, say=print, delays=DELAYS_MS, losses=LOSSES,
            seconds=SECONDS):
    """{'10 ms 0 %': ours in per cent of Linux's}."""
    out = {}
    for loss in losses:
        total = {delay: [0, 0] for delay in delays}
        for seed in seeds_for(loss):
            settings = [(build, [who], delay, loss, seed)
                        for delay in delays for who in ('ours', 'linux')]
            found = run_all(settings, seconds)
            for (_, who, delay, _, _), (n,) in zip(settings, found):
                total[delay][who == ['linux']] += n
        for delay, (ours, linux) in total.items():
            name = f'{delay} ms {loss * 100:g} %'
            out[name] = round(100 * ours / max(linux, 1))
            n = seconds * len(seeds_for(loss))
            say(f'    {name:14} ours {mbit(ours, n):6.2f} Mbit/s, Linux '
                f'{mbit(linux, n):6.2f} Mbit/s, {out[name]} %')
    return out


def share(build, say=print, seconds=SHARE_S):
    """Per cent of a bottleneck that the smaller of two flows gets: one ours,
    one Linux's."""
    ours = linux = 0
    for seed in SEEDS:
        (pair,) = run_all([(build, ['ours', 'linux'], SHARE_MS, 0, seed)],
                          seconds)
        ours, linux = ours + pair[0], linux + pair[1]
        say(f'    ours {mbit(pair[0], seconds):.2f} Mbit/s, Linux '
            f'{mbit(pair[1], seconds):.2f} Mbit/s')
    return round(100 * min(ours, linux) / max(ours + linux, 1))


if __name__ == '__main__':
    print(share(sys.argv[1]) if 'share' in sys.argv else goodput(
        sys.argv[1], seconds=float(os.environ.get('SECONDS', SECONDS))))
