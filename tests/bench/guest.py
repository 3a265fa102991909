# SPDX-License-Identifier: ISC
"""An image in QEMU, with the instruction counter and the tap device."""
import os
import socket
import subprocess
import sys
import tempfile
import time

from board import Board, Elf
from build_plugin import HERE, build as build_plugin

ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from billetlib import qemu  # noqa: E402  (needs the path above)

STARTED = "billet_started"
BOOT_S = 30


class GuestError(Exception):
    """The guest did not do what it should; has its console's end."""


class Guest:
    """One run of an image.  `counted`: with the plugin, whose Board is
    `board` and whose names are `elf`."""

    def __init__(self, net, build, name, memory_mb=64, counted=True,
                 words=()):
        self.net = net
        self.dir = tempfile.TemporaryDirectory(prefix="billet-bench-")
        self.console = os.path.join(self.dir.name, "console")
        apps = os.path.join(build, "apps")
        image = os.path.join(apps, name + ".elf")
        line = qemu.Line("q35", memory_mb, accel="tcg,thread=single")
        line.kernel(image, [*net.args, *words])
        net.join(line)
        self.board = None
        if counted:
            self.elf = Elf(os.path.join(apps, name + ".elf.debug"))
            self.board = Board(os.path.join(self.dir.name, "board"),
                               self.elf.lo, self.elf.hi,
                               [self.elf.find(STARTED)])
            line.add("-plugin", f"{build_plugin(build)},"
                                f"board={self.board.path}")
        self.line = line.words
        with open(self.console, "wb") as out:
            self.child = qemu.start(self.line, stdout=out,
                                    stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        qemu.stop(self.child)
        if self.board:
            self.board.close()
        self.dir.cleanup()

    def text(self):
        """What the console said so far."""
        with open(self.console, encoding="utf-8", errors="replace") as file:
            return file.read()

    def fail(self, what):
        """Raise, with the end of the console and the QEMU line."""
        tail = "\n    ".join(self.text().splitlines()[-15:])
        raise GuestError(f"{what}; the console's end:\n    {tail}\n"
                         f"QEMU: {' '.join(self.line)}")

    def wait_port(self, port=80, seconds=BOOT_S):
        """Until the guest accepts connections by both families."""
        end = time.monotonic() + seconds
        for family in self.net.families.values():
            while True:
                try:
                    self.probe(family, port)
                    break
                except OSError:
                    if self.child.poll() is not None:
                        self.fail(f"QEMU ended ({self.child.returncode})")
                    if time.monotonic() > end:
                        self.fail(f"port {port} does not answer")
                    time.sleep(0.02)

    def probe(self, family, port):
        """Whether a service is there: a user-mode network accepts at once,
        and hangs up only when the guest has refused."""
        with self.connect(family, port, 1) as sock:
            sock.settimeout(0.1)
            try:
                if not sock.recv(1):
                    raise ConnectionRefusedError
            except TimeoutError:
                pass  # it waits for us to speak

    def wait_started(self, seconds=BOOT_S):
        """Until billet_started() has run; a copy of the hits so far."""
        end = time.monotonic() + seconds
        while not self.board.mark(0)[0]:
            if self.child.poll() is not None or time.monotonic() > end:
                self.fail("the image does not come up")
            time.sleep(0.02)
        return self.board.hits()

    def connect(self, family, port=80, timeout=30):
        """A connection to the guest."""
        s = socket.socket(family, socket.SOCK_STREAM)
        s.settimeout(timeout)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            s.connect(self.net.address(family, port))
        except OSError:
            s.close()
            raise
        return s

    def host_cpu_ns(self):
        """CPU time of all of QEMU's threads."""
        total = 0
        tasks = f"/proc/{self.child.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        return total


class Http:
    """Just enough of a client: requests on one connection, whole replies."""

    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def get(self, path, more=b""):
        """Send a GET; the body of its reply."""
        self.sock.sendall(b"GET " + path.encode() +
                          b" HTTP/1.1\r\nHost: bench\r\n" + more + b"\r\n")
        return self.reply()

    def reply(self, keep=True):
        """Status and body of the next reply, or its length if not kept."""
        while b"\r\n\r\n" not in self.data:
            self._more()
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        if not lines[0].startswith(b"HTTP/1.1 200"):
            raise GuestError(f"the guest answered {lines[0].decode()}")
        length = next(int(line.split(b":")[1]) for line in lines
                      if line.lower().startswith(b"content-length:"))
        if not keep:
            return self._skip(length)
        while len(self.data) < length:
            self._more()
        body, self.data = self.data[:length], self.data[length:]
        return body

    def _skip(self, length):
        left = length - len(self.data)
        room = bytearray(1 << 18)
        while left > 0:
            n = self.sock.recv_into(room)
            if n == 0:
                raise GuestError("the guest closed too early")
            left -= n
        self.data = b""
        return length

    def _more(self):
        part = self.sock.recv(1 << 16)
        if not part:
            raise GuestError("the guest closed too early")
        self.data += part
