#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Ask by multicast DNS, and print what comes as lines.

usage: mdns_client.py DEVICE FAMILY HOW NAME TYPE

HOW: multicast, unicast (a QU question), legacy (as plain DNS does), or listen.
"""
import socket
import struct
import sys
import time

DEVICE, FAMILY, HOW, NAME, TYPE = sys.argv[1:]
TYPES = {'A': 1, 'PTR': 12, 'MX': 15, 'TXT': 16, 'AAAA': 28, 'SRV': 33,
         'NSEC': 47}
NAMES = {number: name for name, number in TYPES.items()}
GROUP = {'4': '224.0.0.251', '6': 'ff02::fb'}[FAMILY]
IP_RECVTTL = 12  # Python has no name for it before 3.14
INDEX = socket.if_nametoindex(DEVICE)


def open_socket():
    family = socket.AF_INET if FAMILY == '4' else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port = 0 if HOW == 'legacy' else 5353
    if FAMILY == '4':
        here = struct.pack('4s4si', socket.inet_aton(GROUP), bytes(4), INDEX)
        sock.bind(('', port))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, here)
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    else:
        here = struct.pack('I', INDEX)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(('', port))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, here)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                        socket.inet_pton(family, GROUP) + here)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
    return sock


def name_at(m, at):
    labels, back = [], None
    while m[at]:
        if m[at] >= 0xc0:
            back = back or at + 2
            at = struct.unpack('>H', m[at:at + 2])[0] & 0x3fff
            continue
        labels.append(m[at + 1:at + 1 + m[at]].decode())
        at += 1 + m[at]
    return '.'.join(labels), back or at + 1


def rows(m):
    _, flags, questions, *records = struct.unpack('>6H', m[:12])
    at = 12
    for _ in range(questions):
        at = name_at(m, at)[1] + 4
    for _ in range(sum(records)):
        owner, at = name_at(m, at)
        kind, class_, ttl, n = struct.unpack('>HHIH', m[at:at + 10])
        data, at = at + 10, at + 10 + n
        flush = ' flush' if class_ & 0x8000 else ''
        if kind in (1, 28):
            what = socket.inet_ntop(socket.AF_INET if kind == 1 else
                                    socket.AF_INET6, m[data:at])
        elif kind == 12:
            what = name_at(m, data)[0]
        elif kind == 33:
            what = f'{m[data + 4] << 8 | m[data + 5]} {name_at(m, data + 6)[0]}'
        else:
            what = m[data:at].hex()
        yield f'{owner}: {NAMES.get(kind, kind)} {what} {ttl}{flush}'


def main():
    sock = open_socket()
    if HOW == 'listen':
        print('listening', flush=True)
    question = b''.join(bytes([len(label)]) + label.encode()
                        for label in NAME.split('.')) + b'\0'
    question += struct.pack('>HH', TYPES[TYPE],
                            0x8001 if HOW == 'unicast' else 1)
    query = struct.pack('>6H', 7, 0, 1, 0, 0, 0) + question
    to = (GROUP, 5353) if FAMILY == '4' else (GROUP, 5353, 0, INDEX)
    end, answered = time.monotonic() + 30, 0
    next_ask = time.monotonic()
    # A record is not repeated within a second, so this asks more than once.
    while time.monotonic() < end and not answered:
        if HOW != 'listen' and time.monotonic() >= next_ask:
            sock.sendto(query, to)
            next_ask = time.monotonic() + 1.2
        sock.settimeout(0.3)
        try:
            m, extra, _, peer = sock.recvmsg(9000, 256)
        except TimeoutError:
            continue
        if not m[2] & 0x80:
            continue
        if HOW != 'listen':
            lines = list(rows(m))
            if not any(line.lower().startswith(NAME.lower() + ':')
                       for line in lines):
                continue
            answered += 1
        for line in rows(m):
            print(line, flush=True)
        for _, _, value in extra:
            print('hops', struct.unpack('i', value[:4])[0])


if __name__ == '__main__':
    main()
