# SPDX-License-Identifier: ISC
"""Set the build directory up and build in it."""
import os
import subprocess
import sys

from . import packages, say
from .tree import TOP, shown


def configured(build):
    return (build / 'build.ninja').is_file()


def setup(build, options=(), compiler=None):
    """Configure `build`; reconfigure when there are options to set."""
    env = {**os.environ, **({'CC': compiler} if compiler else {})}
    if configured(build):
        if not options:
            return
        command = ['meson', 'setup', '--reconfigure', *options, shown(build)]
    else:
        # Meson has words of its own for this, and they are a traceback.
        say.make_folder(build)
        command = ['meson', 'setup', *options, shown(build), shown(TOP)]
    say.echo(command)
    if subprocess.run(command, env=env).returncode:
        raise say.Stop(f'the build directory could not be set up; '
                       f'the log: {shown(build)}/meson-logs/meson-log.txt')


def compile(build, targets=()):
    if not os.access(build, os.W_OK):
        raise say.Stop(f'{shown(build)}: the build directory cannot be written '
                       'to; another one: --build DIR, or BILLET_BUILD')
    # A line for each of a thousand steps is for a screen that rewrites it.
    quiet = [] if sys.stdout.isatty() else ['--quiet']
    say.must(['ninja', *quiet, '-C', shown(build), *targets],
             'the build failed')


def prepare(build, targets, purposes=('build',)):
    """From nothing to the targets."""
    packages.ensure(purposes)
    setup(build)
    compile(build, targets)
