#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Every file that a page names is there.

usage: links.py [PAGE...]    all pages of the tree when none is given

Looked at, outside of blocks of code: relative links with their anchors;
`words/with/slashes` that are paths of this tree, from its top, from the page's
folder, or from one of the folders that the tables leave out; and `names.c` of
files that are somewhere in it.  Exit status 1, and each that is missing.
"""
import os
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
ROOTS = ('', 'netstack', 'tests', 'tests/unit', 'tests/unit/netstack',
         'tests/script')  # a table of one subject does not repeat its folder
SOURCE = r'\.(c|h|S|ld|md|py|script|txt|build)$'
MADE = {'build', 'build-fuzz'}  # folders that a build makes
OTHERS = {  # what a page names that is the reader's own, or not a file
    'docs/applications.md': {'subprojects/billet'},
    'docs/first-image.md': {'apps/shop/shop.c'},
}


def files():
    """Every name in the tree, but for what builds and git have made."""
    names = set()
    for folder, below, here in os.walk(TOP):
        below[:] = [b for b in below if not b.startswith('.')
                    and not (Path(folder, b) / 'build.ninja').exists()]
        names.update(here)
    return names


def plain(text):
    """Without blocks of code."""
    return re.sub(r'^( *)```.*?^ *```', '', text, flags=re.M | re.S)


def anchors(page):
    """What its headings are called in a link, as the usual viewers do it."""
    found = set()
    for heading in re.findall(r'^#+ (.*)$', plain(page.read_text()), re.M):
        word = re.sub(r'[^\w\- ]', '', heading.replace('`', '').lower())
        found.add(word.strip().replace(' ', '-'))
    return found


def links(page, text):
    for link in re.findall(r'\]\(([^)\s]+)\)', text):
        if re.match(r'[a-z]+:', link):
            continue
        name, _, anchor = link.partition('#')
        target = page.parent / name if name else page
        if not target.exists():
            yield link
        elif anchor and target.suffix == '.md' \
                and anchor not in anchors(target):
            yield link


def paths(page, text, names, others):
    first = {entry.name for entry in TOP.iterdir() if entry.is_dir()}
    for word in re.findall(r'`([\w.+-]+(?:/[\w.+-]+)*/?)`', text):
        head = word.split('/')[0]
        if word[0] == '.' or word in others or head in MADE \
                or re.search(r'\b[A-Z]{2,}\b', word.rsplit('.', 1)[0]
                             .replace('README', '').replace('_', ' ')):
            continue  # NAME.c stands for any of them
        if '/' in word and (head in first or re.search(SOURCE, word)):
            if not any((root / word).exists() for root in
                       [page.parent, *(TOP / r for r in ROOTS)]):
                yield word
        elif '/' not in word and re.search(SOURCE, word):
            if word not in names:
                yield word


def missing(page, names):
    text = plain(page.read_text())
    others = OTHERS.get(page.relative_to(TOP).as_posix(), set())
    return [*links(page, text), *paths(page, text, names, others)]


def main(pages):
    names = files()
    if not pages:
        pages = [TOP / 'README.md', TOP / 'CHANGELOG.md',
                 *sorted((TOP / 'docs').rglob('*.md'))]
        for part in ('apps', 'arch', 'boot', 'drivers', 'lib', 'netstack',
                     'scripts', 'tests'):
            pages += sorted((TOP / part).rglob('README.md'))
    bad = [(page.relative_to(TOP), word) for page in pages
           for word in missing(page, names)]
    for page, word in bad:
        print(f'{page}: {word} is not there')
    if bad:
        sys.exit(1)
    print(f'{len(pages)} pages')


if __name__ == '__main__':
    main([Path(p).resolve() for p in sys.argv[1:]])
