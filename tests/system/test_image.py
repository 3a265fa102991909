# SPDX-License-Identifier: ISC
"""Disk images as files: the same each time, sound, and boot everywhere."""
import hashlib
import os
import resource
import tarfile

from harness import TOP, each, http_wait
from billetlib import qemu

MIB = 1 << 20
FORMATS = ('iso', 'raw', 'qcow2', 'gce.tar.gz', 'vhd', 'vmdk', 'oci.tar')


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def billet(t, *words, **options):
    return t.run(TOP / 'scripts' / 'billet', *words, **options)


def config(t, *words, **options):
    return billet(t, 'config', *words, **options).decode()


@each(**{kind: {'kind': kind} for kind in FORMATS})
def test_same_input_gives_the_same_bytes(t, kind):
    """At another time, in another zone, with other dates on the files."""
    first = digest(t.disk_image(kind, 'hello', 'a=b'))
    elf = t.path('copy.elf')
    elf.write_bytes(t.image('hello').read_bytes())
    os.utime(elf, (1, 1))
    os.environ['TZ'] = 'Pacific/Kiritimati'
    os.environ['LC_ALL'] = 'tr_TR.UTF-8'
    os.umask(0o077)
    second = digest(t.disk_image(kind, 'hello', 'a=b', elf=elf))
    assert first == second


def unpacked(t, image):
    """The disk that is in an image, as its platform takes it out."""
    if image.name.endswith('.tar.gz'):
        t.run(t.program('tar'), 'xSzf', image, '-C', t.folder)
        return t.path('disk.raw')
    if image.name.endswith('.tar'):
        folder = t.path('layers')
        t.run(t.program('skopeo'), '--override-os', 'linux', 'copy',
              f'oci-archive:{image}', f'dir:{folder}')
        layer, = [path for path in folder.iterdir()
                  if path.read_bytes()[:2] == b'\x1f\x8b']
        with tarfile.open(layer) as tar:
            info = tar.getmember('disk/disk.qcow2')
            assert (info.uid, info.gid) == (107, 107)
            tar.extract(info, t.folder)
        return t.path('disk/disk.qcow2')
    return image


def way(kind, machine, bus, uefi=False):
    return {'kind': kind, 'machine': machine, 'bus': bus, 'uefi': uefi}


# What each target presents: docs/deploy.md.
@each(**{
    'iso-cd': way('iso', 'pc', 'cdrom'),
    'iso-cd-ahci': way('iso', 'q35', 'cdrom'),
    'iso-cd-uefi': way('iso', 'q35', 'cdrom', True),
    'iso-usb': way('iso', 'q35', 'usb'),
    'iso-usb-uefi': way('iso', 'q35', 'usb', True),
    'raw-virtio': way('raw', 'q35', 'virtio'),
    'raw-ahci': way('raw', 'q35', 'ahci'),
    'raw-nvme-uefi': way('raw', 'q35', 'nvme', True),
    'qcow2-virtio': way('qcow2', 'pc', 'virtio'),
    'qcow2-scsi': way('qcow2', 'q35', 'scsi'),
    'qcow2-virtio-uefi': way('qcow2', 'q35', 'virtio', True),
    'gce-scsi': way('gce.tar.gz', 'pc', 'scsi'),
    'gce-scsi-uefi': way('gce.tar.gz', 'pc', 'scsi', True),
    'gce-nvme': way('gce.tar.gz', 'q35', 'nvme'),
    'azure-gen1-ide': way('vhd', 'pc', 'ide'),
    'azure-gen2-uefi': way('vhd', 'q35', 'scsi', True),
    'aws-nvme': way('vmdk', 'q35', 'nvme'),
    'aws-nvme-uefi': way('vmdk', 'q35', 'nvme', True),
    'vmware-lsi': way('vmdk', 'pc', 'lsi'),
    'vmware-pvscsi': way('vmdk', 'pc', 'pvscsi'),
    'vmware-sata-uefi': way('vmdk', 'q35', 'ahci', True),
    'kubevirt-virtio': way('oci.tar', 'q35', 'virtio'),
    'kubevirt-uefi': way('oci.tar', 'q35', 'virtio', True),
})
def test_boots_with_what_was_configured(t, kind, machine, bus, uefi):
    """The image is made, given another argument, unpacked and booted."""
    image = t.disk_image(kind, 'hello', '--hello=baked in', 'hello-no=1')
    config(t, 'set', image, 'hello=changed "later"')
    config(t, 'unset', image, 'hello-no')
    line = qemu.Line(machine)
    if uefi:
        line.add('-bios', t.ovmf())
    disk = unpacked(t, image)
    guest = t.guest(line.cdrom(disk) if bus == 'cdrom'
                    else line.disk(disk, bus))
    guest.wait_for('^changed "later"$', 60)
    assert ('multiboot2 on UEFI' in guest.text()) == uefi


def place(kind, machine, bus, nic, uefi=False):
    return {**way(kind, machine, bus, uefi), 'nic': nic}


# Disk and network card together, where there is a driver for the card.
@each(**{
    'gce': place('gce.tar.gz', 'q35', 'scsi', 'virtio-net-pci'),
    'gce-uefi': place('gce.tar.gz', 'q35', 'scsi', 'virtio-net-pci', True),
    'vmware-pvscsi': place('vmdk', 'pc', 'pvscsi', 'vmxnet3'),
    'vmware-lsi': place('vmdk', 'pc', 'lsi', 'e1000'),
    'vmware-sata-uefi': place('vmdk', 'q35', 'ahci', 'e1000e', True),
    'kubevirt': place('oci.tar', 'q35', 'virtio', 'virtio-net-pci'),
    'proxmox': place('qcow2', 'pc', 'scsi', 'virtio-net-pci'),
    'machine-usb-uefi': place('iso', 'q35', 'usb', 'e1000e', True),
    'machine-nvme': place('raw', 'q35', 'nvme', 'e1000e'),
})
def test_serves_where_it_boots(t, kind, machine, bus, nic, uefi):
    image = t.disk_image(kind, 'web', 'logs=debug')
    line = qemu.Line(machine, 128).disk(unpacked(t, image), bus)
    if uefi:
        line.add('-bios', t.ovmf())
    port = t.free_port()
    guest = t.guest(line.add(
        '-netdev', f'user,id=net0,hostfwd=tcp:127.0.0.1:{port}-:80',
        '-device', f'{nic},netdev=net0'))
    status, _, page = http_wait(port, seconds=60)
    assert status == 200 and b'Billet' in page
    guest.wait_for(f'uplink: {nic.removesuffix("-pci")}')


@each(**{kind: {'kind': kind} for kind in FORMATS})
def test_config_gives_what_a_build_would(t, kind):
    """An image whose argument was changed is the one that was built so."""
    other = digest(t.disk_image(kind, 'hello', 'a=b c', 'x=2'))
    image = t.disk_image(kind, 'hello', 'a=b c', '--x=1', '--x=3')
    os.chmod(image, 0o640)
    os.symlink(image, t.path('link'))
    assert config(t, 'list', image) == 'a=b c\nx=1\nx=3\n'
    assert config(t, 'get', image, '--x') == '3\n'
    config(t, 'set', t.path('link'), 'x=2', 'gone=' + 'long ' * 100)
    config(t, 'unset', image, 'gone')
    config(t, 'get', image, 'gone', status=1)
    assert digest(image) == other
    assert image.stat().st_mode & 0o777 == 0o640
    assert t.path('link').is_symlink()


def refused(t, image, words, *command, status=1, **options):
    """The tool says so in one line, and the file is as it was."""
    before = image.read_bytes() if image.is_file() else b''
    log = t.path('commands.log')
    start = log.stat().st_size if log.exists() else 0
    config(t, *command, status=status, **options)
    said = log.read_bytes()[start:].decode()
    assert words in said and 'Traceback' not in said, said
    assert not image.is_file() or image.read_bytes() == before


def test_config_refuses_what_does_not_fit(t):
    image = t.disk_image('raw', 'hello', 'a=b')
    for words, value, status in (
            ('4095 is the limit', 'k=' + 'x' * 4200, 1),
            ('limit', "k=" + "'" * 2100, 1),
            ('control characters', 'k=a\nb', 1),
            ('want KEY=VALUE', 'k', 2), ('want KEY=VALUE', '=v', 2)):
        refused(t, image, words, 'set', image, value, status=status)
    refused(t, image, '64 is the limit', 'set', image,
            *[f'k{i}=1' for i in range(64)])
    refused(t, image, 'takes 1 to 64', 'set', image, status=2)
    refused(t, image, 'takes 1 word', 'get', image, 'a', 'b', status=2)
    refused(t, image, 'takes 0 words', 'list', image, 'a', status=2)
    refused(t, image, 'not set', 'unset', image, 'k')
    refused(t, image, 'KEY alone', 'get', image, 'a=b', status=2)
    for word, status in ('=v', 1), ('--=v', 1), ('--', 2):
        billet(t, 'image', 'hello', '--build', t.build, '-o', image, '--arg',
               word, status=status)


@each(**{kind: {'kind': kind} for kind in FORMATS})
def test_config_refuses_what_is_broken(t, kind):
    """Cut anywhere, and with bytes turned over, it ends in clear words."""
    whole = t.disk_image(kind, 'hello', 'a=b').read_bytes()
    broken = t.path('broken')
    for keep in (0, 100, 600, 4096, 40000, len(whole) // 3):
        broken.write_bytes(whole[:keep])
        refused(t, broken, 'billet: ', 'set', broken, 'k=v')
    for at in (2, 20, 48, 130, 520, 584, 1100):
        data = bytearray(whole)
        data[at:at + 4] = bytes(b ^ 0xff for b in data[at:at + 4])
        broken.write_bytes(data)
        t.run(TOP / 'scripts' / 'billet', 'config', 'list', broken,
              status=None)
    assert b'Traceback' not in t.path('commands.log').read_bytes()


def test_config_refuses_what_is_no_image(t):
    for name, data, words in (
            ('text', b'hello', 'neither an ISO nor a GPT disk'),
            ('zeros', bytes(MIB), 'neither an ISO nor a GPT disk'),
            ('elf', t.image('hello').read_bytes(), '-append')):
        t.path(name).write_bytes(data)
        refused(t, t.path(name), words, 'list', t.path(name))
    refused(t, t.path('none'), 'no such file', 'list', t.path('none'),
            status=2)
    image = t.disk_image('raw', 'hello', 'a=b')
    t.path('grub.cfg').write_bytes(b'set timeout=7\n')
    t.run(t.program('mcopy'), '-o', '-i', f'{image}@@1M', t.path('grub.cfg'),
          '::/boot/grub/')
    refused(t, image, 'not as `billet image` writes it', 'list', image)


def test_sizes_are_those_that_were_asked_for(t):
    qemu_img = t.program('qemu-img')
    bios = t.disk_image('iso', 'hello', options=['--firmware=bios'])
    assert bios.stat().st_size < MIB + t.image('hello').stat().st_size
    assert t.disk_image('iso', 'hello').stat().st_size < 5 * MIB
    for kind, options, size in (
            ('raw', ['--size=64'], 64 * MIB), ('vhd', [], 4 * MIB),
            ('qcow2', ['--size=10G'], 10240 * MIB),
            ('vmdk', ['--size=3G'], 3072 * MIB),
            ('oci.tar', ['--size=600M'], 600 * MIB),
            ('gce.tar.gz', ['--size=1025M'], 2048 * MIB),
            ('gce.tar.gz', [], 1024 * MIB)):
        image = t.disk_image(kind, 'hello', options=options)
        assert image.stat().st_size < 5 * MIB or kind in ('raw', 'vhd'), kind
        disk = unpacked(t, image)
        form = qemu.DISK_FORMATS.get(disk.name.rsplit('.')[-1], 'raw')
        text = t.run(qemu_img, 'info', '-f', form, disk).decode()
        assert f'({size} bytes)' in text, text
        # The second GPT header is in the last sector, where UEFI looks.
        raw = t.path('flat.raw')
        t.run(qemu_img, 'convert', '-f', form, '-O', 'raw', disk, raw)
        with open(raw, 'rb') as file:
            file.seek(-512, 2)
            assert file.read(8) == b'EFI PART'
        raw.unlink()
        if form == 'qcow2':
            t.run(qemu_img, 'check', disk)
    assert t.path('hello.vhd').stat().st_size == 4 * MIB + 512


def test_sizes_that_cannot_be_are_refused(t):
    for kind, size, status in (('raw', '1', 1), ('raw', '3T', 1),
                               ('raw', 'much', 2), ('raw', '0', 2),
                               ('iso', '64', 1), ('elf', '64', 2)):
        billet(t, 'image', 'hello', '--build', t.build, '-f', kind, '--size',
               size, '-o', t.path('never'), status=status)
        assert not t.path('never').exists()


def small_files():
    """Runs in a child: to it the disk is full after 100,000 bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))


def test_what_cannot_be_written_is_left_alone(t):
    """A device, a folder, a disk that is full: words, and no half file."""
    folder = t.path('folder')
    folder.mkdir()
    os.mkfifo(t.path('device'))
    for kind in ('iso', 'vhd', 'oci.tar'):
        for out, status in ((folder, 2), (t.path('device'), 1),
                            (t.path('nowhere/out'), 1)):
            billet(t, 'image', 'hello', '--build', t.build, '-f', kind, '-o',
                   out, status=status)
        billet(t, 'image', 'hello', '--build', t.build, '-f', kind, '-o',
               folder / 'out', status=1, preexec_fn=small_files)
        assert not any(folder.iterdir()), list(folder.iterdir())
    assert t.path('device').is_fifo()
    for kind in ('gce.tar.gz', 'oci.tar'):
        made = t.disk_image(kind, 'hello', 'hello=x')
        image = made.rename(folder / made.name)
        refused(t, image, 'File too large', 'set', image, 'hello=y',
                preexec_fn=small_files)
        image.unlink()
        assert not any(folder.iterdir()), list(folder.iterdir())
    assert b'Traceback' not in t.path('commands.log').read_bytes()


def test_another_argument_gives_other_bytes(t):
    """So that the test above compares something."""
    first = digest(t.disk_image('raw', 'hello', 'a=b'))
    assert first != digest(t.disk_image('raw', 'hello', 'a=c'))


def test_mtools_reads_the_fat(t):
    mtype = t.program('mtype')
    image = t.disk_image('raw', 'hello', "x=it's")
    text = t.run(mtype, '-i', f'{image}@@1M', '::/boot/grub/grub.cfg').decode()
    assert "multiboot2 /boot/billet.elf 'x=it'\\''s'" in text, text
    copy = t.path('back.elf')
    t.run(t.program('mcopy'), '-i', f'{image}@@1M', '::/boot/billet.elf', copy)
    assert digest(copy) == digest(t.image('hello'))


def test_billet_image_makes_each_format(t):
    for kind, magic in (('elf', b'\x7fELF'), ('iso', b''), ('raw', b''),
                        ('qcow2', b'QFI\xfb'), ('gce', b'\x1f\x8b'),
                        ('vhd', b''), ('vmdk', b'KDMV'),
                        ('oci', b'oci-layout')):
        out = t.path('out.' + kind)
        said = billet(t, 'image', 'hello', '--build', t.build, '-f', kind, '-o',
                      out).decode()
        assert out.read_bytes().startswith(magic), kind
        assert ('no network yet' in said) == (kind in ('vhd', 'vmdk')), said
    billet(t, 'image', 'nosuch', '--build', t.build, status=2)
    billet(t, 'image', 'hello', '--build', t.build, '-f', 'elf', '-a', 'x=1',
           '-o', t.path('never'), status=2)
