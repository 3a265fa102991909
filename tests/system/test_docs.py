# SPDX-License-Identifier: ISC
"""docs/applications.md, followed block by block in a copy of the tree."""
import os
import shutil
import subprocess
import sys

from harness import TOP, deadline

sys.path.insert(0, str(TOP / 'tests' / 'docs'))
from page import Page, PageError  # noqa: E402


def copy_of_tree(t):
    """What git knows of, as it is now, and what was downloaded already."""
    listed = subprocess.run(
        ['git', '-C', TOP, 'ls-files', '-z', '--cached', '--others',
         '--exclude-standard'], capture_output=True, check=True).stdout
    tree = t.path('tree')
    for name in listed.decode().split('\0'):
        if name and (TOP / name).is_file():
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, target)
    cache = TOP / 'subprojects' / 'packagecache'
    if cache.is_dir():
        shutil.copytree(cache, tree / 'subprojects' / 'packagecache',
                        dirs_exist_ok=True)
        shutil.copytree(cache, t.path('shop') / 'subprojects' / 'packagecache')
    return tree


@deadline(900)
def test_applications_page(t):
    t.program('nc')
    page = Page(TOP / 'docs' / 'applications.md', copy_of_tree(t),
                {'BILLET_BUILD': 'build', **os.environ})
    t.at_end(page.close)
    blocks = page.follow(page.text)
    if blocks < 20:
        raise PageError(f'the page has only {blocks} blocks')
