# SPDX-License-Identifier: ISC
"""The virtio drivers on every kind of device that QEMU makes.

The line with which an image describes a device, at --logs=debug, says what
was negotiated; bytes that come back unchanged say that it works.
"""
import hashlib
import re
import socket
import threading

from harness import each, http_get, http_wait, until
from interop import ADDRESS, ARGS, CLIENT, GUEST, MIB
from billetlib import qemu

BULK = 2 * MIB
BULK_TAP = 24 * MIB
RINGS = 'indirect_desc event_idx'


def on(machine, interface, words='', without='', more='', **properties):
    """A case: a device, and what the image must and must not say of it."""
    return {'machine': machine, 'interface': interface, 'words': words.split(),
            'without': without.split(), 'more': more.split(),
            'properties': properties}


PCI_PROPERTIES = ('disable_modern', 'disable_legacy', 'vectors', 'bus')
LEGACY_MMIO = '-global virtio-mmio.force-legacy=true '
NO_ACPI = '-machine acpi=off '
OLD = {'disable_modern': 'on', 'disable_legacy': 'off'}
NEW = {'disable_legacy': 'on'}
PACKED = '-global virtio-device.packed=on '
ALL_OLD = ('-global virtio-pci.disable-modern=on '
           '-global virtio-pci.disable-legacy=off ')
# What every QEMU offers on a user network, where there is nothing to offload.
DEVICES = {
    'pc': on('pc', 'virtio 1, MSI-X', RINGS + ' version_1 mrg_rxbuf mac'),
    'q35': on('q35', 'virtio 1, MSI-X', RINGS, **NEW),
    'pc-legacy': on('pc', 'legacy, MSI-X', RINGS, 'version_1', **OLD),
    'q35-legacy': on('q35', 'legacy, MSI-X', RINGS, **OLD),
    'pc-intx': on('pc', 'virtio 1, INTx', vectors=0),
    'q35-intx': on('q35', 'virtio 1, INTx', vectors=0, **NEW),
    'pc-legacy-intx': on('pc', 'legacy, INTx', vectors=0, **OLD),
    'q35-legacy-intx': on('q35', 'legacy, INTx', vectors=0, **OLD),
    'no-event-idx': on('pc', 'virtio 1', without='event_idx', event_idx='off'),
    'no-indirect': on('pc', 'virtio 1', without='indirect_desc',
                      indirect_desc='off'),
    'no-merging': on('pc', 'virtio 1', without='mrg_rxbuf', mrg_rxbuf='off'),
    'header-apart': on('pc', 'legacy', without='any_layout mrg_rxbuf',
                       any_layout='off', mrg_rxbuf='off', **OLD),
    'nothing': on('q35', 'virtio 1, INTx', without=RINGS + ' mrg_rxbuf',
                  vectors=0, event_idx='off', indirect_desc='off',
                  mrg_rxbuf='off', packed='off'),
    'packed': on('pc', 'virtio 1, MSI-X', RINGS + ' packed', more=PACKED),
    'packed-intx': on('q35', 'virtio 1, INTx', RINGS + ' packed', more=PACKED,
                      vectors=0, **NEW),
    'packed-bare': on('q35', 'virtio 1', 'packed', RINGS + ' mrg_rxbuf',
                      more=PACKED, event_idx='off', indirect_desc='off',
                      mrg_rxbuf='off'),
    'packed-long-ring': on('q35', 'virtio 1', 'packed', more=PACKED,
                           rx_queue_size=1024, **NEW),
    'packed-microvm': on('microvm', 'virtio 1, GSI', RINGS + ' packed',
                         more=PACKED),
    'iommu-platform': on('q35', 'virtio 1', 'access_platform',
                         iommu_platform='on', **NEW),
    'mtu': on('pc', 'virtio 1', 'mtu', host_mtu=1280),
    'long-ring': on('pc', 'legacy', rx_queue_size=1024, **OLD),
    'microvm': on('microvm', 'virtio 1, GSI', RINGS),
    'microvm-legacy': on('microvm', 'legacy, GSI', RINGS, more=LEGACY_MMIO),
    'microvm-no-acpi': on('microvm', 'virtio 1, GSI', RINGS, more=NO_ACPI),
    'microvm-legacy-no-acpi': on('microvm', 'legacy, GSI', RINGS,
                                 more=LEGACY_MMIO + NO_ACPI),
    'microvm-one-ioapic': on('microvm', 'virtio 1, GSI', RINGS,
                             more='-machine ioapic2=off'),
    'q35-root-port': on('q35', 'virtio 1, MSI-X', RINGS,
                        more='-device pcie-root-port,id=port0', bus='port0'),
    'microvm-nothing': on('microvm', 'legacy, GSI', '',
                          RINGS + ' mrg_rxbuf any_layout', more=LEGACY_MMIO,
                          event_idx='off', indirect_desc='off',
                          mrg_rxbuf='off', any_layout='off'),
}


# The device's own work, which it offers on a tap.
OFFLOADS = 'csum guest_csum host_tso4 host_tso6'
MERGED = 'guest_tso4 guest_tso6 mrg_rxbuf'
OFFLOADING = {
    'pc': on('pc', 'virtio 1, MSI-X', f'{OFFLOADS} {MERGED} {RINGS}'),
    'q35-legacy-intx': on('q35', 'legacy, INTx', f'{OFFLOADS} {MERGED}',
                          vectors=0, **OLD),
    'header-apart': on('pc', 'legacy', OFFLOADS, f'any_layout {MERGED}',
                       any_layout='off', mrg_rxbuf='off', **OLD),
    'no-indirect': on('pc', 'virtio 1', f'{OFFLOADS} {MERGED}', RINGS,
                      indirect_desc='off', event_idx='off'),
    'no-checksums': on('pc', 'virtio 1', 'mrg_rxbuf',
                       f'{OFFLOADS} guest_tso4 guest_tso6', csum='off',
                       guest_csum='off'),
    'microvm-legacy': on('microvm', 'legacy, GSI', f'{OFFLOADS} {MERGED}',
                         more=LEGACY_MMIO),
    'packed': on('q35', 'virtio 1', f'{OFFLOADS} {MERGED} {RINGS} packed',
                 more=PACKED),
    'packed-no-indirect': on('q35', 'virtio 1', f'{OFFLOADS} {MERGED} packed',
                             RINGS, PACKED, indirect_desc='off',
                             event_idx='off'),
}
OFFLOADING['packed-ipv6'] = {**OFFLOADING['packed'], 'family': 6}
OFFLOADING['packed-microvm-ipv6'] = {
    **on('microvm', 'virtio 1, GSI', f'{OFFLOADS} {MERGED} packed',
         more=PACKED), 'family': 6}


def boot_line(t, machine, *args, more=(), properties=()):
    """Properties of PCI alone are left for the -device option; QEMU spells
    all others with an underscore."""
    line = qemu.Line(machine).add(*more)
    for key, value in dict(properties).items():
        if key not in PCI_PROPERTIES:
            line.add('-global', f'virtio-net-device.{key}={value}')
    return line.kernel(t.image('echo'), ['--logs=debug', *args])


def of_pci(properties):
    return {k: v for k, v in properties.items() if k in PCI_PROPERTIES}


def check_description(text, interface, words, without):
    said = re.search(r'virtio-net-\w+ [\w:.]+, .*$', text, re.M)
    assert said, 'the image said nothing of its network device'
    found = said[0].split()
    assert interface in said[0], said[0]
    assert all(word in found for word in words), said[0]
    assert not any(word in found for word in without), said[0]


def metric(page, name):
    found = re.search(rf'^{name}_total\{{.*?\}} (\d+)$', page, re.M)
    assert found, f'no {name} in /metrics'
    return int(found[1])


def check_counters(page):
    for name in ('nic_rx_bad', 'nic_rx_no_memory', 'nic_tx_drops'):
        assert metric(page, name) == 0, name
    assert metric(page, 'nic_wakeups') > 0


def echo_back(port, n):
    """n bytes to the echo port of a guest, and back."""
    data = hashlib.shake_128(b'billet').digest(n)
    with socket.create_connection(('127.0.0.1', port), timeout=30) as sock:
        def send():
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        got = bytearray()
        while part := sock.recv(1 << 18):
            got += part
        sender.join()
    assert got == data, f'{len(got)} of {n} bytes came back, or others'


@each(**DEVICES)
def test_device(t, machine, interface, words, without, more, properties):
    http, tcp = t.free_port(), t.free_port()
    line = boot_line(t, machine, more=more, properties=properties)
    guest = t.guest(line.user_net([('tcp', http, 80), ('tcp', tcp, 7)],
                                  **of_pci(properties)))
    http_wait(http)
    check_description(guest.text(), interface, words, without)
    echo_back(tcp, BULK)
    check_counters(http_get(http, '/metrics')[2].decode())


@each(**OFFLOADING)
def test_device_that_offloads(t, machine, interface, words, without, more,
                              properties, family=4):
    """Segments of 64 KiB both ways, to and from the kernel."""
    net = t.network(addresses=ADDRESS[family])
    line = boot_line(t, machine, *ARGS[family], more=more,
                     properties=properties)
    # Not t.guest(): on a tap with offloads its capture has no true frames.
    line.tap_net('tap0', **of_pci(properties))
    child = net.start(*line.words, log='console')
    until(lambda: f'address {GUEST[family]}' in
          child.log.read_text(errors='replace'), 30, 'the image is up')
    net.run('python3', CLIENT, 'echo', GUEST[family], BULK_TAP, seconds=100)
    check_description(child.log.read_text(errors='replace'), interface, words,
                      without)
    host = GUEST[family] if family == 4 else f'[{GUEST[family]}]'
    page = net.run('python3', '-c',
                   'import urllib.request as u; print(u.urlopen('
                   f'"http://{host}/metrics", timeout=5).read().decode())')
    page = page.decode()
    check_counters(page)
    frames = metric(page, 'nic_rx_frames')
    if 'mrg_rxbuf' in words and 'guest_tso4' in words:
        assert frames * 4000 < BULK_TAP, f'{frames} frames: nothing merged'
    if 'host_tso4' in words:
        frames = metric(page, 'nic_tx_frames')
        assert frames * 4000 < BULK_TAP, f'{frames} frames: nothing was cut'


@each(pc={'machine': 'pc'}, microvm={'machine': 'microvm'})
def test_link_that_goes_and_comes(t, machine):
    port = t.free_port()
    line = boot_line(t, machine)
    guest = t.guest(line.user_net([('tcp', port, 80)], id='nic0'))
    http_wait(port)
    for _ in range(3):
        before = guest.text().count('link down')
        guest.qmp('set_link', name='nic0', up=False)
        until(lambda: guest.text().count('link down') > before, 10, 'down')
        before = guest.text().count('link up')
        guest.qmp('set_link', name='nic0', up=True)
        until(lambda: guest.text().count('link up') > before, 10, 'up')
    assert http_wait(port)[0] == 200


SERIAL = {'pc': 'virtio-serial-pci,disable-modern=on',
          'q35': 'virtio-serial-pci', 'microvm': 'virtio-serial-device'}


@each(web={'name': 'web', 'words': [r'web \d', 'no device for the network']},
      legacy={'name': 'echo', 'words': [r'echo \d'], 'machine': 'pc'},
      disk={'name': 'disk', 'words': [r'disk \d', 'no disk for']},
      screen={'name': 'screen', 'words': ['screen: ready'],
              'machine': 'microvm'},
      key={'name': 'web', 'args': ['bogus=1'], 'words': ['unknown key --bogus']},
      help={'name': 'disk', 'args': ['help'], 'words': ['--watchdog=SECONDS']},
      memory={'name': 'web', 'memory': 3, 'words': ['too little memory']})
def test_a_console_that_is_the_only_one_has_every_line(
        t, name, words, machine='q35', memory=64, args=()):
    """What was said before devices were looked for; ends that never do."""
    out = t.path('virtconsole.log')
    out.touch()
    line = qemu.Line(machine, memory).kernel(t.image(name), list(args))
    line.add('-device', SERIAL[machine], '-chardev',
             f'file,id=second,path={qemu.comma(out)}', '-device',
             'virtconsole,chardev=second')
    guest = t.guest(line)
    until(lambda: all(re.search(w, out.read_text(errors='replace'))
                      for w in words), 30, f'{words} on the console')
    guest.stop()


@each(pc={'machine': 'pc'}, microvm={'machine': 'microvm'},
      packed={'machine': 'q35', 'more': PACKED, 'words': 'version_1 packed'},
      packed_microvm={'machine': 'microvm', 'more': PACKED,
                      'words': 'version_1 packed'},
      legacy={'machine': 'pc', 'more': ALL_OLD, 'words': 'legacy, MSI-X'},
      legacy_microvm={'machine': 'microvm', 'more': LEGACY_MMIO,
                      'words': 'legacy, GSI'})
def test_console_has_the_log(t, machine, more='', words=''):
    port, out = t.free_port(), t.path('virtconsole.log')
    line = boot_line(t, machine, more=more.split())
    line.add('-device', line.device('serial'), '-chardev',
             f'file,id=second,path={qemu.comma(out)}', '-device',
             'virtconsole,chardev=second')
    guest = t.guest(line.user_net([('tcp', port, 80)]))
    http_wait(port)
    for kind, ring in ('console', '2\\+16'), ('rng', '2'):
        said = guest.wait_for(rf'virtio-{kind}-\w+ .*, .*ring {ring}.*')
        assert words in guest.text().split(f'virtio-{kind}-')[1].split(
            '\n')[0], said
    until(lambda: 'virtio-net-' in out.read_text(errors='replace'), 10,
          'the same lines on the second console')
