# SPDX-License-Identifier: ISC
"""What a system test is given: guests, ports, networks, and an end to all.

A test is a function test_NAME(t) in a file test_*.py here; `t` is a Test.  It
passes by returning, fails by any exception, and leaves with t.skip(reason)
when this machine lacks what it needs.  Whatever it started ends with it.

    @each(pc={'machine': 'pc'}, q35={'machine': 'q35'})   one test for each
    @deadline(300)                          seconds; 120 if not said
    @alone                                  nothing else runs meanwhile
    @full                                   only with --full
"""
import http.client
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'scripts'))
from billetlib import qemu, say  # noqa: E402

CONSOLE_LINES_SHOWN = 30


class Skip(Exception):
    pass


class Failed(AssertionError):
    pass


def each(**cases):
    def mark(function):
        function.cases = cases
        return function
    return mark


def deadline(seconds):
    def mark(function):
        function.deadline = seconds
        return function
    return mark


def alone(function):
    function.alone = True
    return function


def full(function):
    function.full = True
    return function


def http_get(port, path='/', host='127.0.0.1', seconds=5, **headers):
    """(status, headers, body), or None when nothing answers."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request('GET', path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def http_wait(port, path='/', seconds=30):
    """The first answer of a guest that is still booting.  What QEMU forwards
    before the guest listens is lost, so the first attempts are short."""
    end, patience = time.monotonic() + seconds, 0.2
    while True:
        answer = http_get(port, path, seconds=patience)
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed(f'no answer by HTTP within {seconds} s')
        patience = min(patience * 1.2, 5)
        time.sleep(0.05)


def until(condition, seconds, what, step=0.05):
    """Poll until `condition` is true and return what it returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f'{what}: not within {seconds} s')
        time.sleep(step)


class Test:
    """One test while it runs.  Everything it writes goes to `folder`."""

    def __init__(self, name, build, folder):
        self.name, self.build, self.folder = name, Path(build), Path(folder)
        self._ends, self._counts = [], {}
        self.guests = []

    # -- what it may ask for

    def image(self, name, kind='elf'):
        path = self.build / 'apps' / (f'{name}.{kind}' if kind else name)
        if not path.is_file():
            raise Failed(f'{path}: not built')
        return path

    def disk_image(self, kind, name, *args, elf=None, options=()):
        """An image made as `billet image` makes it, with arguments in it."""
        grub = self.build / 'boot' / 'image'
        out = self.path(f'{name}.{kind}')
        self.run(sys.executable, TOP / 'boot' / 'image' / 'mkimage.py', kind,
                 elf or self.image(name), out, '--name', name,
                 '--core', grub / 'core.img', '--eltorito',
                 grub / 'eltorito.img', '--efi', grub / 'bootx64.efi',
                 *options, *[f'--arg={a}' for a in args])
        return out

    def program(self, *names):
        """The first of these programs that is here; skips if none is."""
        for name in names:
            path = shutil.which(name) or shutil.which(
                name, path='/usr/sbin:/sbin')
            if path:
                return path
        raise Skip(f'{" or ".join(names)} is not installed')

    def ovmf(self):
        path = qemu.find_ovmf()
        if not path:
            raise Skip('OVMF is not installed')
        return path

    def skip(self, reason):
        raise Skip(reason)

    def path(self, name):
        return self.folder / name

    def numbered(self, stem):
        n = self._counts[stem] = self._counts.get(stem, 0) + 1
        return stem if n == 1 else f'{stem}-{n}'

    def at_end(self, action, *arguments):
        self._ends.append((action, arguments))

    def free_port(self, kind=socket.SOCK_STREAM):
        """One that nobody has, no other test is given, and no connection from
        this host takes for its own end (the kernel's choice is from 32768)."""
        for port in random.sample(range(20000, 32768), 1000):
            mine = socket.socket(socket.AF_UNIX)
            try:
                mine.bind(f'\0billet-test-port-{port}')
                with socket.socket(socket.AF_INET, kind) as s:
                    s.bind(('127.0.0.1', port))
            except OSError:
                mine.close()
                continue
            self.at_end(mine.close)
            return port
        raise Failed('no free port of 1000')

    def guest(self, line, prefix=(), console='console'):
        """Boot QEMU; every packet of its networks goes to a pcap."""
        return Guest(self, line, prefix, self.numbered(console))

    def network(self, *options, **named):
        from network import Network
        return Network(self, *options, **named)

    def run(self, *command, seconds=60, status=0, **options):
        """A command that ends by itself.  Its standard output."""
        command = [str(w) for w in command]
        with open(self.path('commands.log'), 'a') as log:
            log.write('+ ' + say.line(command) + '\n')
            try:
                done = subprocess.run(
                    command, stdin=options.pop('stdin', subprocess.DEVNULL),
                    capture_output=True, timeout=seconds, **options)
            except subprocess.TimeoutExpired as late:
                log.write(f'not done after {seconds} s\n')
                raise Failed(f'{say.line(command)}: not done after {seconds} '
                             f's; it said {(late.stdout or b"")[-300:]!r}'
                             ) from None
            out = done.stdout if isinstance(done.stdout, str) \
                else done.stdout.decode('utf-8', 'replace')
            err = done.stderr if isinstance(done.stderr, str) \
                else done.stderr.decode('utf-8', 'replace')
            log.write(out + err + f'status {done.returncode}\n')
        if status is not None and done.returncode != status:
            raise Failed(f'{say.line(command)}: status {done.returncode}, '
                         f'not {status}\n{(out + err)[-2000:]}')
        return done.stdout

    # -- for the one who runs it

    def finish(self):
        errors = []
        for action, arguments in reversed(self._ends):
            try:
                action(*arguments)
            except Exception as error:  # every one of them has its turn
                errors.append(error)
        self._ends = []
        if errors:
            raise errors[0]

    def account(self):
        """What a person needs to see of a failed test."""
        out = []
        for guest in self.guests:
            out.append('QEMU: ' + say.line(guest.words))
            out += [f'packets: {pcap}' for pcap in guest.pcaps]
            lines = guest.text().splitlines()
            out.append(f'the last lines of {guest.log}:')
            out += ['    | ' + line for line in lines[-CONSOLE_LINES_SHOWN:]]
        return '\n'.join(out)


class Guest:
    """A running image: its console, its end, its QMP."""

    def __init__(self, test, line, prefix, name):
        self.test, self.name = test, name
        self.log = test.path(name + '.log')
        # A socket's path may not be longer than 107 bytes; ours may be.
        short = tempfile.mkdtemp(prefix='billet-')
        test.at_end(shutil.rmtree, short, True)
        self.qmp_path = Path(short) / 'qmp'
        line.add('-qmp', f'unix:{qemu.comma(self.qmp_path)},server=on,wait=off')
        self.pcaps = []
        for i, word in enumerate(list(line.words)):
            match = re.search(r'\bid=(\w+)', word)
            if line.words[i - 1] == '-netdev' and match:
                self.pcaps.append(test.path(f'{name}-{match[1]}.pcap'))
                line.pcap(self.pcaps[-1], match[1])
        self.words = [*prefix, *line.words]
        self._data, self._changed = bytearray(), threading.Condition()
        self._over = False
        self.started = time.monotonic()
        self.process = qemu.start(self.words, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        test.guests.append(self)
        test.at_end(self.stop)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with open(self.log, 'wb') as log:
            while True:
                data = os.read(self.process.stdout.fileno(), 65536)
                log.write(data)
                log.flush()
                with self._changed:
                    self._data += data
                    self._over = not data
                    self._changed.notify_all()
                if not data:
                    return

    def text(self):
        """The console so far, without what only moves a terminal's cursor."""
        with self._changed:
            raw = bytes(self._data).decode('utf-8', 'replace')
        return re.sub(r'\x1b(\[[0-9;?=]*[A-Za-z]|c)', '', raw).replace('\r', '')

    def lines(self):
        return self.text().splitlines()

    def wait_for(self, pattern, seconds=30):
        """The match, once the console has it."""
        found = re.compile(pattern, re.M)
        end = time.monotonic() + seconds
        while True:
            with self._changed:
                over, size = self._over, len(self._data)
            match = found.search(self.text())
            if match:
                return match
            if over:
                raise Failed(f'the image ended without /{pattern}/')
            left = end - time.monotonic()
            if left <= 0:
                raise Failed(f'no /{pattern}/ within {seconds} s')
            with self._changed:
                if len(self._data) == size and not self._over:
                    self._changed.wait(left)

    def wait_exit(self, seconds=30):
        """The image's own status: 0 after a power-off."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f'still running after {seconds} s') from None
        self._reader.join(5)
        return qemu.image_status(status)

    def qmp(self, command, **arguments):
        from qmp import Qmp
        if not hasattr(self, '_qmp'):
            self._qmp = Qmp(self.qmp_path)
        return self._qmp.execute(command, **arguments)

    def monitor(self, text):
        return self.qmp('human-monitor-command', command_line=text)

    def memory(self, address, size):
        """Physical memory of the guest."""
        path = self.test.path(self.test.numbered('memory'))
        self.qmp('pmemsave', val=address, size=size, filename=str(path))
        return path.read_bytes()

    def screen(self):
        """The text on the VGA screen, 25 lines without trailing blanks."""
        cells = self.memory(0xb8000, 80 * 25 * 2)[::2]
        return [cells[i * 80:i * 80 + 80].decode('cp437').rstrip(' \0')
                for i in range(25)]

    def cpu_seconds(self):
        """Processor time that QEMU has used."""
        fields = Path(f'/proc/{self.process.pid}/stat').read_text() \
            .rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def stop(self):
        qemu.stop(self.process)
        self._reader.join(5)
        self.process.stdout.close()
