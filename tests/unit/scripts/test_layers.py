#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""scripts/layers says no when a library calls upwards."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
LAYERS = TOP / 'scripts' / 'layers'


class Layers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.archives = []

    def library(self, name, code, unit='code'):
        folder = Path(self.folder.name) / name
        folder.mkdir()
        obj = folder / (unit + '.c.o')
        subprocess.run(['cc', '-w', '-O0', '-c', '-x', 'c', '-', '-o', obj],
                       input=code, text=True, check=True)
        archive = folder / f'lib{name}.a'
        subprocess.run(['ar', 'rcs', archive, obj], check=True)
        self.archives.append(archive)

    def check(self):
        done = subprocess.run([sys.executable, LAYERS, *self.archives],
                              capture_output=True, text=True)
        return done.returncode, done.stdout

    def test_downwards_is_fine(self):
        self.library('base', 'int base_f(void) { return strlen("x"); }')
        self.library('netstack', 'int net_f(void) { return base_f(); }')
        self.library('boot', 'int boot_f(void) { return net_f(); }')
        self.assertEqual(self.check()[0], 0)

    def test_upwards_is_named(self):
        self.library('base', 'int base_f(void) { return net_f(); }')
        self.library('netstack', 'int net_f(void) { return 0; }')
        status, said = self.check()
        self.assertEqual(status, 1)
        self.assertIn('base: code.o calls net_f', said)

    def test_the_stack_knows_no_machine(self):
        self.library('netstack', 'long f(void) { return machine_now(); }')
        self.assertEqual(self.check()[0], 1)

    def test_an_application_keeps_to_the_contract(self):
        self.library('good_metal', 'int f(void) { return tcp_listen(); }')
        self.assertEqual(self.check()[0], 0)
        self.library('bad_metal', 'int g(void) { return net_input(); }')
        self.assertEqual(self.check()[0], 1)

    def test_only_the_transports_touch_the_bus(self):
        self.library('virtio', 'int f(void) { return pci_read8(); }', 'pci')
        self.assertEqual(self.check()[0], 0)
        self.archives.clear()
        (Path(self.folder.name) / 'virtio').rename(
            Path(self.folder.name) / 'old')
        self.library('virtio', 'int f(void) { return pci_read8(); }', 'net')
        self.assertEqual(self.check()[0], 1)


if __name__ == '__main__':
    unittest.main()
