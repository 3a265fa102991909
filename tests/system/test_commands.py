# SPDX-License-Identifier: ISC
"""Every command of scripts/billet: there, with help, documented, and done by
words that say what comes next."""
import re
import subprocess

from harness import TOP, Failed, deadline, http_get
from test_run import Tool

BILLET = TOP / 'scripts' / 'billet'
COMMANDS = ('new run image config inspect verify sbom export gdb symbolize '
            'replay bench test doctor explain help').split()
STATUSES = ('0  done', '1  it failed', '2  wrong usage', '3  something')


def billet(t, *words, status=0):
    """Both outputs of one that ends by itself."""
    done = subprocess.run([str(w) for w in (BILLET, *words)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=100)
    if done.returncode != status:
        raise Failed(f'{words}: status {done.returncode}, not {status}\n'
                     f'{done.stdout[-1500:]}')
    return done.stdout


def test_each_command_has_help_statuses_and_a_row(t):
    readme = (TOP / 'README.md').read_text()
    rows = '\n'.join(re.findall(r'^\| `.*$', readme, re.M))
    for name in COMMANDS:
        text = billet(t, name, '--help')
        for status in STATUSES:
            if status not in text:
                raise Failed(f'{name} --help does not say: {status}')
        if not re.search(rf'`{name}\b', rows):
            raise Failed(f'README.md has no row for {name}')


def test_wrong_usage_is_status_2(t):
    for words in (['cake'], ['run'], ['run', 'cake'], ['image'], ['config'],
                  ['inspect'], ['explain', ' '], ['replay', '/nowhere'],
                  ['export', 'web', 'cake'], ['bench', '--cake']):
        billet(t, *words, status=2)
    billet(t, 'explain', 'nothing of ours is said here', status=1)


@deadline(120)
def test_each_says_what_comes_next(t):
    elf, build = t.image('hello'), ['--build', t.build]
    console = t.path('console.log')
    console.write_text('PANIC: x, y.c:1\n  at 0x100010 billet_main+0x10\n')
    for words in (['inspect', elf], ['doctor', *build], ['setup', '-n'],
                  ['explain', 'unknown key --x'], ['help'],
                  ['sbom', elf], ['symbolize', 'hello', console, *build],
                  ['export', 'hello', 'systemd', '-o', t.path('units'),
                   *build]):
        text = billet(t, *words)
        if not re.search(r'^next:', text, re.M | re.I):
            raise Failed(f'{words}: what comes next?\n{text[-800:]}')


@deadline(120)
def test_a_capture_is_said_again(t):
    """What clients sent to one image, sent to another."""
    port, again = t.free_port(), t.free_port()
    file = t.path('web.pcap')
    tool = Tool(t, 'run', 'web', '-p', f'{port}:80', '--pcap', file)
    tool.wait_for(f'http://localhost:{port}/\n')
    for path in ('/nothing', '/healthz'):
        http_get(port, path)
    tool.end()
    tool = Tool(t, 'run', 'web', '-p', f'{again}:80')
    tool.wait_for(f'http://localhost:{again}/\n')
    words = ['replay', file, '--to', f'localhost:{again}']
    if 'as they were' not in billet(t, *words):
        raise Failed('no answer is as it was')
    data = bytearray(file.read_bytes())
    data[data.rindex(b'ok\n')] ^= 1
    file.write_bytes(data)
    if 'DIFFERENT from byte' not in billet(t, *words, status=1):
        raise Failed('a changed answer is not seen')
    billet(t, *words, '--inputs')
    billet(t, 'replay', file, status=2)


def test_an_input_of_a_fuzzer_goes_through_its_target(t):
    folder = TOP / 'tests' / 'fuzz' / 'corpus' / 'dns'
    text = billet(t, 'replay', sorted(folder.iterdir())[0], '--build', t.build)
    if '1 inputs' not in text:
        raise Failed(text)
