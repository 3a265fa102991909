# SPDX-License-Identifier: ISC
"""Certificates for a test, by OpenSSL, of the published CA of tests/certs."""
from pathlib import Path

CERTS = Path(__file__).resolve().parent.parent / 'certs'
CA = CERTS / 'ca.crt'


def make(t, name, names, days=30, ca='ca'):
    """(certificate, key) with these alternative names, "DNS:..." or "IP:...";
    days -1: expired; ca None: signed by itself."""
    cert, key, request, extensions = (
        t.path(f'{name}.{kind}') for kind in ('crt', 'key', 'csr', 'ext'))
    openssl = t.program('openssl')
    t.run(openssl, 'req', '-new', '-newkey', 'ec', '-pkeyopt',
          'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-subj',
          f'/CN={name}', '-out', request)
    extensions.write_text(f'subjectAltName={names}\n'
                          'extendedKeyUsage=serverAuth\n')
    signer = ['-CA', CERTS / f'{ca}.crt', '-CAkey', CERTS / f'{ca}.key',
              '-set_serial', abs(hash(name)) % 2**63 + 1] if ca \
        else ['-signkey', key]
    t.run(openssl, 'x509', '-req', '-in', request, *signer, '-days', days,
          '-extfile', extensions, '-out', cert)
    return cert, key


def given(t, **files):
    """An environment in which a process is given these files."""
    import os
    folder = t.path('given')
    folder.mkdir(exist_ok=True)
    for name, path in files.items():
        (folder / name.replace('_', '-')).write_bytes(Path(path).read_bytes())
    return {**os.environ, 'BILLET_FILES': str(folder)}
