# SPDX-License-Identifier: ISC
"""Certificates by ACME from pebble, which refuses nonces and takes its time."""
import base64
import json
import re
from pathlib import Path

import tls_certs
from billetlib import qemu
from harness import Failed, each
from test_dhcp import said, wait_for

HERE = Path(__file__).parent
WORDS = ('--ipv4=10.73.0.2/24', '--ipv6=fd73::2/64', '--dns=10.73.0.1',
         '--tls=on', '--acme-email=owner@web.lab')
WHERE = {'10.73.0.1': '10.73.0.1:14000', 'fd73::1': '[fd73::1]:14000'}


def pebble(t, net, address='10.73.0.1', names=('web.lab',), life=86400,
           strict=50, **environment):
    """The CA, and a name server that sends it to us."""
    net.start(t.program('dnsmasq'), '--keep-in-foreground', '--user=root',
              '--conf-file=/dev/null', '--no-resolv', '--no-hosts',
              '--interface=tap0', '--bind-interfaces',
              '--address=/web.lab/10.73.0.2', '--address=/two.lab/10.73.0.2',
              '--address=/six.lab/fd73::2', '--address=/no.lab/10.73.0.77',
              log='names')
    cert, key = tls_certs.make(t, 'ca-server', 'IP:10.73.0.1,IP:fd73::1')
    config = t.path('pebble.json')
    config.write_text(json.dumps({'pebble': {
        'listenAddress': WHERE[address], 'certificate': str(cert),
        'managementListenAddress': '', 'privateKey': str(key),
        'httpPort': 80, 'tlsPort': 443, 'ocspResponderURL': '',
        'externalAccountBindingRequired': False,
        'certificateValidityPeriod': life}}))
    given = {'PEBBLE_WFE_NONCEREJECT': strict, 'PEBBLE_VA_NOSLEEP': 1,
             'PEBBLE_WFE_AUTHZREUSE': 0, **environment}
    child = net.start('env', *[f'{k}={v}' for k, v in given.items()],
                      t.program('pebble'), '-config', config, '-dnsserver',
                      '10.73.0.1:53', log='pebble')
    wait_for(child, 'Listening on')
    return child


def web(t, net, *words, address='10.73.0.1', names='web.lab'):
    env = tls_certs.given(t, acme_trust=tls_certs.CA)
    return net.start('env', f"BILLET_FILES={env['BILLET_FILES']}",
                     t.image('web', ''), '--net=tap0', *WORDS,
                     f'--acme=https://{WHERE[address]}/dir',
                     f'--acme-names={names}', *words, log='web')


def shown(t, net, name='web.lab', to='10.73.0.2:443'):
    """The certificate that is served, in words."""
    pem = net.run('sh', '-c', 'exec "$@" </dev/null 2>/dev/null', 'sh',
                  t.program('openssl'), 's_client', '-connect', to,
                  '-servername', name, status=None, seconds=20)
    path = t.path('shown.pem')
    path.write_bytes(pem)
    return t.run('openssl', 'x509', '-in', path, '-noout', '-issuer',
                 '-serial', '-ext', 'subjectAltName').decode()


def is_issued(text, *names):
    if 'Pebble' not in text or any(f'DNS:{n}' not in text for n in names):
        raise Failed(text)


def serial(text):
    return re.search(r'^serial=(\w+)$', text, re.M)[1]


def metric(net, t, name):
    page = net.run(t.program('curl'), '-sS', 'http://10.73.0.2/metrics')
    return int(re.search(rf'^acme_{name}(?:_total)? (\d+)$', page.decode(),
                         re.M)[1])


@each(http4={'challenge': 'http-01', 'address': '10.73.0.1',
             'names': 'web.lab'},
      http6={'challenge': 'http-01', 'address': 'fd73::1',
             'names': 'six.lab'},
      alpn4={'challenge': 'tls-alpn-01', 'address': '10.73.0.1',
             'names': 'web.lab,two.lab'},
      alpn6={'challenge': 'tls-alpn-01', 'address': 'fd73::1',
             'names': 'six.lab'})
def test_certificate_is_got(t, challenge, address, names):
    net = t.network()
    ca = pebble(t, net, address)
    image = web(t, net, f'--acme-challenge={challenge}', address=address,
                names=names)
    wait_for(image, 'a new certificate for')
    is_issued(shown(t, net, names.split(',')[0]), *names.split(','))
    if (metric(net, t, 'asked') > 0) != (challenge == 'http-01'):
        raise Failed(f'not by {challenge}: {said(ca)}')
    if metric(net, t, 'nonces') == 0 or metric(net, t, 'failures'):
        raise Failed('counters')


def test_certificate_is_renewed_while_serving(t):
    net = t.network()
    pebble(t, net, life=15)
    image = web(t, net, '--tls=only')
    wait_for(image, 'a new certificate for')
    first = serial(shown(t, net))
    wait_for(image, r'(a new certificate for[\s\S]*){2}', 60)
    second = shown(t, net)
    is_issued(second, 'web.lab')
    if serial(second) == first:
        raise Failed('the same certificate')


def test_ca_says_when_to_renew(t):
    """A directory beside pebble's, with a window that has begun (RFC 9773)."""
    net = t.network()
    pebble(t, net, life=60)
    cert = [t.path('ca-server.crt'), t.path('ca-server.key')]
    guide = net.start('python3', HERE / 'acme_guide.py', '10.73.0.1', 14001,
                      'https://10.73.0.1:14000/dir', *cert, log='guide')
    wait_for(guide, 'ready')
    env = tls_certs.given(t, acme_trust=tls_certs.CA)
    image = net.start('env', f"BILLET_FILES={env['BILLET_FILES']}",
                      t.image('web', ''), '--net=tap0', *WORDS,
                      '--acme=https://10.73.0.1:14001/dir',
                      '--acme-names=web.lab', log='web')
    wait_for(image, 'a new certificate for')
    number = bytes.fromhex(serial(shown(t, net)))
    if number[0] & 0x80:
        number = b'\0' + number
    number = base64.urlsafe_b64encode(number).rstrip(b'=').decode()
    wait_for(guide, rf'GET /ari/[\w-]+\.{re.escape(number)}$')
    # two thirds are 40 s; a third is the least there must be between two
    wait_for(image, r'(a new certificate for[\s\S]*){2}', 35)


def test_state_outlives_a_start(t):
    net = t.network()
    ca = pebble(t, net)
    disk = t.path('state.img')
    disk.write_bytes(bytes(1 << 20))
    image = web(t, net, f'--disk={disk}')
    wait_for(image, 'a new certificate for')
    first = serial(shown(t, net))
    qemu.stop(image)
    image = web(t, net, f'--disk={disk}')
    wait_for(image, 'the certificate that was kept is in use')
    if serial(shown(t, net)) != first or \
            len(re.findall(r'There are now \d+ accounts', said(ca))) != 1:
        raise Failed('another one')


def test_name_that_is_not_ours_is_refused_in_words(t):
    net = t.network()
    pebble(t, net)
    image = web(t, net, names='web.lab,no.lab')
    wait_for(image, r'acme\] warning: .*no\.lab.*invalid.*again in')
    if 'Pebble' in shown(t, net) or metric(net, t, 'failures') != 1:
        raise Failed('there is one')


def test_ca_that_nobody_trusts_is_not_asked(t):
    net = t.network()
    pebble(t, net)
    (t.folder / 'given').mkdir()
    image = net.start('env', f"BILLET_FILES={t.path('given')}",
                      t.image('web', ''), '--net=tap0', *WORDS,
                      '--acme=https://10.73.0.1:14000/dir',
                      '--acme-names=web.lab', log='web')
    wait_for(image, r'acme\] warning: .*trusted.*again in')


def test_image_gets_a_certificate(t):
    net = t.network()
    pebble(t, net)
    line = qemu.Line().kernel(t.image('web'), [
        *WORDS, '--acme=https://10.73.0.1:14000/dir', '--acme-names=web.lab'])
    line.add('-fw_cfg', f'name=opt/billet/acme-trust,file={tls_certs.CA}')
    guest = net.guest(line)
    guest.wait_for('a new certificate for', 60)
    is_issued(shown(t, net), 'web.lab')


def test_ca_may_take_its_time(t):
    net = t.network()
    pebble(t, net, PEBBLE_VA_NOSLEEP=0, PEBBLE_VA_SLEEPTIME=5)
    image = web(t, net)
    wait_for(image, 'a new certificate for', 60)
    is_issued(shown(t, net), 'web.lab')
    if metric(net, t, 'failures'):
        raise Failed('not waited for')


def test_rate_limit_is_respected(t):
    net = t.network()
    pebble(t, net)
    guide = net.start('python3', HERE / 'acme_guide.py', '10.73.0.1', 14001,
                      'https://10.73.0.1:14000/dir', t.path('ca-server.crt'),
                      t.path('ca-server.key'), 95, log='guide')
    wait_for(guide, 'ready')
    env = tls_certs.given(t, acme_trust=tls_certs.CA)
    image = net.start('env', f"BILLET_FILES={env['BILLET_FILES']}",
                      t.image('web', ''), '--net=tap0', *WORDS,
                      '--acme=https://10.73.0.1:14001/dir',
                      '--acme-names=web.lab', log='web')
    wait_for(image, r'acme\] warning: .*429 .*rateLimited.*again in 95 s')
    net.run('sleep', 3)
    if said(guide).count('POST') != 1:
        raise Failed(said(guide))
