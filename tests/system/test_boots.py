# SPDX-License-Identifier: ISC
"""One image, booted again and again: nothing that has to be secret or new is
ever what it was before."""
import socket
import ssl

from billetlib import qemu
from harness import deadline, until
from test_entropy import ACK, SYN, syns

BOOTS = 20
RANDOM = slice(11, 43)  # of a hello that a record begins with: RFC 8446 4.1.2


def read(sock, n):
    data = b''
    while len(data) < n:
        more = sock.recv(n - len(data))
        assert more, data
        data += more
    return data


def record(sock):
    head = read(sock, 5)
    return head + read(sock, int.from_bytes(head[3:], 'big'))


def connect(port):
    return socket.create_connection(('127.0.0.1', port), 20)


def as_client(port):
    """What the image draws as a TLS client on a connection it accepted."""
    with connect(port) as sock:
        hello = record(sock)
    assert hello[0] == 22 and hello[5] == 1, hello
    return hello[RANDOM]


def as_server(port):
    """The random of its ServerHello, and the certificate made at boot."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(came, goes)
    hello = None
    with connect(port) as sock:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(goes.read())
            got = record(sock)
            hello = hello or got
            came.write(got)
    assert hello[0] == 22 and hello[5] == 2, hello
    return hello[RANDOM], tls.getpeercert(True)


def drawn(t):
    """All that one boot lets out."""
    ports = [t.free_port() for _ in range(3)]
    line = qemu.Line('q35', cpu='max').kernel(t.image('pinata'))
    guest = t.guest(line.user_net(
        [('tcp', host, inside)
         for host, inside in zip(ports, (443, 10001, 10002))]))
    guest.wait_for(r'\bstarted in')
    server, certificate = as_server(ports[0])
    with connect(ports[1]):  # who calls there is called back at 40001
        back = until(lambda: syns(guest.pcaps[0]), 20, 'a SYN of its own')
    answers = until(lambda: syns(guest.pcaps[0], SYN | ACK), 20, 'a SYN, ACK')
    client = as_client(ports[2])
    guest.stop()
    return {'source port': back[0][0], 'ISN as client': back[0][1],
            'ISN as server': answers[0][1], 'ServerHello': server,
            'ClientHello': client, 'certificate': certificate}


@deadline(300)
def test_no_boot_repeats_what_another_drew(t):
    boots = [drawn(t) for _ in range(BOOTS)]
    for what in boots[0]:
        values = {boot[what] for boot in boots}
        # Of some 30,000 ports two are the same once in 150 runs.
        least = BOOTS - 2 if what == 'source port' else BOOTS
        assert len(values) >= least, (what, values)
