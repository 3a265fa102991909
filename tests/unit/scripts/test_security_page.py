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


def is_closed_or_says_why(proof):
    bare = re.sub('`[^`]*`', '', proof)
    return not re.search(r'\bopen\b(?!: \w+ \w+)', bare)


class TestSecurityPage(unittest.TestCase):
    def test_there_are_fifty(self):
        self.assertEqual([n for n, _, _ in rows()], list(range(1, 51)))

    def test_each_names_a_test(self):
        for number, _, proof in rows():
            with self.subTest(number):
                self.assertTrue(TEST.search(proof), proof)

    def test_what_is_open_says_why(self):
        for number, _, proof in rows():
            with self.subTest(number):
                self.assertTrue(is_closed_or_says_why(proof), proof)
        self.assertFalse(is_closed_or_says_why('`a.py: b`; open'))
        self.assertFalse(is_closed_or_says_why('`a.py: b`; open: '))
        self.assertTrue(is_closed_or_says_why('open: no such device is made'))
        self.assertTrue(is_closed_or_says_why('`opens.py: test_open`'))

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
