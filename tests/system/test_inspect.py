# SPDX-License-Identifier: ISC
"""billet inspect: what an image says of itself is what the sources say."""
import json
import re
import struct

from harness import TOP, each
from billetlib import manifest, tree


def inspect(t, file, *words, status=0):
    return t.run(TOP / 'scripts' / 'billet', 'inspect', file,
                 *words, status=status).decode()


def test_layout_and_defaults_are_those_of_app_h(t):
    text = (TOP / 'include' / 'billet' / 'app.h').read_text()
    body = re.search(r'^struct limits \{(.*?)^\};', text, re.M | re.S)[1]
    rows = re.findall(r'uint32_t (\w+);\s*/\*(.*?)\*/', body, re.S)
    assert tuple(name for name, _ in rows) == manifest.LIMITS
    for (name, comment), default in zip(rows, manifest.LIMIT_DEFAULTS):
        said = re.search(r'; (\d+)|^ (\d+) $', comment)
        assert said and int(said[1] or said[2]) == default, (name, comment)


def test_every_application(t):
    for name in tree.apps():
        found = json.loads(inspect(t, t.image(name), '--json'))
        assert found['name'] == name
        assert found['w_xor_x'] is True
        assert re.fullmatch(r'\d+\.\d+\.\d+', found['version'])
        assert re.fullmatch(r'([0-9a-f]{7,40}(-dirty)?|unknown)',
                            found['commit']), found['commit']
        assert re.fullmatch(r'[0-9a-f]{40}', found['build_id'])
        assert {s['rights'] for s in found['segments']} == \
            {'R-X', 'R--', 'RW-'}
        assert found['bytes'] == t.image(name).stat().st_size


def test_text_has_what_a_person_wants(t):
    text = inspect(t, t.image('web'))
    for word in ('uplink', 'tcp_conns', '.text', 'W^X        yes', 'build id'):
        assert word in text, f'no {word} in\n{text}'


@each(text={'index': 0}, data={'index': 2})
def test_a_writable_and_executable_segment_is_found(t, index):
    data = bytearray(t.image('hello').read_bytes())
    phoff, = struct.unpack_from('<Q', data, 32)
    struct.pack_into('<I', data, phoff + index * 56 + 4, 7)
    broken = t.path('broken.elf')
    broken.write_bytes(data)
    assert 'NO: ' in inspect(t, broken, status=1)
    assert json.loads(inspect(t, broken, '--json', status=1))['w_xor_x'] \
        is False


@each(empty={'size': 0}, magic={'size': 4}, header={'size': 64},
      half={'size': 20000})
def test_a_file_cut_short_is_refused_with_words(t, size):
    cut = t.path('cut.elf')
    cut.write_bytes(t.image('hello').read_bytes()[:size])
    t.run(TOP / 'scripts' / 'billet', 'inspect', cut, status=1)
    log = t.path('commands.log').read_text()
    assert 'billet: ' in log and 'Traceback' not in log, log


def test_licence(t):
    for name, app in tree.apps().items():
        found = json.loads(inspect(t, t.image(name), '--json'))
        parts = [p['name'] for p in found['parts']]
        if 'tls' in app.get('uses', []) or 'with_tls' in app:
            assert found['gpl'] and 'GPL-3.0' in found['licence'], found
            assert 'wolfSSL' in parts, parts
            text = inspect(t, t.image(name))
            assert re.search(r'^licence +GPL-3.0-or-later: wolfSSL 5', text,
                             re.M), text
        else:
            assert not found['gpl'] and 'wolfSSL' not in parts, found
            assert 'nothing in it is under the GPL' in inspect(
                t, t.image(name))


@each(hello={'name': 'hello', 'most': 40000},
      pinata={'name': 'pinata', 'most': 2000000})
def test_lines_of_code(t, name, most):
    image = t.image(name)
    t.image(name, 'elf.debug')
    found = json.loads(inspect(t, image, '--lines', '--json'))
    parts, total = found['parts'], found['parts']['total']
    assert not found['lacking'], found['lacking']
    assert ('wolfSSL' in parts) == (name == 'pinata'), parts
    for kind in 'files', 'lines', 'code', 'compiled':
        assert total[kind] == sum(row[kind] for part, row in parts.items()
                                  if part != 'total')
    for row in parts.values():
        assert 0 < row['compiled'] <= row['lines']
        assert row['code'] <= row['lines'] < most
    assert parts['Billet']['compiled'] > 1000
    text = inspect(t, image, '--lines')
    assert re.search(rf'^total .* {total["compiled"]:,}$', text, re.M), text


def test_lines_want_a_line_table(t):
    alone = t.path('alone.elf')
    alone.write_bytes(t.image('hello').read_bytes())
    t.run(TOP / 'scripts' / 'billet', 'inspect', '--lines', alone, status=1)
    log = t.path('commands.log').read_text()
    assert 'no line table in it' in log and 'Traceback' not in log, log
