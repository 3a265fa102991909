#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A log server: prints each message on a line of its own.

usage: syslog_server.py udp|tcp ADDRESS PORT [HANG_UP_AFTER]
       syslog_server.py tls ADDRESS PORT CERTIFICATE KEY [HANG_UP_AFTER]

TCP has octets counted (RFC 6587 3.4.1), TLS too (RFC 5425 4.3); anything else is reported as `bad`.
HANG_UP_AFTER: the first connection is reset after so many messages.
"""
import socket
import ssl
import struct
import sys


def messages(connection):
    """Each message of a connection, until it ends."""
    stream = connection.makefile('rb')
    while True:
        digits = b''
        while not digits.endswith(b' '):
            byte = stream.read(1)
            if not byte:
                return
            digits += byte
        if not digits[:-1].isdigit() or digits.startswith(b'0'):
            print('bad', digits, flush=True)
            return
        text = stream.read(int(digits))
        if len(text) < int(digits):
            return
        yield text


def serve_tcp(listener, hang_up_after, tls):
    while True:
        connection, peer = listener.accept()
        if tls:
            try:
                connection = tls.wrap_socket(connection, server_side=True)
            except (ssl.SSLError, OSError) as error:
                print('tls', error, flush=True)
                continue
        print('connection', peer[0], flush=True)
        for n, text in enumerate(messages(connection), 1):
            print(text.decode(), flush=True)
            if n == hang_up_after:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack('ii', 1, 0))
                break
        hang_up_after = 0
        connection.close()


def main():
    over, address, port, *rest = sys.argv[1:]
    tls = None
    if over == 'tls':
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(rest.pop(0), rest.pop(0))
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if over == 'udp'
                      else socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    if over != 'udp':
        s.listen(8)
    print('ready', flush=True)
    if over != 'udp':
        serve_tcp(s, int(rest[0]) if rest else 0, tls)
    while True:
        print(s.recv(65536).decode(), flush=True)


if __name__ == '__main__':
    main()
