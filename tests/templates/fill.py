#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Write the source that `billet new` would: fill.py KIND OUTPUT.c"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'scripts'))
from billetlib import new  # noqa: E402

Path(sys.argv[2]).write_text(new.source('shop', sys.argv[1]))
