#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Handshakes that are begun and held: tls_hold.py HOST PORT COUNT

Connects COUNT times, says hello and takes what comes, but never answers.
Prints `held N closed M` when N have the server's whole flight or the
connection has ended, or after 14 seconds (the server gives up after 15); then
waits for a line on standard input, each of which is a number of connections
more, and says of them `more N bytes B closed M`, one after the other.  The end
of input ends it.
"""
import resource
import selectors
import socket
import ssl
import sys
import time

FLIGHT_LEAST = 600      # bytes: more than a hello, less than a certificate
SECONDS = 14
AT_ONCE = 32            # half-open ones, which the guest's ring has room for


def hello():
    """What OpenSSL says first, with a key share of X25519."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


class Held:
    def __init__(self, host, port, say):
        self.address, self.say = (host, port), say
        self.family = socket.AF_INET6 if ':' in host else socket.AF_INET
        self.poll = selectors.DefaultSelector()
        self.got, self.kept = {}, []
        self.closed = self.flights = 0

    def connect(self):
        s = socket.socket(self.family)
        s.setblocking(False)
        s.connect_ex(self.address)
        self.got[s] = -1
        self.kept.append(s)
        self.poll.register(s, selectors.EVENT_WRITE)

    def turn(self):
        for key, events in self.poll.select(0.05):
            s = key.fileobj
            try:
                if events & selectors.EVENT_WRITE:
                    s.send(self.say)
                    self.got[s] = 0
                    self.poll.modify(s, selectors.EVENT_READ)
                    continue
                n = len(s.recv(65536))
            except OSError:
                n = 0
            if n == 0:
                self.closed += 1
                self.poll.unregister(s)
                self.got[s] = FLIGHT_LEAST
                continue
            if self.got[s] < FLIGHT_LEAST <= self.got[s] + n:
                self.flights += 1
            self.got[s] += n

    def hold(self, count):
        end = time.monotonic() + SECONDS
        while self.flights + self.closed < count and time.monotonic() < end:
            waiting = sum(n < FLIGHT_LEAST for n in self.got.values())
            for _ in range(min(AT_ONCE - waiting, count - len(self.kept))):
                self.connect()
            self.turn()
        print(f'held {self.flights} closed {self.closed}', flush=True)


def more(host, port, count):
    """Connections that say nothing: what they are told."""
    said = closed = 0
    for _ in range(count):
        try:
            with socket.create_connection((host, port), 20) as s:
                data = s.recv(4096)
        except ConnectionError:     # at once, or a moment later
            data = b''
        said += len(data)
        closed += not data
    print(f'more {count} bytes {said} closed {closed}', flush=True)


def main():
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    held = Held(host, port, hello())
    held.hold(count)
    for line in sys.stdin:
        more(host, port, int(line))


if __name__ == '__main__':
    main()
