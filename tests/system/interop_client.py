#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The Linux side of the interop tests; runs inside their network namespace.

    interop_client.py echo HOST BYTES          port 7, back and forth
    interop_client.py transmit HOST BYTES      POST /transmit, chunked
    interop_client.py random HOST BYTES        GET /random?bytes=N, twice
    interop_client.py discard HOST BYTES       port 9, one way
    interop_client.py connections HOST N       N at once to port 7
    interop_client.py udp HOST N               N datagrams to port 7

Prints one line with what was done; exit status 1, and why, when a byte is
missing, wrong or out of place.
"""
import hashlib
import resource
import selectors
import socket
import sys
import threading
import time

BLOCK = 1 << 18
TIMEOUT_S = 60
ECHO, DISCARD, HTTP = 7, 9, 80


class Wrong(Exception):
    pass


def connect(host, port):
    sock = socket.create_connection((host, port), timeout=TIMEOUT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def blocks(total):
    """`total` bytes that do not repeat at any small distance."""
    seed = hashlib.shake_256(b'billet').digest(BLOCK + 65536)
    for i in range(0, total, BLOCK):
        start = i // BLOCK * 7919 % 65521
        yield seed[start:start + min(BLOCK, total - i)]


class Sender(threading.Thread):
    """Sends blocks as fast as they are taken; hashes what it sent."""

    def __init__(self, sock, total, frame=None):
        super().__init__(daemon=True)
        self.sock, self.total, self.frame = sock, total, frame
        self.hash, self.error = hashlib.sha256(), None
        self.start()

    def run(self):
        try:
            for block in blocks(self.total):
                self.hash.update(block)
                self.sock.sendall(self.frame(block) if self.frame else block)
            if self.frame:
                self.sock.sendall(b'0\r\n\r\n')
            else:
                self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.error = error

    def finish(self):
        self.join(TIMEOUT_S)
        if self.error:
            raise Wrong(f'while sending: {self.error}')
        return self.hash.hexdigest()


class Reader:
    """A buffered connection; hashes bodies.  [at:] of `data` is unread."""

    def __init__(self, sock):
        self.sock, self.data, self.at = sock, b'', 0

    def more(self):
        part = self.sock.recv(1 << 18)
        self.data, self.at = self.data[self.at:] + part, 0
        return bool(part)

    def line(self):
        while (end := self.data.find(b'\n', self.at)) < 0:
            if not self.more():
                raise Wrong('the connection ended in a line')
        line, self.at = self.data[self.at:end], end + 1
        return line.rstrip(b'\r').decode('latin-1')

    def head(self):
        """Status and fields of a reply."""
        status, fields = self.line(), {}
        while line := self.line():
            name, value = line.split(':', 1)
            fields[name.lower()] = value.strip()
        if status.split()[1] != '200':
            raise Wrong(f'the answer is {status}')
        return fields

    def take(self, n, digest):
        while n:
            if self.at == len(self.data) and not self.more():
                raise Wrong(f'{n} bytes are missing')
            part = memoryview(self.data)[self.at:self.at + n]
            digest.update(part)
            self.at += len(part)
            n -= len(part)

    def body(self, fields):
        """Hash and length of a body, however it is framed."""
        digest, total = hashlib.sha256(), 0
        if 'content-length' in fields:
            total = int(fields['content-length'])
            self.take(total, digest)
        elif fields.get('transfer-encoding') == 'chunked':
            while n := int(self.line().split(';')[0], 16):
                self.take(n, digest)
                self.line()
                total += n
            self.line()
        else:
            raise Wrong('a body without a length')
        return digest.hexdigest(), total

    def rest(self):
        rest = self.data[self.at:]
        digest, total = hashlib.sha256(rest), len(rest)
        while part := self.sock.recv(1 << 20):
            digest.update(part)
            total += len(part)
        return digest.hexdigest(), total


def same(sent, got, total, n):
    if n != total:
        raise Wrong(f'{n} bytes came back, not {total}')
    if sent != got:
        raise Wrong(f'hash {got} came back, {sent} was sent')


def echo(host, total):
    with connect(host, ECHO) as sock:
        sender = Sender(sock, total)
        got, n = Reader(sock).rest()
        same(sender.finish(), got, total, n)


def transmit(host, total):
    with connect(host, HTTP) as sock:
        sock.sendall(b'POST /transmit HTTP/1.1\r\nHost: test\r\n'
                     b'Transfer-Encoding: chunked\r\n\r\n')
        sender = Sender(sock, total,
                        lambda block: b'%x\r\n%b\r\n' % (len(block), block))
        reader = Reader(sock)
        got, n = reader.body(reader.head())
        same(sender.finish(), got, total, n)


def random(host, total):
    with connect(host, HTTP) as sock:
        reader, seen = Reader(sock), set()
        for _ in range(2):
            sock.sendall(b'GET /random?bytes=%d HTTP/1.1\r\n'
                         b'Host: test\r\n\r\n' % total)
            got, n = reader.body(reader.head())
            seen.add(got)
            if n != total:
                raise Wrong(f'{n} bytes came, not {total}')
        if len(seen) != 1:
            raise Wrong('the same request gave different bytes')


def discard(host, total):
    with connect(host, DISCARD) as sock:
        Sender(sock, total).finish()
        if sock.recv(1):
            raise Wrong('discard answered')


def connections(host, n):
    resource.setrlimit(resource.RLIMIT_NOFILE, (n + 100, n + 100))
    socks = []
    for i in range(n):
        try:
            socks.append(connect(host, ECHO))
        except OSError as error:
            raise Wrong(f'connection {i + 1} of {n}: {error}') from None
    for i, sock in enumerate(socks):
        sock.sendall(b'line %d\n' % i)
    waiting = selectors.DefaultSelector()
    for i, sock in enumerate(socks):
        waiting.register(sock, selectors.EVENT_READ, i)
    end = time.monotonic() + TIMEOUT_S
    while waiting.get_map():
        ready = waiting.select(1)
        if time.monotonic() > end:
            raise Wrong(f'{len(waiting.get_map())} of {n} got no answer')
        for key, _ in ready:
            waiting.unregister(key.fileobj)
            got = key.fileobj.recv(100)
            if got != b'line %d\n' % key.data:
                raise Wrong(f'connection {key.data} got {got!r}')
    for sock in socks:
        sock.shutdown(socket.SHUT_WR)
    for i, sock in enumerate(socks):
        if sock.recv(1):
            raise Wrong(f'connection {i} got more than it sent')
        sock.close()


def udp(host, n):
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((host, ECHO))
        for i in range(n):
            data = next(blocks(1 + i * 37 % 1400)) + b'%d' % i
            sock.send(data)
            if sock.recv(65536) != data:
                raise Wrong(f'datagram {i} came back changed')


def main():
    name, host, amount = sys.argv[1], sys.argv[2], int(sys.argv[3])
    began = time.monotonic()
    try:
        {'echo': echo, 'transmit': transmit, 'random': random,
         'discard': discard, 'connections': connections,
         'udp': udp}[name](host, amount)
    except (Wrong, OSError) as error:
        sys.exit(f'{name} {host} {amount}: {error}')
    took = time.monotonic() - began
    print(f'{name} {host} {amount}: {took:.2f} s')


if __name__ == '__main__':
    main()
