# SPDX-License-Identifier: ISC
"""A disk for QEMU whose power goes after so many sectors that were written.

It speaks NBD (fixed newstyle, simple replies) on a unix socket, to one client.
"""
import os
import socket
import struct
import tempfile
import threading

SECTOR = 512
OPTION_MAGIC, REPLY_MAGIC = b'IHAVEOPT', 0x3e889045565a9
REQUEST_MAGIC, ANSWER_MAGIC = 0x25609513, 0x67446698
OPT_EXPORT_NAME, OPT_GO = 1, 7
REP_ACK, REP_INFO, REP_UNSUPPORTED = 1, 3, 0x80000001
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
FLAGS = 1 | 1 << 2      # it has flags; it takes FLUSH


class Disk:
    """`data` is what is on it; `log` the writes, as (offset, bytes)."""

    def __init__(self, test, data, cut=None):
        self.data, self.cut, self.log = bytearray(data), cut, []
        self.sectors = 0
        self.dead = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        # A socket's path may not be longer than 107 bytes; ours may be.
        folder = tempfile.mkdtemp(prefix='billet-')
        self.path = os.path.join(folder, 'nbd')
        self._listener.bind(self.path)
        self._listener.listen(1)
        test.at_end(os.rmdir, folder)
        test.at_end(os.unlink, self.path)
        test.at_end(self._listener.close)
        threading.Thread(target=self._serve, daemon=True).start()

    def words(self):
        return ['-drive', f'file=nbd+unix:///?socket={self.path},format=raw,'
                'if=none,id=disk0']

    def _serve(self):
        try:
            client, _ = self._listener.accept()
            with client:
                if self._greet(client):
                    self._work(client)
        except (OSError, EOFError):
            pass    # QEMU was killed

    def _take(self, client, n):
        out = b''
        while len(out) < n:
            piece = client.recv(n - len(out))
            if not piece:
                raise EOFError
            out += piece
        return out

    def _greet(self, client):
        client.sendall(b'NBDMAGIC' + OPTION_MAGIC + struct.pack('>H', 1))
        self._take(client, 4)
        while True:
            _, option, n = struct.unpack('>8sII', self._take(client, 16))
            self._take(client, n)
            about = struct.pack('>QH', len(self.data), FLAGS)

            def reply(kind, data=b''):
                client.sendall(struct.pack('>QIII', REPLY_MAGIC, option, kind,
                                           len(data)) + data)
            if option == OPT_EXPORT_NAME:
                client.sendall(about + bytes(124))
                return True
            if option == OPT_GO:
                reply(REP_INFO, struct.pack('>H', 0) + about)
                reply(REP_ACK)
                return True
            reply(REP_UNSUPPORTED)

    def _work(self, client):
        while True:
            _, _, what, handle, at, n = struct.unpack(
                '>IHHQQI', self._take(client, 28))
            if what == DISCONNECT:
                return
            if what == WRITE and not self._write(at, self._take(client, n)):
                self._take(client, 1 << 30)     # no answer, ever
            client.sendall(struct.pack('>IIQ', ANSWER_MAGIC, 0, handle)
                           + (bytes(self.data[at:at + n])
                              if what == READ else b''))

    def _write(self, at, data):
        """False once the power has gone; what came before is there."""
        room = len(data) // SECTOR if self.cut is None \
            else self.cut - self.sectors
        data = data[:max(room, 0) * SECTOR]
        self.data[at:at + len(data)] = data
        self.sectors += len(data) // SECTOR
        if data:
            self.log.append((at, data))
        if self.cut is not None and self.sectors >= self.cut:
            self.dead.set()
            return False
        return True
