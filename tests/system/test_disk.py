# SPDX-License-Identifier: ISC
"""Disks: what `disk` writes is on the host's file, and what is there it
reads, on every kind of device that QEMU makes and as a process."""
import re

from disks import NEW, NO_ACPI, OLD, drive, line, make, pattern
from harness import TOP, each

SIZE = 1 << 20
MODES = ['--mode=both', f'--bytes={SIZE}']

SEED = '#cloud-config\nbillet:\n  logs: info\n'


def on(machine, device, words='', more='', block=512):
    return {'machine': machine, 'device': device, 'words': words,
            'more': more.split(), 'block': block}


VIRTIO = {
    'pc': on('pc', 'virtio-blk-pci,', 'virtio 1, MSI-X'),
    'q35': on('q35', 'virtio-blk-pci,' + NEW, 'flush'),
    'pc-legacy': on('pc', 'virtio-blk-pci,' + OLD, 'legacy, MSI-X'),
    'q35-legacy-intx': on('q35', 'virtio-blk-pci,vectors=0,' + OLD,
                          'legacy, INTx'),
    'intx': on('pc', 'virtio-blk-pci,vectors=0,', 'virtio 1, INTx'),
    'bare-rings': on('q35', 'virtio-blk-pci,event_idx=off,indirect_desc=off,',
                     'virtio 1'),
    'short-ring': on('q35', 'virtio-blk-pci,queue-size=8,seg-max-adjust=on,',
                     'ring 8'),
    'blocks-4096': on('q35', 'virtio-blk-pci,logical_block_size=4096,'
                      'physical_block_size=4096,', 'blk_size', block=4096),
    'packed': on('q35', 'virtio-blk-pci,packed=on,' + NEW,
                 'event_idx version_1 packed'),
    'packed-bare': on('pc', 'virtio-blk-pci,packed=on,vectors=0,event_idx=off,'
                      'indirect_desc=off,', 'version_1 packed'),
    'packed-short-ring': on('q35', 'virtio-blk-pci,packed=on,queue-size=8,'
                            'seg-max-adjust=on,', 'version_1 packed'),
    'packed-microvm': on('microvm', 'virtio-blk-device,packed=on,',
                         'version_1 packed'),
    'microvm': on('microvm', 'virtio-blk-device,', 'virtio 1, GSI'),
    'microvm-legacy': on('microvm', 'virtio-blk-device,', 'legacy, GSI',
                         '-global virtio-mmio.force-legacy=true '),
    'microvm-no-acpi': on('microvm', 'virtio-blk-device,', 'virtio 1',
                          NO_ACPI),
}


def check_written(t, path, seed):
    found = path.read_bytes()
    assert found[:SIZE] == pattern(seed, SIZE), 'the file has something else'
    assert not any(found[SIZE:SIZE + 65536]), 'more than that was written'


def run_on(t, machine, device, words, more, block, seed=3, keys=()):
    path = make(t, 'disk.img')
    guest = t.guest(line(
        t, machine, [*MODES, f'--seed={seed}', '--logs=debug', *keys],
        *drive(path),
        '-device', f'{device}drive=drive0,serial=disk0', more=more))
    guest.wait_for('SUCCESS', 60)
    assert guest.wait_exit() == 0
    assert f'blocks of {block}, writable' in guest.text()
    assert words in guest.text(), guest.text()
    check_written(t, path, seed)


OTHERS = {
    'nvme-q35': on('q35', 'nvme,', 'nvme 00:02.0, MSI-X'),
    'nvme-pc': on('pc', 'nvme,', 'nvme 00:03.0, MSI-X'),
    'nvme-4096': on('q35', 'nvme,logical_block_size=4096,'
                    'physical_block_size=4096,', 'nvme', block=4096),
    'nvme-small-transfers': on('q35', 'nvme,mdts=1,', 'nvme'),
    'nvme-behind-a-bridge': on('q35', 'nvme,bus=port0,', 'nvme',
                               '-device pcie-root-port,id=port0'),
    'ahci-q35': on('q35', 'ide-hd,bus=ide.0,', 'ahci 00:1f.2, MSI'),
    'ahci-pc': on('pc', 'ide-hd,bus=sata.0,', 'ahci 00:03.0, MSI',
                  '-device ich9-ahci,id=sata'),
    'scsi-q35': on('q35', 'scsi-hd,', 'virtio-scsi-pci 00:02.0, virtio 1, '
                   'MSI-X', '-device virtio-scsi-pci'),
    'scsi-pc-legacy': on('pc', 'scsi-hd,', 'legacy, MSI-X',
                         '-device virtio-scsi-pci,disable-modern=on,'
                         'disable-legacy=off'),
    'scsi-intx': on('q35', 'scsi-hd,', 'virtio 1, INTx',
                    '-device virtio-scsi-pci,vectors=0'),
    'scsi-4096': on('q35', 'scsi-hd,logical_block_size=4096,'
                    'physical_block_size=4096,', 'virtio-scsi-pci',
                    '-device virtio-scsi-pci', block=4096),
    'scsi-bare': on('q35', 'scsi-hd,scsi-id=7,', 'virtio-scsi-pci',
                    '-device virtio-scsi-pci,event_idx=off,indirect_desc=off'),
    'scsi-packed': on('q35', 'scsi-hd,', 'version_1 packed',
                      '-device virtio-scsi-pci,packed=on'),
    'scsi-packed-microvm': on('microvm', 'scsi-hd,', 'version_1 packed',
                              '-device virtio-scsi-device,packed=on'),
    'scsi-microvm-legacy': on('microvm', 'scsi-hd,', 'legacy, GSI',
                              '-global virtio-mmio.force-legacy=true '
                              '-device virtio-scsi-device'),
    'scsi-microvm': on('microvm', 'scsi-hd,', 'virtio-scsi-mmio',
                       '-device virtio-scsi-device'),
    'ahci-later-port': on('q35', 'ide-hd,bus=ide.3,', 'ahci 00:1f.2, MSI'),
}


INTERRUPTS = {
    'nvme-msi': ('nvme,', 'msi', 'nvme 00:02.0, INTx'),  # which has no MSI
    'nvme-line': ('nvme,', 'line', 'nvme 00:02.0, INTx'),
    'ahci-line': ('ide-hd,bus=ide.0,', 'line', 'ahci 00:1f.2, INTx'),
    'virtio-line': ('virtio-blk-pci,packed=on,', 'line', 'virtio 1, INTx'),
}


@each(**{name: {'device': device, 'best': best, 'words': words}
         for name, (device, best, words) in INTERRUPTS.items()})
def test_interrupts_of_a_disk(t, device, best, words):
    run_on(t, 'q35', device, words, (), 512, keys=[f'--interrupts={best}'])


@each(**OTHERS)
def test_other_disks_write_and_read(t, machine, device, words, more, block):
    run_on(t, machine, device, words, more, block)


@each(**VIRTIO)
def test_virtio_disk_writes_and_reads(t, machine, device, words, more, block):
    run_on(t, machine, device, words, more, block)


def test_a_process_uses_a_file(t):
    path = make(t, 'disk.img')
    out = t.run(t.image('disk', ''), *MODES, f'--disk={path}', '--seed=9')
    assert b'SUCCESS' in out, out
    check_written(t, path, 9)
    out = t.run(t.image('disk', ''), '--mode=verify', '--seed=9',
                f'--disk={path}:ro')
    assert b'verified 1048576 bytes' in out and b'read-only' in out, out
    t.run(t.image('disk', ''), '--mode=verify', '--seed=8', f'--disk={path}',
          status=1)
    t.run(t.image('disk', ''), '--mode=write', f'--disk={path}:ro', status=1)


def test_the_host_writes_and_the_guest_reads(t):
    path = make(t, 'disk.img', fill=pattern(77, SIZE))
    guest = t.guest(line(
        t, 'q35', ['--mode=verify', '--seed=77'], *drive(path, 0, ''),
        '-device', 'virtio-blk-pci,drive=drive0'))
    guest.wait_for('verified 1048576 bytes')
    assert guest.wait_exit() == 0


def test_disks_have_the_names_of_their_serial_numbers(t):
    words = []
    paths = {}
    for n, name in enumerate(('disk2', 'other', 'disk0')):
        paths[name] = make(t, name, (n + 2) << 20)
        words += [*drive(paths[name], n), '-device',
                  f'virtio-blk-pci,drive=drive{n},serial={name}']
    guest = t.guest(line(t, 'q35', ['--mode=show'], *words))
    guest.wait_for('SUCCESS')
    said = dict(re.findall(r'^(disk\d): (\d+) sectors', guest.text(), re.M))
    assert said == {'disk0': str(4 << 11), 'disk1': str(3 << 11),
                    'disk2': str(2 << 11)}, said


def test_an_image_does_not_take_the_disk_that_it_boots_from(t):
    code = bytearray(512)
    code[0x180:0x184], code[510:512] = b'GRUB', b'\x55\xaa'
    boot = make(t, 'boot.img', 2 << 20, bytes(code))
    path = make(t, 'disk.img')
    out = t.run(t.image('disk', ''), *MODES,
                f'--disk={boot},{path}').decode()
    assert 'only its serial number' in out and 'disk0: 8192 sectors' in out
    check_written(t, path, 1)
    assert boot.read_bytes().rstrip(b'\0') == bytes(code)
    guest = t.guest(line(
        t, 'q35', ['--mode=show'], *drive(boot, 0), *drive(path, 1),
        '-device', 'virtio-blk-pci,drive=drive0', '-device',
        'nvme,drive=drive1,serial=x'))
    guest.wait_for('disk0: 8192 sectors')
    guest.wait_exit()
    out = t.run(t.image('disk', ''), '--mode=show',
                f'--disk=disk0={boot}').decode()
    assert 'disk0: 4096 sectors' in out, out


def test_billet_run_makes_the_disk_that_is_missing(t):
    path = make(t, 'my.img')
    run = [TOP / 'scripts' / 'billet', 'run', 'disk', '--build', t.build,
           '--dry-run']
    out = t.run(*run).decode()
    assert 'disk0.disk,format=raw' in out and 'serial=disk0' in out, out
    assert 'disk1' not in out, out
    out = t.run(*run, '--disk', f'{path}:ro', '--disk', f'disk2={path}')
    assert b'readonly=on' in out and b'serial=disk2' in out, out
    assert b'disk0.disk' not in out, out


def test_a_missing_disk_ends_with_the_lines_that_give_it(t):
    guest = t.guest(line(t, 'q35', []))
    assert guest.wait_exit() == 1
    for word in ('no disk for `disk0`', '-device virtio-blk-pci,drive=disk0',
                 "<target dev='vda' bus='virtio'/>"):
        assert word in guest.text(), guest.text()
    out = t.run(t.image('disk', ''), status=1).decode()
    assert '--disk=disk0=disk0.img' in out, out


def seed(t, kind):
    """A seed of cloud-init, as its documentation makes them."""
    (t.path('user-data')).write_text(SEED)
    (t.path('meta-data')).write_text('instance-id: i-1\n')
    files = [t.path('user-data'), t.path('meta-data')]
    image = t.path('seed.img')
    if kind == 'iso':
        t.run(t.program('xorrisofs'), '-quiet', '-o', image, '-V', 'cidata',
              '-J', '-r', *files)
    else:
        t.run(t.program('mformat'), '-C', '-i', image, '-f', '1440', '-v',
              'CIDATA', '::')
        t.run(t.program('mcopy'), '-i', image, *files, '::')
    return image


@each(iso={'kind': 'iso'}, fat={'kind': 'fat'})
def test_files_of_a_seed(t, kind):
    image = seed(t, kind)
    words = [*drive(image, 0, ',readonly=on'), '-device',
             'virtio-blk-pci,drive=drive0,serial=disk0']
    guest = t.guest(line(t, 'q35', ['--file=/user-data', '--label=cidata'],
                         *words))
    guest.wait_for('SUCCESS')
    assert SEED in guest.text(), guest.text()
    out = t.run(t.image('disk', ''), f'--disk={image}:ro', '--file=/')
    assert b'meta-data 17\n' in out and b'user-data 35\n' in out, out


@each(scsi={'device': 'scsi-cd', 'words': ['-device', 'virtio-scsi-pci']},
      sata={'device': 'ide-cd,bus=ide.2', 'words': []},
      ide={'device': 'ide-cd,bus=ide.1,unit=1', 'words': [], 'machine': 'pc'})
def test_a_seed_on_a_cd(t, device, words, machine='q35'):
    image = seed(t, 'iso')
    guest = t.guest(line(
        t, machine, ['--file=/user-data', '--label=cidata'], *words,
        *drive(image, 0, ',readonly=on'),
        '-device', f'{device},drive=drive0,serial=disk0'))
    guest.wait_for('SUCCESS')
    assert 'blocks of 2048, read-only' in guest.text(), guest.text()
    assert SEED in guest.text(), guest.text()


def test_starts_are_counted_by_image_and_process(t):
    path = make(t, 'disk.img')
    for n in range(1, 5):
        if n % 2:
            out = t.run(t.image('disk', ''), '--mode=count',
                        f'--disk={path}').decode()
        else:
            guest = t.guest(line(t, 'pc', ['--mode=count'], *drive(path),
                                 '-device', 'virtio-blk-pci,drive=drive0'))
            assert guest.wait_exit() == 0
            out = guest.text()
        assert f'start number {n}\n' in out, out
    other = make(t, 'other.img', fill=b'something else')
    t.run(t.image('disk', ''), '--mode=count', f'--disk={other}', status=1)
    assert other.read_bytes().rstrip(b'\0') == b'something else'


@each(metal={}, hosted={'hosted': True})
def test_the_edges_of_a_disk(t, hosted=False):
    path = make(t, 'disk.img')
    if hosted:
        out = t.run(t.image('disk', ''), '--mode=edges',
                    f'--disk={path}').decode()
    else:
        guest = t.guest(line(t, 'pc', ['--mode=edges'], *drive(path),
                             '-device', 'virtio-blk-pci,drive=drive0'))
        guest.wait_exit()
        out = guest.text()
    for words in ('the last block is there', 'SUCCESS',
                  'beyond the end: invalid argument, invalid argument',
                  'a byte: invalid argument'):
        assert words in out, out
    assert path.read_bytes()[-512:] == pattern(7, 512, (4 << 11) - 1)


@each(**{'virtio-blk': {'device': 'virtio-blk-pci,'},
         'virtio-scsi': {'device': 'virtio-scsi-pci -device scsi-hd,'},
         'nvme': {'device': 'nvme,serial=disk0,'},
         'ahci': {'device': 'ide-hd,'}})
def test_a_host_that_fails_to_write_costs_that_request(t, device):
    path = make(t, 'disk.img')
    rules = t.path('blkdebug.conf')
    rules.write_text('[inject-error]\nevent = "none"\niotype = "write"\n'
                     'sector = "128"\nerrno = "5"\n')
    guest = t.guest(line(
        t, 'q35', MODES, '-drive',
        f'driver=blkdebug,config={rules},image.driver=file,'
        f'image.filename={path},if=none,id=drive0,werror=report',
        '-device', *f'{device}drive=drive0'.split()))
    assert guest.wait_exit() == 1
    assert 'disk0: device failure' in guest.text(), guest.text()
    assert 'shut off' not in guest.text(), guest.text()
