#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An end of a relay that is Linux: end.py NUMBER sink|source [PEER...]

Makes a tap device in the network namespace that it is started in, sends it to
standard input (a socket) and then is

    source    a server that sends for ever to whoever connects to port 19
    sink      a client of port 19 of each PEER ("10.99.0.N") at once, for
              SECONDS (the environment's), which prints what each one got
"""
import array
import fcntl
import os
import socket
import struct
import subprocess
import sys
import threading
import time

PORT = 19
IFF_TAP, IFF_NO_PI, TUNSETIFF = 2, 0x1000, 0x400454ca


def open_tap(number):
    fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF,
                struct.pack('16sH22x', b'end0', IFF_TAP | IFF_NO_PI))
    for words in ('link set lo up', f'addr add 10.99.0.{number}/24 dev end0',
                  'link set end0 up'):
        subprocess.run(['ip', *words.split()], check=True)
    return fd


def hand_over(fd):
    with socket.socket(fileno=0) as parent:
        parent.sendmsg([b'.'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                 array.array('i', [fd]))])


def serve(sock):
    data = bytes(1 << 18)
    try:
        while True:
            sock.sendall(data)
    except OSError:
        sock.close()


def source():
    with socket.socket() as listener:
        # Each connection inherits it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION,
                            b'cubic')
        listener.bind(('', PORT))
        listener.listen()
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock,), daemon=True).start()


def dial(peer):
    """Until it is up: a SYN that came too early is tried again."""
    while True:
        sock = socket.socket()
        sock.settimeout(1)
        try:
            sock.connect((peer, PORT))
            return sock
        except OSError:
            sock.close()
            time.sleep(0.1)


def drink(sock, until, counts, i):
    room = bytearray(1 << 18)
    while (left := until - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            n = sock.recv_into(room)
        except TimeoutError:
            break
        if n == 0:
            break
        counts[i] += n


def sink(peers, seconds):
    for peer in peers:      # ARP and the first routes are not measured
        dial(peer).close()
    time.sleep(0.5)
    socks = [dial(peer) for peer in peers]
    counts, until = [0] * len(peers), time.monotonic() + seconds
    threads = [threading.Thread(target=drink, args=(s, until, counts, i))
               for i, s in enumerate(socks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(*counts, flush=True)


if __name__ == '__main__':
    hand_over(open_tap(int(sys.argv[1])))
    if sys.argv[2] == 'source':
        source()
    else:
        sink(sys.argv[3:], float(os.environ['SECONDS']))
