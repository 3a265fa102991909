# SPDX-License-Identifier: ISC
"""Every error message that our sources can print, with * for what is filled in.

    python3 tests/docs/message_sources.py      all of them, with their files

In C: the strings of the calls that log, refuse or stop, and those that a
function answers as the reason; in assembly .asciz.  In Python: what ends a program.
"""
import ast
import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FOLDERS = ('apps', 'arch', 'boot', 'crypto', 'drivers', 'lib', 'netstack')
CALLS = {'log_error', 'log_warn', 'panic', 'panic_with', 'fail', 'no',
         'acme_fail', 'record_differs', 'unusable', 'blk_fail', 'refuse',
         'client_end', 'host_nic_fail', 'lie', 'tls_fail', 'virtio_net_fail',
         'vq_lie', 'virtio_fail', 'tls_refuse', 'words', 'over_bound', 'attempt_note'}
# Where other calls, or tables, have such words.
CALLS_OF = {'arch/x86_64/fault.c': {'fmt', 'panic_report'},
            'arch/x86_64/panic.c': {'say'},
            'lib/keys/parse.c': {'say'}, 'lib/keys/value.c': {'fmt'},
            'lib/keys/keys.c': {'fmt'},
            'boot/start.c': {'print_line'}, 'boot/random.c': {'print_line'},
            'drivers/host/socket.c': {'fmt'}, 'drivers/host/net.c': {'fmt'},
            'apps/disk/disk.c': {'print_line'}}
TABLES = ('arch/x86_64/fault.c', 'boot/networking.c', 'lib/base/err.c',
          'lib/http/client_link.c')
ALL_OF = ('apps/pinata/secret.c',)
ANSWER = re.compile(r'\breturn\b|\bwhy\s*=|\bfailure\s*=|\.asciz')
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
COMMENT = re.compile(r'/\*.*?\*/', re.S)
CONVERSION = re.compile(r'%(?:[-0 ]*(?:\d+|\*)?(?:\.(?:\d+|\*))?'
                        r'(?:hh|h|ll|l|z)?[a-zA-Z])')
ESCAPES = {'\\n': ' ', '\\r': ' ', '\\"': '"', '\\\\': '\\', '%%': '%'}
# Not errors, and what only goes with one.
NOT = {
    'arch/hosted/machine.c': {'* *, a process', 'the host'},
    'arch/x86_64/machine.c': {'a virtual machine', 'QEMU microvm', 'QEMU pc'},
    'arch/x86_64/reference.c': {'TSC by the ACPI timer', 'TSC by the HPET', 'TSC by the PIT'},
    'arch/x86_64/panic.c': {'build id *', 'rax * rbx * rcx *',
                            'rdx * rsi * rdi *', 'rbp * rsp * r8 *',
                            'r15 * flags * cr2 *'},
    'apps/pinata/secret.c': {'the key', 'a file given along', 'this program',
                             '.oO( SEKRIT )Oo.'},
    'boot/nics_hosted.c': {'; made by:'},
    'boot/screens_hosted.c': {'the terminal', 'the standard input'},
    'boot/image/mkimage.py': {'mkimage.py: *'},
    'boot/image/recipe.py': {'recipe.py: *'},
    'boot/image/symbols.py': {'symbols.py: *'},
    'arch/x86_64/fault.c': {'a function'},
    'boot/networking.c': {'name server', 'time server', 'time set by',
                          '(it was *.* s *)', '* *'},
    'boot/start.c': {'* * (*)'},
    'boot/disks.c': {', read-only', ', writes through'},
    'lib/log/log.c': {'(* more lines held back)'},
    'apps/disk/disk.c': {'wrote * bytes, and flushed', 'verified * bytes',
                         'the last block is there', 'beyond the end: *, *',
                         'a byte: *', 'disk*: * sectors, blocks of *, *',
                         'byte *: *', 'read-only'},
}


def plain(text):
    """How a pattern is compared: one * for what varies, single spaces."""
    text = re.sub(r'\*[* ]*\*', '*', text)
    return ' '.join(text.split())


def of_c(text):
    for code, stands_for in ESCAPES.items():
        text = text.replace(code, stands_for)
    return plain(CONVERSION.sub('*', text))


def says_something(pattern):
    """Whether it has words of its own, by which it could be found."""
    return len(re.findall(r'[A-Za-z]{2,}', pattern)) >= 2


def place(text, at):
    """What a string at `at` stands in: ('call', name) or ('text', before)."""
    depth, i = 0, at - 1
    while i > 0:
        c = text[i]
        if c == ')':
            depth += 1
        elif c == '(':
            if depth == 0:
                name = re.search(r'(\w*)\s*$', text[:i])[1]
                if name:
                    return 'call', name
            else:
                depth -= 1
        elif c in ';{}' and depth == 0:
            break
        i -= 1
    return 'text', text[i + 1:at]


def wanted(name, kind, what):
    if name in ALL_OF and kind == 'text':
        return True
    if kind == 'call':
        return what in CALLS | CALLS_OF.get(name, set())
    return bool(ANSWER.search(what)) or name in TABLES


def c_messages(name, text):
    text = COMMENT.sub('', text)
    text = re.sub(r'\\\n', '\n', text)
    text = re.sub(r'^\s*#\s*include.*$', '', text, flags=re.M)
    text = re.sub(r'"\s*\n\s*"', '', text)
    for string in STRING.finditer(text):
        kind, what = place(text, string.start())
        if not wanted(name, kind, what):
            continue
        pattern = of_c(string[1])
        if says_something(pattern) and pattern not in NOT.get(name, ()) \
                and not string[1].startswith('    '):
            yield pattern


def of_python(node):
    """The text of an expression, with * for what is not known."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else '*'
    if isinstance(node, ast.JoinedStr):
        return ''.join(of_python(v) for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return of_python(node.left) + of_python(node.right)
    return '*'


STOPS = ('Stop', 'ElfError', 'ImageError', 'ArgumentTypeError', 'ValueError',
         'exit', 'warn', 'GdbError')


def python_messages(name, text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and node.args and (
                getattr(node.func, 'attr', None) in STOPS or
                getattr(node.func, 'id', None) in STOPS):
            pattern = plain(of_python(node.args[0]))
            if says_something(pattern) and pattern not in NOT.get(name, ()):
                yield pattern


def sources():
    for folder in FOLDERS:
        for path in sorted((TOP / folder).rglob('*.[chS]')):
            if not path.name.startswith('test_'):
                yield path
    for folder in ('scripts', 'boot/image'):
        yield from sorted((TOP / folder).rglob('*.py'))


def messages():
    """{pattern: the names of the files that have it}"""
    found = {}
    for path in sources():
        name = path.relative_to(TOP).as_posix()
        text = path.read_text()
        read = python_messages if path.suffix == '.py' else c_messages
        for pattern in read(name, text):
            found.setdefault(pattern, set()).add(name)
    return found


if __name__ == '__main__':
    for pattern, names in messages().items():
        print(f'{pattern}    [{" ".join(sorted(names))}]')
