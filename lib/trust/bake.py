#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Bake certificates into a C file: bake.py ROOTS.pem OUT.c

What stands between the certificates is left out; the rest is `trust_roots`.
"""
import re
import ssl
import sys
from pathlib import Path

LINE = 16
BLOCK = r'-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n'


def main():
    source, out = map(Path, sys.argv[1:])
    blocks = re.findall(BLOCK, source.read_text())
    if not blocks:
        sys.exit(f'bake.py: {source}: there is no certificate in it')
    for block in blocks:
        ssl.PEM_cert_to_DER_cert(block)  # raises when it is damaged
    text = ''.join(blocks).encode()
    rows = [','.join(map(str, text[at:at + LINE]))
            for at in range(0, len(text), LINE)]
    out.write_text(
        '/* Made by lib/trust/bake.py. */\n#include <billet/trust.h>\n\n'
        'static const uint8_t pem[] = {\n' + ',\n'.join(rows) + '};\n'
        'const struct span trust_roots = {pem, sizeof(pem)};\n')


if __name__ == '__main__':
    main()
