#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Handshakes of every kind and ending: tls_mixed.py HOST COUNT CERTS

With a certificate that is good (port 10000), with one that is not, without
any; at port 443 new and resumed; and cut off after each number of bytes.
Prints how many there were of each.
"""
import collections
import socket
import ssl
import sys
from pathlib import Path

HOST, COUNT, CERTS = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
seen = collections.Counter()


def context(name=None, old=False):
    c = ssl.create_default_context(cafile=CERTS / 'ca.crt')
    c.check_hostname = False
    if name:
        c.load_cert_chain(CERTS / f'{name}.crt', CERTS / f'{name}.key')
    if old:
        c.maximum_version = ssl.TLSVersion.TLSv1_2
    return c


CONTEXTS = {(name, old): context(name, old) for old in (False, True)
            for name in (None, 'client-p256', 'bad-expired')}
tickets = {}


def connect(port):
    return socket.create_connection((HOST, port), 20)


def gate(name, old):
    """Whether the secret came."""
    try:
        with CONTEXTS[name, old].wrap_socket(connect(10000)) as s:
            return bool(s.recv(100))
    except (ssl.SSLError, ConnectionError):
        return False


def page(old):
    with CONTEXTS[None, old].wrap_socket(connect(443),
                                         session=tickets.get(old)) as s:
        s.send(b'HEAD /ca.crt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        while s.recv(4096):
            pass
        seen['resumed' if s.session_reused else 'whole'] += 1
        tickets[old] = s.session


def hello():
    out = ssl.MemoryBIO()
    try:
        CONTEXTS[None, False].wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    except ssl.SSLWantReadError:
        return out.read()


def cut(at, reset):
    """Says the beginning of a hello, or all of it, and is gone."""
    with connect(10000) as s:
        s.sendall(HELLO[:at])
        if at >= len(HELLO):
            s.recv(1)
        if reset:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         b'\1\0\0\0\0\0\0\0')
    seen['cut'] += 1


HELLO = hello()
for i in range(COUNT):
    if i % 5 == 0:
        seen['given' if gate('client-p256', i % 2) else 'not given'] += 1
    elif i % 5 == 1:
        seen['given wrongly' if gate('bad-expired', i % 2) else 'refused'] += 1
    elif i % 5 == 2:
        seen['given wrongly' if gate(None, i % 2) else 'refused'] += 1
    elif i % 5 == 3:
        page(i % 2 == 1)
    else:
        cut(i * 7 % (len(HELLO) + 50), i % 2)
print(' '.join(f'{what.replace(" ", "-")} {n}' for what, n in seen.items()))
