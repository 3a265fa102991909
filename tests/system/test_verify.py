# SPDX-License-Identifier: ISC
"""The same bytes from another place, and what an image says of its making."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import TOP, deadline, each, http_wait
from billetlib import qemu

FORMATS = ('iso', 'raw', 'qcow2', 'gce.tar.gz', 'vhd', 'vmdk', 'oci.tar')
CORES = ('core.img', 'eltorito.img', 'bootx64.efi')
NOBODY = 65534


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def git(t, *words):
    return t.run('git', '-c', 'safe.directory=*', *words)


def copied_tree(t, folder):
    """This tree in another folder, changes that are not committed and all."""
    if not (TOP / '.git').exists():
        t.skip('the sources are in no git tree')
    git(t, 'clone', '--quiet', '--shared', TOP, folder)
    listed = git(t, '-C', TOP, 'ls-files', '-z', '--cached', '--others',
                 '--exclude-standard')
    for name in listed.decode().split('\0'):
        source = TOP / name
        if name and source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    for path in (TOP / 'subprojects').iterdir():
        if path.is_dir() and not (folder / 'subprojects' / path.name).exists():
            (folder / 'subprojects' / path.name).symlink_to(path)


def stranger():
    """Another user, time zone, language and umask."""
    env = {**os.environ, 'TZ': 'Pacific/Kiritimati', 'LC_ALL': 'tr_TR.UTF-8',
           'USER': 'eve', 'LOGNAME': 'eve', 'CC': 'gcc'}
    cache = Path(os.environ.get('CCACHE_DIR', Path.home() / '.cache/ccache'))
    if cache.is_dir():
        env |= {'CCACHE_DIR': str(cache)}
    return env


def as_nobody():
    """Runs in a child; only root may become somebody else."""
    os.umask(0o077)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def options_of(t):
    """What decides about bytes, as this build has it."""
    found = json.loads(t.run('meson', 'introspect', '--buildoptions', t.build))
    return [f'-D{o["name"]}={o["value"]}' for o in found
            if o['name'] in ('tls', 'optimization')]


@deadline(900)
def test_another_place_another_user_another_day(t):
    """hello, built again elsewhere, in every format; then verified there."""
    work = Path(tempfile.mkdtemp(prefix='billet-elsewhere-'))
    t.at_end(shutil.rmtree, work, True)
    work.chmod(0o755)
    top, build = work / 'src', work / 'deeper' / 'b-verify' / 'here'
    copied_tree(t, top)
    env = stranger()
    t.run('meson', 'setup', '-Dtests=disabled', '-Dimages=enabled',
          *options_of(t), build, top, env=env, seconds=120)
    t.run('ninja', '-C', build, 'apps/hello.elf', 'apps/hello.elf.debug',
          *['boot/image/' + core for core in CORES], env=env, seconds=800)
    assert digest(build / 'apps/hello.elf') == digest(t.image('hello'))
    (work / 'out').mkdir()
    if os.geteuid() == 0:
        os.chown(work / 'out', NOBODY, NOBODY)
    for kind in FORMATS:
        out = work / 'out' / ('hello.' + kind)
        t.run('python3', top / 'boot/image/mkimage.py', kind,
              build / 'apps/hello.elf', out, '--arg=a=b',
              *[word for core, option in zip(CORES, ('core', 'eltorito', 'efi'))
                for word in ('--' + option, build / 'boot/image' / core)],
              env={**env, 'HOME': '/', 'PYTHONDONTWRITEBYTECODE': '1'},
              preexec_fn=as_nobody)
        assert digest(out) == digest(t.disk_image(kind, 'hello', 'a=b')), kind
    verify(t, top, work)


def verify(t, top, work):
    """From the other tree: the image of this one, whole and with one byte
    turned over."""
    billet = [top / 'scripts' / 'billet', 'verify', '--build',
              work / 'deeper' / 'b']

    def said(image, status):
        done = subprocess.run(
            [str(w) for w in (*billet, image)], stdin=subprocess.DEVNULL,
            env={**stranger(), 'LC_ALL': 'C'}, capture_output=True, text=True,
            timeout=600)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    raw = t.disk_image('raw', 'hello', 'hello=it is')
    text = said(raw, 0)
    assert 'the same in every byte' in text and 'hello=it is' in text, text
    assert 'the application: the same' in said(t.image('hello'), 0)
    data = raw.read_bytes()
    elf = data.index(b'\x7fELF\x02')
    code = data.index(t.image('hello').read_bytes()[0x4000:0x4200], elf)
    for at, words in (
            (code, r'NOT what .*section \.text, .* is in [\w.]+\+0x'),
            (data.index(b'GRUB 2.'), r'the rest is not.*BOOTX64\.EFI'),
            (100 * 512, r'the rest is not.*core\.img')):
        broken = t.path('broken.raw')
        broken.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        text = said(broken, 1)
        assert re.search(words, text, re.S), text


def billet(t, *words, **options):
    return t.run(TOP / 'scripts' / 'billet', *words, **options)


def test_verify_refuses_what_it_cannot_build(t):
    elf = t.image('hello').read_bytes()
    commit = json.loads(billet(t, 'inspect', '--json', t.image('hello')))[
        'commit'].encode()
    other = t.path('other.elf')
    other.write_bytes(elf.replace(commit, b'0' * len(commit)))
    billet(t, 'verify', '--build', t.path('b'), other, status=1)
    assert b'not in this tree' in t.path('commands.log').read_bytes()
    other.write_bytes(elf.replace(b'Billet\0\0compiler', b'Bullet\0\0compiler'))
    billet(t, 'verify', '--build', t.path('b'), other, status=1)
    assert b'no note in it of how' in t.path('commands.log').read_bytes()
    billet(t, 'verify', t.path('none'), status=2)
    assert not t.path('b-verify').exists()


def check_spdx(d):
    """The required fields of SPDX 2.3, and that nothing points nowhere."""
    assert d['spdxVersion'] == 'SPDX-2.3' and d['dataLicense'] == 'CC0-1.0'
    assert d['SPDXID'] == 'SPDXRef-DOCUMENT' and d['name']
    assert re.fullmatch(r'urn:uuid:[0-9a-f-]{36}', d['documentNamespace'])
    made = d['creationInfo']
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', made['created'])
    assert all(re.match(r'(Tool|Person|Organization): ', c)
               for c in made['creators']) and made['creators']
    ids = {'SPDXRef-DOCUMENT'}
    for p in d['packages']:
        assert re.fullmatch(r'SPDXRef-[A-Za-z0-9.-]+', p['SPDXID'])
        assert p['SPDXID'] not in ids
        ids.add(p['SPDXID'])
        for key in ('name', 'versionInfo', 'downloadLocation', 'supplier',
                    'licenseConcluded', 'licenseDeclared', 'copyrightText'):
            assert p[key], (p['name'], key)
        assert re.fullmatch(r'NOASSERTION|(Organization|Person): .+',
                            p['supplier'])
        for sum in p.get('checksums', []):
            assert sum['algorithm'] == 'SHA256'
            assert re.fullmatch('[0-9a-f]{64}', sum['checksumValue'])
    for r in d['relationships']:
        assert {r['spdxElementId'], r['relatedSpdxElement']} <= ids, r
        assert r['relationshipType'] in ('DESCRIBES', 'CONTAINS',
                                         'STATIC_LINK')
    assert any(r['relationshipType'] == 'DESCRIBES'
               for r in d['relationships'])


@each(elf={'kind': 'elf'}, raw={'kind': 'raw'}, iso={'kind': 'iso'},
      oci={'kind': 'oci.tar'})
def test_sbom_says_what_is_inside(t, kind):
    image = t.image('hello') if kind == 'elf' \
        else t.disk_image(kind, 'hello', 'a=b')
    text = billet(t, 'sbom', image)
    d = json.loads(text)
    check_spdx(d)
    found = {p['name']: p for p in d['packages']}
    assert found['hello']['checksums'][0]['checksumValue'] == \
        digest(t.image('hello'))
    assert found['billet']['licenseConcluded'] == 'ISC'
    wrap = (TOP / 'subprojects' / 'picolibc.wrap').read_text()
    assert found['picolibc']['checksums'][0]['checksumValue'] in wrap
    assert found['picolibc']['downloadLocation'] in wrap
    assert 'wolfssl' not in found
    assert ('grub' in found) == (kind != 'elf')
    if kind != 'elf':
        assert re.match(r'2\.\d', found['grub']['versionInfo'])
        assert found[image.name]['checksums'][0]['checksumValue'] == \
            digest(image)
    billet(t, 'sbom', image, '-o', t.path('sbom.json'))
    assert t.path('sbom.json').read_bytes() == text


def test_sbom_has_the_gpl_where_tls_is(t):
    image = t.build / 'apps' / 'pinata.elf'
    if not image.is_file():
        t.skip('this build has no TLS')
    d = json.loads(billet(t, 'sbom', image))
    check_spdx(d)
    found = {p['name']: p for p in d['packages']}
    assert found['wolfssl']['licenseConcluded'] == 'GPL-3.0-or-later'
    assert 'GPL-3.0-or-later' in found['pinata']['licenseConcluded']


def test_sbom_refuses_what_is_no_image(t):
    t.path('text').write_bytes(b'hello')
    billet(t, 'sbom', t.path('text'), status=1)
    billet(t, 'sbom', '/bin/true', status=1)
    billet(t, 'sbom', t.path('none'), status=2)
    assert b'Traceback' not in t.path('commands.log').read_bytes()


def test_web_serves_what_is_in_it(t):
    """With TLS; without it 300,000 bytes have no room for it."""
    found = json.loads(t.run('meson', 'introspect', '--buildoptions', t.build))
    if any(o['name'] == 'tls' and o['value'] == 'disabled' for o in found):
        t.skip('this build has no TLS')
    port = t.free_port()
    t.guest(qemu.Line(memory_mb=128).kernel(t.image('web')).user_net(
        [('tcp', port, 80)]))
    status, headers, body = http_wait(port, '/sbom')
    assert status == 200 and headers['Content-Type'] == 'application/json'
    served = json.loads(body)
    check_spdx(served)
    ours = json.loads(billet(t, 'sbom', t.image('web')))

    def libraries(document):
        return sorted((p['name'], p['versionInfo'], str(p.get('checksums')))
                      for p in document['packages'] if p['name'] != 'web')

    assert libraries(served) == libraries(ours), libraries(ours)
