#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A time server whose clock is off: ntp_server.py SECONDS ADDRESS..."""
import select
import socket
import struct
import sys
import time

EPOCH = 2208988800


def stamp(seconds):
    return struct.pack('>II', int(seconds) + EPOCH & 0xffffffff,
                       int(seconds % 1 * (1 << 32)))


def answer(question, off):
    now = stamp(time.time() + off)
    return (bytes([0x24, 2, question[2], 0xec]) + struct.pack('>II', 16, 16)
            + b'\x7f\x7f\x01\x01' + now + question[40:48] + now
            + stamp(time.time() + off))


def main():
    off, sockets = float(sys.argv[1]), []
    for address in sys.argv[2:]:
        s = socket.socket(socket.AF_INET6 if ':' in address
                          else socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((address, 123))
        sockets.append(s)
    print('ready', flush=True)
    while True:
        for s in select.select(sockets, [], [])[0]:
            question, peer = s.recvfrom(1024)
            print(f'{peer[0]} {question.hex()}', flush=True)
            if len(question) >= 48 and question[0] & 7 == 3:
                s.sendto(answer(question, off), peer)


main()
