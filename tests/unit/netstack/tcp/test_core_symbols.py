#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The TCP core calls nobody: what its archive leaves undefined is mem* alone.

usage: test_core_symbols.py ARCHIVE
"""
import re
import subprocess
import sys

# What compilers and sanitizers put there themselves.
ALLOWED = re.compile(r'mem\w+|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|sanitizer|'
                     r'stack_chk|gcov|llvm)_\w+')

rows = subprocess.run(['nm', '-g', sys.argv[1]], check=True,
                      capture_output=True, text=True).stdout.splitlines()
words = [row.split() for row in rows if row.split()]
defined = {w[-1] for w in words if len(w) == 3}
wanted = {w[-1] for w in words if len(w) == 2 and w[0] == 'U'}
strangers = sorted(n for n in wanted - defined if not ALLOWED.fullmatch(n))
if not defined or strangers:
    sys.exit('the core calls ' + (', '.join(strangers) or '... nothing at all'))
