#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Join two ports of a host, and say how many bytes went each way.

usage: tls_relay.py HOST END END

An END is a PORT to connect to, or PORT:BACK: that port is called, and the
connection is the one that comes back to port BACK of this machine.
"""
import socket
import sys
import threading


def pump(source, sink, count, i):
    while data := source.recv(4096):
        count[i] += len(data)
        try:
            sink.sendall(data)
        except OSError:
            return
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def end(host, word):
    port, _, back = word.partition(':')
    if not back:
        return socket.create_connection((host, int(port)), 20)
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with socket.create_server(('', int(back)), family=family) as server:
        server.settimeout(20)
        with socket.create_connection((host, int(port)), 20) as call:
            assert call.recv(1) == b''
        return server.accept()[0]


def main():
    host, one, other = sys.argv[1:]
    a, b = end(host, one), end(host, other)
    count = [0, 0]
    threads = [threading.Thread(target=pump, args=(a, b, count, 0)),
               threading.Thread(target=pump, args=(b, a, count, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    print('relayed', *count)


if __name__ == '__main__':
    main()
