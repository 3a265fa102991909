# SPDX-License-Identifier: ISC
"""Does what a page of docs/ says, block by block, in a copy of the tree.

A fenced block is an instruction by its info string:

    ```c file=PATH                  write this file
    ```meson add=PATH after=TEXT    put these lines behind the line with TEXT
    ```sh                           run it; exit status 0 is demanded
    ```sh background                start it; it runs to the end of the page
    ```sh retry                     run it until its output is the next block's
    ```text                         lines the last sh block must have printed

Every other fence fails, so that no block of the page goes untested.
"""
import os
import re
import shlex
import signal
import subprocess
import time

FENCE = re.compile(r'^```([^\n]*)\n(.*?)^```$', re.M | re.S)
RETRY_S = 180  # with what is built before it
COMMAND_S = 600


class PageError(AssertionError):
    """A block did not do what the page says."""


class Page:
    """A page, and the folder in which it is followed."""

    def __init__(self, path, folder, env=None):
        with open(path, encoding='utf-8') as file:
            self.text = file.read()
        self.folder, self.env = folder, {**os.environ, **(env or {})}
        self.children, self.said = [], ''

    def section(self, heading):
        """Follow only what stands under `## heading`."""
        parts = re.split(r'^## (.*)$', self.text, flags=re.M)
        for name, body in zip(parts[1::2], parts[2::2]):
            if name == heading:
                return self.follow(body)
        raise PageError(f'the page has no section "{heading}"')

    def follow(self, text):
        """All blocks in order; how many there were."""
        blocks = FENCE.findall(text)
        for i, (info, body) in enumerate(blocks):
            following = blocks[i + 1] if i + 1 < len(blocks) else ('', '')
            self.block(shlex.split(info), body, following)
        return len(blocks)

    def block(self, info, body, following):
        kind, words = (info or [''])[0], info[1:]
        named = dict(w.split('=', 1) for w in words if '=' in w)
        if kind in ('c', 'meson', 'json') and 'file' in named:
            self.write(named['file'], body)
        elif 'add' in named:
            self.add(named['add'], named['after'], body)
        elif kind == 'sh' and 'background' in words:
            self.start(body)
        elif kind == 'sh' and 'retry' in words:
            self.retry(body, following[1])
        elif kind == 'sh':
            self.run(body)
        elif kind == 'text':
            self.expect(body)
        else:
            raise PageError(f'a block that says nothing testable: {info}')

    def write(self, path, body):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(body)

    def add(self, path, after, body):
        path = os.path.join(self.folder, path)
        with open(path, encoding='utf-8') as file:
            lines = file.readlines()
        at = [i for i, line in enumerate(lines) if after in line]
        if len(at) != 1:
            raise PageError(f'{path}: {len(at)} lines with "{after}"')
        lines[at[0] + 1:at[0] + 1] = [body]
        with open(path, 'w', encoding='utf-8') as file:
            file.writelines(lines)

    def run(self, body, check=True):
        done = subprocess.run(
            ['bash', '-euo', 'pipefail', '-c', body], cwd=self.folder,
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=COMMAND_S, check=False)
        self.said = done.stdout.decode('utf-8', 'replace').replace('\r', '')
        if check and done.returncode:
            raise PageError(f'status {done.returncode} of\n{body}\n'
                            f'{self.said[-3000:]}')

    def start(self, body):
        self.children.append(subprocess.Popen(
            ['bash', '-c', 'exec ' + body.strip()], cwd=self.folder,
            env=self.env, stdin=subprocess.DEVNULL,
            stdout=open(os.path.join(self.folder, 'background.log'), 'ab'),
            stderr=subprocess.STDOUT, start_new_session=True))

    def retry(self, body, wanted):
        end = time.monotonic() + RETRY_S
        while True:
            self.run(body, check=False)
            try:
                return self.expect(wanted)
            except PageError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.3)

    def expect(self, body):
        """The lines of the block, in order, among those that were printed; an
        ellipsis in one stands for anything."""
        left = self.said.splitlines()
        for line in body.splitlines():
            pattern = '.*'.join(re.escape(p) for p in line.split('...'))
            while left and not re.fullmatch(pattern, left[0].rstrip()):
                left.pop(0)
            if not left:
                raise PageError(f'"{line}" was not printed, but\n'
                                f'{self.said[-3000:]}')
            left.pop(0)

    def close(self):
        for child in self.children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGINT)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
