# SPDX-License-Identifier: ISC
"""docs/limits.md says what is so: constants, counters, tests."""
import re

from harness import TOP, Failed
from overload import Victim

ROW = re.compile(r'^\| (.+?) \|$', re.M)
CONSTANT = re.compile(r'`([A-Z][A-Z0-9_]+) = (\d+)`')
COUNTER = re.compile(r'`([^`]+)`')
TEST = re.compile(r'`(test_[a-z0-9_]+)`')


def sources(*folders, suffixes=('.c', '.h')):
    return '\n'.join(path.read_text() for folder in folders
                     for path in sorted((TOP / folder).rglob('*'))
                     if path.suffix in suffixes)


def page_rows():
    """(table, limit, there, counter, test) of each row of such a table."""
    text = (TOP / 'docs' / 'limits.md').read_text()
    for row in ROW.findall(text):
        cells = row.split(' | ')
        if len(cells) == 5 and cells[0] not in ('table', '---'):
            yield cells
        elif len(cells) == 3 and cells[0] not in ('what', '---'):
            yield [cells[0], '', cells[1], '', cells[2]]


def test_the_page_of_limits_is_true(t):
    web = Victim(t, 'web')
    shown = set(re.findall(r'^([a-z_]+(?:\{[^}]*\})?) ', web.metrics(), re.M))
    names = {re.sub(r'\{net="[^"]*"\}', '', name) for name in shown}
    code = sources('netstack', 'lib', 'boot', 'include')
    tests = sources('tests', suffixes=('.c', '.py'))
    rows, wrong = list(page_rows()), []
    for table, limit, there, counters, names_of_tests in rows:
        for name, value in CONSTANT.findall(limit + there):
            if not re.search(rf'\b{name} = {value}\b', code):
                wrong.append(f'{table}: {name} is not {value}')
        for name in COUNTER.findall(counters):
            if name not in names:
                wrong.append(f'{table}: /metrics has no {name}')
        found = TEST.findall(names_of_tests)
        for name in found:
            if not re.search(rf'(?:START_TEST\(|def ){name}\b', tests):
                wrong.append(f'{table}: there is no {name}')
        if not found or limit and not COUNTER.findall(counters):
            wrong.append(f'{table}: no test or no counter')
    if wrong or len(rows) < 30:
        raise Failed('\n'.join([f'{len(rows)} rows', *wrong]))
