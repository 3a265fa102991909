# SPDX-License-Identifier: ISC
"""Pages of docs/, followed block by block in a copy of the tree."""
import shutil
import subprocess
import sys

from harness import TOP, deadline, full

sys.path.insert(0, str(TOP / 'tests' / 'docs'))
from page import Page, PageError  # noqa: E402

OUT_OF_TREE = 'Out of tree'


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


def follow(t, *headings):
    """These sections of the page, in a copy of the tree."""
    t.program('nc')
    page = Page(TOP / 'docs' / 'applications.md', copy_of_tree(t),
                {'BILLET_BUILD': 'build'})
    t.at_end(page.close)
    return [page.section(heading) for heading in headings]


def sections():
    text = (TOP / 'docs' / 'applications.md').read_text()
    return [line[3:] for line in text.splitlines() if line.startswith('## ')]


@deadline(900)
def test_first_image_and_applications(t):
    inside = [name for name in sections() if name != OUT_OF_TREE]
    blocks = follow(t, *inside)
    if sum(blocks) < 12:
        raise PageError(f'the page has only {blocks} blocks')
    # What is built already need not be built for the page of a newcomer.
    page = Page(TOP / 'docs' / 'first-image.md', t.path('tree'),
                {'BILLET_BUILD': 'build'})
    t.at_end(page.close)
    if page.follow(page.text) < 12:
        raise PageError('the first page has too few blocks')


@deadline(120)
def test_troubleshooting(t):
    """With what is built already."""
    tree = copy_of_tree(t)
    (tree / 'build').symlink_to(t.build.resolve())
    page = Page(TOP / 'docs' / 'troubleshooting.md', tree,
                {'BILLET_BUILD': 'build'})
    if page.follow(page.text) < 18:
        raise PageError('the page has too few blocks')


@full
@deadline(900)
def test_applications_out_of_tree(t):
    """By itself: a second build of everything."""
    blocks = follow(t, OUT_OF_TREE)
    if sum(blocks) < 6:
        raise PageError(f'the section has only {blocks} blocks')
