# SPDX-License-Identifier: ISC
"""One image, booted twenty times: nothing that should be a secret, or hard to
guess, comes twice."""
import socket
import ssl
import struct

from harness import Failed, deadline, full, until
from billetlib import qemu

BOOTS, AT_ONCE = 20, 2
GUEST = bytes([10, 0, 2, 15])
POINT = b'\x03\x42\x00\x04'  # a BIT STRING: a public key of P-256
SERVER_HELLO = 11            # bytes of a record before its random


def ip_frames(pcap):
    """(protocol, payload of IPv4) of what the guest sent."""
    data, at = pcap.read_bytes(), 24
    while at + 16 <= len(data):
        kept, = struct.unpack_from('<I', data, at + 8)
        frame = data[at + 16:at + 16 + kept]
        at += 16 + kept
        if len(frame) >= 42 and frame[12:14] == b'\x08\0' \
                and frame[26:30] in (GUEST, bytes(4)):
            yield frame[23], frame[14 + frame[14] % 16 * 4:]


def sent(pcap, found):
    """What of it is to be different each time, by name."""
    for protocol, body in ip_frames(pcap):
        if protocol == 17:
            source, target = struct.unpack_from('>HH', body)
            if target == 67:
                found.setdefault('DHCP xid', body[12:16])
            if target == 53:
                found.setdefault('DNS port and id',
                                 struct.pack('>H', source) + body[8:10])
        elif protocol == 6 and body[13] & 0x12 == 0x12:
            found.setdefault('sequence number', body[4:8])
    return found


def hello(port, found):
    """The server's random number and its public key, as they come."""
    context = ssl._create_unverified_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname='localhost')
    seen = b''
    with socket.create_connection(('127.0.0.1', port), 10) as s:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                s.sendall(outgoing.read())
                piece = s.recv(1 << 14)
                if not piece:
                    return False
                seen += piece
                incoming.write(piece)
    found['TLS random'] = seen[SERVER_HELLO:SERVER_HELLO + 32]
    der = tls.getpeercert(True)
    at = der.index(POINT) + len(POINT)
    found['TLS key'] = der[at:at + 64]
    return True


def answers(port, found):
    try:
        return hello(port, found)
    except OSError:
        return False


def start(t):
    port = t.free_port()
    line = qemu.Line().kernel(t.image('web'), ['tls=on', 'ntp=time.test'])
    return port, t.guest(line.user_net([('tcp', port, 443)]))


NAMES = {'DHCP xid', 'DNS port and id', 'sequence number', 'TLS random',
         'TLS key'}


@full
@deadline(300)
def test_twenty_boots_repeat_nothing(t):
    seen = {name: set() for name in NAMES}
    for _ in range(BOOTS // AT_ONCE):
        for port, guest in [start(t) for _ in range(AT_ONCE)]:
            found = {}
            until(lambda: answers(port, found), 60, 'a handshake')
            until(lambda: NAMES <= set(sent(guest.pcaps[0], found)), 30,
                  'all that it draws')
            guest.stop()
            for name in NAMES:
                if found[name] in seen[name]:
                    raise Failed(f'{name} {found[name].hex()} came twice')
                seen[name].add(found[name])
    for name in NAMES:
        if len(seen[name]) != BOOTS or bytes(len(next(iter(seen[name])))) \
                in seen[name]:
            raise Failed(f'{name}: {[v.hex() for v in seen[name]]}')
