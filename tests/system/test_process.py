# SPDX-License-Identifier: ISC
"""The applications as Linux processes: console, keys, devices, ends."""
import os
import re
import signal
import socket
import struct
import subprocess
import time

from harness import TOP, each

MISSING = re.compile(r'^    (ip .*)$', re.M)


def start(t, *command, **options):
    child = subprocess.Popen([str(c) for c in command],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             **options)
    t.at_end(child.kill)
    return child


def test_keys_reference_is_up_to_date(t):
    t.run(TOP / 'scripts' / 'keys-reference', '--check', t.build)


def test_a_process_is_position_independent_and_binds_at_once(t):
    image = t.image('web', '')
    out = t.run('readelf', '-hdlW', image).decode()
    assert re.search(r'Type: +DYN', out), out
    assert re.search(r'FLAGS_1\).*\bNOW\b', out), out
    assert 'GNU_RELRO' in out and re.search(r'GNU_STACK.* RW ', out), out


def test_hello_says_it_four_times_a_second_apart(t):
    begin = time.monotonic()
    out = t.run(t.image('hello', ''), '--hello=FunOCaml').decode()
    took = time.monotonic() - begin
    assert [row for row in out.splitlines() if row == 'FunOCaml'] == \
        ['FunOCaml'] * 4, out
    assert 2.9 < took < 6, took


@each(unknown={'word': '--helo=x', 'says': 'did you mean --hello'},
      value={'word': '--delay=never', 'says': 'a number from 0 to 86400'},
      lonely={'word': '--hello', 'says': '--hello wants a value: --hello=TEXT'},
      levels={'word': 'logs=loud', 'says': 'quiet, error, warn, info or debug'})
def test_a_mistake_ends_with_status_2_and_what_would_be_right(t, word, says):
    out = t.run(t.image('hello', ''), word, status=2).decode()
    assert says in out and len(out.splitlines()) == 1, out


def test_help_lists_keys_of_libraries_and_devices(t):
    out = t.run(t.image('web', ''), '--help').decode()
    for key in ('--ipv4=ADDRESS/LENGTH,...', '--http-conns=COUNT', '--net=TAP'):
        assert f'\n  {key}\n' in out, out


@each(int={'number': signal.SIGINT}, term={'number': signal.SIGTERM})
def test_a_signal_ends_in_order(t, number):
    child = start(t, t.image('hello', ''), '--delay=60')
    time.sleep(0.5)
    child.send_signal(number)
    assert child.wait(5) == 0


def test_too_little_memory_says_how_much_it_wants(t):
    out = t.run(t.image('web', ''), '--net=tap0', status=1,
                env={'BILLET_MEMORY_MB': '1'}).decode()
    assert re.search(r'too little memory: wants \d+ MiB', out), out


def test_the_lines_that_make_a_missing_tap_make_it(t):
    net = t.network(taps=1)
    for words in ((), ('--net=tap7',)):
        out = net.run(t.image('web', ''), *words, status=1).decode()
        lines = MISSING.findall(out)
        assert len(lines) == 3, out
        assert lines[0].endswith(
            f'tuntap add dev {"tap7" if words else "tap0"} mode tap'), out
    for line in lines:
        net.run(*line.split())
    net.start(t.image('web', ''), '--net=tap7', '--ipv4=10.0.0.2/24',
              log='web')
    deadline = time.monotonic() + 20
    while not net.run(t.program('curl'), '-s', '-m', 2, 'http://10.0.0.2/',
                      status=None):
        assert time.monotonic() < deadline, 'no answer'
        time.sleep(0.2)


def test_a_tap_that_another_process_has(t):
    net = t.network()
    net.start(t.image('web', ''), '--net=tap0', '--ipv4=10.73.0.2/24')
    time.sleep(0.5)
    out = net.run(t.image('web', ''), '--net=tap0', status=1).decode()
    assert 'another process has tap0' in out, out


def cpu_seconds(child):
    with open(f'/proc/{child.pid}/stat') as file:
        fields = file.read().rpartition(') ')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def frames(peer):
    """Frames as QEMU's stream sockets carry them."""
    data = b''
    while True:
        while len(data) < 4 or len(data) < 4 + struct.unpack('>I', data[:4])[0]:
            got = peer.recv(65536)
            assert got, 'the process has ended'
            data += got
        size = struct.unpack('>I', data[:4])[0]
        yield data[4:4 + size]
        data = data[4 + size:]


def test_a_socket_for_a_network_needs_no_privilege(t):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(t.path('net')))
        listener.listen()
        listener.settimeout(20)
        child = start(t, t.image('web', ''), f'--net=unix:{t.path("net")}',
                      '--ipv4=10.0.0.2/24', '--mac=02:00:00:00:00:42')
        peer, _ = listener.accept()
    mine = bytes.fromhex('020000000001')
    ask = b'\xff' * 6 + mine + bytes.fromhex('0806 0001 0800 06 04 0001') \
        + mine + bytes([10, 0, 0, 1]) + bytes(6) + bytes([10, 0, 0, 2])
    peer.settimeout(20)
    deadline = time.monotonic() + 20
    answer = bytes.fromhex('0806 0001 0800 06 04 0002 020000000042') \
        + bytes([10, 0, 0, 2]) + mine
    peer.sendall(struct.pack('>I', len(ask)) + ask)
    for frame in frames(peer):
        if frame[:6] == mine and frame[12:].startswith(answer):
            break
        assert time.monotonic() < deadline, 'no ARP answer'
        peer.sendall(struct.pack('>I', len(ask)) + ask)
    peer.close()
    before = cpu_seconds(child)
    time.sleep(1)
    assert cpu_seconds(child) - before < 0.2, 'it spins without its network'
    child.terminate()
    out, _ = child.communicate(timeout=10)
    assert child.returncode == 0
    assert b'shut off: the other side closed the socket' in out, out
