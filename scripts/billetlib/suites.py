# SPDX-License-Identifier: ISC
"""The suites of `billet test`.  Each is a generator of Results."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple

from . import build, say
from .tree import TOP, shown

Result = namedtuple('Result', 'suite name outcome seconds text')

MESON_OUTCOMES = {'OK': 'pass', 'EXPECTEDFAIL': 'pass', 'SKIP': 'skip'}
SANITIZERS = '-Dsanitize=address,undefined'
SYSTEM_JOBS = 2     # QEMU's own thread is one processor's work
LOG_LINES = 40
FUZZ_SECONDS = 60
PATIENCE = 4


def wanted(names, name):
    return not names or any(n in name for n in names)


def tail(text, lines=LOG_LINES):
    return '\n'.join(text.rstrip().splitlines()[-lines:])


# -- what Meson knows: unit tests, simulation, replayed fuzz inputs

def meson_tests(suite, path, options):
    listed = subprocess.run(
        ['meson', 'test', '-C', str(path), '--no-rebuild', '--list'],
        capture_output=True, text=True).stdout.splitlines()
    names = [line.split(' / ')[-1] for line in listed
             if wanted(options.names, line)]
    if not names:
        return
    log = path / 'meson-logs' / 'testlog.json'
    log.unlink(missing_ok=True)
    # Timeouts are for a quiet machine; this one may have other work.
    command = ['meson', 'test', '-C', shown(path), '--no-rebuild', '--quiet',
               '-t', str(PATIENCE), *(names if options.names else [])]
    say.echo(command)
    subprocess.run(command, stdout=subprocess.DEVNULL)
    if not log.is_file():
        yield Result(suite, 'meson test', 'fail', 0, 'it wrote no log')
        return
    seen = set()
    for row in log.read_text().splitlines():
        test = json.loads(row)
        name = test['name'].split(' / ')[-1]
        seen.add(name)
        outcome = MESON_OUTCOMES.get(test['result'], 'fail')
        text = '' if outcome == 'pass' else tail(
            f'{test["result"]}\n{test.get("stdout", "")}'
            f'{test.get("stderr", "")}')
        yield Result(suite, name, outcome, test['duration'],
                     text if outcome != 'skip' else 'by its own word')
    for name in set(names) - seen:
        yield Result(suite, name, 'fail', 0, 'it was listed and did not run')


def unit(path, options):
    yield from meson_tests('unit', path, options)


def sanitized(path, options):
    """The same under ASan and UBSan, in a build of its own."""
    other = path.with_name(path.name + '-sanitize')
    build.setup(other, [SANITIZERS, '-Dtests=enabled', '-Dimages=disabled'])
    build.compile(other, ['meson-test-prereq'])
    yield from meson_tests('sanitized', other, options)


# -- in QEMU

def system_tests():
    done = subprocess.run(
        [sys.executable, str(TOP / 'tests' / 'system' / 'one.py'), 'list'],
        capture_output=True, text=True)
    if done.returncode:
        raise say.Stop('the system tests cannot be listed:\n' + done.stderr)
    return [json.loads(row) for row in done.stdout.splitlines()]


class Running:
    """One system test in a process group of its own."""

    def __init__(self, test, path):
        self.test = test
        self.folder = path / 'system-tests' / test['name'].replace('/', '.')
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.started = time.monotonic()
        with open(self.folder / 'harness.log', 'wb') as log:
            self.child = subprocess.Popen(
                [sys.executable, str(TOP / 'tests' / 'system' / 'one.py'),
                 test['file'], test['function'], test['case'], str(path),
                 str(self.folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def over(self):
        late = time.monotonic() - self.started > self.test['deadline']
        if self.child.poll() is None and late:
            self.kill()
            self.late = True
            return True
        self.late = False
        return self.child.poll() is not None

    def kill(self):
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        sys.path.insert(0, str(TOP / 'tests' / 'system'))
        from network import sweep
        sweep(self.child.pid)

    def result(self):
        seconds = time.monotonic() - self.started
        try:
            found = json.loads((self.folder / 'result.json').read_text())
        except (OSError, ValueError):
            found = {'outcome': 'fail', 'text': tail(
                (self.folder / 'harness.log').read_text(errors='replace'))}
        if self.late:
            found = {'outcome': 'fail', 'text':
                     f'not over after {self.test["deadline"]} s; its files: '
                     f'{shown(self.folder)}\n{self.console()}'}
        return Result('system', self.test['name'], found['outcome'], seconds,
                      found['text'])

    def console(self):
        logs = sorted(self.folder.glob('console*.log'))
        return '\n'.join(f'{shown(log)}:\n{tail(log.read_text(errors="replace"))}'
                         for log in logs)


def system(path, options):
    tests = [t for t in system_tests() if wanted(options.names, t['name'])
             and (options.full or not t['full'])]
    running = []
    try:
        # Those that want the machine for themselves come last.
        for test in sorted(tests, key=lambda t: t['alone']):
            room = 1 if test['alone'] else SYSTEM_JOBS
            while len(running) >= room:
                yield from finished(running)
            running.append(Running(test, path))
        while running:
            yield from finished(running)
    finally:
        for test in running:
            test.kill()


def finished(running):
    """Waits for at least one, and takes those that are over from the list."""
    while True:
        over = [r for r in running if r.over()]
        for r in over:
            running.remove(r)
            yield r.result()
        if over:
            return
        time.sleep(0.05)


# -- programs of their own

def program(suite, name, command, seconds):
    """A program whose exit status is its verdict."""
    say.echo(command)
    started = time.monotonic()
    try:
        done = subprocess.run([str(w) for w in command], capture_output=True,
                              text=True, timeout=seconds)
        outcome = 'fail' if done.returncode else 'pass'
        text = tail(done.stdout + done.stderr) if done.returncode else ''
    except subprocess.TimeoutExpired:
        outcome, text = 'fail', f'not done after {seconds} s'
    return Result(suite, name, outcome, time.monotonic() - started, text)


def bench(path, options):
    script = TOP / 'tests' / 'bench' / 'run.py'
    if wanted(options.names, 'bench') and script.is_file():
        yield program('bench', 'smoke', [
            sys.executable, shown(script), '--build', shown(path), '--smoke'],
            300)


def fuzz(path, options):
    script = TOP / 'tests' / 'fuzz' / 'run.py'
    for source in sorted(script.parent.glob('fuzz_*.c')):
        name = source.stem[len('fuzz_'):]
        if wanted(options.names, name):
            yield program('fuzz', f'{name}, {FUZZ_SECONDS} s', [
                sys.executable, shown(script), name, FUZZ_SECONDS,
                '--build', shown(path.with_name(path.name + '-fuzz'))], 900)


# name, generator, tiers in which it runs
SUITES = [
    ('unit', unit, ('fast', 'normal', 'full')),
    ('sanitized', sanitized, ('normal', 'full')),
    ('system', system, ('normal', 'full')),
    ('bench', bench, ('normal', 'full')),
    ('fuzz', fuzz, ('full',)),
]
