#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Join two ports of a host, and say how many bytes went each way.

usage: tls_relay.py HOST PORT PORT
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


def main():
    host, one, other = sys.argv[1:]
    a = socket.create_connection((host, int(one)), 20)
    b = socket.create_connection((host, int(other)), 20)
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
