#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Make a bootable image from an application's ELF file, without root.

  iso          a hybrid ISO for BIOS and UEFI, as a CD, a disk or a USB stick
  raw          a GPT disk for BIOS and UEFI: GRUB, and one FAT partition
  qcow2        the same for QEMU and most clouds
  gce.tar.gz   for Google Compute Engine: disk.raw of whole GiB
  vhd          for Azure and Hyper-V: fixed size, whole MiB
  vmdk         for AWS and VMware: stream-optimized
  oci.tar      for KubeVirt: a containerDisk

The image's arguments stand in its GRUB configuration, /boot/grub/grub.cfg.
The same input gives the same bytes.

Exit status: 0 made, 1 not (says why), 2 wrong usage.
"""
import argparse
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import container  # noqa: E402
import fat  # noqa: E402
import gpt  # noqa: E402
import settings  # noqa: E402
import slots  # noqa: E402
from disk import ImageError  # noqa: E402

LABEL = 'BILLET'        # boot/image/grub/efi.cfg looks for it
ESP_FIRST = 2048        # 1 MiB: where every partitioning tool begins
DISKBOOT_LIST = 0x1f4   # in core.img's first sector: where the rest lies
BOOT_IMG_LBA = 0x5c     # in boot.img: where core.img lies
BOOT_IMG_DRIVE_CHECK = 0x66
SIZE = re.compile(r'(\d{1,15})([BKMGT]?)', re.I)
UNITS = {'B': 0, 'K': 10, '': 20, 'M': 20, 'G': 30, 'T': 40}


def bios_boot_code(grub_dir, core):
    """boot.img and core.img, told where core.img lies on the disk."""
    code = bytearray((grub_dir / 'boot.img').read_bytes())
    struct.pack_into('<Q', code, BOOT_IMG_LBA, gpt.FIRST_USABLE)
    # Trust the drive number that the BIOS hands over.
    code[BOOT_IMG_DRIVE_CHECK:BOOT_IMG_DRIVE_CHECK + 2] = b'\x90\x90'
    core = bytearray(core)
    start, count, segment = struct.unpack_from('<QHH', core, DISKBOOT_LIST)
    struct.pack_into('<QHH', core, DISKBOOT_LIST, gpt.FIRST_USABLE + 1,
                     -(-len(core) // gpt.SECTOR) - 1, segment)
    return bytes(code), bytes(core)


def make_disk(options, elf, out):
    # Names are of the content without the arguments: these may change later.
    seed = hashlib.sha256(options.name.encode() + b'\0' + elf).digest()
    esp = fat.Fat16(LABEL, container.epoch(), int.from_bytes(seed[:4], 'big'))
    if 'uefi' in options.firmware:
        esp.add('EFI/BOOT/BOOTX64.EFI', options.efi.read_bytes())
    esp.add(settings.PATH, settings.encode(options.name, options.arg,
                                           slots=options.slots))
    if options.slots:
        slots.add(esp, elf, options.sequence)
    else:
        esp.add('boot/billet.elf', elf)
    code, core = b'', b''
    if 'bios' in options.firmware:
        code, core = bios_boot_code(options.grub_dir,
                                    options.core.read_bytes())
    if gpt.FIRST_USABLE + -(-len(core) // gpt.SECTOR) > ESP_FIRST:
        raise ImageError(f'{options.core}: does not fit before 1 MiB')
    disk = gpt.disk(code, [
        gpt.Partition(gpt.BIOS_BOOT, 'GRUB', gpt.FIRST_USABLE, core, seed,
                      last=ESP_FIRST - 1),
        gpt.Partition(gpt.EFI_SYSTEM, 'Billet', ESP_FIRST, esp.image(), seed),
    ], container.ALIGN[options.format], options.size)
    with open(out, 'wb') as file:
        container.write(options.format, disk, file, options.name)


def make_iso(options, elf, out):
    if options.size:
        raise ImageError('an ISO has the size of its content: no --size')
    if options.slots:
        raise ImageError('an ISO cannot be written to: no --slots')
    esp = fat.Fat16(LABEL + 'EFI', container.epoch(), 0xb111e7)
    esp.add('EFI/BOOT/BOOTX64.EFI', options.efi.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / 'tree'
        grub = tree / 'boot' / 'grub'
        grub.mkdir(parents=True)
        (tree / settings.PATH).write_bytes(
            settings.encode(options.name, options.arg))
        if 'bios' in options.firmware:
            (grub / 'eltorito.img').write_bytes(options.eltorito.read_bytes())
        if 'uefi' in options.firmware:
            (grub / 'efi.img').write_bytes(esp.image())
        (tree / 'boot' / 'billet.elf').write_bytes(elf)
        run_xorriso(options, tree, Path(folder) / 'iso')
        out.write_bytes((Path(folder) / 'iso').read_bytes())


BIOS_CD = ['-b', 'boot/grub/eltorito.img', '-no-emul-boot',
           '-boot-load-size', '4', '-boot-info-table', '--grub2-boot-info']
UEFI_CD = ['--efi-boot', 'boot/grub/efi.img', '-efi-boot-part',
           '--efi-boot-image', '--protective-msdos-label']


def run_xorriso(options, tree, out):
    stamp = time.strftime('%Y%m%d%H%M%S00', time.gmtime(container.epoch()))
    boot = []
    if 'bios' in options.firmware:
        boot += BIOS_CD + ['--grub2-mbr',
                           str(options.grub_dir / 'boot_hybrid.img')]
    if 'uefi' in options.firmware:
        boot += UEFI_CD
    done = subprocess.run(
        ['xorriso', '-as', 'mkisofs', '-quiet', '-r', '-V', LABEL,
         '--modification-date=' + stamp, '--set_all_file_dates', stamp,
         *boot, '-o', str(out), str(tree)],
        env={**os.environ, 'TZ': 'UTC', 'LC_ALL': 'C',
             'SOURCE_DATE_EPOCH': str(container.epoch())},
        capture_output=True, text=True)
    if done.returncode:
        raise ImageError('xorriso: ' + done.stderr.strip())


def size_bytes(text):
    """A disk's size; argparse says what was wrong."""
    match = SIZE.fullmatch(text)
    if not match or not int(match[1]):
        raise argparse.ArgumentTypeError(
            f'{text!r} is no size: want a number of MiB, or one with a letter, '
            'as 512M, 2G, 1T or 1073741824B')
    return int(match[1]) << UNITS[match[2].upper()]


def parse(argv):
    p = argparse.ArgumentParser(
        prog='mkimage.py', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('format', choices=['iso', *container.ALIGN])
    p.add_argument('elf', type=Path, help="the application's ELF file")
    p.add_argument('output', type=Path)
    p.add_argument('--name', help='what the boot menu calls it')
    p.add_argument('--arg', action='append', default=[], metavar='KEY=VALUE',
                   help='an argument for the image; repeat as needed')
    p.add_argument('--size', type=size_bytes, default=0, metavar='N',
                   help="the disk's size at least, in MiB or with K, M, G or "
                   'T behind it (default: what the content takes)')
    p.add_argument('--slots', action='store_true',
                   help='two places for the application, for updates '
                   '(docs/update.md)')
    p.add_argument('--sequence', type=int, default=0, metavar='N',
                   help='updates must have a higher one (%(default)s)')
    p.add_argument('--firmware', choices=['bios,uefi', 'bios', 'uefi'],
                   default='bios,uefi', help='what it boots by (%(default)s)')
    p.add_argument('--core', type=Path, required=True, metavar='FILE',
                   help="GRUB's core image for BIOS disks")
    p.add_argument('--eltorito', type=Path, required=True, metavar='FILE',
                   help='the same for BIOS CDs')
    p.add_argument('--efi', type=Path, required=True, metavar='FILE',
                   help='the same for UEFI')
    p.add_argument('--grub-dir', type=Path, metavar='DIR',
                   default=Path('/usr/lib/grub/i386-pc'),
                   help='where boot.img is (%(default)s)')
    options = p.parse_args(argv)
    options.name = options.name or options.elf.stem
    if not 0 <= options.sequence < 1 << 63:
        p.error('--sequence is a number from 0 on')
    return options


def main(argv=None):
    options = parse(argv)
    make = make_iso if options.format == 'iso' else make_disk
    part = options.output.with_name(options.output.name + '.part')
    try:
        if options.output.exists() and not options.output.is_file():
            raise ImageError(f'{options.output}: that is no file, and would be '
                             'replaced: make a file, and copy it')
        make(options, options.elf.read_bytes(), part)
        os.replace(part, options.output)
    except (OSError, ValueError, ImageError) as error:
        sys.exit(f'mkimage.py: {error}')
    finally:
        part.unlink(missing_ok=True)


if __name__ == '__main__':
    main()
