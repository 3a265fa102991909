# SPDX-License-Identifier: ISC
"""The web server over TLS: its certificates, and where it sends people."""
import re
import shutil
import signal
from pathlib import Path

from billetlib import qemu
from harness import TOP, Failed, each, until
from test_dhcp import said, wait_for

CERTS = Path(__file__).parent.parent / 'certs'
SITE = TOP / 'apps' / 'web' / 'site'
WORDS = ('--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64')
HOSTS = {'4': '10.73.0.2', '6': '[fd73::2]'}


def web(t, net, *words, files=None):
    start = [f'BILLET_FILES={files}'] if files else []
    child = net.start('env', *start, t.image('web', ''), '--net=tap0',
                      *WORDS, *words, log='web')
    wait_for(child, r'address fd73::2/64')
    return child


def curl(t, net, *words, status=0):
    return net.run(t.program('curl'), '-sS', '--max-time', '20', *words,
                   status=status, seconds=30).decode(errors='replace')


def digest(t, net, host):
    """SHA-256 of the certificate that is shown, as OpenSSL prints it."""
    out = net.run('sh', '-c',
                  f'openssl s_client -connect {host}:443 </dev/null 2>/dev/null'
                  ' | openssl x509 -noout -fingerprint -sha256',
                  seconds=30).decode()
    return out.strip().split('=')[1]


def put(folder, name):
    for kind in 'cert', 'key':
        shutil.copy(CERTS / f'{name}.{"crt" if kind == "cert" else "key"}',
                    folder / f'tls-{kind}')


@each(tls13_4={'family': '4', 'version': '1.3'},
      tls12_6={'family': '6', 'version': '1.2'})
def test_https_serves_the_site(t, family, version):
    net = t.network()
    child = web(t, net, '--tls=on', '--tls-names=web.test,localhost')
    host = HOSTS[family]
    made = re.search(r'made one for web\.test, signed by itself; SHA-256 '
                     r'([0-9A-F:]{95})', said(child))
    assert made and made[1] == digest(t, net, host), said(child)
    only = ['-k', '--http1.1', f'--tlsv{version}', '--tls-max', version]
    for name in 'index.html', '600.html', 'assets/style.css':
        assert curl(t, net, *only, f'https://{host}/{name}') == \
            (SITE / name).read_text()
        head = curl(t, net, *only, '-I', f'https://{host}/{name}').lower()
        assert 'strict-transport-security: max-age=31536000\r\n' in head
        head = curl(t, net, '-I', f'http://{host}/{name}').lower()
        assert ' 200' in head and 'strict-transport' not in head
    head = curl(t, net, *only, '-I', f'https://{host}/none').lower()
    assert ' 404 ' in head and 'strict-transport-security' in head
    assert curl(t, net, *only, f'https://{host}/healthz') == 'ok\n'


def test_https_only_sends_everyone_there(t):
    net = t.network()
    web(t, net, '--tls=only', '--https-port=8443', '--http-port=8080',
        '--hsts=0')
    for ask, status, location in (
            (['http://10.73.0.2:8080/about/?a=b&c=%20d'], 301,
             'https://10.73.0.2:8443/about/?a=b&c=%20d'),
            (['http://[fd73::2]:8080/'], 301, 'https://[fd73::2]:8443/'),
            (['-H', 'Host: example.test', 'http://10.73.0.2:8080/x'], 301,
             'https://example.test:8443/x'),
            (['-d', 'body', 'http://10.73.0.2:8080/transmit'], 308,
             'https://10.73.0.2:8443/transmit'),
            (['-H', 'Host:', 'http://10.73.0.2:8080/', '--http1.0'], 400,
             None)):
        head = curl(t, net, '-D', '-', '-o', '/dev/null', *ask)
        assert head.startswith(f'HTTP/1.1 {status} '), head
        assert not location or f'\r\nLocation: {location}\r\n' in head, head
        assert 'strict-transport' not in head.lower()
    # who asks for its health need not speak TLS
    assert curl(t, net, 'http://10.73.0.2:8080/healthz') == 'ok\n'
    end = curl(t, net, '-k', '-L', '-d', 'what came', '-H',
               'Content-Type: text/plain', 'http://10.73.0.2:8080/transmit')
    assert end == 'what came'
    head = curl(t, net, '-k', '-I', 'https://10.73.0.2:8443/').lower()
    assert ' 200' in head and 'strict-transport' not in head


def test_https_shows_what_it_is_given(t):
    """Files, read again when the owner says so; live sessions go on."""
    net, files = t.network(), t.path('files')
    files.mkdir()
    put(files, 'server-p256')
    child = web(t, net, '--tls=on', files=files)
    name = 'billet.test'
    ask = ['--cacert', CERTS / 'ca.crt', '--resolve', f'{name}:443:10.73.0.2',
           f'https://{name}/healthz']
    assert curl(t, net, *ask) == 'ok\n'
    first = digest(t, net, '10.73.0.2')
    put(files, 'server-rsa2048')
    (files / 'tls-key').write_text('nonsense')
    child.send_signal(signal.SIGHUP)
    wait_for(child, 'the certificate in use stays')
    assert digest(t, net, '10.73.0.2') == first
    put(files, 'server-rsa2048')
    child.send_signal(signal.SIGHUP)
    wait_for(child, 'the certificate was replaced')
    until(lambda: digest(t, net, '10.73.0.2') != first, 20, 'another one')
    assert curl(t, net, *ask) == 'ok\n'


def test_https_refuses_half_an_identity(t):
    net, files = t.network(), t.path('files')
    files.mkdir()
    put(files, 'server-p256')
    (files / 'tls-key').unlink()
    out = net.run('env', f'BILLET_FILES={files}', t.image('web', ''),
                  '--net=tap0', *WORDS, '--tls=on', status=1, seconds=20)
    assert b'a certificate was given without a key' in out, out
    out = net.run(t.image('web', ''), '--net=tap0', *WORDS, '--tls=on',
                  '--tls-cert=?', '--tls-key=AAAA', status=1, seconds=20)
    assert b'no base64' in out, out


@each(web={'name': 'web', 'words': ['--tls=on']}, pinata={},
      aes_alone={'cpu': 'qemu64,+aes'},
      no_product={'cpu': 'max,-pclmulqdq'},
      no_sse={'cpu': 'max,-ssse3,-sse4.1'},
      avx2_alone={'cpu': 'max,-avx'},
      no_xsave={'cpu': 'max,-xsave'},
      old={'cpu': 'Conroe'})
def test_https_on_lesser_processors(t, name='pinata', words=(), cpu='qemu64'):
    """qemu64 is what QEMU has without -cpu: hashes are C there, and some
    of them are asked for before any session is.  Others have an instruction
    without those that stand beside it in wolfSSL."""
    port = t.free_port()
    line = qemu.Line(cpu=cpu).kernel(t.image(name), words)
    guest = t.guest(line.user_net([('tcp', port, 443)]))
    guest.wait_for(r'address 10\.0\.2\.15')
    out = t.run(t.program('curl'), '-sSk', '--max-time', '20',
                f'https://localhost:{port}/').decode()
    assert '<html' in out.lower(), out


def test_https_is_a_machine(t):
    net, files = t.network(), t.path('files')
    files.mkdir()
    put(files, 'server-p256')
    line = qemu.Line(cpu='max', memory_mb=96).kernel(
        t.image('web'), [*WORDS, '--tls=only'])
    for kind in 'cert', 'key':
        line.add('-fw_cfg',
                 f'name=opt/billet/tls-{kind},file={files}/tls-{kind}')
    guest = net.guest(line)
    guest.wait_for('address fd73::2/64')
    name = 'billet.test'
    for host in '10.73.0.2', '[fd73::2]':
        ask = ['--cacert', CERTS / 'ca.crt', '--resolve', f'{name}:443:{host}']
        assert curl(t, net, *ask, f'https://{name}/600.html') == \
            (SITE / '600.html').read_text()
        head = curl(t, net, '-I', f'http://{host}/a')
        assert f'\r\nLocation: https://{host}/a\r\n' in head
    if 'made one' in guest.text():
        raise Failed('the certificate that was given is not used')


@each(h1={'alpn': 'http/1.1'}, h2={'alpn': 'h2'})
def test_https_makes_room(t, alpn):
    """Connections that rest do not keep others out for long."""
    net = t.network()
    web(t, net, '--tls=on', '--tls-sessions=4')
    holder = net.start('python3', '-c', rf"""
import socket, ssl, time
context = ssl._create_unverified_context()
context.set_alpn_protocols(['{alpn}'])
held = []
for i in range(4):
    s = context.wrap_socket(socket.create_connection(('10.73.0.2', 443)))
    if '{alpn}' == 'h2':
        s.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
                  + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    held.append(s)
print('held', flush=True)
time.sleep(100)
""", log='holder')
    wait_for(holder, 'held')
    until(lambda: curl(t, net, '-k', 'https://10.73.0.2/healthz',
                       status=None) == 'ok\n', 7, 'there is room')


# What the client can verify, and the certificate that it is to be shown.
KINDS = {'ECDSA+SHA256': 'server-p256', 'RSA-PSS+SHA256': 'server-rsa2048',
         'ed25519': 'server-ed25519',
         'RSA-PSS+SHA256:ECDSA+SHA256': 'server-p256'}


def shown_to(t, net, *words):
    out = net.run('sh', '-c', 'exec "$@" </dev/null 2>&1', 'sh',
                  t.program('openssl'), 's_client', '-connect',
                  '10.73.0.2:443', *words, status=None, seconds=30).decode()
    found = re.search('-----BEGIN.*?END CERTIFICATE-----', out, re.S)
    return found[0].split() if found else out[-1500:]


def pem(name):
    text = (CERTS / f'{name}.crt').read_text()
    return re.search('-----BEGIN.*?END CERTIFICATE-----', text, re.S)[0].split()


@each(tls13={'version': '-tls1_3'}, tls12={'version': '-tls1_2'})
def test_certificate_is_of_a_kind_that_the_client_can_verify(t, version):
    folder = t.path('given')
    folder.mkdir()
    for i, name in enumerate(('server-ed25519', 'server-p256',
                              'server-rsa2048', 'other')):
        for kind, end in ('cert', 'crt'), ('key', 'key'):
            shutil.copy(CERTS / f'{name}.{end}', folder / (
                f'tls-{kind}-{i + 1}' if i else f'tls-{kind}'))
    net = t.network()
    child = web(t, net, '--tls=on', files=folder)
    for sigalgs, name in KINDS.items():
        got = shown_to(t, net, version, '-servername', 'x.wild.test',
                       '-sigalgs', sigalgs)
        assert got == pem(name), (sigalgs, got)
    assert shown_to(t, net, version, '-servername', 'other.test') == \
        pem('other')
    if version == '-tls1_2':    # a cipher suite says it, too
        for cipher, name in (('ECDHE-RSA-AES128-GCM-SHA256',
                              'server-rsa2048'),
                             ('ECDHE-ECDSA-AES256-GCM-SHA384',
                              'server-ed25519')):
            got = shown_to(t, net, version, '-cipher', cipher)
            assert got == pem(name), (cipher, got)
    # each of them can be replaced
    shutil.copy(CERTS / 'server-p384.crt', folder / 'tls-cert-2')
    shutil.copy(CERTS / 'server-p384.key', folder / 'tls-key-2')
    child.send_signal(signal.SIGHUP)
    wait_for(child, '(the certificate was replaced[\\s\\S]*){4}')
    assert shown_to(t, net, version, '-servername', 'x.wild.test', '-sigalgs',
                    'ECDSA+SHA384') == pem('server-p384')


@each(tls13={'version': '-tls1_3'}, tls12={'version': '-tls1_2'})
def test_ocsp_answer_is_shown_to_who_asks(t, version):
    folder = t.path('given')
    folder.mkdir()
    put(folder, 'server-p256')
    shutil.copy(CERTS / 'ocsp-good.der', folder / 'tls-ocsp')
    net = t.network()
    child = web(t, net, '--tls=on', files=folder)

    def asked(*words):
        return net.run('sh', '-c', 'exec "$@" </dev/null 2>&1', 'sh',
                       t.program('openssl'), 's_client', '-connect',
                       '10.73.0.2:443', version, *words,
                       seconds=30).decode(errors='replace')
    good = 'Cert Status: good'
    assert good in asked('-status'), asked('-status')
    assert 'OCSP' not in asked()
    (folder / 'tls-ocsp').unlink()
    child.send_signal(signal.SIGHUP)
    wait_for(child, 'the certificate was replaced')
    assert good in asked('-status')     # it is the same certificate
    put(folder, 'server-p384')
    child.send_signal(signal.SIGHUP)
    wait_for(child, r'(the certificate was replaced[\s\S]*){2}')
    assert good not in asked('-status')
