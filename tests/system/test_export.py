# SPDX-License-Identifier: ISC
"""The files for other engines: what their own checkers say, and what runs."""
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import TOP, each, http_wait, until
from billetlib import qemu

AWKWARD = '--hello=a "b" $x %y {z} \\ it\'s <&>'
NOBODY = 65534


def export(t, name, engine, *words):
    folder = t.path(f'{name}-{engine}')
    said = t.run(TOP / 'scripts' / 'billet', 'export', '--build', t.build,
                 name, engine, '-o', folder, *words).decode()
    assert 'next:\n' in said and f'billet image {name} -f ' in said, said
    return folder


@each(hello={'name': 'hello', 'memory': 64}, web={'name': 'web', 'memory': 96},
      router={'name': 'router', 'memory': 64})
def test_libvirt_takes_the_xml(t, name, memory):
    check = t.program('virt-xml-validate')
    folder = export(t, name, 'libvirt', '-m', memory, '-a', AWKWARD)
    t.run(check, folder / f'{name}.xml', 'domain')
    text = (folder / f'{name}.xml').read_text()
    assert text.count('<interface ') == {'hello': 0, 'web': 1, 'router': 2}[
        name]
    assert f"<memory unit='MiB'>{memory}<" in text


def as_nobody():
    """Runs in a child: as root, libvirt wants users of its own."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def test_hello_runs_under_libvirt(t):
    """The driver of libvirt itself, without a daemon, on TCG."""
    run = t.program('virt-qemu-run')
    work = Path(tempfile.mkdtemp(prefix='billet-libvirt-'))
    t.at_end(shutil.rmtree, work, True)
    work.chmod(0o755)
    shutil.copy(t.image('hello'), work / 'hello.elf')
    folder = export(t, 'hello', 'libvirt', '--accel', 'tcg', '--image',
                    work / 'hello.elf', '-a', AWKWARD)
    xml = (folder / 'hello.xml').read_text()
    console = f"<serial type='file'><source path='{work}/console'/></serial>"
    (work / 'hello.xml').write_text(
        xml.replace("<serial type='pty'/>", console)
           .replace("    <console type='pty'/>\n", ''))
    if os.geteuid() == 0:
        os.chown(work, NOBODY, NOBODY)
    child = subprocess.Popen(
        [run, f'--root={work}/root', work / 'hello.xml'],
        preexec_fn=as_nobody, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=open(t.path('libvirt.log'), 'w'),
        env={**os.environ, 'HOME': str(work), 'XDG_RUNTIME_DIR': str(work)})
    t.at_end(qemu.stop, child, 20)
    text = AWKWARD.partition('=')[2]
    until(lambda: child.poll() is not None or (work / 'console').is_file()
          and (work / 'console').read_text(errors='replace').count(text) == 4,
          90, 'four lines on the console')
    assert child.poll() is None, t.path('libvirt.log').read_text()


def unit_words(text):
    """ExecStart= as systemd reads it."""
    line = re.search(r'^ExecStart=(.*)$', text, re.M)[1]
    return [w.replace('%%', '%').replace('$$', '$') for w in shlex.split(line)]


def test_systemd_takes_the_units(t):
    """And the line in it boots, and its probe is answered."""
    check = t.program('systemd-analyze')
    port = t.free_port()
    folder = export(t, 'web', 'systemd', '--accel', 'tcg', '--image',
                    t.image('web').resolve(), '-p', f'{port}:80')
    units = sorted(folder.iterdir())
    assert len(units) == 3, units
    out = t.run(check, 'verify', '--man=no', *units).decode()
    assert 'web' not in out, out
    line = qemu.Line()
    line.words = unit_words((folder / 'web.service').read_text())
    assert f'0.0.0.0:{port}-:80' in ' '.join(line.words)
    t.guest(line)
    http_wait(port, '/healthz')
    probe = (folder / 'web-health.service').read_text()
    t.run('/bin/sh', '-c', unit_words(probe)[2].split(' || ')[0])


def test_a_disk_to_do_without_is_asked_for(t):
    without = (export(t, 'web', 'systemd') / 'web.service').read_text()
    assert 'state' not in without, without
    with_it = export(t, 'web', 'systemd', '-d', 'state') / 'web.service'
    assert 'file=/var/lib/billet/web-state.img' in with_it.read_text()


def test_systemd_keeps_what_an_argument_says(t):
    folder = export(t, 'hello', 'systemd', '--accel', 'tcg', '--image',
                    t.image('hello').resolve(), '-a', AWKWARD)
    line = qemu.Line()
    line.words = unit_words((folder / 'hello.service').read_text())
    guest = t.guest(line)
    guest.wait_for('^' + re.escape(AWKWARD.partition('=')[2]) + '$')
    t.run(t.program('systemd-analyze'), 'verify', '--man=no',
          folder / 'hello.service')


@each(kubevirt={'engine': 'kubevirt'}, compose={'engine': 'compose'})
def test_yaml_says_what_the_application_has(t, engine):
    try:
        import yaml
    except ImportError:
        t.skip('python3-yaml is not installed')
    for name in ('hello', 'web', 'router'):
        folder = export(t, name, engine, '-a', AWKWARD)
        path, = folder.glob('*.yaml')
        docs = list(yaml.safe_load_all(path.read_text()))
        if engine == 'compose':
            service = docs[0]['services'][name]
            assert ('ports' in service) == (name != 'hello')
            words = [w.replace('$$', '$') for w in service['command']]
            assert qemu.quote_arg(AWKWARD) in words
            continue
        spec = docs[0]['spec']['template']['spec']
        nets = [n['name'] for n in spec.get('networks', [])]
        assert len(nets) == {'hello': 0, 'web': 1, 'router': 2}[name]
        devices = spec['domain']['devices']
        assert [i['name'] for i in devices.get('interfaces', [])] == nets
        assert spec['volumes'][0]['containerDisk']['image'].endswith(
            f'/{name}:0.1.0')
        assert ('readinessProbe' in spec) == (name != 'hello')
        if name == 'web':
            assert spec['readinessProbe']['httpGet'] == {
                'path': '/healthz', 'port': 80}
            assert docs[1]['spec']['ports'][0]['port'] == 80


def test_the_others_are_sound(t):
    for name in ('hello', 'web', 'router', 'disk'):
        for engine in ('proxmox', 'bhyve'):
            script = export(t, name, engine) / f'{name}.sh'
            t.run('sh', '-n', script)
            assert os.access(script, os.X_OK)
        for engine, path in (('nomad', f'{name}.nomad.hcl'),
                             ('vmd', 'vm.conf')):
            text = (export(t, name, engine) / path).read_text()
            assert text.count('{') == text.count('}'), text
            assert f'/var/lib/billet/{name}.' in text
    disks = json.loads(t.run(TOP / 'scripts' / 'billet', 'inspect', '--json',
                             t.image('disk')))['blks']
    needed = [disk for disk in disks if not disk.endswith('?')]
    assert 0 < len(needed) < len(disks), disks
    assert text.count('\tdisk "') == 1 + len(needed), text


def test_what_cannot_be_is_refused(t):
    for words in (('hello', 'nosuch'), ('nosuch', 'libvirt'),
                  ('hello', 'libvirt', '--image', 'relative'),
                  ('hello', 'libvirt', '--image', '/a b'),
                  ('hello', 'kubevirt', '--image', '/a'),
                  ('hello', 'systemd', '-m', '1'),
                  ('hello', 'systemd', '-a', 'x=\n'),
                  ('web', 'systemd', '-p', '80'),
                  ('web', 'systemd', '-d', 'nosuch'),
                  ('disk', 'systemd', '-d', 'disk0')):
        t.run(TOP / 'scripts' / 'billet', 'export', '--build', t.build, *words,
              '-o', t.path('never'), status=2)
    assert not t.path('never').exists()
