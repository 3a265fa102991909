# SPDX-License-Identifier: ISC
"""The Pinata's pages and limits: figures, attempts, where the secret is from,
certificates that end and come anew."""
import hashlib
import json
import re
import secrets
import ssl

from billetlib import qemu
from harness import Failed, deadline, each, until
from test_dhcp import said, wait_for
from test_syslog import server
from test_pinata import CERTS, FAMILIES, client, expect_secret

ADDRESSES = ('--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64')
SECRET = '32 bytes that nobody can guess, or'
BOTH = {'four': {'host': '10.73.0.2'}, 'six': {'host': '[fd73::2]'}}


def pinata(t, net, *words, env=()):
    start = ['env', *env] if env else []
    child = net.start(*start, t.image('pinata', ''), '--net=tap0', *ADDRESSES,
                      *words, log='pinata')
    wait_for(child, r'address fd73::2/64')
    return child


def get(t, net, url, *words):
    return net.run(t.program('curl'), '-sS', '--max-time', '10', *words, url)


def counters(t, net, host='10.73.0.2'):
    return json.loads(get(t, net, f'http://{host}/counters'))


@each(**BOTH)
def test_pinata_counts_and_tells(t, host):
    net = t.network()
    child = pinata(t, net, '--test', '--secret=the secret itself')
    before = counters(t, net, host)
    expect_secret(client(t, net, f'{host}:10000', 'client-p256'), 'good')
    client(t, net, f'{host}:10000', 'bad-expired')
    client(t, net, f'{host}:10000', None)
    client(t, net, f'{host}:10000', None)
    until(lambda: counters(t, net, host)['open_sessions'] == 0, 10,
          'all is over')
    after = counters(t, net, host)
    for key, more in {'attempts': 4, 'attempts_10000': 4, 'handshakes': 1,
                      'failures': 3, 'secrets_given': 1, 'limited': 0}.items():
        if after[key] - before[key] != more:
            raise Failed(f'{key}: {before} {after}')

    lines = get(t, net, f'http://{host}/attempts').decode().splitlines()
    here = {'4': r'10\.73\.x\.x', '6': r'fd73::/48'}[
        '6' if ':' in host else '4']
    for line, want in zip(lines, (
            r'certificate_required \(2 times\)', 'certificate_expired',
            'the secret was given')):
        if not re.fullmatch(rf'\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ port 10000 '
                            rf'from {here}: .*{want}', line):
            raise Failed(f'{line!r} is not {want}')
    listed = json.loads(get(t, net, f'http://{host}/attempts.json'))
    assert [a['times'] for a in listed] == [2, 1, 1], listed
    text = said(child).split('\n', 1)[1]  # without the command
    assert 'certificate_expired' in text and 'the secret itself' not in text
    for path in '/metrics', '/counters', '/attempts', '/':
        assert b'the secret itself' not in get(t, net, f'http://{host}{path}')


@each(**BOTH)
def test_pinata_front_page_says_it_all_without_a_script(t, host):
    net = t.network()
    pinata(t, net, '--test')
    client(t, net, f'{host}:10000', None)
    until(lambda: counters(t, net)['failures'] == 1, 10, 'it failed')
    page = get(t, net, f'http://{host}/').decode()
    assert '{{' not in page, page
    assert (CERTS / 'ca.crt').read_text() in page
    assert 'data-show="failures">1<' in page, page
    assert '1064' in page
    # nothing from elsewhere
    assert not re.search(r'(src|href)="(?!/)', page), page
    person = get(t, net, f'http://{host}/counters', '-H', 'Accept: text/html')
    assert b'http-equiv="refresh"' in person
    head = get(t, net, f'http://{host}/', '-i').decode().lower()
    for field in ("content-security-policy: default-src 'none'",
                  'x-content-type-options: nosniff', 'referrer-policy'):
        assert field in head, head
    pem = ssl.DER_cert_to_PEM_cert(get(t, net, f'http://{host}/ca.der'))
    assert pem == (CERTS / 'ca.crt').read_text()


@each(**BOTH)
def test_pinata_limits_a_source(t, host):
    net = t.network()
    child = pinata(t, net, '--test', '--attempts-per-minute=3')
    dial = ('import socket, sys\n'
            'for i in range(8):\n'
            ' try: socket.create_connection((sys.argv[1], 10000)).close()\n'
            ' except ConnectionResetError: pass')
    net.run('python3', '-c', dial, host.strip('[]'))
    until(lambda: counters(t, net)['limited'] == 5, 10, 'five were too many')
    assert said(child).count('too many attempts from there') == 1


def test_pinata_refuses_when_all_places_are_taken(t):
    net = t.network()
    pinata(t, net, '--test', '--handshakes=5', '--handshakes-out=1')
    dial = ('import signal, socket\n'
            'all = []\n'
            'for i in range(9):\n'
            ' s = socket.socket()\n'
            ' all.append(s)\n'
            ' try: s.connect(("10.73.0.2", 10000))\n'
            ' except ConnectionError: pass\n'
            'signal.pause()')
    holder = net.start('python3', '-c', dial)
    until(lambda: counters(t, net)['full'] == 4, 10, 'four were refused')
    now = counters(t, net)
    assert now['open_sessions'] == 5 and now['open_sessions_max'] == 6, now
    qemu.stop(holder)
    until(lambda: counters(t, net)['open_sessions'] == 0, 20, 'they are over')
    expect_secret(client(t, net, '10.73.0.2:10000', 'client-p256').replace(
        '.oO( SEKRIT )Oo.', 'the secret itself'), 'afterwards')


def test_pinata_takes_its_secret_from_a_file(t):
    net = t.network()
    folder = t.path('files')
    folder.mkdir()
    (folder / 'secret').write_text('the secret itself')
    child = pinata(t, net, '--test', env=[f'BILLET_FILES={folder}'])
    wait_for(child, 'the secret has 17 bytes, from a file given along')
    expect_secret(client(t, net, '10.73.0.2:10000', 'client-p256'), 'file')


def test_pinata_takes_its_secret_from_fw_cfg(t):
    net = t.network()
    secret = t.path('secret')
    secret.write_text('the secret itself')
    line = qemu.Line(cpu='max', memory_mb=64).kernel(
        t.image('pinata'), [*ADDRESSES, '--test'])
    line.add('-fw_cfg', f'name=opt/billet/secret,file={secret}')
    guest = net.guest(line)
    guest.wait_for('from a file given along')
    guest.wait_for('address fd73::2/64')
    for host in FAMILIES.values():
        expect_secret(client(t, net, f'{host}:10000', 'client-p256'), host)


@each(both={'words': ['--secret=another'], 'file': 'x' * 20,
            'reason': 'more than one of'},
      long={'words': [], 'file': 'x' * 1025, 'reason': 'longer than 1,024'},
      empty={'words': ['--secret='], 'file': '', 'reason': 'is empty'})
def test_pinata_says_what_is_wrong_with_a_secret(t, words, file, reason):
    net = t.network()
    folder = t.path('files')
    folder.mkdir()
    (folder / 'secret').write_text(file)
    out = net.run('env', f'BILLET_FILES={folder}', t.image('pinata', ''),
                  '--net=tap0', *words, status=1).decode()
    assert reason in out, out

def proof(t, net, host, challenge):
    """What openssl thinks of it; the text that was signed."""
    for name, path in {'txt': f'proof.txt?challenge={challenge}',
                       'sig': f'proof.sig?challenge={challenge}',
                       'pub': 'proof.pub'}.items():
        t.path(name).write_bytes(get(t, net, f'http://{host}/{path}'))
    t.run(t.program('openssl'), 'dgst', '-sha256', '-verify', t.path('pub'),
          '-signature', t.path('sig'), t.path('txt'))
    return t.path('txt').read_text()


@each(**BOTH)
def test_pinata_proves_that_the_secret_is_inside(t, host):
    net = t.network()
    child = pinata(t, net, '--test', f'--secret={SECRET}')
    challenge = secrets.token_hex(32)
    commitment = hashlib.sha256(SECRET.encode()).hexdigest()
    ca = hashlib.sha256(ssl.PEM_cert_to_DER_cert(
        (CERTS / 'ca.crt').read_text())).hexdigest()
    assert proof(t, net, host, challenge) == (
        f'Billet Pinata proof 1\nchallenge: {challenge}\n'
        f'commitment: sha256:{commitment}\nca: sha256:{ca}\n')
    assert get(t, net, f'http://{host}/commitment').decode() == \
        commitment + '\n'
    page = get(t, net, f'http://{host}/').decode()
    assert commitment in page and t.path('pub').read_text() in page
    wait_for(child, commitment)

    said_json = json.loads(get(t, net, f'http://{host}/proof?challenge=x%2By'))
    assert said_json['challenge'] == 'x+y'
    t.path('sig').write_bytes(bytes.fromhex(said_json['signature']))
    t.path('txt').write_text(said_json['signed'])
    t.run('openssl', 'dgst', '-sha256', '-verify', t.path('pub'),
          '-signature', t.path('sig'), t.path('txt'))
    assert said_json['public_key'] == t.path('pub').read_text()

    # who has the secret can make the same key
    secret_key = int(hashlib.sha256(
        b'Billet P-256 key\0\0' + SECRET.encode()).hexdigest(), 16)
    der = bytes.fromhex('302502010104' '20') + secret_key.to_bytes(32, 'big') \
        + bytes.fromhex('a00a06082a8648ce3d030107')
    der = bytes([0x30, len(der) - 2]) + der[2:]
    t.path('key').write_bytes(der)
    t.run('openssl', 'ec', '-inform', 'DER', '-in', t.path('key'), '-pubout',
          '-out', t.path('pub2'))
    assert t.path('pub2').read_text() == t.path('pub').read_text()


def test_pinata_signs_no_nonsense_and_not_without_end(t):
    net = t.network()
    pinata(t, net, '--test', '--proofs-per-minute=2')
    status = ('-o', t.path('body'), '-w', '%{http_code}')
    for query in ('', '?challenge=', '?challenge=' + 'x' * 129,
                  '?challenge=a%0Ab', '?challenge=%3Cb%3E', '?challenge=%FF',
                  '?challenge=%zz', '?challenge=a%00'):
        code = get(t, net, f'http://10.73.0.2/proof{query}', *status)
        assert code == b'400', (query, code)
    codes = [get(t, net, f'http://10.73.0.2/proof{kind}?challenge=x', *status)
             for kind in ('', '.sig', '.txt', '')]
    assert codes == [b'200', b'200', b'429', b'429'], codes
    assert counters(t, net)['proofs'] == 2


@each(process={'machine': False}, machine={'machine': True})
def test_pinata_reads_its_secret_from_a_disk_once(t, machine):
    net = t.network()
    disk = t.path('secret.img')
    disk.write_bytes(SECRET.encode().ljust(1 << 20, b'\0'))
    if machine:
        line = qemu.Line(cpu='max', memory_mb=64).kernel(
            t.image('pinata'), [*ADDRESSES, '--test', '--wipe-secret'])
        line.add('-drive', f'file={disk},format=raw,if=none,id=s', '-device',
                 'virtio-blk-pci,drive=s,serial=secret')
        guest = net.guest(line)
        guest.wait_for('bytes, from a disk')
        guest.wait_for('address fd73::2/64')
    else:
        child = pinata(t, net, '--test', f'--disk=secret={disk}',
                       '--wipe-secret')
        wait_for(child, 'bytes, from a disk')
    out = client(t, net, '10.73.0.2:10000', 'client-p256')
    assert SECRET in out, out
    assert disk.read_bytes() == bytes(1 << 20)


@each(empty={'words': ['--disk=secret=DISK'], 'reason': 'is empty'},
      two={'words': ['--disk=secret=DISK', '--secret=abc'],
           'reason': 'more than one of'},
      readonly={'words': ['--disk=secret=DISK:ro', '--wipe-secret'],
                'reason': 'can only be read'},
      none={'words': ['--wipe-secret'], 'reason': 'there is no disk'})
def test_pinata_says_what_is_wrong_with_a_disk(t, words, reason):
    net = t.network()
    disk = t.path('secret.img')
    disk.write_bytes((b'' if 'empty' in reason else b'x' * 20).ljust(8192,
                                                                    b'\0'))
    out = net.run(t.image('pinata', ''), '--net=tap0',
                  *[w.replace('DISK', str(disk)) for w in words],
                  status=1).decode()
    assert reason in out, out


def certificate_ends(t, net):
    out = net.run('sh', '-c', 'curl -s http://10.73.0.2/ca.crt | '
                  'openssl x509 -noout -fingerprint')
    return out


@each(made={'words': []}, given={'words': ['--test']})
def test_pinata_renews_while_it_serves(t, words):
    net = t.network()
    child = pinata(t, net, '--cert-life=20', *words)
    before = certificate_ends(t, net)
    wait_for(child, 'there are new certificates')
    after = certificate_ends(t, net)
    assert (before == after) == bool(words), (before, after)
    now = counters(t, net)
    assert now['renewals'] == 1
    ca = t.path('ca.crt')
    ca.write_bytes(get(t, net, 'http://10.73.0.2/ca.crt'))
    get(t, net, 'https://ownme.billet.test/', '--cacert', str(ca),
        '--resolve', 'ownme.billet.test:443:10.73.0.2')
    out = net.run('python3', CERTS.parent / 'system' / 'tls_relay.py',
                  '10.73.0.2', 10000, 10002)
    assert re.match(rb'relayed [1-9]\d{2,} [1-9]\d{2,}', out), out
    until(lambda: said(child).count('the secret was given') == 2, 10,
          'both ends gave it')


@deadline(240)
def test_pinata_makes_rsa_keys(t):
    net = t.network()
    pinata(t, net, '--cert-keys=rsa4096')
    ca = t.path('ca.crt')
    ca.write_bytes(get(t, net, 'http://10.73.0.2/ca.crt'))
    out = t.run('openssl', 'x509', '-in', ca, '-noout', '-text').decode()
    assert 'Public-Key: (4096 bit)' in out and 'sha256WithRSA' in out, out
    out = client(t, net, '10.73.0.2:443', None, '-no_ign_eof', '-CAfile', ca)
    assert 'Server public key is 4096 bit' in out and \
        'Verify return code: 0' in out, out
    out = net.run('python3', CERTS.parent / 'system' / 'tls_relay.py',
                  '10.73.0.2', 10000, 10002)
    assert re.match(rb'relayed [1-9]\d{2,} [1-9]\d{2,}', out), out
    until(lambda: counters(t, net)['secrets_given'] == 2, 20, 'both gave it')


@each(four={'address': '10.73.0.1'}, six={'address': '[fd73::1]'})
def test_pinata_tells_a_log_server(t, address):
    net = t.network()
    log = server(t, net, 'udp', address.strip('[]'))
    pinata(t, net, '--test', f'--syslog=udp:{address}:5140')
    client(t, net, '10.73.0.2:10000', None)
    wait_for(log, r'pinata - pinata - 10000: 10\.73\.0\.1:\d+: .*sent alert '
             'certificate_required')


def pem(*names):
    return '\n'.join((CERTS / name).read_text() for name in names)


@each(files={'by_key': False}, keys={'by_key': True})
def test_pinata_takes_a_ca_and_makes_what_is_below(t, by_key):
    net = t.network()
    ca = pem('ca.crt', 'ca.key')
    folder = t.path('files')
    folder.mkdir()
    if by_key:
        pinata(t, net, '--ca=' + ca.replace('\n', '\\n'), f'--secret={SECRET}')
    else:
        (folder / 'ca.pem').write_text(ca)
        pinata(t, net, f'--secret={SECRET}', env=[f'BILLET_FILES={folder}'])
    assert get(t, net, 'http://10.73.0.2/ca.crt') == \
        (CERTS / 'ca.crt').read_bytes()
    out = client(t, net, '10.73.0.2:10000', 'client-p256')
    assert SECRET in out and 'Verify return code: 0' in out, out


def test_pinata_takes_all_certificates_and_no_key_of_a_ca(t):
    net = t.network()
    folder = t.path('files')
    folder.mkdir()
    (folder / 'ca.pem').write_text(pem('ca.crt'))
    (folder / 'client.pem').write_text(pem('client-p384.crt',
                                           'client-p384.key'))
    env = [f'BILLET_FILES={folder}']
    out = net.run('env', *env, t.image('pinata', ''), '--net=tap0',
                  status=1).decode()
    assert 'has no key, and a certificate is missing' in out, out
    (folder / 'server.pem').write_text(pem('server-rsa2048.crt',
                                           'server-rsa2048.key'))
    (folder / 'site.pem').write_text(pem('server-ed25519.crt',
                                         'server-ed25519.key'))
    pinata(t, net, f'--secret={SECRET}', env=env)
    out = client(t, net, '10.73.0.2:10000', 'client-p256')
    assert SECRET in out and 'Server public key is 2048 bit' in out, out
    out = client(t, net, '10.73.0.2:443', None, '-no_ign_eof')
    assert 'Verify return code: 0' in out and 'ED25519' in out.upper(), out
    out = net.run('python3', CERTS.parent / 'system' / 'tls_relay.py',
                  '10.73.0.2', 10000, 10002)
    until(lambda: counters(t, net)['secrets_given'] == 3, 20, 'it met itself')


@each(ca={'words': ['--ca=nonsense'], 'reason': 'the CA that is given cannot'},
      key={'words': ['--test', '--site=' + 'x' * 20],
           'reason': 'site.pem: there is no certificate in it'},
      long={'words': ['--site=' + 'x' * 17000], 'reason': 'site.pem: a certificate that is given is longer'})
def test_pinata_says_what_is_wrong_with_certificates(t, words, reason):
    net = t.network()
    out = net.run(t.image('pinata', ''), '--net=tap0', *words,
                  status=1).decode()
    assert reason in out, out


@each(same4={'host': '10.73.0.2', 'door': '10002'},
      same6={'host': 'fd73::2', 'door': '10002'},
      back4={'host': '10.73.0.2', 'door': '10001:40001'},
      back6={'host': 'fd73::2', 'door': '10001:40001'})
def test_pinata_meets_itself(t, host, door):
    net = t.network()
    pinata(t, net, f'--secret={SECRET}')
    out = net.run('python3', CERTS.parent / 'system' / 'tls_relay.py', host,
                  10000, door)
    assert re.match(rb'relayed [1-9]\d{2,} [1-9]\d{2,}', out), out
    until(lambda: counters(t, net)['secrets_given'] == 2, 20, 'both gave it')
