# SPDX-License-Identifier: ISC
"""Bochs, for what QEMU's processors do not have: here an image boots from its
ISO on a Tiger Lake, with an e1000 of other people's making."""
import os
import re
import socket
import subprocess
import threading
import time

from harness import Failed, Skip

BIOS = '/usr/share/bochs/BIOS-bochs-latest'
VGA = '/usr/share/bochs/VGABIOS-lgpl-latest'
# It is a Tiger Lake of 50 MHz that claims 2.4 GHz: a second of the image is
# longer than one of the processor's real-time clock, and the UART is fast.
CONFIG = '''\
megs: 64
romimage: file={bios}
vgaromimage: file={vga}
cpu: model=tigerlake, count=1, ips=50000000, reset_on_triple_fault=0
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{console}
display_library: sdl2
log: {log}
panic: action=fatal
clock: sync=none
sound: driver=dummy
pci: enabled=1, chipset=i440fx, slot1=e1000
e1000: card=0, enabled=1, mac=52:54:00:12:34:56, ethmod=slirp, script={net}
'''


class Bochs:
    """A running image, and what it has said."""

    def __init__(self, test, iso, forward=()):
        program = test.program('bochs')
        for path in (BIOS, VGA):
            if not os.path.exists(path):
                raise Skip(f'{path} is not installed')
        self._text, self._changed = b'', threading.Condition()
        self._over = False
        self._socket = socket.create_server(
            ('127.0.0.1', test.free_port()))
        test.at_end(self._socket.close)
        net, config, debugger = (test.path('bochs.' + end)
                                 for end in ('net', 'rc', 'debugger'))
        net.write_text('# slirp config\n' + ''.join(
            f'hostfwd = tcp::{mine}-:{port}\n' for mine, port in forward))
        config.write_text(CONFIG.format(
            bios=BIOS, vga=VGA, iso=iso, log=test.path('bochs.log'), net=net,
            console=self._socket.getsockname()[1]))
        debugger.write_text('c\n')  # Debian's stops at its debugger first
        with open(test.path('bochs.out'), 'wb') as out:
            self.process = subprocess.Popen(
                [program, '-q', '-f', config, '-rc', debugger],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=dict(os.environ, SDL_VIDEODRIVER='dummy',
                         SDL_AUDIODRIVER='dummy'))
        test.at_end(self.stop)
        threading.Thread(target=self._read, daemon=True).start()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def _read(self):
        try:
            connection, _ = self._socket.accept()
            while data := connection.recv(65536):
                with self._changed:
                    self._text += data
                    self._changed.notify_all()
        except OSError:
            pass
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def text(self):
        with self._changed:
            return self._text.decode('utf-8', 'replace').replace('\r', '')

    def wait_for(self, pattern, seconds=100):
        end = time.monotonic() + seconds
        while not (match := re.search(pattern, self.text(), re.M)):
            with self._changed:
                if self._over or self.process.poll() is not None \
                        or time.monotonic() > end:
                    raise Failed(f'Bochs: no /{pattern}/; it said '
                                 f'{self._text[-1500:]!r}')
                self._changed.wait(1)
        return match
