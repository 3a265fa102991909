# SPDX-License-Identifier: ISC
"""billet gdb: an image in QEMU, stopped at its first instruction, and gdb with
its symbols and with scripts/gdb."""
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from . import build, qemu, runner, say
from .tree import TOP, app, build_dir, shown

READY_SECONDS = 20
SCRIPT = TOP / 'scripts' / 'gdb' / 'billet_gdb.py'


def add_arguments(p):
    p.add_argument('name', metavar='NAME', help='one of apps/')
    p.add_argument('-a', '--arg', action='append', default=[],
                   metavar='KEY=VALUE', help='an argument for the image')
    p.add_argument('-p', '--port', action='append', metavar='HOST:GUEST',
                   help='as for billet run')
    p.add_argument('-x', '--command', action='append', default=[],
                   metavar='COMMAND', dest='words', help='let gdb execute this, and end with '
                   'the last; repeat as needed')
    p.set_defaults(memory=qemu.MEMORY_MB, machine='q35', accel='tcg', tap=None,
                   pcap=None, gdb=True, qemu=[])


def wait_for(path, child):
    end = time.monotonic() + READY_SECONDS
    while not path.exists():
        if child.poll() is not None:
            raise say.Stop(f'QEMU ended with status {child.returncode}')
        if time.monotonic() > end:
            raise say.Stop(f'QEMU is not ready after {READY_SECONDS} s')
        time.sleep(0.02)


def debugger(symbols, door, commands):
    words = ['gdb', '-q', shown(symbols), '-ex', f'source {shown(SCRIPT)}',
             '-ex', f'target remote {door}']
    if not commands:
        return words + ['-ex', 'tbreak billet_main', '-ex', 'continue']
    words[1:1] = ['-batch']
    return words + [word for c in commands for word in ('-ex', c)]


def run(options):
    app(options.name)
    if not shutil.which('gdb'):
        raise say.Stop('gdb: not installed; sudo apt-get install gdb',
                       say.MISSING)
    build_path = build_dir(options.build)
    target = f'apps/{options.name}.elf'
    build.prepare(build_path, [target, target + '.debug'], ('build', 'run'))
    line, forwards = runner.compose(options, build_path / target)
    runner.check_ports(options.name, forwards)
    with tempfile.TemporaryDirectory(prefix='billet-gdb-') as folder:
        return session(options, line, build_path / (target + '.debug'),
                       Path(folder) / 'gdb')


def session(options, line, symbols, door):
    """QEMU beside gdb; it ends with gdb."""
    words = list(line.words)
    words[words.index('-gdb') + 1] = f'unix:{door},server=on,wait=off'
    console = symbols.with_name(f'{options.name}.console.log')
    say.echo(words)
    with open(console, 'wb') as log:
        child = qemu.start(words, stdout=log, stderr=subprocess.STDOUT)
    say.info(f'the console: tail -f {shown(console)}')
    # Ctrl-C is gdb's: it stops the image.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        wait_for(door, child)
        command = debugger(symbols, door, options.words)
        say.echo(command)
        return say.OK if subprocess.run(
            command, preexec_fn=lambda: signal.signal(
                signal.SIGINT, signal.SIG_DFL)).returncode == 0 else say.FAILED
    finally:
        signal.signal(signal.SIGINT, before)
        qemu.stop(child)
