# SPDX-License-Identifier: ISC
"""Where things are: the source tree, the build, the table of applications."""
import ast
import os
import re
from pathlib import Path

from .say import Stop, USAGE

TOP = Path(__file__).resolve().parents[2]


def default_build():
    return os.environ.get('BILLET_BUILD') or 'build'


def build_dir(name=None):
    """The build directory; a relative name is relative to the tree."""
    return TOP / (name or default_build())


def shown(path):
    """A path as short as it can be said from here."""
    try:
        return os.path.relpath(path) if Path(path).is_relative_to(TOP) \
            else str(path)
    except ValueError:
        return str(path)


def apps():
    """The dictionary at the top of apps/meson.build, which is all literals."""
    text = (TOP / 'apps' / 'meson.build').read_text()
    found = re.search(r'^apps = (\{.*?^\})', text, re.M | re.S)
    if not found:
        raise Stop('apps/meson.build: no dictionary "apps" in it')
    return ast.literal_eval(found.group(1))


def app(name):
    table = apps()
    if name not in table:
        raise Stop(f'{name}: no such application; there are '
                   + ', '.join(sorted(table)), USAGE)
    return table[name]
