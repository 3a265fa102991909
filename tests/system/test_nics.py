# SPDX-License-Identifier: ISC
"""Network cards that are not virtio's, as QEMU makes them.

A tap brings frames of any size up to the MTU both ways, and the card's own
cutting and summing; bytes that come back unchanged say that it works.
"""
import re

from harness import each, http_get, http_wait, until
from interop import ADDRESS, ARGS, CLIENT, GUEST, MIB
from test_virtio import check_counters, metric
from billetlib import qemu

BULK = 8 * MIB
CARDS = {
    'e1000': ('pc', 'e1000', 'INTx'),
    'e1000-82544gc': ('pc', 'e1000', 'INTx'),
    'e1000-82545em': ('pc', 'e1000', 'INTx'),
    'e1000e': ('q35', 'e1000e', 'MSI-X'),
    'vmxnet3': ('q35', 'vmxnet3', 'MSI-X'),
}
CASES = {f'{model}-ipv{family}': {'model': model, 'family': family}
         for model in CARDS for family in (4, 6)}


def bare(t, machine, elf, *more):
    """Nothing but the image, and a way in: the machine's own card."""
    line = qemu.Line(machine)
    line.words = [qemu.PROGRAM, '-machine', machine, '-kernel', str(elf),
                  '-display', 'none', '-serial', 'stdio', *more]
    return t.guest(line)


def metrics(net, family):
    host = GUEST[family] if family == 4 else f'[{GUEST[family]}]'
    return net.run('python3', '-c',
                   'import urllib.request as u; print(u.urlopen('
                   f'"http://{host}/metrics", timeout=5).read().decode())'
                   ).decode()


@each(pc={'machine': 'pc'}, q35={'machine': 'q35'})
def test_bare_command(t, machine):
    port = t.free_port()
    guest = bare(t, machine, t.image('web'), '-nic',
                 f'user,id=net0,hostfwd=tcp:127.0.0.1:{port}-:80')
    status, _, page = http_wait(port)
    assert status == 200 and b'Billet' in page
    guest.wait_for(r'uplink: e1000e? 52:54:00')
    guest.wait_for(r'uplink: address 10\.0\.2\.15')
    guest.wait_for(r'uplink: address fec0:.*slaac')  # routers answer, by IPv6


@each(rtl8139={'card': 'rtl8139', 'name': '10ec:8139'},
      i82559er={'card': 'i82559er', 'name': '8086:1209'},
      pcnet={'card': 'pcnet', 'name': '1022:2000'})
def test_a_card_without_a_driver_is_named(t, card, name):
    """Beside one that has a driver and is not named."""
    guest = bare(t, 'pc', t.image('router'), '-device', 'isa-debug-exit',
                 '-nic', 'user,model=e1000', '-nic', f'user,model={card}')
    guest.wait_for(rf'no driver here for the network card {name} \(00:04\.0\)')
    guest.wait_for('no device for the network')
    assert guest.text().count('no driver here') == 1, guest.text()


BEST = {'msi-x': 'MSI-X', 'msi': 'MSI', 'line': 'INTx'}


@each(**{f'{model}-{best}': {'model': model, 'best': best}
         for model in ('e1000e', 'vmxnet3', 'virtio-net-pci')
         for best in BEST})
def test_interrupts_of_a_card(t, model, best):
    """All kinds that it has: what arrives late is only seen by being asked."""
    http = t.free_port()
    line = qemu.Line('q35').kernel(
        t.image('web'), ['--logs=debug', f'--interrupts={best}'])
    guest = t.guest(line.add(
        '-netdev', f'user,id=net0,hostfwd=tcp:127.0.0.1:{http}-:80',
        '-device', f'{model},netdev=net0'))
    http_wait(http)
    kind = BEST[best]
    if model.startswith('virtio'):  # which have no MSI
        guest.wait_for(f'{model} .*, ' + ('MSI-X' if best == 'msi-x'
                                          else 'INTx'))
    else:
        guest.wait_for(f'{kind}, ring')
    before = metric(http_get(http, '/metrics')[2].decode(), 'nic_wakeups')
    for _ in range(20):
        assert http_get(http, '/')[0] == 200
    page = http_get(http, '/metrics')[2].decode()
    check_counters(page)
    assert metric(page, 'nic_wakeups') >= before + 20, 'few interrupts'


@each(**CASES)
def test_card(t, model, family):
    machine, kind, interrupt = CARDS[model]
    net = t.network(addresses=ADDRESS[family])
    line = qemu.Line(machine).kernel(t.image('web'),
                                     ['--logs=debug', *ARGS[family]])
    line.add('-netdev',
             'tap,id=net0,ifname=tap0,script=no,downscript=no', '-device',
             f'{model},netdev=net0')
    # Not t.guest(): its capture has no true frames where the card cuts.
    child = net.start(*line.words, log='console')
    until(lambda: f'address {GUEST[family]}' in
          child.log.read_text(errors='replace'), 40, 'the image is up')
    text = child.log.read_text(errors='replace')
    assert re.search(rf'{interrupt}, ring \d+', text), text
    assert re.search(rf'uplink: {kind} ', text), text
    net.run('python3', CLIENT, 'random', GUEST[family], BULK, seconds=100)
    frames = metric(metrics(net, family), 'nic_tx_frames')
    if family == 4 or kind != 'e1000':  # which leaves IPv6 to the stack
        assert frames * 4000 < 2 * BULK, f'{frames} frames: nothing was cut'
    net.run('python3', CLIENT, 'transmit', GUEST[family], BULK, seconds=100)
    check_counters(metrics(net, family))


@each(e1000={'model': 'e1000'}, e1000e={'model': 'e1000e'},
      vmxnet3={'model': 'vmxnet3'})
def test_link_of_a_card(t, model):
    port = t.free_port()
    line = qemu.Line(CARDS[model][0]).kernel(t.image('echo'))
    line.add('-netdev', f'user,id=net0,hostfwd=tcp:127.0.0.1:{port}-:80',
             '-device', f'{model},netdev=net0,id=nic0')
    guest = t.guest(line)
    http_wait(port)
    for _ in range(2):
        before = guest.text().count('link down')
        guest.qmp('set_link', name='nic0', up=False)
        until(lambda: guest.text().count('link down') > before, 10, 'down')
        before = guest.text().count('link up')
        guest.qmp('set_link', name='nic0', up=True)
        until(lambda: guest.text().count('link up') > before, 10, 'up')
    assert http_get(port, '/')[0] == 200
