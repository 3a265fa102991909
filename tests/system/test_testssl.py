# SPDX-License-Identifier: ISC
"""testssl.sh looks at the Pinata's HTTPS.  Its own words and its findings stay
in the test's folder, testssl.txt and testssl.json."""
import json

from harness import Failed, deadline, each
from test_pinata import CERTS, FAMILIES, pinata

# Everything but each cipher by itself and the simulated browsers; what does
# not depend on the family is looked at once.
CHECKS = {'4': ('--protocols', '--std', '--fs', '--server-preference',
                '--server-defaults', '--headers', '--vulnerable'),
          '6': ('--protocols', '--std', '--headers')}
LEAST_FINDINGS = {'4': 70, '6': 15}
BELOW_OK = ('WARN', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL', 'FATAL')
# What is said to be worse, and why it is so here.
KNOWN = {
    # s_client of OpenSSL 3 is gone before the server's ticket comes;
    # test_pinata_resumes_sessions waits for it.
    'sessionresumption_ticket': 'WARN',
    # Debian's openssl cannot even offer them.
    'RC4': 'WARN',
    # Nobody revokes what a CA has issued that lives as long as the image.
    'cert_revocation': 'HIGH',
    # Who does not trust the CA yet gets the page, and the CA, at port 80.
    'HSTS': 'LOW'}


@each(four={'family': '4'}, six={'family': '6'})
@deadline(240)
def test_testssl_finds_nothing(t, family):
    program = t.program('testssl', 'testssl.sh')
    net = t.network()
    pinata(t, net)
    host = FAMILIES[family]
    findings = t.path('testssl.json')
    out = net.run(program, '--quiet', '--color', '0', '--warnings', 'batch',
                  '--fast', *(['-6'] if family == '6' else []),
                  '--nodns', 'none', '--add-ca', CERTS / 'ca.crt',
                  '--ip', host, '--jsonfile', findings, *CHECKS[family],
                  'https://ownme.billet.test:443/', status=None, seconds=200)
    t.path('testssl.txt').write_bytes(out)
    found = json.loads(findings.read_text())
    worse = [f'{f["id"]}: {f["severity"]}: {f["finding"]}' for f in found
             if f['severity'] in BELOW_OK and KNOWN.get(f['id']) != f['severity']]
    print(f'{len(found)} findings, {len(worse)} below OK')
    if len(found) < LEAST_FINDINGS[family] or worse:
        raise Failed('\n'.join(worse) or out.decode()[-1500:])
