# SPDX-License-Identifier: ISC
"""Where random bytes come from: with every source, with one, with none, with
one that lies; and a snapshot that goes on twice."""
import struct
import uuid

from harness import each, http_get, http_wait, until
from billetlib import qemu

CURE = '-device virtio-rng-pci'
SEED = bytes((i * 167 + 13) % 251 for i in range(64))


def line_of(machine='q35', cpu='qemu64', rng=None):
    """A line with what is said of randomness, and no more of it."""
    line = qemu.Line(machine, cpu=cpu)
    at = line.words.index(line.device('rng'))
    line.words[at - 1:at + 1] = rng or []
    return line


def boot(t, line, *more):
    port = t.free_port()
    line.kernel(t.image('web')).add(*more)
    return port, t.guest(line.user_net([('tcp', port, 80)]))


def random_lines(guest):
    return [w for w in guest.lines() if ' random] ' in w]


@each(rdrand={'cpu': 'max'}, virtio={'rng': ['-device', 'virtio-rng-pci']},
      seed={'seed': SEED})
def test_one_good_source_is_enough(t, cpu='qemu64', rng=None, seed=None):
    more = []
    if seed:
        t.path('seed').write_bytes(seed)
        more = ['-fw_cfg', f'name=opt/billet/seed,file={t.path("seed")}']
    port, guest = boot(t, line_of(cpu=cpu, rng=rng), *more)
    assert http_wait(port)[0] == 200
    assert not random_lines(guest), random_lines(guest)
    text = http_get(port, '/metrics')[2].decode()
    assert 'random_failed_sources_total 0\n' in text, text


@each(q35={'machine': 'q35'}, microvm={'machine': 'microvm'})
def test_jitter_alone_is_said_with_the_cure(t, machine):
    port, guest = boot(t, line_of(machine))
    guest.wait_for(r'random\] warning: all that is secret rests on timing '
                   r'jitter; .*' + CURE)
    assert http_wait(port)[0] == 200


# A clock that counts instructions has no jitter: nothing is left.
DEAD = ['-icount', 'shift=0']


@each(q35={'machine': 'q35'}, pc={'machine': 'pc'})
def test_without_any_source_the_boot_stops_with_the_cure(t, machine):
    port, guest = boot(t, line_of(machine), *DEAD)
    assert guest.wait_exit(60) == 1
    assert 'timing jitter fails its health test' in guest.text()
    assert CURE in guest.lines()[-1], guest.lines()[-1]
    assert http_get(port, seconds=0.2) is None


@each(half={'seed': SEED[:32]}, same={'seed': bytes([7]) * 64},
      repeats={'seed': SEED[:8] * 8})
def test_a_bad_seed_does_not_help(t, seed):
    t.path('seed').write_bytes(seed)
    _, guest = boot(t, line_of(), *DEAD, '-fw_cfg',
                    f'name=opt/billet/seed,file={t.path("seed")}')
    assert guest.wait_exit(60) == 1
    assert CURE in guest.lines()[-1], guest.lines()[-1]


def zeros():
    return ['-object', 'rng-random,id=zeros,filename=/dev/zero', '-device',
            'virtio-rng-pci,rng=zeros']


def test_a_device_that_lies_is_shut_off_and_others_go_on(t):
    port, guest = boot(t, line_of(cpu='max', rng=zeros()))
    assert http_wait(port)[0] == 200
    assert len(random_lines(guest)) == 1, random_lines(guest)
    assert 'virtio-rng fails its health test' in random_lines(guest)[0]
    text = http_get(port, '/metrics')[2].decode()
    assert 'random_failed_sources_total 1\n' in text, text


def test_a_device_that_lies_alone_stops_the_boot(t):
    _, guest = boot(t, line_of(rng=zeros()), *DEAD)
    assert guest.wait_exit(60) == 1
    assert 'virtio-rng fails its health test' in guest.text()
    assert CURE in guest.lines()[-1], guest.lines()[-1]


def syns(pcap):
    """(source port, sequence number) of each SYN that 10.0.2.15 sent first."""
    data, at, out = pcap.read_bytes(), 24, []
    while at + 16 <= len(data):
        kept, = struct.unpack_from('<I', data, at + 8)
        frame = data[at + 16:at + 16 + kept]
        at += 16 + kept
        if len(frame) < 54 or frame[12:14] != b'\x08\0' or frame[23] != 6 \
                or frame[26:30] != bytes([10, 0, 2, 15]):
            continue
        tcp = frame[14 + frame[14] % 16 * 4:]
        if tcp[13] & 0x12 == 0x02:
            sport, _, seq = struct.unpack_from('>HHI', tcp)
            if (sport, seq) not in out:
                out.append((sport, seq))
    return out


def snapshot_line(t, guid, disk):
    line = line_of(rng=['-device', 'virtio-rng-pci'])
    line.kernel(t.image('echo'), ['--peer=on', '--ipv4=10.0.2.15/24',
                                  '--ipv6=none', '--ntp=off'])
    if guid:
        line.add('-device', f'vmgenid,guid={guid}')
    if disk:
        line.add('-drive', f'if=none,file={qemu.comma(disk)},format=qcow2')
    port = t.free_port()
    return port, line.user_net([('tcp', port, 80)])


def go_on(t, guid, disk, saved):
    """One more life of the snapshot: the ports it draws for what it opens."""
    port, line = snapshot_line(t, guid, disk)
    line.add(*(['-loadvm', 'life'] if disk else
               ['-incoming', f'exec:cat {saved}']))
    guest = t.guest(line)
    until(lambda: guest.qmp('query-status')['status'] == 'running', 30,
          'it goes on')
    for _ in range(3):
        assert http_get(port, '/connect?to=10.0.2.2:1', seconds=20)
    drawn = until(lambda: len(syns(guest.pcaps[0])) >= 3 and
                  syns(guest.pcaps[0]), 10, 'three SYNs')
    text = http_get(port, '/metrics', seconds=20)[2].decode()
    guest.stop()
    return guest, drawn[:3], text


@each(savevm={'how': 'savevm'}, migrate={'how': 'migrate'})
def test_a_snapshot_that_goes_on_twice_repeats_nothing(t, how):
    disk = saved = None
    first = str(uuid.uuid4())
    if how == 'savevm':
        disk = t.path('life.qcow2')
        t.run(t.program('qemu-img'), 'create', '-f', 'qcow2', disk, '16M')
    else:
        saved = t.path('life.state')
    port, line = snapshot_line(t, first, disk)
    guest = t.guest(line)
    assert http_wait(port)[0] == 200
    if disk:
        assert not guest.monitor('savevm life').strip()
    else:
        guest.qmp('migrate', uri=f'exec:cat > {saved}')
        until(lambda: guest.qmp('query-migrate').get('status') == 'completed',
              30, 'the state is written')
    guest.stop()

    # Without a new ID they cannot know: that is what this test would see.
    _, a, _ = go_on(t, first, disk, saved)
    _, b, text = go_on(t, first, disk, saved)
    assert [p for p, _ in a] == [p for p, _ in b], (a, b)
    assert 'random_restores_total 0\n' in text, text

    lives = [go_on(t, uuid.uuid4(), disk, saved) for _ in range(2)]
    for guest, drawn, text in lives:
        assert 'another life of this machine' in guest.text()
        assert 'random_restores_total 1\n' in text, text
        assert [p for p, _ in drawn] != [p for p, _ in a], (drawn, a)
    assert [p for p, _ in lives[0][1]] != [p for p, _ in lives[1][1]]
