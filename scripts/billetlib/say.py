# SPDX-License-Identifier: ISC
"""What the tool says, and how it ends."""
import contextlib
import os
import shlex
import subprocess
import sys

# The exit statuses, the same for every command; `billet help` lists them.
OK, FAILED, USAGE, MISSING = 0, 1, 2, 3


class Stop(Exception):
    """Ends the tool with words for a person and an exit status."""

    def __init__(self, text, status=FAILED):
        super().__init__(text)
        self.status = status


def line(command):
    return shlex.join(str(word) for word in command)


def echo(command):
    """Show a command as a person would type it."""
    print('+ ' + line(command), flush=True)


def info(text):
    print(text, flush=True)


@contextlib.contextmanager
def aside(really=True):
    """What this and its children print goes to standard error: the answer of
    the command is for a program, and comes alone."""
    if not really:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def make_folder(path):
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise Stop(f'{path}: {error.strerror}: no folder can be made there'
                   ) from None


def write(path, content):
    """A file of text, or of bytes."""
    data = content if isinstance(content, bytes) else content.encode()
    try:
        with open(path, 'wb') as file:
            file.write(data)
    except OSError as error:
        raise Stop(f'{path}: {error.strerror}: it cannot be written') from None


def then(text):
    """What a person does next; not part of what a command answers."""
    print('next: ' + text, file=sys.stderr, flush=True)


def warn(text):
    print('billet: ' + text, file=sys.stderr, flush=True)


def run(command, **options):
    """Show and run a command; its exit status."""
    echo(command)
    try:
        return subprocess.run([str(w) for w in command], **options).returncode
    except FileNotFoundError:
        raise Stop(f'{command[0]}: not installed', MISSING) from None


def must(command, what, **options):
    """Show and run a command that has to succeed."""
    status = run(command, **options)
    if status:
        raise Stop(f'{what}: exit status {status}')
