# SPDX-License-Identifier: ISC
"""billet replay: what went wrong once, once more.

A record of a process (--record=FILE) runs again, to the byte.  A capture of
packets (.pcap) is said again by its clients to an image that runs.  An input of
a fuzzer (tests/fuzz/corpus/NAME, or --fuzz NAME) goes through its target.
"""
import re
import socket
import time
from pathlib import Path

from . import build, pcap, say
from .tree import TOP, apps, build_dir, shown

RECORD = b'billet record 1\n'
ANSWER_S = 10  # without a byte: there is no more
CONNECT_S = 10
DATE = re.compile(rb'(?<=\n)Date: [^\r\n]*')
FUZZ = TOP / 'tests' / 'fuzz'


def add_arguments(p):
    p.add_argument('file', metavar='FILE',
                   help='a record (--record=FILE of a process), a capture '
                   '(--pcap FILE of billet run, tcpdump -w), or an input of a '
                   'fuzzer')
    p.add_argument('--inputs', action='store_true',
                   help='only what came in: what is sent may differ')
    p.add_argument('--program', metavar='PATH',
                   help='the process that was recorded (default: that of '
                   'apps/, built anew)')
    p.add_argument('--to', metavar='HOST:PORT',
                   help='where the image is that a capture is for, as in '
                   '--to localhost:8080')
    p.add_argument('--port', type=int, metavar='N',
                   help='of a capture only connections to this port '
                   "(default: the first connection's)")
    p.add_argument('--fuzz', metavar='NAME', help='the target of an input: '
                   'one of tests/fuzz/fuzz_NAME.c')


def head_of(path):
    try:
        with open(path, 'rb') as file:
            return file.read(1 << 12)
    except OSError as error:
        raise say.Stop(f'{path}: {error.strerror}', say.USAGE) from None


# -- a record

def recorded_program(path, head):
    """Whose run the file has; its first event says so."""
    size = int.from_bytes(head[len(RECORD) + 1:len(RECORD) + 5], 'little')
    name = head[len(RECORD) + 5:len(RECORD) + 5 + size]
    if not head.startswith(RECORD + b'P') or len(name) != size:
        raise say.Stop(f'{path}: not a record', say.USAGE)
    return name.decode('ascii', 'replace')


def replay_record(options, head):
    name = recorded_program(options.file, head)
    program = options.program
    if not program:
        if name not in apps():
            raise say.Stop(f'{options.file} is a record of `{name}`, which is '
                           'none of apps/: say which with --program', say.USAGE)
        build_path = build_dir(options.build)
        build.prepare(build_path, [f'apps/{name}'], ('build',))
        program = shown(build_path / 'apps' / name)
    key = '--replay-inputs=' if options.inputs else '--replay='
    return say.run([program, key + options.file])


# -- a capture

def address_of(text):
    host, _, port = (text or '').rpartition(':')
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise say.Stop('a capture wants --to HOST:PORT of an image that runs, '
                       'as in --to localhost:8080', say.USAGE)
    return host.strip('[]'), int(port)


def ask(address, flow):
    """What the image answers to the client's bytes; None: nobody is there."""
    got = bytearray()
    wanted = len(flow.got.stream())
    try:
        with socket.create_connection(address, CONNECT_S) as s:
            s.settimeout(ANSWER_S)
            s.sendall(flow.sent.stream())
            if flow.ended:
                s.shutdown(socket.SHUT_WR)
            while len(got) < pcap.STREAM_MAX:
                if wanted and len(got) >= wanted and not flow.ended:
                    break
                piece = s.recv(1 << 16)
                if not piece:
                    break
                got += piece
    except (ConnectionResetError, BrokenPipeError, socket.timeout):
        pass  # what came until then counts
    except OSError as error:
        raise say.Stop(f'{address[0]}:{address[1]}: {error.strerror or error}'
                       ) from None
    return bytes(got)


def judge(was, now):
    """Words, and whether it is the same but for the date that it shows."""
    if DATE.sub(b'Date:', was) == DATE.sub(b'Date:', now):
        return 'the same', True
    at = next((i for i, (a, b) in enumerate(zip(was, now)) if a != b),
              min(len(was), len(now)))
    return f'DIFFERENT from byte {at} on: then {len(was)} bytes', False


def replay_capture(options):
    address = address_of(options.to)
    flows = [f for f in pcap.flows(options.file) if f.sent.stream()]
    port = options.port or (flows[0].server[1] if flows else 0)
    flows = [f for f in flows if f.server[1] == port]
    if not flows:
        raise say.Stop(f'{options.file}: no connection in it whose beginning '
                       'is there, and whose client sent something')
    good = True
    for flow in flows:
        started = time.monotonic()
        now = ask(address, flow)
        words, same = judge(flow.got.stream(), now)
        good &= same or options.inputs and bool(now)
        say.info(f'{flow.name()}: {len(flow.sent.stream())} bytes sent, '
                 f'{len(now)} came in {time.monotonic() - started:.2f} s: '
                 f'{words}')
    say.info(f'replay: {len(flows)} connections, '
             + ('as they were' if good and not options.inputs
                else 'all answered' if good else 'DIFFERENT'))
    return say.OK if good else say.FAILED


# -- an input of a fuzzer

def targets():
    return sorted(p.stem.removeprefix('fuzz_') for p in FUZZ.glob('fuzz_*.c'))


def target_of(options):
    """By name, or by the folder that the file lies in."""
    name = options.fuzz or Path(options.file).resolve().parent.name
    if name in targets():
        return name
    if options.fuzz:
        raise say.Stop(f'{name}: no such target; there are '
                       + ', '.join(targets()), say.USAGE)
    return None


def replay_input(options, name):
    build_path = build_dir(options.build)
    target = f'tests/fuzz/replay_{name}'
    build.prepare(build_path, [target], ('build', 'unit'))
    return say.run([shown(build_path / target), '-m', '0', options.file])


def run(options):
    head = head_of(options.file)
    if options.fuzz:
        return replay_input(options, target_of(options))
    if head.startswith(RECORD):
        return replay_record(options, head)
    if pcap.is_pcap(head):
        return replay_capture(options)
    name = target_of(options)
    if name:
        return replay_input(options, name)
    raise say.Stop(f'{options.file}: not a record, not a capture, and no input '
                   'of a fuzzer (--fuzz NAME)', say.USAGE)
