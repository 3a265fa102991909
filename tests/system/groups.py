#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Be a querier of multicast groups on tap0, and show the reports that come.

usage: groups.py 4|6 VERSION SECONDS    one line for each: GROUP KIND SOURCE

VERSION is of IGMP or MLD.  Queries are general, one a second.
"""
import socket
import struct
import sys
import time

LINK4 = '10.73.0.1'
LINK6 = 'fe80::1'


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def query4(version):
    tail = struct.pack('!BBH', 2, 125, 0) if version == 3 else b''
    body = struct.pack('!BBH4x', 0x11, 0 if version == 1 else 5, 0) + tail
    body = body[:2] + struct.pack('!H', checksum(body)) + body[4:]
    head = struct.pack('!BBHHHBBH4s4s4x', 0x46, 0xc0, 24 + len(body), 0, 0, 1,
                       2, 0, socket.inet_aton(LINK4),
                       socket.inet_aton('224.0.0.1'))
    head = head[:20] + b'\x94\4\0\0'
    head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
    return b'\1\0\x5e\0\0\1' + b'\2\0\0\0\0\7\x08\0' + head + body


def query6(version):
    source = socket.inet_pton(socket.AF_INET6, LINK6)
    group = socket.inet_pton(socket.AF_INET6, 'ff02::1')
    tail = struct.pack('!BBH', 2, 125, 0) if version == 2 else b''
    body = struct.pack('!BBHHH16x', 130, 0, 0, 500, 0) + tail
    pseudo = source + group + struct.pack('!II', len(body), 58)
    body = body[:2] + struct.pack('!H', checksum(pseudo + body)) + body[4:]
    head = struct.pack('!IHBB', 6 << 28, len(body) + 8, 0, 1) + source + group
    alert = b'\x3a\0\5\2\0\0\1\0'
    return b'\x33\x33\0\0\0\1' + b'\2\0\0\0\0\7\x86\xdd' + head + alert + body


def records(message, size, kind):
    """What an IGMPv3 or MLDv2 report says of each group."""
    at, count = 8, struct.unpack('!H', message[6:8])[0]
    for _ in range(count):
        what, _, sources = struct.unpack('!BBH', message[at:at + 4])
        yield message[at + 4:at + 4 + size], f'{kind}/{what}'
        at += 4 + size * (1 + sources)


def reports(frame):
    if frame[12:14] == b'\x08\0' and frame[23] == 2:
        message = frame[14 + (frame[14] & 15) * 4:]
        source = socket.inet_ntoa(frame[26:30])
        if message[0] == 0x22:
            yield from ((socket.inet_ntoa(g), k, source)
                        for g, k in records(message, 4, 'v3'))
        elif message[0] in (0x12, 0x16, 0x17):
            yield socket.inet_ntoa(message[4:8]), hex(message[0]), source
    elif frame[12:14] == b'\x86\xdd' and frame[20] == 0 and frame[54] == 58:
        message = frame[62:]
        source = socket.inet_ntop(socket.AF_INET6, frame[22:38])
        if message[0] == 143:
            yield from ((socket.inet_ntop(socket.AF_INET6, g), k, source)
                        for g, k in records(message, 16, 'v2'))
        elif message[0] in (131, 132):
            yield (socket.inet_ntop(socket.AF_INET6, message[8:24]),
                   str(message[0]), source)


def main():
    family, version, seconds = (int(w) for w in sys.argv[1:4])
    query = query4(version) if family == 4 else query6(version)
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    link.bind(('tap0', 3))
    end, again = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        if time.monotonic() >= again:
            link.send(query)
            again = time.monotonic() + 1
        link.settimeout(max(0.01, again - time.monotonic()))
        try:
            frame = link.recv(4096)
        except TimeoutError:
            continue
        for group, kind, source in reports(frame):
            print(group, kind, source, flush=True)


main()
