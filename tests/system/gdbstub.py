# SPDX-License-Identifier: ISC
"""QEMU's gdb stub, as far as tests need it: stop, set registers, go on."""
import socket
import time

# Where they stand in gdb's packets, eight bytes each.
REGISTERS = {name: number for number, name in enumerate(
    'rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip'.split())}


class Gdb:
    """Connecting stops the guest; go() lets it run on."""

    def __init__(self, path, seconds=10):
        end = time.monotonic() + seconds
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self._got = b''
        self.command('?')

    def _send(self, text):
        data = text.encode()
        self.socket.sendall(b'$%s#%02x' % (data, sum(data) & 0xff))

    def _packet(self):
        while b'#' not in self._got[:-2]:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError('QEMU has gone')
            self._got += more
        start, end = self._got.index(b'$'), self._got.index(b'#')
        packet, self._got = self._got[start + 1:end], self._got[end + 3:]
        self.socket.sendall(b'+')
        return packet.decode()

    def command(self, text):
        """The answer; that the guest has stopped is said in between."""
        self._send(text)
        while True:
            answer = self._packet()
            if text == '?' or not answer.startswith('T'):
                return answer

    def set(self, **values):
        registers = bytearray.fromhex(self.command('g'))
        for name, value in values.items():
            at = 8 * REGISTERS[name]
            registers[at:at + 8] = value.to_bytes(8, 'little')
        answer = self.command('G' + registers.hex())
        if answer != 'OK':
            raise ValueError(f'registers: {answer}')

    def go(self):
        """Run on, and let go of it."""
        self._send('D')
        self.socket.close()
