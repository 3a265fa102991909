# SPDX-License-Identifier: ISC
"""Whether docs/messages has every message of the sources, and no other; and
what `billet explain` makes of lines."""
import contextlib
import io
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TOP / 'scripts'), str(TOP / 'tests' / 'docs')]
from billetlib import explain, say  # noqa: E402
import message_sources  # noqa: E402

# Written out of pieces, so no one string of the sources is like it.
FORMS = {'PANIC: *, *:*', 'panic: *:*: *',
         '--*=* is not accepted: wanted is *'}
ENTRIES = explain.catalogue()


def explained(line):
    return [e.title for e in explain.explanations(line, ENTRIES)]


class TestCatalogue(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.entries = ENTRIES
        cls.known = {message_sources.plain(p): e for e in cls.entries
                     for p in e.patterns}
        cls.sources = message_sources.messages()

    def test_each_message_has_an_entry(self):
        for pattern, names in self.sources.items():
            with self.subTest(pattern):
                self.assertTrue(pattern in self.known, f'{", ".join(names)}: '
                                'give it a cause and a cure in docs/messages')

    def test_each_entry_has_a_message(self):
        for pattern, entry in self.known.items():
            with self.subTest(pattern):
                self.assertTrue(pattern in {*self.sources, *FORMS},
                                f'{entry.page.name}: no source says that')

    def test_no_message_has_two_entries(self):
        seen = {}
        for entry in self.entries:
            for pattern in entry.patterns:
                self.assertNotIn(pattern, seen, entry.title)
                seen[pattern] = entry

    def test_each_entry_has_cause_cure_and_a_page(self):
        for entry in self.entries:
            with self.subTest(entry.title):
                self.assertGreater(len(entry.cause), 20)
                self.assertGreater(len(entry.cure), 5)
                self.assertTrue(list(explain.places(entry)))

    def test_each_message_is_found_by_itself(self):
        for pattern, entry in self.known.items():
            with self.subTest(pattern):
                line = pattern.replace('*', '7')
                self.assertIn(entry.title, explained(line))

    def test_sources_are_read(self):
        found = set(message_sources.c_messages('lib/x.c', '''
            static const char *f(void) { /* "not this one" */
                log_error(env->log, "net", "no %s: "
                          "two %u", a ? b : c, 2);
                log_info(env->log, "net", "not this either");
                return ok ? NULL : "a reason with words"; }'''))
        self.assertEqual(found, {'no *: two *', 'a reason with words'})
        found = set(message_sources.python_messages(
            'x.py', "raise say.Stop(f'{a}: no {b} ' + ('x' if y else 'z'))\n"
            "raise Stop(f'{a}: two words')"))
        self.assertEqual(found, {'*: two words'})


class TestExplain(unittest.TestCase):
    def test_lines_as_they_are_printed(self):
        key = ['A key that the image does not know']
        for line in (
                'hello: unknown key --mesage: did you mean --message? '
                '--help lists all keys',
                '\x1b[31mhello: unknown key --x; --help lists all keys\x1b[0m',
                'unknown key --ipv5'):
            self.assertEqual(explained(line), key, line)
        self.assertEqual(
            explained('[    0.004211 net] error: no device for the network '
                      '`net`; give the machine one, with QEMU:'),
            ['No network device'])
        self.assertEqual(
            explained('<131>1 2026-01-02T03:04:05.678Z web billet - boot - '
                      'what was written may be lost: device failure')[0],
            'What was written may be lost')

    def test_a_value_that_is_not_accepted(self):
        for line in ('hello: --delay=-1 is not accepted: wanted is a number '
                     'from 0 to 86400',
                     'web: --ipv4=nonsense is not accepted: wanted is '
                     'something that no page has'):
            self.assertEqual(explained(line)[0],
                             'A value that a key does not take', line)

    def test_the_first_instructions(self):
        for line, title in (
                ('This image needs more memory.', 'Too little memory'),
                ('This image needs a 64-bit x86 processor.',
                 'A processor of 32 bits')):
            self.assertEqual(explained(line), [title], line)

    def test_a_reason_is_explained_with_its_message(self):
        self.assertEqual(
            explained('[    1.000000 net] error: net: virtio-net shut off: '
                      'it finished a buffer that does not exist'),
            ['A virtio device breaks the rules', 'A device was shut off'])

    def test_panics(self):
        self.assertEqual(explained('PANIC: page fault: write at 0x8, a NULL '
                                   'pointer')[0][:12], 'A page fault')
        claim = ['A claim that does not hold']
        self.assertEqual(explained('PANIC: n < 4, netstack/tcp/core.c:12'),
                         claim)
        self.assertEqual(explained('panic: netstack/tcp/core.c:12: n < 4'),
                         claim)
        self.assertEqual(explained('panic: lib/base/heap.c:9: heap: given '
                                   'back twice'), ['The heap is damaged'])

    def test_heads_of_other_logs(self):
        for head in ('Nov  3 09:00:00 host web[1]: ', 'web-1  | ',
                     '2026-11-23T09:00:00.123Z stdout F ',
                     '2026-11-23T09:00:00+01:00 host qemu[77]: ',
                     '2026-11-23 09:00:00 '):
            self.assertEqual(
                explained(head + '[    0.004211 net] error: no device for the '
                          'network `uplink`; give the machine one, with '
                          'QEMU:'), ['No network device'], head)

    def test_the_first_of_two_lines(self):
        for line, title in (
                ('billet: port 80 of this machine is in use; choose another, '
                 'for example:', 'Ports of this machine'),
                ('billet: --disk x: there is no x; an empty one:',
                 'Arguments of the commands')):
            self.assertEqual(explained(line), [title])
        self.assertEqual(explained('what nobody says ends in a colon:'), [])

    def test_a_part_of_a_message_is_enough(self):
        self.assertEqual(explained('no certificate was given'),
                         ['A certificate made at boot'])

    def test_what_is_not_ours(self):
        for line in ('mount: /dev/sda1: read-only file system on it',
                     'Segmentation fault (core dumped)',
                     'the quick brown fox'):
            self.assertEqual(explained(line), [], line)

    def status(self, *words):
        options = type('Options', (), {'line': words, 'list': False})
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            return explain.run(options), out.getvalue()

    def test_exit_status_and_the_nearest(self):
        status, text = self.status('unknown key --x')
        self.assertEqual(status, say.OK)
        for word in ('cause:', 'cure:', 'docs/keys.md', 'docs/messages/'):
            self.assertIn(word, text)
        status, text = self.status('no randm number')
        self.assertEqual(status, say.FAILED)
        self.assertIn('no random numbers', text)
        with self.assertRaises(say.Stop) as stop:
            self.status(' ')
        self.assertEqual(stop.exception.status, say.USAGE)


if __name__ == '__main__':
    unittest.main()
