#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Run one system test, or list them all; `billet test` calls this.

usage: one.py list                               a JSON object a line
       one.py FILE FUNCTION CASE BUILD FOLDER    CASE is - when there is none

Writes FOLDER/result.json: {"outcome": "pass|fail|skip", "text": why}.
"""
import importlib
import json
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import harness  # noqa: E402


def tests_in(module):
    for name, function in vars(module).items():
        if name.startswith('test_') and callable(function) \
                and function.__module__ == module.__name__:
            for case in getattr(function, 'cases', {'-': {}}):
                yield name, function, case


def list_all():
    for path in sorted(HERE.glob('test_*.py')):
        module = importlib.import_module(path.stem)
        for name, function, case in tests_in(module):
            print(json.dumps({
                'file': path.stem, 'function': name, 'case': case,
                'name': f'{path.stem[5:]}/{name[5:]}'
                        + ('' if case == '-' else f'[{case}]'),
                'deadline': getattr(function, 'deadline', 120),
                'alone': getattr(function, 'alone', False),
                'full': getattr(function, 'full', False),
            }))


def run_one(file, name, case, build, folder):
    outcome, text = 'pass', ''
    test = harness.Test(name, build, folder)
    try:
        function = getattr(importlib.import_module(file), name)
        function(test, **getattr(function, 'cases', {'-': {}})[case])
    except harness.Skip as skip:
        outcome, text = 'skip', str(skip)
    except Exception as error:
        outcome = 'fail'
        frame = [f for f in traceback.extract_tb(error.__traceback__)
                 if f.name == name][-1:]
        where = f'{frame[0].filename.rsplit("/", 1)[-1]}:{frame[0].lineno}: ' \
            f'{frame[0].line}\n' if frame else ''
        text = where + (str(error) or type(error).__name__)
        if not isinstance(error, AssertionError):
            text += '\n' + traceback.format_exc()
    try:
        test.finish()
    except Exception as error:
        if outcome != 'fail':
            outcome, text = 'fail', f'at the end: {error}'
    if outcome == 'fail':
        text += '\n' + test.account()
    (Path(folder) / 'result.json').write_text(
        json.dumps({'outcome': outcome, 'text': text}))


if __name__ == '__main__':
    if sys.argv[1:] == ['list']:
        list_all()
    elif len(sys.argv) == 6:
        run_one(*sys.argv[1:])
    else:
        sys.exit(__doc__)
