# SPDX-License-Identifier: ISC
"""What the tool says, and how it ends."""
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
