# SPDX-License-Identifier: ISC
"""A process that writes down its run, and the same run once more."""
import signal
import subprocess
import time

from harness import TOP

ADDRESS = ['--net=tap0', '--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64']


def recorded(t, net, file):
    """One of the web application, with a few requests in it."""
    command = [*net.prefix, t.image('web', ''), *ADDRESS, f'--record={file}']
    child = subprocess.Popen([str(c) for c in command],
                             stdout=subprocess.DEVNULL)
    t.at_end(child.kill)
    for address in ('10.73.0.2', '[fd73::2]'):
        for page in ('/', '/metrics', '/nothing'):
            net.run(t.program('curl'), '-s', '-o', '/dev/null', '--retry', '30',
                    '--retry-connrefused', '--retry-delay', '1', '-m', '30',
                    f'http://{address}{page}')
    pids = subprocess.run(['ip', 'netns', 'pids', net.name],
                          capture_output=True, text=True).stdout.split()
    for pid in pids:
        subprocess.run(['kill', f'-{signal.SIGTERM.value}', pid])
    child.wait(timeout=30)


def test_a_recorded_run_is_the_same_once_more(t):
    file = t.path('web.rec')
    recorded(t, t.network(), file)
    begin = time.monotonic()
    done = subprocess.run([t.image('web', ''), f'--replay={file}'],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 'replay: the same:' in done.stderr, done.stderr
    assert time.monotonic() - begin < 30


def test_a_changed_record_is_said_to_differ(t):
    file = t.path('web.rec')
    recorded(t, t.network(), file)
    whole = bytearray(file.read_bytes())
    at = whole.rindex(b'HTTP/1.1 404')  # in a frame that was sent
    whole[at + 9] ^= 1
    file.write_bytes(whole)
    done = subprocess.run([t.image('web', ''), f'--replay={file}'],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert 'DIFFERENT' in done.stderr and 'frames' in done.stderr, done.stderr


def test_what_is_no_record_is_refused(t):
    file = t.path('nothing.rec')
    file.write_bytes(b'billet record 1\n' + b'\xff' * 100)
    t.run(t.image('web', ''), f'--replay={file}', status=2)
    t.run(TOP / 'scripts' / 'billet', 'replay', file, status=2)
