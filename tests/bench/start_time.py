# SPDX-License-Identifier: ISC
"""How long a start takes, beside what is there without us, in the same run.

By -kernel on a microvm: from QEMU's start to hello's first line, beside QEMU's
own start on a PC until SeaBIOS hands over.  From a CD by BIOS: beside GRUB
alone, until its configuration is read.  Both kinds take turns, so that a busy
host is busy for both; the middle of some runs counts.
"""
import os
import shutil
import statistics
import subprocess
import tempfile
import time

RUNS = 7
PATIENCE_S = 60
QEMU = "qemu-system-x86_64"
COMMON = [QEMU, "-accel", "tcg", "-cpu", "max", "-m", "64", "-nodefaults",
          "-display", "none", "-no-reboot"]
SERIAL = ["-serial", "stdio"]
SEABIOS = ["-chardev", "stdio,id=said", "-device",
           "isa-debugcon,iobase=0x402,chardev=said"]
OURS = b" boot] hello "
MODULES = "--install-modules=multiboot2 iso9660 serial terminal normal echo"
MARK = b"GRUB has read its configuration"
GRUB_ALONE = ("serial --unit=0 --speed=115200\nterminal_output serial\n"
              f"echo {MARK.decode()}\nhalt\n")
GRUB_OURS = "multiboot2 /hello.elf --hello=x\nboot\n"


def until(command, mark):
    """Seconds from QEMU's start until it has said this."""
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as child:
        said = b""
        try:
            while mark not in said:
                more = os.read(child.stdout.fileno(), 4096)
                if not more or time.monotonic() - began > PATIENCE_S:
                    raise RuntimeError(f"{command}: no {mark!r} in {said!r}")
                said += more
            return time.monotonic() - began
        finally:
            child.kill()


def pair(first, second, runs=RUNS):
    """The middle of each, measured in turns."""
    times = [(until(*first), until(*second)) for _ in range(runs)]
    return [statistics.median(column) for column in zip(*times)]


def kernel(build, say):
    """Per cent of QEMU's start to SeaBIOS's hand-over."""
    image = os.path.join(build, "apps", "hello.elf")
    ours, bios = pair(
        (COMMON + ["-M", "microvm", *SERIAL, "-kernel", image], OURS),
        (COMMON + ["-M", "pc", *SEABIOS, "-kernel", image], b"Booting from"))
    say(f"start: {1000 * ours:.0f} ms to the first line on a microvm, "
        f"{1000 * bios:.0f} ms to SeaBIOS's hand-over on a PC")
    return round(100 * ours / bios)


def make_iso(folder, name, config, image):
    tree = os.path.join(folder, name)
    os.makedirs(os.path.join(tree, "boot", "grub"))
    shutil.copy(image, tree)
    with open(os.path.join(tree, "boot", "grub", "grub.cfg"), "w",
              encoding="ascii") as file:
        file.write(config)
    subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", MODULES,
                    "--fonts=", "--locales=", "--themes=", "-o",
                    tree + ".iso", tree], check=True, capture_output=True)
    return tree + ".iso"


def iso(build, say):
    """Milliseconds more than GRUB alone; None where there is no GRUB."""
    if not all(map(shutil.which, ("grub-mkrescue", "xorriso", "mformat"))):
        return None
    image = os.path.join(build, "apps", "hello.elf")
    with tempfile.TemporaryDirectory() as folder:
        command = COMMON + ["-M", "pc", *SERIAL, "-cdrom"]
        ours, grub = pair(
            (command + [make_iso(folder, "ours", GRUB_OURS, image)], OURS),
            (command + [make_iso(folder, "grub", GRUB_ALONE, image)], MARK))
    say(f"start: {1000 * ours:.0f} ms to the first line from a CD, "
        f"{1000 * grub:.0f} ms until GRUB has read its configuration")
    return round(1000 * (ours - grub))
