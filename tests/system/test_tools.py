# SPDX-License-Identifier: ISC
"""billet new, size, symbolize, gdb, doctor and help, as a person uses them."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess

from harness import TOP, Failed, each, http_get, http_wait, until
from billetlib import qemu

BILLET = TOP / 'scripts' / 'billet'


def boot_template(t, kind, guest_port, protocol='tcp'):
    port = t.free_port(socket.SOCK_DGRAM if protocol == 'udp'
                       else socket.SOCK_STREAM)
    image = t.build / 'tests' / 'templates' / f'template-{kind}.elf'
    t.guest(qemu.Line().kernel(image).user_net([(protocol, port, guest_port)]))
    return port


def answer_of(port, sent):
    """What a TCP server says to this, until it says no more; b'' before it
    is there."""
    try:
        with socket.create_connection(('127.0.0.1', port), 2) as s:
            s.sendall(sent)
            s.shutdown(socket.SHUT_WR)
            return b''.join(iter(lambda: s.recv(4096), b''))
    except OSError:
        return b''


@each(tcp={'kind': 'tcp', 'answer': b'hello\n'},
      fiber={'kind': 'fiber', 'answer': b'Welcome to shop. Say something:\r\n'
             b'You said: hello\n'})
def test_a_new_tcp_application_boots(t, kind, answer):
    port = boot_template(t, kind, 7090)
    got = until(lambda: answer_of(port, b'hello\n'), 30, 'an answer')
    if got != answer:
        raise Failed(f'it said {got!r}')


def test_a_new_http_application_boots(t):
    port = boot_template(t, 'http', 80)
    for path, want in (('/', b'Hello from shop\n'), ('/readyz', b'ready\n')):
        status, _, body = http_wait(port, path)
        if (status, body) != (200, want):
            raise Failed(f'{path}: {status} {body!r}')


def test_a_new_udp_application_boots(t):
    port = boot_template(t, 'udp', 7090, 'udp')

    def ask():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(1)
            s.sendto(b'hello', ('127.0.0.1', port))
            try:
                return s.recv(100)
            except OSError:
                return b''
    if until(ask, 30, 'an answer') != b'hello':
        raise Failed('it said something else')


def copy_of_tree(t):
    """As much of the tree as `billet new` looks at."""
    top = t.path('tree')
    shutil.copytree(TOP / 'scripts', top / 'scripts',
                    ignore=shutil.ignore_patterns('__pycache__'))
    for folder in ('boot/image', 'include'):
        shutil.copytree(TOP / folder, top / folder,
                        ignore=shutil.ignore_patterns('__pycache__'))
    (top / 'apps').mkdir()
    shutil.copy(TOP / 'apps' / 'meson.build', top / 'apps')
    return top


@each(http={'kind': 'http'}, tcp={'kind': 'tcp'}, udp={'kind': 'udp'},
      fiber={'kind': 'fiber'})
def test_new_in_tree_writes_what_is_tested(t, kind):
    top = copy_of_tree(t)
    billet = top / 'scripts' / 'billet'
    said = t.run(billet, 'new', 'shop', '--template', kind, cwd=top).decode()
    if 'scripts/billet run shop' not in said:
        raise Failed(f'no next step: {said}')
    made = (top / 'apps' / 'shop' / 'shop.c').read_bytes()
    built = t.build / 'tests' / 'templates' / f'template-{kind}.c'
    if made != built.read_bytes():
        raise Failed('not what the tests boot')
    if b'@' in made:
        raise Failed('a mark is left')
    line = t.run(billet, 'run', 'shop', '--dry-run', '--build',
                 t.build, cwd=top).decode()
    if not re.search(r'hostfwd=(tcp|udp):127\.0\.0\.1:\d+-:\d+', line):
        raise Failed(f'no port: {line}')


def test_new_refuses_in_words(t):
    top = copy_of_tree(t)
    billet = top / 'scripts' / 'billet'
    for words, status in ((['new', 'Shop'], 2), (['new', 'x' * 16], 2),
                          (['new', '../a'], 2), (['new'], 2),
                          (['new', 'shop', '-t', 'cake'], 2),
                          (['new', 'web'], 1)):
        t.run(billet, *words, cwd=top, status=status)
    t.run(billet, 'new', 'shop', cwd=top)
    before = (top / 'apps' / 'meson.build').read_text()
    t.run(billet, 'new', 'shop', cwd=top, status=1)
    if (top / 'apps' / 'meson.build').read_text() != before:
        raise Failed('it changed the table all the same')


def test_new_here_makes_a_project(t):
    here = t.path('here')
    here.mkdir()
    t.run(BILLET, 'new', 'my-shop', '--here', cwd=here)
    project = here / 'my-shop'
    text = (project / 'meson.build').read_text()
    for want in ("project('my-shop'", "dependency('billet-image')"):
        if want not in text:
            raise Failed(f'{want}: not in {text}')
    if 'struct my_shop' not in (project / 'my-shop.c').read_text():
        raise Failed('a name with - is no name in C')
    if (project / 'subprojects' / 'billet').resolve() != TOP:
        raise Failed('the subproject is not this tree')
    t.run(BILLET, 'new', 'my-shop', '--here', cwd=here, status=1)


def test_size_adds_up(t):
    rows = json.loads(t.run(BILLET, 'size', 'hello', '--json', '--build',
                            t.build))
    total, size = sum(r['bytes'] for r in rows), \
        t.image('hello').stat().st_size
    if total != size or any(r['bytes'] < 0 for r in rows):
        raise Failed(f'{total} bytes of symbols in a file of {size}')
    named = sum(r['bytes'] for r in rows if r['source'] not in
                ('without a symbol', 'headers and padding'))
    if named < size * 0.6:
        raise Failed(f'only {named} bytes have a symbol')
    folders = {r['source'].split('/')[0] for r in rows}
    if not {'arch', 'boot', 'lib', 'apps'} <= folders or 'tmp' in folders:
        raise Failed(f'no folders of the tree: {folders}')
    page = t.path('size.html')
    t.run(BILLET, 'size', 'hello', '-o', page, '--build', t.build)
    text = page.read_text()
    if 'machine_start' not in text or 'http' in text:
        raise Failed('not a whole page by itself')


def test_size_says_why(t):
    said = t.run(BILLET, 'size', 'hello', '--why', 'log_line', '--build',
                 t.build).decode()
    chain = [line.strip() for line in said.splitlines()
             if line.startswith('  ')]
    if len(chain) < 2 or chain[-1] != 'log_line':
        raise Failed(said)
    t.run(BILLET, 'size', 'hello', '--why', 'no_such_thing', '--build',
          t.build, status=1)


def test_symbolize_finds_the_lines(t):
    log = t.path('panic.log')
    log.write_text('Nov 23 09:00:00 host web[1]:   at 0x123456 log_line+0x4\n'
                   '  by 0x100000 no_such_function+0x1 ?\n')
    said = t.run(BILLET, 'symbolize', 'hello', log, '--build',
                 t.build).decode()
    if not re.search(r'log_line log\.c:\d+', said):
        raise Failed(said)
    if 'not in ' not in said:
        raise Failed(f'nothing about the unknown one: {said}')
    log.write_text('all is well\n')
    t.run(BILLET, 'symbolize', 'hello', log, '--build', t.build, status=1)


def test_doctor_knows_this_machine(t):
    rows = json.loads(t.run(BILLET, 'doctor', '--json', '--build', t.build))
    states = {row['what']: row['state'] for row in rows}
    if states['machine'] != 'ok' or states['to build'] != 'ok':
        raise Failed(str(states))
    if any(row['state'] != 'ok' and not row['cure'] for row in rows):
        raise Failed('a fault without a cure')


def test_doctor_names_what_is_missing(t):
    text = t.run('python3', '-c', f'''
import sys
sys.path.insert(0, {str(TOP / "scripts")!r})
from billetlib import packages
packages.here = lambda what: what != "ninja"
from billetlib import main
sys.argv = ["billet", "doctor"]
sys.exit(main.start())
''', status=3).decode()
    if 'ninja-build' not in text or 'apt-get install' not in text:
        raise Failed(text)


def test_man_page_and_completion_are_of_today(t):
    for option, name in (('--man', 'billet.1'), ('--bash', 'billet.bash')):
        made = t.run(BILLET, 'help', option, env={'COLUMNS': '80',
                                                  'PATH': '/usr/bin:/bin'})
        if made != (TOP / 'scripts' / name).read_bytes():
            raise Failed(f'make it anew: scripts/billet help {option} > '
                         f'scripts/{name}')


def complete(t, *words):
    script = f'''
. {TOP}/scripts/billet.bash
COMP_WORDS=({' '.join(f"'{w}'" for w in words)})
COMP_CWORD={len(words) - 1}
_billet
printf '%s\\n' "${{COMPREPLY[@]}}"
'''
    return t.run('bash', '-c', script).decode().split()


def test_bash_completes(t):
    billet = str(BILLET)
    for words, want in (((billet, 'in'), 'inspect'),
                        ((billet, 'run', 'we'), 'web'),
                        ((billet, 'run', '--mach'), '--machine'),
                        ((billet, 'run', '--machine', 'micro'), 'microvm'),
                        ((billet, 'config', 's'), 'set'),
                        ((billet, 'export', 'web', 'lib'), 'libvirt'),
                        ((billet, 'help', 'symb'), 'symbolize')):
        got = complete(t, *words)
        if want not in got or len(got) > 1:
            raise Failed(f'{words[1:]}: {got}')


def test_gdb_shows_what_the_image_has(t):
    t.program('gdb')
    port = t.free_port()
    log = t.path('gdb.log')
    words = [BILLET, 'gdb', 'web', '--build', t.build, '-p', f'{port}:80']
    for command in ('tbreak on_accept', 'continue', 'billet connections',
                    'billet timers', 'billet fibers', 'billet log',
                    'print *peer'):
        words += ['-x', command]
    with open(log, 'wb') as out:
        child = subprocess.Popen([str(w) for w in words], stdout=out,
                                 stderr=subprocess.STDOUT,
                                 stdin=subprocess.DEVNULL,
                                 start_new_session=True)
    t.at_end(end_group, child)

    def over():
        http_get(port, seconds=1)
        return child.poll() is not None
    until(over, 60, 'the end of gdb')
    text = log.read_text()
    for want in (r'80 <- 10\.0\.2\.2:\d+ ESTABLISHED', r'\n1 connections',
                 r'tcp: \d+ set, now ', r'loop: \d+ set', 'started in ',
                 r'\$1 = 10\.0\.2\.2:\d+'):
        if not re.search(want, text):
            raise Failed(f'{want}: not in\n{text[-3000:]}')


def end_group(child):
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
