# SPDX-License-Identifier: ISC
"""billet - build, run, test and look into Billet's images.

Every command shows the plain commands that it runs, as lines after a +.
"""
import argparse
import fcntl
import json
import os
import re
import subprocess
import sys
import traceback

from . import (build, config, doctor, explain, export, gdb, images,
               inspecting, new, packages, pages, qemu, replay, runner, say, sbom,
               sign, size, symbolize, testing, tree, update, verify,
               window)

STATUS_ROWS = (
    (say.OK, 'done; for run also after Ctrl-C'),
    (say.FAILED, 'it failed: the build, a test, the image itself'),
    (say.USAGE, 'wrong usage'),
    (say.MISSING, 'something has to be installed first, and the message says '
     'what'))
STATUSES = 'exit status:\n' + '\n'.join(
    f'  {number}  {text}' for number, text in STATUS_ROWS)

# What is done next, as a rule; the others say it themselves.
NEXT = {
    'setup': 'scripts/billet run web',
    'run': 'scripts/billet image {name} -f iso    a file that boots anywhere',
    'inspect': 'scripts/billet size NAME    where its bytes went',
    'image': 'scripts/billet config set FILE KEY=VALUE, and docs/deploy.md',
    'config': 'scripts/billet verify {image}',
    'verify': 'scripts/billet sbom {image}    what is in it',
    'sbom': 'scripts/billet verify {image}    whether that is so',
    'bench': 'python3 tests/bench/profile.py NAME    where they went',
    'replay': 'gdb --args the command above, or docs/debugging.md',
    'symbolize': 'scripts/billet gdb NAME    to see it happen',
    'gdb': 'scripts/billet explain LINE    for what the console says',
    'explain': 'docs/troubleshooting.md goes by symptom',
}

# Commands with a module each, which has add_arguments() and run().
TOOLS = (
    ('inspect', 'print what is in an image: the application, its rights, and '
     'on a disk its arguments and slots', inspecting),
    ('config', 'read and change the arguments in an image, without a build',
     config),
    ('new', 'make an application that builds and boots at once', new),
    ('replay', 'a record, a capture or the input of a fuzzer once more', replay),
    ('size', "draw where an image's bytes went", size),
    ('symbolize', "a panic's lines with the file and line of each function",
     symbolize),
    ('gdb', 'boot an image under gdb, with its symbols and printers', gdb),
    ('verify', 'build an image again from the recipe in it, and compare',
     verify),
    ('sign', 'sign an application, for images that take updates', sign),
    ('update', 'give a running image its successor, over HTTPS', update),
    ('sbom', 'what is in an image, with licences and hashes (SPDX 2.3)', sbom),
    ('export', 'the files with which libvirt, systemd, KubeVirt and others '
     'run an image', export),
    ('explain', 'cause and cure of a message of the console or of this tool',
     explain),
    ('doctor', 'what of this machine is good for what', doctor),
)


def cmd_setup(options):
    purposes = packages.FOR_TEST if options.all else ('build', 'run', 'image')
    if options.dry_run:
        lacking = packages.missing(
            purposes + (('system',) if options.all else ()))
        print(say.line(packages.apt_line(lacking)) if lacking
              else 'nothing is missing')
        return say.OK
    packages.ensure(purposes)
    if options.all:
        packages.want('system')
    build.setup(tree.build_dir(options.build))
    return say.OK


def cmd_test(options):
    return testing.run(options)


def cmd_bench(options):
    script = tree.TOP / 'tests' / 'bench' / 'run.py'
    known = json.loads((script.parent / 'thresholds.json').read_text())
    for name in options.names:
        if name not in known:
            raise say.Stop(f'{name}: no such measurement; there are '
                           + ', '.join(known), say.USAGE)
    build_path = tree.build_dir(options.build)
    command = [sys.executable, tree.shown(script), '--build',
               tree.shown(build_path),
               *(['--json'] if options.json else []), *options.names]
    with say.aside(options.json):
        build.prepare(build_path, ['elfs'], ('build', 'run'))
        say.echo(command)
    return subprocess.run(command).returncode


def cmd_help(options):
    if options.man or options.bash:
        print(pages.man(parser(), STATUS_ROWS) if options.man
              else pages.bash(parser()), end='')
        return say.OK
    words = [options.command_name] if options.command_name else []
    parser().parse_args(words + ['--help'])     # ends the program


def add_setup(add):
    p = add('setup', 'install what is missing and set the build up')
    p.add_argument('--all', action='store_true',
                   help='also what the tests need')
    p.add_argument('-n', '--dry-run', action='store_true',
                   help='only print the line that would install it')


def megabytes(text):
    """Whole megabytes that QEMU takes; argparse says what was wrong."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1 << 20:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a number of megabytes from 1 to 1048576')
    return int(text)


def add_run(add):
    p = add('run', 'build an application and boot it in QEMU; other --KEY=VALUE '
            'are for the image, words behind -- for QEMU')
    p.set_defaults(qemu=[])
    p.add_argument('name', metavar='NAME', help='one of apps/')
    p.add_argument('-p', '--port', action='append', metavar='HOST:GUEST',
                   help="forward a port of this machine to the image's; "
                   'repeat as needed; udp:HOST:GUEST for UDP '
                   '(default: see apps/meson.build)')
    p.add_argument('-m', '--memory', type=megabytes, default=qemu.MEMORY_MB,
                   metavar='MB', help='memory (default %(default)s)')
    p.add_argument('-a', '--arg', action='append', default=[],
                   metavar='KEY=VALUE',
                   help='an argument for the image; repeat as needed')
    p.add_argument('--machine', choices=qemu.MACHINES, default='q35')
    p.add_argument('--accel', choices=['tcg', 'kvm'], default='tcg',
                   help='tcg runs everywhere; kvm is faster where it works')
    p.add_argument('--tap', metavar='IF',
                   help='put the image on this tap device instead of the '
                   'user-mode network')
    p.add_argument('--pcap', metavar='FILE', help='write its packets here')
    p.add_argument('--disk', metavar='[NAME=]FILE[:ro]', action='append',
                   help='a disk for the image (again: more); one that it wants '
                        'and is not given is made, and kept, in the build')
    p.add_argument('--window', nargs='?', const='auto', choices=window.KINDS,
                   help='show the screen: in a window where there is a '
                   'desktop, else by VNC')
    p.add_argument('--gdb', action='store_true',
                   help='wait for a debugger on port 1234')
    p.add_argument('-n', '--dry-run', action='store_true',
                   help="only print QEMU's command line")


def add_test(add):
    p = add('test', 'build everything and test it')
    p.add_argument('--fast', action='store_true',
                   help='only what needs no QEMU: about a minute')
    p.add_argument('--full', action='store_true',
                   help='also fuzz for a minute each, and soak')
    p.add_argument('--soak', type=testing.minutes, metavar='MINUTES',
                   help='as --full, and soak for so long; 5 if not said')
    p.add_argument('-l', '--list', action='store_true',
                   help='only list the system tests')
    p.add_argument('names', nargs='*', metavar='NAME',
                   help='only the tests whose names contain one of these')


def parser():
    top = Parser(
        prog='billet', description=__doc__, epilog=STATUSES + '\n\nnext: '
        'scripts/billet help COMMAND, and README.md',
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest='command', metavar='COMMAND',
                                  required=True)

    def add(name, text):
        p = commands.add_parser(
            name, help=text, description=text, epilog=STATUSES,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        p.add_argument('--build', metavar='DIR',
                       help='the build directory, as seen from the top of the '
                       'tree ($BILLET_BUILD, else build)')
        return p

    add_setup(add)
    add_run(add)
    add_test(add)
    images.add_arguments(add('image', 'make a bootable image with arguments '
                             'in it'))
    p = add('bench', 'measure, in guest instructions')
    p.add_argument('names', nargs='*', metavar='NAME',
                   help='only these; tests/bench/thresholds.json has them')
    p.add_argument('--json', action='store_true', help='for machines')
    for name, text, module in TOOLS:
        module.add_arguments(add(name, text))
    p = add('help', 'show this, or the help of a command')
    p.add_argument('--man', action='store_true', help='the man page, billet.1')
    p.add_argument('--bash', action='store_true',
                   help='the completion for bash, billet.bash')
    p.add_argument('command_name', nargs='?', metavar='COMMAND')
    return top


COMMANDS = {'setup': cmd_setup, 'run': runner.run, 'test': cmd_test,
            'image': images.run, 'bench': cmd_bench,
            'help': cmd_help,
            **{name: module.run for name, _, module in TOOLS}}


def join_args(argv):
    """-a --key=value as one word: argparse takes the second for an option."""
    out = []
    for word in argv:
        if out and out[-1] in ('-a', '--arg'):
            out[-1] = '--arg=' + word
        else:
            out.append(word)
    return out


# What is no option of `billet run` is a key of the image: --tls=on.
KEY = re.compile(r'--[a-z][\w.-]*(=|$)')


class Parser(argparse.ArgumentParser):
    """Whose refusals say where help is."""

    def error(self, message):
        self.print_usage(sys.stderr)
        command = self.prog.partition(' ')[2]
        self.exit(say.USAGE, f'{self.prog}: error: {message}\n'
                  f'next: scripts/billet help {command}'.rstrip() + '\n')


def parse(argv):
    """The options; for `run` also the image's keys, and QEMU's words."""
    extra = []
    if argv[:1] == ['run'] and '--' in argv:
        # Words behind -- belong to another program, dashes and all.
        at = argv.index('--')
        argv, extra = argv[:at], argv[at + 1:]
    if argv[:1] in (['config'], ['explain']):
        argv = {'config': config, 'explain': explain}[argv[0]].plain(argv)
    top = parser()
    options, unknown = top.parse_known_args(join_args(argv))
    if [] in (getattr(options, 'arg', None) or []):
        # argparse takes the dashes of --arg=-- for an end of options.
        raise say.Stop("'--': want KEY=VALUE", say.USAGE)
    if options.command == 'run' and all(KEY.match(k) for k in unknown):
        options.arg += unknown
        options.qemu += extra
    elif unknown:
        own = next(p for name, _, p in pages.commands(top)
                   if name == options.command)
        own.error('unrecognized arguments: ' + ' '.join(unknown))
    return options


def main():
    options = parse(sys.argv[1:] or ['--help'])
    status = COMMANDS[options.command](options)
    if options.command in NEXT and status == say.OK:
        say.then(NEXT[options.command].format_map(vars(options)))
    return status


def usable(fd):
    """Whether it is what it is for: sh may have opened a script as 2."""
    try:
        way = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE
    except OSError:
        return False
    return way != (os.O_RDONLY if fd else os.O_WRONLY)


def open_streams():
    """What the caller closed is nothing, and not the next file that is opened;
    and no file name is in the way of what is printed."""
    for fd, name in enumerate(('stdin', 'stdout', 'stderr')):
        if not usable(fd):
            null = os.open(os.devnull, os.O_RDWR)
            if null != fd:
                os.dup2(null, fd)
                os.close(null)
            setattr(sys, name, open(fd, 'r' if fd == 0 else 'w',
                                    closefd=False))
    sys.stdin.reconfigure(errors='replace')
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors='backslashreplace')


def say_no_more():
    """Nobody takes what is printed: not at the end either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def fault(error):
    """What no command foresaw: in a line, unless the whole way is wanted."""
    if os.environ.get('BILLET_TRACE'):
        traceback.print_exc()
    at = traceback.extract_tb(error.__traceback__)[-1]
    say.warn(f'a fault of the tool itself: {type(error).__name__}: {error}, at '
             f'{os.path.basename(at.filename)}:{at.lineno}; BILLET_TRACE=1 '
             'shows the way there')


def start():
    """The whole program; its exit status."""
    open_streams()
    try:
        status = main()
        sys.stdout.flush()
        return status
    except say.Stop as stop:
        say.warn(str(stop))
        return stop.status
    except KeyboardInterrupt:
        say.warn('stopped by Ctrl-C')
    except BrokenPipeError:
        say_no_more()
    except OSError as error:
        if not error.filename:
            say_no_more()
        say.warn((f'{error.filename}: ' if error.filename else '')
                 + (error.strerror or str(error)))
    except Exception as error:
        fault(error)
    return say.FAILED
