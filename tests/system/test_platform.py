# SPDX-License-Identifier: ISC
"""Keys from what the platform gives: fw_cfg, SMBIOS, config disks, metadata
services.  docs/platforms.md."""
import re
import sys
from pathlib import Path

from harness import Failed, each, until
from billetlib import qemu

MARK = 'opt/org.billet/config'


def hello(t, *words, args=(), machine='q35'):
    return t.guest(qemu.Line(machine).kernel(t.image('hello'), args)
                   .add(*words))


def said(guest, *patterns):
    for pattern in patterns:
        guest.wait_for(pattern)


def fw_cfg(t, text, name=MARK):
    path = t.path('config')
    path.write_text(text)
    return ['-fw_cfg', f'name={name},file={path}']


def smbios(*strings):
    return ['-smbios', ','.join(['type=11', *(f'value={s}' for s in strings)])]


@each(q35={'machine': 'q35'}, microvm={'machine': 'microvm'},
      short={'machine': 'q35', 'name': 'opt/billet/config'})
def test_keys_by_fw_cfg(t, machine, name=MARK):
    guest = hello(t, *fw_cfg(t, '# ours\nhello=Good day\n\n--delay=1\n', name),
                  machine=machine)
    said(guest, r'keys\] --hello from the fw_cfg',
         r'keys\] --delay from the fw_cfg', r'(?m)^Good day')


def test_the_command_line_counts_more_than_fw_cfg_and_that_than_smbios(t):
    guest = hello(t, *fw_cfg(t, 'hello=by fw_cfg\ndelay=1\n'),
                  *smbios('hello=by SMBIOS', 'delay=3', 'logs=debug',
                          'Vendor=of others', 'others'),
                  args=['--hello=by line'])
    said(guest, r'keys\] --hello from the command line',
         r'keys\] --delay from the fw_cfg', r'keys\] --logs from the SMBIOS',
         r'(?m)^by line')


@each(bios={'uefi': False}, uefi={'uefi': True})
def test_arguments_of_an_image_count_least(t, uefi):
    """By UEFI the SMBIOS is where its table of configurations says."""
    image = t.disk_image('raw', 'hello', 'hello=baked in', 'delay=1')
    line = qemu.Line('q35').disk(image).add(*smbios('hello=by SMBIOS'))
    if uefi:
        line.add('-bios', t.ovmf())
    guest = t.guest(line)
    said(guest, r'keys\] --hello from the SMBIOS',
         r'keys\] --delay from the image', r'(?m)^by SMBIOS')
    image = t.disk_image('raw', 'hello', 'helo=x')
    said(t.guest(qemu.Line('q35').disk(image)),
         r'hello: image: unknown key --helo: did you mean')


@each(fw_cfg={'words': ['-fw_cfg', f'name={MARK},string=helo=x'],
              'error': r'hello: fw_cfg: unknown key --helo: did you mean'},
      line={'words': ['-fw_cfg', f'name={MARK},string=what?'],
            'error': r'hello: fw_cfg: line 1: neither key=value nor a comment'},
      smbios={'words': smbios('org.billet:helo=x'),
              'error': r'hello: SMBIOS: unknown key --helo: did you mean'})
def test_a_key_that_is_none_stops_the_boot(t, words, error):
    said(hello(t, *words), error)


def test_values_of_secrets_are_not_shown(t):
    line = qemu.Line('q35').kernel(t.image('web')).add(
        *fw_cfg(t, 'logs=debug\ntls-key=hunter2hunter2\nipv6-secret=deadbee4\n'
                   'ipv4=none\nipv6=none\n'))
    guest = t.guest(line.user_net([]))
    said(guest, r'keys\] --tls-key from the fw_cfg',
         r'keys\] --ipv6-secret from the fw_cfg', r'boot\] (started|.*error)')
    wrong = qemu.Line('q35').kernel(t.image('web')).add(
        *fw_cfg(t, 'ipv6-secret=hunter2\n'))
    bad = t.guest(wrong.user_net([]))
    said(bad, r'--ipv6-secret=\.\.\. is not accepted')
    for text in (guest.text(), bad.text()):
        if re.search('hunter2|deadbee4', text):
            raise Failed(text)


# Config disks.

def iso(t, label, files, joliet=True):
    folder = t.path('seed')
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    out = t.path('seed.iso')
    t.run(t.program('xorriso'), '-as', 'mkisofs', '-o', out, '-V', label,
          *(['-J', '-r'] if joliet else []), folder)
    return out


def fat(t, label, files):
    out = t.path('seed.img')
    out.write_bytes(bytes(4 << 20))
    t.run(t.program('mformat'), '-i', out, '-v', label, '-T', 8192, '-h', 2,
          '-s', 16, '::')
    for name, text in files.items():
        path = t.path('file')
        path.write_text(text)
        folder = ''
        for part in name.split('/')[:-1]:
            folder += '/' + part
            t.run(t.program('mmd'), '-i', out, '::' + folder)
        t.run(t.program('mcopy'), '-i', out, path, f'::/{name}')
    return out


def attach(path, kind):
    drive = ['-drive', f'file={qemu.comma(path)},format=raw,if=none,id=seed,'
                       'readonly=on']
    return drive + {
        'virtio': ['-device', 'virtio-blk-pci,drive=seed'],
        'ahci': ['-device', 'ide-cd,drive=seed'],
        'ide': ['-device', 'ide-cd,drive=seed,bus=ide.1,unit=0'],
        'ide-second': ['-device', 'ide-cd,drive=seed,bus=ide.0,unit=1'],
        'scsi': ['-device', 'virtio-scsi-pci', '-device',
                 'scsi-cd,drive=seed']}[kind]


def web(t, *words, args=(), machine='q35'):
    line = qemu.Line(machine).kernel(t.image('web'), args).add(*words)
    return line


USER_DATA = '#cloud-config\npackages: [x]\nbilleT: no\nbillet:\n' \
            '  delay: 1   # a second\n  ntp: ["off"]\n  hostname: "oak"\n'
META_DATA = 'instance-id: i-17\nlocal-hostname: tin.example.com\n'


@each(virtio={'kind': 'virtio'}, ahci={'kind': 'ahci'}, scsi={'kind': 'scsi'},
      ide={'kind': 'ide', 'machine': 'pc'},
      ide_second={'kind': 'ide-second', 'machine': 'pc'},
      fat={'kind': 'virtio', 'make': fat})
def test_keys_by_a_cidata_disk(t, kind, make=iso, machine='q35'):
    disk = make(t, 'cidata' if make is iso else 'CIDATA',
                {'user-data': USER_DATA, 'meta-data': META_DATA})
    guest = t.guest(web(t, *attach(disk, kind), args=['--ipv4=none'],
                        machine=machine).user_net([]))
    said(guest, r'keys\] .*: instance i-17',
         r'keys\] --delay from the cidata disk$',
         r'keys\] --ntp from the cidata disk$',
         r'keys\] --hostname from the cidata disk$',
         r'keys\] --ipv4 from the command line', r'boot\] started')


def test_a_cidata_disk_names_the_host_and_decides_about_memory(t):
    disk = iso(t, 'CIDATA', {'user-data': 'tls=on\n', 'meta-data': META_DATA})
    port = t.free_port()
    guest = t.guest(web(t, *attach(disk, 'virtio')).user_net(
        [('tcp', port, 443)]))
    said(guest, r"keys\] --hostname from the cidata disk's meta-data",
         r'keys\] --tls from the cidata disk$', r'boot\] started')
    t.run(t.program('curl'), '-sk', '--retry', 20, '--retry-connrefused',
          '--retry-all-errors', '-m', 40, f'https://127.0.0.1:{port}/healthz')


@each(yaml={'files': {'user-data': '#cloud-config\nbillet:\n  delay: |\n'},
            'error': r'cidata disk: /user-data: line 3: a block of text'},
      key={'files': {'user-data': 'hunter2=hunter2\n'},
           'error': r'web: cidata disk: unknown key --hunter2'})
def test_user_data_that_is_wrong_stops_the_boot(t, files, error):
    disk = iso(t, 'cidata', files)
    said(t.guest(web(t, *attach(disk, 'virtio')).user_net([])), error)


NET_V1 = '''version: 1
config:
  - type: physical
    name: eth0
    mac_address: "52:54:00:12:34:56"
    subnets:
      - type: static
        address: 10.0.2.77
        netmask: 255.255.255.0
        gateway: 10.0.2.2
  - type: nameserver
    address: [10.0.2.3]
    search: [lab.example]
'''
NET_V2 = '''network:
  version: 2
  ethernets:
    id0:
      match:
        macaddress: "52:54:00:12:34:56"
      addresses: [10.0.2.77/24, "fec0::77/64"]
      routes:
        - to: default
          via: 10.0.2.2
      nameservers:
        search: [lab.example]
        addresses: [10.0.2.3]
'''
NETWORK_DATA = '''{"links": [{"id": "tap1", "type": "bridge",
    "ethernet_mac_address": "52:54:00:12:34:56"}],
  "networks": [{"id": "n0", "type": "ipv4", "link": "tap1",
    "ip_address": "10.0.2.77", "netmask": "255.255.255.0",
    "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0",
                "gateway": "10.0.2.2"}]}],
  "services": [{"type": "dns", "address": "10.0.2.3"}]}'''


@each(v1={'label': 'cidata', 'files': {'network-config': NET_V1}},
      v2={'label': 'cidata', 'files': {'network-config': NET_V2}},
      openstack={'label': 'config-2', 'files': {
          'openstack/latest/network_data.json': NETWORK_DATA,
          'openstack/latest/meta_data.json':
              '{"uuid": "u-1", "hostname": "tin"}',
          'openstack/latest/user_data': 'delay=1\n'}})
def test_networks_by_a_disk(t, label, files):
    port = t.free_port()
    files = {'meta-data': '', 'user-data': '', **files} \
        if label == 'cidata' else files
    disk = iso(t, label, files)
    line = web(t, *attach(disk, 'virtio'))
    guest = t.guest(line.user_net([('tcp', port, '10.0.2.77-80'
                                    if False else 80)],
                                  mac='52:54:00:12:34:56'))
    said(guest, r'keys\] --uplink\.ipv4 from the \S+ disk',
         r'keys\] --uplink\.ipv4-gateway from the \S+ disk',
         r'keys\] --uplink\.dns from the \S+ disk',
         r'net\] uplink: address 10\.0\.2\.77/24 ')
    if label == 'config-2':
        said(guest, r'keys\] --hostname from the config-2 disk',
             r'keys\] --delay from the config-2 disk$')


# Metadata services.

CLOUDS = {
    'ec2': ['type=1,uuid=ec2a0000-1111-2222-3333-444444444444'],
    'gce': ['type=1,manufacturer=Google,product=Google Compute Engine'],
    'azure': ['type=3,asset=7783-7084-3265-9085-8269-3286-77'],
    'openstack': ['type=1,product=OpenStack Nova'],
    'digitalocean': ['type=1,manufacturer=DigitalOcean,product=Droplet'],
    'hetzner': ['type=1,manufacturer=Hetzner,product=vServer'],
    'vultr': ['type=1,manufacturer=Vultr'],
    'linode': ['type=1,manufacturer=Akamai'],
    'scaleway': ['type=1,manufacturer=Scaleway'],
    'exoscale': ['type=1,product=Exoscale Compute Platform'],
    'oracle': ['type=3,asset=OracleCloud.com'],
    'alibaba': ['type=1,product=Alibaba Cloud ECS'],
}
ADDRESSES = {'scaleway': '169.254.42.42', 'alibaba': '100.100.100.200'}
PLACE = ['--ipv4=10.73.0.2/24', '--ipv4-gateway=10.73.0.1', '--ipv6=none']
SECRET = 'c2VjcmV0aHVudGVyMg=='


def service(t, net, cloud, text, address, failures=0):
    data = t.path('data')
    data.write_text(text)
    net.inside('address', 'add', f'{address}/' + (
        '128' if ':' in address else '32'), 'dev', 'tap0',
        *(['nodad'] if ':' in address else []))
    server = net.start(sys.executable, Path(__file__).with_name(
        'metadata_server.py'), cloud, address, data, failures, log='service')
    until(lambda: 'serving' in server.log.read_text(), 20, 'a service')
    return server


def cloud_guest(t, net, cloud, *args):
    words = [w for s in CLOUDS[cloud] for w in ('-smbios', s)]
    return net.guest(web(t, *words, args=args))


@each(**{cloud: {'cloud': cloud} for cloud in CLOUDS})
def test_keys_by_a_metadata_service(t, cloud):
    net = t.network()
    service(t, net, cloud, '#cloud-config\nbillet:\n  delay: 1\n'
            f'  tls-key: {SECRET}\n  ipv4: none\n',
            ADDRESSES.get(cloud, '169.254.169.254'))
    guest = cloud_guest(t, net, cloud, *PLACE, '--logs=debug')
    said(guest, r'keys\] \S.*: asking its metadata service',
         r'--ipv4 from the metadata service is refused: it was needed',
         r'keys\] --delay from the metadata service',
         r'keys\] --tls-key from the metadata service',
         r'boot\] started')
    if SECRET in guest.text() or 'hunter2' in guest.text():
        raise Failed(guest.text())


def test_a_metadata_service_by_ipv6(t):
    net = t.network()
    service(t, net, 'ec2', 'delay=1\n', 'fd00:ec2::254')
    guest = cloud_guest(t, net, 'ec2', '--ipv4=none', '--ipv6=fd73::2/64',
                        '--ipv6-gateway=fd73::1')
    said(guest, r'keys\] --delay from the metadata service',
         r'boot\] started')


def test_a_metadata_service_that_fails_at_first_is_asked_again(t):
    net = t.network()
    service(t, net, 'hetzner', 'delay=1\n', '169.254.169.254', failures=2)
    guest = cloud_guest(t, net, 'hetzner', *PLACE)
    said(guest, r'keys\] --delay from the metadata service')


# The strongest last.
ORDER = ['image', 'metadata service', 'config-2 disk', 'cidata disk', 'SMBIOS',
         'fw_cfg', 'command line']
# One key for each: it and all that are weaker give it.  Only what nobody asks
# for before a metadata service is heard.
GIVEN = {'image': 'http-body-timeout', 'metadata service': 'delay',
         'config-2 disk': 'http-idle-timeout', 'cidata disk':
         'http-reply-timeout', 'SMBIOS': 'http-header-timeout',
         'fw_cfg': 'http-write-timeout', 'command line': 'hsts'}


def test_each_source_counts_more_than_all_that_are_weaker(t):
    text = {source: ''.join(f'{GIVEN[s]}={i + 1}\n' for s in ORDER[i:])
            for i, source in enumerate(ORDER)}
    line = text['image'].split() + ['--'] + PLACE + ['--logs=debug'] + \
        text['command line'].split()
    disks = [iso(t, 'cidata', {'user-data': text['cidata disk'],
                               'meta-data': ''})]
    disks[0] = disks[0].rename(disks[0].with_name('cidata.iso'))
    disks.append(iso(t, 'config-2', {
        'openstack/latest/user_data': text['config-2 disk']}))
    words = [*fw_cfg(t, text['fw_cfg']), *smbios(*text['SMBIOS'].split()),
             '-smbios', CLOUDS['hetzner'][0]]
    for i, path in enumerate(disks):
        words += ['-drive', f'file={qemu.comma(path)},format=raw,if=none,'
                  f'id=seed{i},readonly=on', '-device',
                  f'virtio-blk-pci,drive=seed{i}']
    net = t.network()
    service(t, net, 'hetzner', text['metadata service'], '169.254.169.254')
    guest = net.guest(web(t, *words, args=line))
    said(guest, *(rf'keys\] --{GIVEN[s]} from the {s}' for s in ORDER),
         r'boot\] started')
    for i, source in enumerate(ORDER):
        for stronger in ORDER[i + 1:]:
            if f'--{GIVEN[source]} from the {stronger}' in guest.text():
                raise Failed(guest.text())


@each(echo={'name': 'echo'}, router={'name': 'router'},
      fetch={'name': 'fetch'})
def test_every_image_with_a_network_reads_config_disks(t, name):
    disk = fat(t, 'CIDATA', {'user-data': 'delay=1\n', 'meta-data': META_DATA})
    args = ['--url=http://10.0.2.2:1/'] if name == 'fetch' else []
    line = qemu.Line('q35').kernel(t.image(name), args)
    line.add(*attach(disk, 'ahci'))
    line.user_net([])
    if name == 'router':
        line.user_net([], net='net1', subnet='10.9.0.0/24')
    said(t.guest(line), r'keys\] .*: instance i-17',
         r'keys\] --delay from the cidata disk$',
         r"keys\] --hostname from the cidata disk's meta-data")


def test_without_an_answer_the_image_starts(t):
    net = t.network()
    guest = cloud_guest(t, net, 'gce', *PLACE, '--metadata-timeout=2')
    said(guest, r'Google Compute Engine: the metadata service has not answered '
                r'for 2 s; going on without', r'boot\] started')


@each(nothing={'text': '', 'line': r'Hetzner: there is no user data'},
      script={'text': '#!/bin/sh\necho hunter2\n',
              'line': r'Hetzner: the user data is a script, which is not for'})
def test_user_data_that_is_not_for_us(t, text, line):
    net = t.network()
    service(t, net, 'hetzner', text, '169.254.169.254')
    guest = cloud_guest(t, net, 'hetzner', *PLACE)
    said(guest, line, r'boot\] started')
    if 'hunter2' in guest.text():
        raise Failed(guest.text())
