#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A log server: prints each message on a line of its own.

usage: syslog_server.py udp|tcp ADDRESS PORT [HANG_UP_AFTER]

TCP has octets counted (RFC 6587 3.4.1); anything else is reported as `bad`.
HANG_UP_AFTER: the first connection is reset after so many messages.
"""
import socket
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


def serve_tcp(listener, hang_up_after):
    while True:
        connection, peer = listener.accept()
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
    over, address, port = sys.argv[1:4]
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if over == 'udp'
                      else socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    if over == 'tcp':
        s.listen(8)
    print('ready', flush=True)
    if over == 'tcp':
        serve_tcp(s, int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    while True:
        print(s.recv(65536).decode(), flush=True)


if __name__ == '__main__':
    main()
