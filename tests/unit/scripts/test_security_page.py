# SPDX-License-Identifier: ISC
"""Whether docs/security.md has fifty rows, each with tests that are there."""
import re
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
PAGE = TOP / 'docs' / 'security.md'
ROW = re.compile(r'^\| (\d+) \| (.+?) \| (.+) \|$', re.M)
TEST = re.compile(r'`([\w/.-]+\.(?:py|c|script))(?:: (\w+))?`')


def rows():
    return [(int(n), what, proof)
            for n, what, proof in ROW.findall(PAGE.read_text())]


def is_there(name, function):
    path = TOP / name
    if not path.is_file():
        return False
    return function is None or re.search(
        rf'(?:\bdef |START_TEST\(){function}\b', path.read_text())


class TestSecurityPage(unittest.TestCase):
    def test_there_are_fifty(self):
        self.assertEqual([n for n, _, _ in rows()], list(range(1, 51)))

    def test_each_names_a_test_or_is_open(self):
        for number, _, proof in rows():
            with self.subTest(number):
                self.assertTrue(TEST.search(proof) or 'open' in proof, proof)

    def test_each_named_test_is_there(self):
        for number, _, proof in rows():
            for name, function in TEST.findall(proof):
                with self.subTest(number, test=f'{name}: {function}'):
                    self.assertTrue(is_there(name, function or None))

    def test_what_is_not_there_is_found(self):
        self.assertFalse(is_there('tests/nowhere.py', None))
        self.assertFalse(is_there('tests/system/test_panic.py', 'test_no'))


if __name__ == '__main__':
    unittest.main()
