# SPDX-License-Identifier: ISC
"""Ways to boot and to find devices that are not QEMU's own -kernel on a PC: by
network, and machines whose devices no firmware has set up."""
from pathlib import Path

from billetlib import qemu
from harness import deadline, each, http_wait

MMIO = 'virtio_mmio.device=512@0x{:x}:{}'


def netboot(t, folder, file):
    """A PC that boots from its network card, by DHCP and TFTP."""
    line = qemu.Line('pc')
    line.add('-netdev', f'user,id=net0,tftp={qemu.comma(folder)},'
             f'bootfile={file}', '-device',
             'virtio-net-pci,netdev=net0,bootindex=0')
    return t.guest(line)


def check_hello(guest, protocol, word):
    guest.wait_for(rf'hello .* on QEMU pc by {protocol}$', 60)
    guest.wait_for(rf'^{word}$')
    assert guest.wait_exit() == 0


def folder_with(t, **files):
    folder = t.path('tftp')
    folder.mkdir()
    (folder / 'hello.elf').write_bytes(t.image('hello').read_bytes())
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@deadline(150)
def test_ipxe(t):
    """iPXE is in the card's ROM; it takes a multiboot image by itself."""
    folder = folder_with(t, script='#!ipxe\nkernel hello.elf --hello=by-iPXE '
                                   'delay=0\nboot\n')
    check_hello(netboot(t, folder, 'script'), 'multiboot', 'by-iPXE')


@deadline(150)
def test_grub_by_network(t):
    folder = folder_with(t)
    t.run(t.program('grub-mknetdir'), f'--net-directory={folder}',
          '--subdir=grub', '-d', '/usr/lib/grub/i386-pc', '--fonts=',
          '--locales=', '--themes=',
          '--install-modules=multiboot2 net tftp pxe normal')
    (folder / 'grub' / 'grub.cfg').write_text(
        'multiboot2 /hello.elf --hello="by GRUB" delay=0\nboot\n')
    check_hello(netboot(t, folder, 'grub/i386-pc/core.0'), 'multiboot2',
                'by GRUB')


@each(msix={'vectors': 4, 'interface': 'virtio 1, MSI-X'},
      intx={'vectors': 0, 'interface': 'virtio 1, INTx'})
def test_pci_that_no_firmware_has_set_up(t, vectors, interface):
    """As with cloud-hypervisor: modern only, by ECAM, BARs without addresses."""
    port = t.free_port()
    line = qemu.Line('microvm,pcie=on')
    line.add('-netdev', f'user,id=net0,hostfwd=tcp:127.0.0.1:{port}-:80',
             '-device', 'virtio-net-pci,netdev=net0,disable-legacy=on,'
             f'vectors={vectors}')
    guest = t.guest(line.kernel(t.image('web'), ['--logs=debug']))
    guest.wait_for(r'on QEMU microvm')
    guest.wait_for(rf'virtio-net-pci.*{interface}')
    assert http_wait(port)[0] == 200


def test_a_device_of_the_command_line(t):
    """As with Firecracker: only what it says is there, where it says."""
    port = t.free_port()
    line = qemu.Line('microvm').add('-machine', 'acpi=off')
    line.user_net([('tcp', port, 80)])
    guest = t.guest(line.kernel(t.image('web'), [
        '--logs=debug', MMIO.format(0xfeb00c00, 11), 'ipv6=none']))
    guest.wait_for(r'uplink: virtio-net-mmio')
    assert http_wait(port)[0] == 200
    assert 'feb00c00' in guest.text()
    assert 'feb00e00' not in guest.text()


def test_vmd(t):
    """OpenBSD's own way to enter an ELF file, by a loader that does as it."""
    loader = t.path('vmd.elf')
    t.run(t.program('gcc'), '-m32', '-O1', '-ffreestanding', '-fno-pic',
          '-fno-stack-protector', '-mgeneral-regs-only', '-nostdlib',
          '-no-pie', '-static', '-Wl,-Ttext=0x2000000',
          '-Wl,--section-start=.multiboot=0x1fff000', '-Wl,--build-id=none',
          '-Wl,-z,noexecstack', '-o', loader,
          Path(__file__).with_name('vmd_loader.c'))
    line = qemu.Line('pc').kernel(loader)
    guest = t.guest(line.add('-initrd', t.image('hello')))
    guest.wait_for(r'hello .* on QEMU pc by vmd$')
    guest.wait_for('^Hello, world$')
    assert guest.wait_exit() == 0
