# SPDX-License-Identifier: ISC
"""User instructions of our Linux process beside a server on lwIP's raw API.

Counted by callgrind: each program runs twice for each kind of work, with few
units and with many, and the difference is what the units cost.  Starting up
and idling drop out.
"""
import os
import re
import signal
import shutil
import socket
import subprocess
import time

import network
from guest import Http
from workloads import MIB, PAGE, PAGE_BYTES

LWIP_TAP, LWIP_HOST, LWIP = 'bb1', '10.78.0.1', '10.78.0.2'
OURS = network.GUEST[socket.AF_INET]
START_S = 60

# what: (few units, many)
WORK = {'request': (20, 220), 'connection': (20, 120), 'MiB sent': (1, 9)}


class NotHere(Exception):
    """A program that is wanted is missing."""


def connect(host):
    sock = socket.create_connection((host, 80), timeout=START_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def request(host, n):
    with connect(host) as sock:
        client = Http(sock)
        for _ in range(n):
            if len(client.get(PAGE)) != PAGE_BYTES:
                raise RuntimeError('an answer of another length')


def connection(host, n):
    for _ in range(n):
        with connect(host) as sock:
            Http(sock).get(PAGE, b'Connection: close\r\n')
            sock.recv(1)


def send(host, n):
    with connect(host) as sock:
        sock.sendall(b'GET /random?bytes=%d HTTP/1.1\r\nHost: bench\r\n\r\n'
                     % (n * MIB))
        if Http(sock).reply(keep=False) != n * MIB:
            raise RuntimeError('an answer of another length')


DOES = {'request': request, 'connection': connection, 'MiB sent': send}


def wait_port(host):
    end = time.monotonic() + START_S
    while True:
        try:
            request(host, 1)
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def total(words, host, work):
    """Instructions of a whole run of the program that serves `work`."""
    child = subprocess.Popen(
        ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null',
         *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_port(host)
        work()
    finally:
        child.send_signal(signal.SIGTERM)
        out, _ = child.communicate(timeout=START_S)
    return int(re.search(r'Collected : (\d+)', out)[1])


def cost(words, host, what):
    few, many = WORK[what]
    least, most = (total(words, host, lambda n=n: DOES[what](host, n))
                   for n in (few, many))
    return (most - least) / (many - few)


def programs(build):
    """The command of each server, and where it listens."""
    lwip = os.path.join(build, 'tests', 'bench', 'lwip', 'lwip_server')
    if not os.path.isfile(lwip) or not shutil.which('valgrind'):
        raise NotHere("no comparison: it wants Debian's liblwip-dev (before "
                      'the build is configured) and valgrind')
    return {'ours': ([os.path.join(build, 'apps', 'web'),
                      f'--net={network.TAP}', f'--ipv4={OURS}/24',
                      '--ipv6=none'], OURS),
            'lwIP': ([lwip, LWIP_TAP, LWIP, str(PAGE_BYTES)], LWIP)}


def compare(build, say=print):
    """{what: ours in per cent of lwIP's}; None where lwIP is not here."""
    try:
        servers = programs(build)
    except NotHere as reason:
        say(f'    {reason}')
        return None
    for words in (f'tuntap add dev {LWIP_TAP} mode tap',
                  f'addr add {LWIP_HOST}/24 dev {LWIP_TAP}',
                  f'link set {LWIP_TAP} up'):
        subprocess.run(['ip', *words.split()], check=True)
    out = {}
    for what in WORK:
        ours, lwip = (cost(*servers[who], what) for who in ('ours', 'lwIP'))
        out[what] = round(100 * ours / lwip)
        say(f'    {what:12} ours {ours:,.0f}, lwIP {lwip:,.0f}, {out[what]} %')
    return out
