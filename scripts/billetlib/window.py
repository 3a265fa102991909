# SPDX-License-Identifier: ISC
"""billet run --window: a display for the machine, and where it is seen."""
import os
import socket
import subprocess

from . import qemu, say

KINDS = ('auto', 'gtk', 'sdl', 'vnc')
DESKTOP = ('WAYLAND_DISPLAY', 'DISPLAY')
VNC_PORT, VNC_PORTS = 5900, 100


def desktop():
    return any(os.environ.get(name) for name in DESKTOP)


def offered():
    """The windows that this QEMU can open."""
    try:
        done = subprocess.run([qemu.PROGRAM, '-display', 'help'],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(done.stdout.split())


def free_display():
    """The number of a VNC display that nobody has."""
    for n in range(VNC_PORTS):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(('127.0.0.1', VNC_PORT + n))
                return n
            except OSError:
                continue
    raise say.Stop('--window=vnc: the ports 5900 to 5999 of this machine are '
                   'all in use')


def choose(wanted):
    """gtk, sdl or vnc; stops when the one that was asked for is not there."""
    if wanted == 'vnc':
        return wanted
    if not desktop():
        if wanted == 'auto':
            return 'vnc'
        raise say.Stop(f'--window={wanted}: there is no display to open it on '
                       '(DISPLAY and WAYLAND_DISPLAY are not set); by network: '
                       '--window=vnc')
    kinds = [k for k in ('gtk', 'sdl') if k in offered()]
    if wanted == 'auto':
        return kinds[0] if kinds else 'vnc'
    if wanted not in kinds:
        raise say.Stop(f'--window={wanted}: this QEMU has no such window; '
                       'Debian has it in the package qemu-system-gui. '
                       'By network: --window=vnc')
    return wanted


def add(line, wanted):
    """Display and keyboard into QEMU's line.  What to tell the person."""
    kind = choose(wanted)
    n = free_display() if kind == 'vnc' else 0
    at = line.words.index('-display')
    line.words[at + 1] = f'vnc=127.0.0.1:{n}' if kind == 'vnc' else kind
    if line.machine == 'microvm':
        line.add('-device', line.device('gpu'),
                 '-device', line.device('keyboard'))
    else:
        line.add('-device', 'VGA')
    if kind != 'vnc':
        return ''
    why = '' if wanted == 'vnc' else (
        'no window here: ' + ('this QEMU opens none (package qemu-system-gui)'
                              if desktop() else 'DISPLAY and WAYLAND_DISPLAY '
                              'are not set') + '\n')
    return (f'{why}the picture is to be seen by VNC, on this machine alone:\n'
            f'    vncviewer 127.0.0.1:{VNC_PORT + n}')
