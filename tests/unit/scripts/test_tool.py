# SPDX-License-Identifier: ISC
"""scripts/billet with what nobody should give it: it answers in words, with a
documented status, and never with a traceback."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from unittest import mock
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / 'scripts'))
from billetlib import build, elf, manifest, new, runner, say, verify  # noqa: E402

BILLET = TOP / 'scripts' / 'billet'
PF_X, PF_W, PF_R = 1, 2, 4


def billet(*words, stdout=subprocess.PIPE, text=b'', **env):
    return subprocess.run([os.fsencode(w) for w in (BILLET, *words)],
                          input=text, stdout=stdout, stderr=subprocess.PIPE,
                          env={**os.environ, **env}, timeout=60)


def elf_file(*loads):
    """A file of segments (address, memory bytes, flags) alone."""
    head = struct.pack('<16sHHIQQQIHHHHHH', b'\x7fELF\x02\x01\x01', 2, 62, 1, 0,
                       64, 0, 0, 64, 56, len(loads), 64, 0, 0)
    return head + b''.join(
        struct.pack('<IIQQQQQQ', elf.PT_LOAD, flags, 0, at, at, 0, size, 0)
        for at, size, flags in loads)


def faults(*loads):
    return [f for f in manifest.wx_faults(elf.Elf('x', elf_file(*loads)))
            if 'stack' not in f]


class Words(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='a folder ')
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def refused(self, status, *words, said='', **more):
        done = billet(*words, **more)
        text = done.stderr.decode()
        self.assertNotIn('Traceback', text)
        self.assertEqual(done.returncode, status, text)
        self.assertIn(said, text)
        self.assertTrue(text.startswith(('billet: ', 'usage: ')), text)
        return text

    def test_files_that_are_no_images(self):
        os.mkfifo(self.folder / 'fifo')
        (self.folder / 'noise').write_bytes(os.urandom(3000))
        (self.folder / 'empty').touch()
        (self.folder / 'dangling').symlink_to('nowhere')
        for words in (['inspect'], ['config', 'list']):
            for name, status in (('noise', 1), ('empty', 1), ('fifo', 1),
                                 ('', 1), ('dangling', 2)):
                self.refused(status, *words, self.folder / name)
        for words in (['inspect'], ['sbom'], ['verify'], ['config', 'list']):
            self.refused(1, *words, '/dev/zero', said='a device or a pipe')
        self.refused(2, 'inspect', b'\xff', said='no such file')

    def test_places_that_cannot_be_written(self):
        (self.folder / 'file').touch()
        for place in (self.folder / 'file', '/proc/nowhere'):
            self.refused(1, 'run', 'hello', '--build', place,
                         said='no folder can be made there')
        with mock.patch.object(os, 'access', lambda path, mode: False):
            with self.assertRaisesRegex(say.Stop, 'cannot be written to'):
                build.compile(self.folder)
        self.refused(2, 'image', 'hello', '-o', self.folder,
                     said='a folder; -o wants a file')

    def test_the_usage_of_the_command_is_shown(self):
        for words in (['doctor', '--cake'], ['bench', '--cake'], ['new'],
                      ['explain', '--cake'], ['help', 'run', 'cake']):
            done = self.refused(2, *words, said=f'usage: billet {words[0]} ')
            self.assertIn(f'next: scripts/billet help {words[0]}\n', done)
        self.refused(2, 'config', said='are required: list|get|set|unset, '
                     'IMAGE\n')
        self.refused(2, 'bench', 'cake', said='no such measurement')
        for more in (['--sequence=3'], ['--slots', '--sequence=-1']):
            self.refused(2, 'image', 'hello', *more, said='goes with --slots')

    def test_a_list_is_of_what_is_named(self):
        listed = billet('test', '--list', 'twenty').stdout.decode().split('\n')
        self.assertTrue(all('twenty' in name for name in listed[:-1]))
        self.assertGreater(len(listed), 1)

    def test_addresses_that_are_none(self):
        for url in ('https://[x', 'https://x:99999', 'https://x:y', 'x', ''):
            self.refused(2, 'update', url, __file__, said='want https://HOST')

    def test_a_key_that_is_not_there(self):
        self.refused(2, 'sign', __file__, '--key', self.folder / 'key',
                     said='openssl genpkey')

    def test_names_that_mean_something_else(self):
        for name in ('test', 'all', 'meson-logs', 'shop-', 'shop\n'):
            self.refused(2, 'new', '--here', '--', name,
                         said='cannot be the name')
        for name, want in (('stream', 'struct stream_app {'),
                           ('int', 'struct int_app {'),
                           ('shop', 'struct shop {'),
                           ('my-shop', 'struct my_shop {')):
            self.assertIn(want, new.source(name, 'http'))

    def test_a_port_is_given_once(self):
        with self.assertRaisesRegex(say.Stop, 'given twice'):
            runner.check_ports('web', [('tcp', 1, 80), ('tcp', 1, 81)])

    def test_what_is_not_in_the_path_is_missing(self):
        for name in ('sh', 'dirname', 'readlink', 'env', 'id', 'bash'):
            (self.folder / name).symlink_to(shutil.which(name))
        (self.folder / 'python3').symlink_to(sys.executable)
        done = billet('doctor', PATH=str(self.folder))
        self.assertEqual(done.returncode, 3)
        self.assertIn(b'apt-get install -y --no-install-recommends gcc meson',
                      done.stdout)
        self.refused(3, 'run', 'hello', PATH=str(self.folder),
                     said='this needs: gcc meson ninja-build')

    @unittest.skipUnless(shutil.which('git'), 'no git')
    def test_a_repository_around_the_tree_is_another(self):
        git = ['git', '-C', str(self.folder), '-c', 'user.name=x', '-c',
               'user.email=x@example.com']
        subprocess.run([*git, 'init', '-q'], check=True)
        subprocess.run([*git, 'commit', '-q', '--allow-empty', '-m', 'x'],
                       check=True)
        (self.folder / 'inner').mkdir()
        for top, known in ((self.folder, True), (self.folder / 'inner', False)):
            with mock.patch.object(verify, 'TOP', top):
                self.assertEqual(bool(verify.git('describe', '--always')),
                                 known)

    def test_a_line_may_begin_with_dashes(self):
        said = billet('explain', '--disk x: there is no x; an empty one:'
                      ).stdout.decode()
        self.assertIn('cause: ', said)
        self.assertEqual(billet('explain', text=b'\xff\xfe\n').returncode, 1)

    def test_streams_that_are_full_or_closed(self):
        with open('/dev/full', 'wb') as full:
            self.refused(1, 'explain', '--list', stdout=full,
                         said='No space left')
        done = subprocess.run(
            ['bash', '-c', '"$0" explain --list | head -1; "$0" explain <&-; '
             '"$0" help run >&- 2>&-; "$0" explain "unknown key --x" 2>&-',
             BILLET], capture_output=True, text=True, timeout=60)
        self.assertNotIn('Traceback', done.stderr)
        self.assertNotIn('ignored', done.stderr)
        self.assertIn('cause: ', done.stdout)
        self.assertEqual(done.returncode, 0)


class Hostile(unittest.TestCase):
    def test_segments_without_an_end(self):
        self.assertTrue(faults((0, 1 << 63, PF_R), (1 << 62, 1, PF_W)))
        self.assertFalse(faults((0, 1 << 62, PF_R), (1 << 62, 1, PF_W)))

    def test_rights_of_a_page(self):
        self.assertFalse(faults((0, 4096, PF_R), (4096, 1, PF_R | PF_X)))
        self.assertFalse(faults((0, 4097, PF_R), (4097, 1, PF_R)))
        self.assertTrue(faults((0, 4097, PF_R), (4200, 1, PF_R | PF_X)))
        self.assertTrue(faults((4200, 1, PF_R | PF_X), (0, 4097, PF_R)))
        self.assertTrue(faults((0, 1, PF_W | PF_X)))

    def test_offsets_that_no_machine_has(self):
        data = bytearray(elf_file((0, 1, PF_R)))
        for at in (32, 40):
            for value in (1 << 63, (1 << 64) - 1, len(data)):
                broken = data[:]
                struct.pack_into('<Q', broken, at, value)
                struct.pack_into('<H', broken, 60, 1)
                with self.assertRaises(elf.ElfError):
                    elf.Elf('x', bytes(broken))


if __name__ == '__main__':
    unittest.main()
