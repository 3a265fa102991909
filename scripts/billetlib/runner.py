# SPDX-License-Identifier: ISC
"""billet run: build an application, boot it in QEMU, wait until it answers."""
import http.client
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time

from . import build, elf, qemu, say, window
from .manifest import read_manifest
from .tree import app, build_dir, shown

PORT = re.compile(r'^(?:(tcp|udp):)?(\d{1,5}):(\d{1,5})$')
HTTPS_PORT = 443
SCHEMES = {80: 'http', HTTPS_PORT: 'https'}
ANSWER_SECONDS = 60
DISK_BYTES = 16 << 20
# QEMU accepts a connection before there is a guest to answer it, and such a
# one is lost: so the first attempts are short.
PATIENCE_FIRST, PATIENCE_MAX = 0.2, 5.0


def parse_port(text):
    """HOST:GUEST, or udp:HOST:GUEST."""
    match = PORT.match(text)
    if not match or not 0 < int(match[2]) < 65536 \
            or not 0 < int(match[3]) < 65536:
        raise say.Stop(f'-p {text}: want HOST:GUEST, two port numbers, as in '
                       '-p 8080:80 (or udp:5353:53)', say.USAGE)
    return match[1] or 'tcp', int(match[2]), int(match[3])


def port_is_free(protocol, port):
    kind = socket.SOCK_STREAM if protocol == 'tcp' else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(('127.0.0.1', port))
        except PermissionError:
            raise say.Stop(f'port {port} of this machine needs root; choose '
                           'another with -p HOST:GUEST') from None
        except OSError:
            return False
    return True


def check_ports(name, forwards):
    for protocol, host, guest in forwards:
        if sum((p, h) == (protocol, host) for p, h, _ in forwards) > 1:
            raise say.Stop(f'port {host} of this machine is given twice',
                           say.USAGE)
        if not port_is_free(protocol, host):
            raise say.Stop(
                f'port {host} of this machine is in use; choose another, '
                f'for example:\n    scripts/billet run {name} '
                f'-p {host + 1}:{guest}')


def ports_of(name, args):
    """Those of apps/meson.build; that of HTTPS only where --tls asks for it, in
    an application that can do without."""
    table = app(name)
    tls = [a for a in args if a.startswith(('--tls=', 'tls='))]
    plain = 'with_tls' in table and (not tls or tls[-1].endswith('=off'))
    return [p for p in table.get('ports', [])
            if not (plain and p.endswith(f':{HTTPS_PORT}'))]


def compose(options, image):
    """The QEMU line, and the ports that it forwards."""
    forwards = [parse_port(p) for p in
                (options.port or ports_of(options.name, options.arg))]
    line = qemu.Line(options.machine, options.memory, accel=options.accel)
    line.kernel(shown(image), options.arg)
    if options.tap:
        line.tap_net(options.tap)
        forwards = []
    elif forwards or options.pcap or networks(image):
        line.user_net(forwards)
    for i in range(1, networks(image)):
        line.user_net(net=f'net{i}', subnet=f'10.0.{2 + i}.0/24')
    add_disks(line, getattr(options, 'disk', None) or [], image)
    if options.pcap:
        line.pcap(options.pcap)
    if options.gdb:
        # At the addresses that the linker chose, the same in each run.
        line.add('-gdb', 'tcp:127.0.0.1:1234', '-S', '-fw_cfg',
                 'name=opt/billet/aslr,string=off')
    return line.add(*options.qemu), forwards


def add_disks(line, given, image):
    """Those of --disk, by name or in order, then the others it must have."""
    wanted = disks(image)
    names = [name.rstrip('?') for name in wanted]
    for text in given:
        name, equals, path = text.partition('=')
        if not equals or '/' in name:
            name, path = '', text
        read_only = path.endswith(':ro')
        path = path[:-3] if read_only else path
        if not os.path.exists(path):
            raise say.Stop(f'--disk {text}: there is no {path}; an empty one:'
                           f'\n    truncate -s 16M {path}', say.USAGE)
        line.data_disk(path, name or (names[0] if names else ''), read_only)
        if (name or names[:1]) and (name in names or not name):
            names.remove(name or names[0])
    for name in wanted:
        if name in names and not name.endswith('?'):
            line.data_disk(shown(image.parent / f'{name}.disk'), name)


def make_disks(line):
    """What add_disks() named and is not there yet, empty."""
    for word in line.words:
        match = re.match(r'file=(.*\.disk),format=raw', word)
        path = match and match[1].replace(',,', ',')
        if path and not os.path.exists(path):
            with open(path, 'wb') as disk:
                disk.truncate(DISK_BYTES)


def disks(image):
    """The names in the image's own manifest."""
    try:
        return read_manifest(elf.Elf(image)).blks
    except (OSError, elf.ElfError):
        return []


def networks(image):
    """How many networks the image's own manifest names."""
    try:
        return len(read_manifest(elf.Elf(image)).nets)
    except elf.ElfError:
        return 1


class Announcer(threading.Thread):
    """Asks each forwarded port of HTTP and HTTPS, (scheme, port), until
    something answers, then says so."""

    def __init__(self, ports):
        super().__init__(daemon=True)
        self.ports, self.over, self.answered = ports, threading.Event(), []

    def answers(self, scheme, port, patience):
        if scheme == 'https':  # whose certificate it is matters not here
            connection = http.client.HTTPSConnection(
                '127.0.0.1', port, timeout=10 * patience,
                context=ssl._create_unverified_context())
        else:
            connection = http.client.HTTPConnection('127.0.0.1', port,
                                                    timeout=patience)
        try:
            connection.request('GET', '/')
            connection.getresponse().read(1)
            return True
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def run(self):
        end = time.monotonic() + ANSWER_SECONDS
        for scheme, port in self.ports:
            patience = PATIENCE_FIRST
            while not self.answers(scheme, port, patience):
                patience = min(patience * 1.2, PATIENCE_MAX)
                if self.over.wait(0.05):
                    return
                if time.monotonic() > end:
                    say.warn(f'nothing answers on {scheme}://localhost:{port}/ '
                             f'after {ANSWER_SECONDS} s')
                    return
            self.answered.append(port)
            say.info(f'{scheme}://localhost:{port}/')


def supervise(line, forwards):
    """Run QEMU with the console on our output.  0 after Ctrl-C."""
    announcer = Announcer([(SCHEMES[guest], host)
                           for protocol, host, guest in forwards
                           if protocol == 'tcp' and guest in SCHEMES])
    stopped = False

    def on_signal(number, frame):
        raise KeyboardInterrupt

    # A job in the background of a script starts with SIGINT ignored.
    before = {s: signal.signal(s, on_signal)
              for s in (signal.SIGINT, signal.SIGTERM)}
    child = None
    try:
        child = qemu.start(line.words)
        announcer.start()
        status = child.wait()
    except KeyboardInterrupt:
        stopped = True
        status = 0
    finally:
        for s in before:
            signal.signal(s, signal.SIG_IGN)
        announcer.over.set()
        if child:
            qemu.stop(child)
        for s, handler in before.items():
            signal.signal(s, handler)
    if stopped:
        say.info('\nstopped')
        return say.OK
    if status < 0:
        say.warn('QEMU was ended by ' + signal.Signals(-status).name
                 + ', by itself or by another program; scripts/billet doctor '
                 'says what it can use here')
        return say.FAILED
    if status:
        say.warn(f'the image ended with status {qemu.image_status(status)} '
                 f'(QEMU: {status})')
        return say.FAILED
    return say.OK


def show_gdb(build_path, name):
    symbols = build_path / 'apps' / (name + '.elf.debug')
    say.info('QEMU waits for a debugger; in another terminal:\n    gdb '
             f'{shown(symbols)} -ex "target remote 127.0.0.1:1234"')


def run(options):
    app(options.name)
    build_path = build_dir(options.build)
    image = build_path / 'apps' / (options.name + '.elf')
    for port in options.port or []:
        parse_port(port)
    if options.dry_run:
        line, _ = compose(options, image)
        if options.window:
            window.add(line, options.window)
        print(say.line(line.words))
        return say.OK
    build.prepare(build_path, [f'apps/{options.name}.elf']
                  + ([f'apps/{options.name}.elf.debug'] if options.gdb else []),
                  ('build', 'run'))
    line, forwards = compose(options, image)
    make_disks(line)
    check_ports(options.name, forwards)
    told = window.add(line, options.window) if options.window else ''
    if options.gdb:
        show_gdb(build_path, options.name)
    say.echo(line.words)
    if told:
        say.info(told)
    sys.stdout.flush()
    return supervise(line, forwards)
