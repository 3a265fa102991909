# SPDX-License-Identifier: ISC
"""What is measured: each workload drives a guest and says how many units of
work that was.  run.py divides, profile.py looks inside."""
import time

from guest import Http

PAGE = "/600.html"
PAGE_BYTES = 600
DISCARD = 9
MIB = 1 << 20


def get(guest, family, n):
    """n keep-alive GETs of a 600-byte page, one after the other."""
    with guest.connect(family) as sock:
        client = Http(sock)
        for _ in range(n):
            body = client.get(PAGE)
            if len(body) != PAGE_BYTES:
                guest.fail(f"{PAGE} has {len(body)} bytes")
    return n


def pipeline(guest, family, n):
    """The same page, sixteen requests at a time."""
    request = (b"GET " + PAGE.encode() + b" HTTP/1.1\r\nHost: bench\r\n\r\n")
    with guest.connect(family) as sock:
        client = Http(sock)
        for _ in range(n // 16):
            sock.sendall(request * 16)
            for _ in range(16):
                client.reply()
    return n // 16 * 16


def connection(guest, family, n):
    """n times: connect, GET, close."""
    for _ in range(n):
        with guest.connect(family) as sock:
            client = Http(sock)
            client.get(PAGE, b"Connection: close\r\n")
            if sock.recv(1):
                guest.fail("bytes after the reply")
    return n


def send(guest, family, n):
    """n MiB from the guest's memory."""
    with guest.connect(family, timeout=120) as sock:
        client = Http(sock)
        sock.sendall(b"GET /random?bytes=%d HTTP/1.1\r\nHost: bench\r\n\r\n"
                     % (n * MIB))
        if client.reply(keep=False) != n * MIB:
            guest.fail("/random sent less than it was asked for")
    return n


def receive(guest, family, n):
    """n MiB to the guest, which discards them."""
    block = bytes(256) * 4096
    with guest.connect(family, DISCARD, timeout=120) as sock:
        for _ in range(n):
            sock.sendall(block)
        sock.shutdown(1)
        while sock.recv(65536):
            pass
    return n


def idle(guest, family, n):
    """n seconds of nothing."""
    del guest, family
    time.sleep(n)
    return n


# name: (application, function, units for a measurement)
WORKLOADS = {
    "get": ("web", get, 200),
    "pipeline": ("web", pipeline, 512),
    "connection": ("web", connection, 100),
    "send": ("web", send, 32),
    "receive": ("echo", receive, 32),
    "idle": ("web", idle, 10),
}
