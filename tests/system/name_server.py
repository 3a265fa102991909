#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A name server that misbehaves by the name it is asked for.

usage: name_server.py IPV4 IPV6    which it listens on, and answers with

Prints a line for each question: transport, name as it came, type, and whether
it had an OPT record.  The first label of a name says what is done:

tc       by UDP the answer is cut (TC)        old     OPT is not understood
lower    letters come back small              none    there is no such name
other    the answer is about another name     broken6 AAAA is nobody's address
drop     the first question of each type is lost
"""
import socket
import struct
import sys
import threading

V4, V6 = sys.argv[1:3]
A, AAAA, OPT, SOA = 1, 28, 41, 6
seen = set()


def name_at(m, at):
    labels = []
    while m[at]:
        labels.append(m[at + 1:at + 1 + m[at]])
        at += 1 + m[at]
    return b'.'.join(labels), at + 1


def record(kind, data, ttl=60, owner=b'\xc0\x0c'):
    return owner + struct.pack('>HHIH', kind, 1, ttl, len(data)) + data


def say(*words):
    """A whole line at once, for print() is two writes and there are threads."""
    sys.stdout.write(' '.join(str(word) for word in words) + '\n')
    sys.stdout.flush()


def answer(m, transport):
    name, at = name_at(m, 12)
    kind = struct.unpack('>H', m[at:at + 2])[0]
    question = m[12:at + 4]
    edns = m[10:12] != b'\0\0'
    say(transport, name.decode(), kind, 'edns' if edns else 'plain')
    what = name.decode().lower().split('.')[0]
    head, flags, answers, authority = m[:2], 0x8180, [], []
    if what == 'old' and edns:
        return head + struct.pack('>5H', 0x8181, 0, 0, 0, 0)
    if what == 'drop' and (name.lower(), kind) not in seen:
        seen.add((name.lower(), kind))
        return None
    if what == 'lower':
        question = question[:-4].lower() + question[-4:]
    v6 = '2001:db8:73::dead' if what == 'broken6' else V6
    if kind == A:
        answers.append(record(A, socket.inet_pton(socket.AF_INET, V4)))
    elif kind == AAAA:
        answers.append(record(AAAA, socket.inet_pton(socket.AF_INET6, v6)))
    if what == 'other':
        answers = [a.replace(b'\xc0\x0c', b'\4evil\0', 1) for a in answers]
    if what == 'tc' and transport == 'udp':
        flags, answers = 0x8380, []
    if what == 'none' or not answers and flags == 0x8180:
        flags, answers = 0x8183, []
        authority.append(record(SOA, b'\0\0' + struct.pack(
            '>5I', 1, 2, 3, 4, 60), 60, b'\0'))
    return head + struct.pack('>5H', flags, 1, len(answers), len(authority),
                              0) + question + b''.join(answers + authority)


def udp(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 53))
        say('ready')
        while True:
            message, peer = sock.recvfrom(4096)
            if reply := answer(message, 'udp'):
                sock.sendto(reply, peer)


def tcp(family, address):
    with socket.create_server((address, 53), family=family) as server:
        say('ready')
        while True:
            sock, _ = server.accept()
            try:
                with sock, sock.makefile('rb') as stream:
                    n = struct.unpack('>H', stream.read(2))[0]
                    reply = answer(stream.read(n), 'tcp')
                    data = struct.pack('>H', len(reply)) + reply
                    sock.sendall(data[:5])  # in pieces
                    sock.sendall(data[5:])
            except (OSError, struct.error):
                pass  # whoever has the other family's answer may leave


def main():
    for family, address in ((socket.AF_INET, V4), (socket.AF_INET6, V6)):
        for serve in (udp, tcp):
            threading.Thread(target=serve, args=(family, address)).start()


if __name__ == '__main__':
    main()
