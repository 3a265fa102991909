# SPDX-License-Identifier: ISC
"""billet run and its brothers, as a person uses them."""
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from harness import TOP, Failed, http_get, until
from billetlib import qemu

BILLET = str(TOP / 'scripts' / 'billet')


class Tool:
    """The tool as a child, with its output in a file of the test."""

    def __init__(self, t, *words, env=None):
        self.path = t.path('billet.log')
        self.child = subprocess.Popen(
            [BILLET, *map(str, words), '--build', str(t.build)],
            stdin=subprocess.DEVNULL, stdout=open(self.path, 'wb'),
            stderr=subprocess.STDOUT, env=env, start_new_session=True)
        t.at_end(self.end)

    def text(self):
        return self.path.read_text(errors='replace')

    def end(self):
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def wait_for(self, what, seconds=60):
        def look():
            if what in self.text():
                return True
            if self.child.poll() is not None:
                raise Failed(f'it ended: {self.text()[-1500:]}')
        until(look, seconds, f'{what!r} from billet')


def session_processes(leader):
    """Live processes of a session, zombies not counted."""
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rsplit(')', 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != 'Z':
            found.append(stat.parent.name)
    return found


def start_web(t, *words):
    port = t.free_port()
    tool = Tool(t, 'run', 'web', '-p', f'{port}:80', *words)
    tool.wait_for(f'http://localhost:{port}/\n')
    return tool, port


def test_run_web_serves_and_ends_cleanly_on_ctrl_c(t):
    tool, port = start_web(t)
    status, _, body = http_get(port)
    assert status == 200 and b'Billet' in body
    tool.child.send_signal(signal.SIGINT)
    assert tool.child.wait(10) == 0, tool.text()[-800:]
    assert session_processes(tool.child.pid) == [], 'QEMU stayed'
    assert '+ qemu-system-x86_64 ' in tool.text()


def test_killing_the_tool_ends_qemu_too(t):
    tool, port = start_web(t)
    tool.child.kill()
    tool.child.wait()
    until(lambda: session_processes(tool.child.pid) == [], 10, 'QEMU ends')


def test_a_busy_port_is_named_with_the_option_that_helps(t):
    with socket.socket() as busy:
        busy.bind(('127.0.0.1', 0))
        busy.listen()
        port = busy.getsockname()[1]
        tool = Tool(t, 'run', 'web', '-p', f'{port}:80')
        assert tool.child.wait(60) == 1
        assert f'port {port} ' in tool.text() and '-p ' in tool.text()


def test_run_hello_prints_and_gives_back_the_status(t):
    tool = Tool(t, 'run', 'hello', '-a', '--hello=over there', '-m', 8)
    assert tool.child.wait(60) == 0
    assert tool.text().count('\nover there') == 4, tool.text()
    bad = Tool(t, 'run', 'hello', '-a', '--nosuch=1')
    assert bad.child.wait(60) == 1
    assert 'nosuch' in bad.text() and 'status 2' in bad.text()


def test_pcap_has_the_packets(t):
    pcap = t.path('web.pcap')
    tool, port = start_web(t, '--pcap', pcap)
    http_get(port)
    until(lambda: b'GET / HTTP/1.1' in pcap.read_bytes(), 10, 'the request')
    tool.child.send_signal(signal.SIGTERM)
    assert tool.child.wait(10) == 0


def test_tap(t):
    """The image on a tap in a namespace, found there by its IPv4 address."""
    net = t.network()
    tool = net.start(BILLET, 'run', 'web', '--build', t.build, '--tap', 'tap0',
                     '-a', 'ipv4=10.73.0.2/24', '-a', 'ipv6=none')
    curl = t.program('curl')
    until(lambda: net.run(curl, '-s', '-m', 2, 'http://10.73.0.2/healthz',
                          status=None) != b'', 60, 'an answer on the tap')
    tool.send_signal(signal.SIGTERM)
    assert tool.wait(10) == 0


def test_microvm(t):
    tool, port = start_web(t, '--machine', 'microvm')
    assert http_get(port)[0] == 200


def test_gdb_waits_and_says_how_to_attach(t):
    with socket.socket() as probe:
        if probe.connect_ex(('127.0.0.1', 1234)) == 0:
            t.skip('port 1234 of this machine is in use')
    gdb = t.program('gdb')
    tool = Tool(t, 'run', 'hello', '--gdb')
    tool.wait_for('target remote')
    debug = t.image('hello', 'elf.debug')
    until(lambda: socket.socket().connect_ex(('127.0.0.1', 1234)) == 0, 10,
          'the debugger stub')
    out = t.run(gdb, '-nx', '-batch', '-ex', 'target remote 127.0.0.1:1234',
                '-ex', 'hbreak billet_main', '-ex', 'continue', '-ex',
                'backtrace', '-ex', 'kill', debug).decode()
    assert 'billet_main' in out.split('Breakpoint 1, ')[-1], out


def test_dry_run_prints_one_line_and_runs_nothing(t):
    out = t.run(BILLET, 'run', 'web', '-n', '-m', 99, '--build', t.build,
                '--', '-foo').decode().splitlines()
    assert len(out) == 1
    assert out[0].startswith(qemu.PROGRAM) and out[0].endswith(' -foo')
    assert ' -m 99 ' in out[0] and 'hostfwd=tcp:127.0.0.1:8080-:80' in out[0]


def test_second_run_is_ready_within_seconds(t):
    """Everything is built: only ninja's look-round and the boot are left."""
    start_web(t)
    started = time.monotonic()
    start_web(t)
    took = time.monotonic() - started
    assert took < 10, f'{took:.1f} s'


def test_wrong_words_are_refused_with_status_2(t):
    os.environ['BILLET_BUILD'] = str(t.build)
    for words in (['run'], ['run', 'nosuch'], ['run', 'web', '-p', '80'],
                  ['run', 'web', '-p', '99999:80'], ['nosuch'],
                  ['inspect', 'a', '--', 'b']):
        t.run(BILLET, *words, status=2)
    log = t.path('commands.log').read_text()
    assert 'Traceback' not in log, log


def test_without_root_the_apt_line_is_printed(t):
    """As someone without rights, on a machine without QEMU."""
    if os.geteuid() != 0:
        t.skip('becoming somebody else needs root')
    tools = t.path('bin')
    tools.mkdir()
    for name in ('python3', 'sh', 'dirname', 'readlink', 'apt-get', 'id',
                 'env', 'git', 'gcc', 'meson', 'ninja'):
        (tools / name).symlink_to(t.program(name))
    lib = TOP / 'scripts'
    done = subprocess.run(
        ['/usr/bin/python3', '-c', f'''
import os, shutil, sys
sys.path.insert(0, {str(lib)!r})
os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.environ["PATH"] = {str(tools)!r}
from billetlib import packages, main
packages.here = lambda what: what != "qemu-system-x86_64"
sys.argv = ["billet", "run", "web"]
sys.exit(main.start())'''], capture_output=True, text=True,
        stdin=subprocess.DEVNULL)
    assert done.returncode == 3, done
    assert 'sudo apt-get install -y --no-install-recommends ' \
        'qemu-system-x86\n' in done.stderr, done.stderr
