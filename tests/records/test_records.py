# SPDX-License-Identifier: ISC
"""Each record ends as it should, and no damaged record ends by a signal.

usage: test_records.py FILE=PROGRAM...
"""
import pathlib
import random
import subprocess
import sys
import tempfile

COPIES = 24
ORDERLY = (0, 1, 2)  # the same, different, not a record


def replay(program, key, path):
    done = subprocess.run([program, f'--{key}={path}'], capture_output=True,
                          timeout=60)
    return done.returncode, done.stderr.decode(errors='replace')


def damaged(whole, dice):
    copy = bytearray(whole)
    if dice.random() < 0.3:
        return copy[:dice.randrange(len(copy))]
    for _ in range(dice.randrange(1, 6)):
        # the first few hundred bytes hold most of what is looked at
        most = len(copy) if dice.random() < 0.5 else 400
        copy[dice.randrange(most)] = dice.randrange(256)
    return copy


def check(path, program):
    status, said = replay(program, 'replay-inputs', path)
    if status != 0 or 'ended in order' not in said:
        return f'{path}: status {status}: {said}'
    whole = pathlib.Path(path).read_bytes()
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(COPIES):
            bad = pathlib.Path(folder) / 'bad.rec'
            bad.write_bytes(damaged(whole, dice))
            key = 'replay' if i % 2 else 'replay-inputs'
            status, said = replay(program, key, bad)
            if status not in ORDERLY:
                return f'{path}, damaged copy {i}: status {status}: {said}'
    return None


def main():
    wrong = [check(*word.split('=', 1)) for word in sys.argv[1:]]
    for text in filter(None, wrong):
        print(text)
    return 1 if any(wrong) else 0


if __name__ == '__main__':
    sys.exit(main())
