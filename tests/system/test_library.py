# SPDX-License-Identifier: ISC
"""docs/library: the stack in a program that is not Billet's."""
import os
import subprocess
import time

from harness import TOP, Skip

BYTES = os.urandom(300000)
CLIENT = '''
import socket, sys
data = sys.stdin.buffer.read()
s = socket.create_connection(('10.73.0.2', 7), timeout=30)
s.settimeout(30)
got = b''
sent = 0
while len(got) < len(data):
    if sent < len(data):
        sent += s.send(data[sent:sent + 20000])
    part = s.recv(65536)
    assert part, 'ended early'
    got += part
s.shutdown(socket.SHUT_WR)
assert s.recv(1) == b'', 'no end'
assert got == data, 'other bytes'
print('echoed', len(got))
'''


def test_library_is_150_lines_and_echoes(t):
    source = (TOP / 'docs' / 'library' / 'echo.c').read_text()
    assert len(source.splitlines()) <= 150
    program = t.build / 'docs' / 'library' / 'echo'
    if not program.exists():
        raise Skip('docs/library is not built here')
    net = t.network()
    child = subprocess.Popen([*net.prefix, program, 'tap0', '10.73.0.2', '7'])
    t.at_end(child.kill)
    end = time.monotonic() + 60
    while True:
        done = subprocess.run([*net.prefix, 'python3', '-c', CLIENT],
                              input=BYTES, capture_output=True)
        if b'echoed 300000' in done.stdout:
            return
        assert time.monotonic() < end and child.poll() is None, done.stderr
        time.sleep(0.5)
