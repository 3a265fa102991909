# SPDX-License-Identifier: ISC
"""What TCP clients sent, and were sent, out of a capture: what `billet replay
FILE.pcap` says once more.

Classic pcap of Ethernet, as QEMU's filter-dump and tcpdump write it, IPv4 and
IPv6.  A capture is input from outside: nothing in it is believed.
"""
import ipaddress
import struct
from collections import namedtuple

from . import say

MAGIC = {b'\xd4\xc3\xb2\xa1': '<', b'\xa1\xb2\xc3\xd4': '>',
         b'\x4d\x3c\xb2\xa1': '<', b'\xa1\xb2\x3c\x4d': '>'}
ETHERNET, IP4, IP6, VLAN, TCP = 1, 0x0800, 0x86dd, 0x8100, 6
FIN, SYN, RST, ACK = 1, 2, 4, 16
FRAME_MAX, FLOWS_MAX = 1 << 18, 1000
STREAM_MAX = 16 << 20  # bytes of one side: what comes behind is left out
SEQ = 1 << 32

Segment = namedtuple('Segment', 'source target seq flags data')


def is_pcap(head):
    return head[:4] in MAGIC


def frames(data, path):
    """The bytes of each frame; a file that is cut short ends."""
    order = MAGIC[data[:4]]
    if len(data) < 24 or struct.unpack_from(order + 'I', data, 20)[0] \
            & 0xffff != ETHERNET:
        raise say.Stop(f'{path}: a capture, and not of Ethernet', say.USAGE)
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from(order + 'I', data, at + 8)[0]
        at += 16
        if size > FRAME_MAX or at + size > len(data):
            return
        yield data[at:at + size]
        at += size


def segment(frame):
    """The TCP segment in a frame; None: there is none, or not whole."""
    at, kind = 14, int.from_bytes(frame[12:14], 'big')
    if kind == VLAN:
        at, kind = 18, int.from_bytes(frame[16:18], 'big')
    ip = frame[at:]
    if kind == IP4 and len(ip) >= 20 and ip[0] >> 4 == 4 and ip[9] == TCP \
            and not int.from_bytes(ip[6:8], 'big') & 0x3fff:
        head, total = (ip[0] & 15) * 4, int.from_bytes(ip[2:4], 'big')
        source, target = ip[12:16], ip[16:20]
    elif kind == IP6 and len(ip) >= 40 and ip[6] == TCP:
        head, total = 40, 40 + int.from_bytes(ip[4:6], 'big')
        source, target = ip[8:24], ip[24:40]
    else:
        return None
    # What TSO left to the device has no length of its own.
    tcp = ip[head:total if total > head else len(ip)]
    if len(tcp) < 20 or not 20 <= (tcp[12] >> 4) * 4 <= len(tcp):
        return None
    ports = struct.unpack_from('>HH', tcp)
    return Segment((source, ports[0]), (target, ports[1]),
                   int.from_bytes(tcp[4:8], 'big'), tcp[13],
                   tcp[(tcp[12] >> 4) * 4:])


class Side:
    """What one side sent, put in order."""

    def __init__(self):
        self.first = None  # the number of its first byte
        self.pieces = {}   # distance from there: bytes

    def begin(self, seq):
        if self.first is None:
            self.first = (seq + 1) % SEQ

    def take(self, s):
        at = (s.seq - self.first) % SEQ if self.first is not None else SEQ
        if s.data and at < STREAM_MAX \
                and len(s.data) > len(self.pieces.get(at, b'')):
            self.pieces[at] = s.data

    def stream(self):
        """From the first byte on as far as there is no hole."""
        out = bytearray()
        for at in sorted(self.pieces):
            if at > len(out):
                break
            out += self.pieces[at][len(out) - at:]
        return bytes(out)


class Flow:
    """A connection from its SYN on."""

    def __init__(self, s):
        self.client, self.server = s.source, s.target
        self.sent, self.got = Side(), Side()
        self.sent.begin(s.seq)
        self.ended = False  # the client sent FIN

    def take(self, s):
        side = self.sent if s.source == self.client else self.got
        if s.flags & SYN and side is self.got:
            side.begin(s.seq)
        elif not s.flags & SYN:
            side.take(s)
            self.ended |= bool(s.flags & FIN) and side is self.sent

    def name(self):
        address, port = self.client
        address = ipaddress.ip_address(address)
        return f'[{address}]:{port}' if address.version == 6 \
            else f'{address}:{port}'


def flows(path):
    """The connections in a capture whose beginning is in it, in order."""
    try:
        with open(path, 'rb') as file:
            data = file.read()
    except OSError as error:
        raise say.Stop(f'{path}: {error.strerror}', say.USAGE) from None
    open_now, out = {}, []
    for frame in frames(data, path):
        s = segment(frame)
        if not s:
            continue
        key = frozenset((s.source, s.target))
        known = open_now.get(key)
        if s.flags & (SYN | ACK) == SYN:
            again = known and known.client == s.source \
                and known.sent.first == (s.seq + 1) % SEQ
            if not again and len(out) < FLOWS_MAX:
                open_now[key] = Flow(s)
                out.append(open_now[key])
        elif known:
            known.take(s)
    return out
