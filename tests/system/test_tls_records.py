# SPDX-License-Identifier: ISC
"""The record size limit (RFC 8449), by GnuTLS, which says how long the records
are that it gets, and the maximum fragment length (RFC 6066), by OpenSSL."""
import re

from harness import Failed, each
from test_https import HOSTS, web

BYTES = 60000
OVERHEAD = 8 + 16    # of a record: a nonce in TLS 1.2, the tag
REQUEST = f'GET /random?bytes={BYTES} HTTP/1.0\\r\\n\\r\\n'


def shell(net, *command, ask=REQUEST):
    """What a program says that is asked once and hears until the end."""
    return net.run('sh', '-c', f'(printf "{ask}"; sleep 2) | "$@" 2>&1', 'sh',
                   *command, status=None, seconds=30)


@each(tls13_4={'version': '1.3', 'family': '4', 'limit': 1024},
      tls13_6={'version': '1.3', 'family': '6', 'limit': 4001},
      tls12_4={'version': '1.2', 'family': '4', 'limit': 1500})
def test_records_are_as_long_as_gnutls_takes(t, version, family, limit):
    net = t.network()
    web(t, net, '--tls=on')
    out = shell(net, t.program('gnutls-cli'), '-d', '9', '--insecure',
                '--priority', f'NORMAL:-VERS-ALL:+VERS-TLS{version}',
                f'--recordsize={limit}', '-p', '443',
                HOSTS[family].strip('[]')).decode(errors='replace')
    found = [int(n) for n in re.findall(
        r'Decrypted Packet\[\d+\] Application Data\(23\) with length: (\d+)',
        out)]
    if 'Record Size Limit' not in out or sum(found) < BYTES:
        raise Failed(out[-3000:])
    if not limit - 64 <= max(found) <= limit:
        raise Failed(f'{limit}: {found}')


@each(tls13={'version': '-tls1_3'}, tls12={'version': '-tls1_2'})
def test_records_are_as_long_as_openssl_takes(t, version):
    net = t.network()
    web(t, net, '--tls=on')
    out = shell(net, t.program('openssl'), 's_client', '-connect',
                '10.73.0.2:443', version, '-maxfraglen', '1024', '-msg',
                '-quiet', '-ign_eof').decode(errors='replace')
    found = [int(high + low, 16) for high, low in re.findall(
        r'<<<.*RecordHeader.*\n +17 03 03 (\w\w) (\w\w)', out)]
    if not found or not 1024 <= max(found) <= 1024 + OVERHEAD:
        raise Failed(f'{found}')
