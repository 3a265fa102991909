#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Make a bootable image from an application's ELF file, without root.

  raw  a GPT disk for BIOS and UEFI: GRUB, and one FAT partition
  iso  a hybrid ISO for BIOS and UEFI, as a CD or as a disk

The image's arguments stand in its GRUB configuration, /boot/grub/grub.cfg.
The same input gives the same bytes.

Exit status: 0 made, 1 not (says why), 2 wrong usage.
"""
import argparse
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import fat  # noqa: E402
import gpt  # noqa: E402

# Any fixed moment does; this is 2025-01-01.  SOURCE_DATE_EPOCH overrides it.
EPOCH = 1735689600
LABEL = 'BILLET'        # boot/image/grub/efi.cfg looks for it
ESP_FIRST = 2048        # 1 MiB: where every partitioning tool begins
DISKBOOT_LIST = 0x1f4   # in core.img's first sector: where the rest lies
BOOT_IMG_LBA = 0x5c     # in boot.img: where core.img lies
BOOT_IMG_DRIVE_CHECK = 0x66


def epoch():
    return int(os.environ.get('SOURCE_DATE_EPOCH', EPOCH))


def shell_quote(text):
    """A word as GRUB's script reader takes it, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def grub_cfg(name, args):
    words = ' '.join(shell_quote(a) for a in args)
    return f"""\
set timeout=0
menuentry {shell_quote(name)} {{
    multiboot2 /boot/billet.elf {words}
}}
""".encode()


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


def make_raw(options, elf, out):
    esp = fat.Fat16(LABEL, epoch())
    esp.add('EFI/BOOT/BOOTX64.EFI', options.efi.read_bytes())
    esp.add('boot/grub/grub.cfg', grub_cfg(options.name, options.arg))
    esp.add('boot/billet.elf', elf)
    code, core = bios_boot_code(options.grub_dir, options.core.read_bytes())
    if gpt.FIRST_USABLE + -(-len(core) // gpt.SECTOR) > ESP_FIRST:
        raise ValueError(f'{options.core}: does not fit before 1 MiB')
    out.write_bytes(gpt.disk(code, [
        gpt.Partition(gpt.BIOS_BOOT, 'GRUB', gpt.FIRST_USABLE, core,
                      last=ESP_FIRST - 1),
        gpt.Partition(gpt.EFI_SYSTEM, 'Billet', ESP_FIRST, esp.image()),
    ]))


def make_iso(options, elf, out):
    esp = fat.Fat16(LABEL + 'EFI', epoch())
    esp.add('EFI/BOOT/BOOTX64.EFI', options.efi.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / 'tree'
        grub = tree / 'boot' / 'grub'
        grub.mkdir(parents=True)
        (grub / 'grub.cfg').write_bytes(grub_cfg(options.name, options.arg))
        (grub / 'eltorito.img').write_bytes(options.eltorito.read_bytes())
        (grub / 'efi.img').write_bytes(esp.image())
        (tree / 'boot' / 'billet.elf').write_bytes(elf)
        run_xorriso(options, tree, Path(folder) / 'iso')
        out.write_bytes((Path(folder) / 'iso').read_bytes())


def run_xorriso(options, tree, out):
    stamp = time.strftime('%Y%m%d%H%M%S00', time.gmtime(epoch()))
    done = subprocess.run(
        ['xorriso', '-as', 'mkisofs', '-quiet', '-r', '-V', LABEL,
         '--modification-date=' + stamp, '--set_all_file_dates', stamp,
         '-b', 'boot/grub/eltorito.img', '-no-emul-boot',
         '-boot-load-size', '4', '-boot-info-table', '--grub2-boot-info',
         '--grub2-mbr', str(options.grub_dir / 'boot_hybrid.img'),
         '--efi-boot', 'boot/grub/efi.img', '-efi-boot-part',
         '--efi-boot-image', '--protective-msdos-label',
         '-o', str(out), str(tree)],
        env={**os.environ, 'TZ': 'UTC', 'LC_ALL': 'C',
             'SOURCE_DATE_EPOCH': str(epoch())},
        capture_output=True, text=True)
    if done.returncode:
        raise ValueError('xorriso: ' + done.stderr.strip())


def parse(argv):
    p = argparse.ArgumentParser(
        prog='mkimage.py', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('format', choices=['raw', 'iso'])
    p.add_argument('elf', type=Path, help="the application's ELF file")
    p.add_argument('output', type=Path)
    p.add_argument('--name', help='what the boot menu calls it')
    p.add_argument('--arg', action='append', default=[], metavar='KEY=VALUE',
                   help='an argument for the image; repeat as needed')
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
    return options


def main(argv=None):
    options = parse(argv)
    make = {'raw': make_raw, 'iso': make_iso}[options.format]
    part = options.output.with_name(options.output.name + '.part')
    try:
        make(options, options.elf.read_bytes(), part)
        os.replace(part, options.output)
    except (OSError, ValueError) as error:
        sys.exit(f'mkimage.py: {error}')
    finally:
        part.unlink(missing_ok=True)


if __name__ == '__main__':
    main()
