# SPDX-License-Identifier: ISC
"""fetch: whether an unpacked tree has the patches of its wrap."""
import importlib.machinery
import importlib.util
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
LOADER = importlib.machinery.SourceFileLoader('fetch',
                                              str(TOP / 'scripts' / 'fetch'))
SPEC = importlib.util.spec_from_loader('fetch', LOADER)
fetch = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(fetch)

DIFF = """Words about it.

--- a/src/x.c
+++ b/src/x.c
@@ -1,2 +1,3 @@
 int a;
-int b;
+int c;
+int d;
"""


class TestPatched(unittest.TestCase):
    def patched(self, text):
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder)
            (tree / 'src').mkdir()
            (tree / 'src' / 'x.c').write_text(text)
            (tree / 'diff').write_text(DIFF)
            return fetch.is_patched(tree, tree / 'diff')

    def test_tree_without_the_patch(self):
        self.assertFalse(self.patched('int a;\nint b;\n'))

    def test_tree_with_half_of_it(self):
        self.assertFalse(self.patched('int a;\nint c;\n'))

    def test_tree_with_the_patch(self):
        self.assertTrue(self.patched('int a;\nint c;\nint d;\n'))


if __name__ == '__main__':
    unittest.main()
