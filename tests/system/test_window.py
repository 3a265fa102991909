# SPDX-License-Identifier: ISC
"""billet run --window: where the picture is to be seen."""
import os
import re
import signal
import socket
import struct

from harness import until
from test_run import BILLET, Tool


def no_desktop():
    return {k: v for k, v in os.environ.items()
            if k not in ('DISPLAY', 'WAYLAND_DISPLAY')}


def rfb(port):
    """(width, height) as the VNC server on a port says it."""
    with socket.create_connection(('127.0.0.1', port), 10) as s:
        def take(n):
            data = b''
            while len(data) < n:
                part = s.recv(n - len(data))
                assert part, 'the VNC server hung up'
                data += part
            return data
        assert take(12).startswith(b'RFB 003.')
        s.sendall(b'RFB 003.008\n')
        kinds = take(take(1)[0])
        assert 1 in kinds, 'it wants a password'
        s.sendall(b'\1')
        assert take(4) == bytes(4)
        s.sendall(b'\1')
        width, height = struct.unpack('>HH', take(4))
        return width, height


def test_window_by_vnc(t):
    tool = Tool(t, 'run', 'screen', '--window=vnc')
    tool.wait_for('screen: ready')
    port = int(re.search(r'vncviewer 127\.0\.0\.1:(\d+)', tool.text())[1])
    until(lambda: rfb(port) == (1024, 768), 30, 'the size')
    os.killpg(tool.child.pid, signal.SIGINT)
    assert tool.child.wait(30) == 0


def dry(t, *words, status=0, **env):
    return t.run(BILLET, 'run', 'screen', '-n', '--build', t.build, *words,
                 status=status, env={**no_desktop(), **env}).decode()


def test_window_says_what_is_not_there(t):
    out = dry(t, '--window')
    assert '-display vnc=127.0.0.1:' in out and '-device VGA' in out, out
    out = dry(t, '--window', '--machine', 'microvm')
    assert 'virtio-gpu-device' in out and 'virtio-keyboard-device' in out, out
    dry(t, '--window=gtk', status=1)
    assert 'DISPLAY and WAYLAND_DISPLAY are not set' in \
        t.path('commands.log').read_text()
    assert '-display none' in dry(t)
