# SPDX-License-Identifier: ISC
"""What one segment in order costs an established connection.

Everything that `tcp_input` does for it, from the options to the look-up, the
state machine and the queue that is read: user instructions of the Linux process,
by callgrind, which collects inside that function alone.  Two runs, the
difference divided by the segments that the program itself counted.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import network

FEW, MANY = 200, 2200
BYTES = 600          # a segment: a request, say
DISCARD = 9
UNACKED_MAX = 6      # below the initial window
START_S = 60


def counted(host):
    """Segments that came in, by the program's own word."""
    with socket.create_connection((host, 80), timeout=START_S) as sock:
        sock.sendall(b'GET /metrics HTTP/1.1\r\nHost: bench\r\n'
                     b'Connection: close\r\n\r\n')
        text = b''
        while part := sock.recv(65536):
            text += part
    found = re.search(rb'^tcp_in_segs(?:_total)? (\d+)$', text, re.M)
    if not found:
        raise RuntimeError('no tcp_in_segs in /metrics')
    return int(found[1])


def wait_port(host):
    end = time.monotonic() + START_S
    while True:
        try:
            return counted(host)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def send(sock, n):
    """`n` segments, few at a time, so that the kernel's window does not make
    it join any of them."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(n):
        sock.sendall(b'x' * BYTES)
        end = time.monotonic() + START_S
        while unacked(sock) > UNACKED_MAX:
            if time.monotonic() > end:
                raise RuntimeError('a segment was not acknowledged')


def unacked(sock):
    """tcpi_unacked of struct tcp_info."""
    at = 8 + 4 * 4
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, at + 4)
    return int.from_bytes(info[at:at + 4], 'little')


def run(words, host, n):
    """(instructions inside tcp_input, segments) of a whole run."""
    child = subprocess.Popen(
        ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null',
         '--toggle-collect=tcp_input', *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_port(host)
        with socket.create_connection((host, DISCARD), START_S) as sock:
            send(sock, n)
            segments = counted(host)
    finally:
        child.send_signal(signal.SIGTERM)
        out, _ = child.communicate(timeout=START_S)
    return int(re.search(r'Collected : (\d+)', out)[1]), segments


def segment(build, say=print):
    """{family: instructions}; None without valgrind."""
    echo = os.path.join(build, 'apps', 'echo')
    if not shutil.which('valgrind'):
        say('    it wants valgrind')
        return None
    words = [echo, f'--net={network.TAP}', *network.GUEST_ARGS]
    out = {}
    for key, family in network.FAMILIES.items():
        (least, few), (most, many) = (
            run(words, network.GUEST[family], n) for n in (FEW, MANY))
        out[key] = round((most - least) / (many - few))
        say(f'    {key}: {many - few} segments in {most - least:,} '
            'instructions')
    return out
