# SPDX-License-Identifier: ISC
"""The ends that come from outside: the power button, SIGTERM, a watchdog; and
what the outside is told of an end from inside."""
import re
import signal
import socket
import time

from billetlib import qemu
from harness import Failed, deadline, each, http_get, http_wait
from test_dhcp import wait_for


REQUEST = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'


def press(guest):
    guest.qmp('system_powerdown')


def wait_event(guest, name, seconds=30):
    """What QEMU says of itself; answers to commands come between."""
    qmp = guest._qmp
    qmp.socket.settimeout(seconds)
    while True:
        said = qmp.read()
        if said.get('event') == name:
            return said.get('data', {})


@each(pc={'machine': 'pc'}, q35={'machine': 'q35'},
      microvm={'machine': 'microvm'})
def test_the_button_ends_an_image(t, machine):
    guest = t.guest(qemu.Line(machine).kernel(t.image('hello'),
                                              ['delay=3600']))
    guest.wait_for('--delay from the command line')
    press(guest)
    guest.wait_for('asked to end')
    assert guest.wait_exit(20) == 0


def test_the_button_while_it_boots_is_not_lost(t):
    """Pressed before anybody listens, or at any time after: it ends."""
    guest = t.guest(qemu.Line().kernel(t.image('hello'), ['delay=3600']))
    end = time.monotonic() + 30
    while guest.process.poll() is None and time.monotonic() < end:
        try:
            press(guest)
        except Exception:  # it has ended
            break
        time.sleep(0.05)
    assert guest.wait_exit(20) == 0


def serving(t, machine='q35'):
    port = t.free_port()
    line = qemu.Line(machine).user_net([('tcp', port, 80)])
    guest = t.guest(line.kernel(t.image('web')))
    http_wait(port)
    return guest, port


def check_ended_by_fin(s, seconds=10):
    """The end of what came, not a reset."""
    s.settimeout(seconds)
    data = b''
    while True:
        more = s.recv(65536)
        if not more:
            return data
        data += more


def connect(port):
    s = socket.create_connection(('127.0.0.1', port), 10)
    s.settimeout(20)
    return s


def test_the_button_ends_connections_in_order(t):
    """One at rest, one new, one in the middle of its request."""
    guest, port = serving(t)
    rests, new, asks = (connect(port) for _ in range(3))
    rests.sendall(REQUEST)
    while not rests.recv(65536):
        pass
    asks.sendall(b'GET / HTTP/1.1\r\n')
    time.sleep(0.3)
    press(guest)
    guest.wait_for('asked to end')
    asks.sendall(b'Host: x\r\n\r\n')
    answer = check_ended_by_fin(asks)
    assert answer.startswith(b'HTTP/1.1 200 '), answer[:200]
    assert b'Connection: close' in answer, answer[:500]
    check_ended_by_fin(rests)
    check_ended_by_fin(new)
    for s in (rests, new, asks):
        s.close()
    assert guest.wait_exit(20) == 0


def test_who_does_not_go_is_not_waited_for_long(t):
    guest, port = serving(t)
    asks = connect(port)
    asks.sendall(b'GET / HTTP/1.1\r\n')
    time.sleep(0.3)
    begin = time.monotonic()
    press(guest)
    assert guest.wait_exit(30) == 0
    assert time.monotonic() - begin < 20
    asks.close()


@each(feeds={'what': None}, hangs={'what': 'hang'})
def test_watchdog(t, what):
    """It bites who hangs, and nobody else."""
    line = qemu.Line().add('-device', 'i6300esb', '-watchdog-action', 'poweroff')
    image = ('breaks', ['do=hang', '--watchdog=2']) if what else \
        ('hello', ['--watchdog=2', 'delay=6'])
    guest = t.guest(line.kernel(t.image(image[0]), image[1]))
    guest.qmp('query-status')
    if what:
        guest.wait_for('^now hang')
        wait_event(guest, 'WATCHDOG')
        assert guest.wait_exit(20) == 0
    else:
        guest.wait_for('^Hello, world', 60)


def test_watchdog_of_a_process(t):
    """A signal of the kernel's, which nothing that hangs can keep from."""
    t.run(t.image('breaks', ''), 'do=hang', '--watchdog=1',
          status=-signal.SIGALRM)
    assert t.run(t.image('hello', ''), 'delay=1', '--watchdog=1',
                 text=True).count('Hello, world') == 4


def test_watchdog_that_is_not_there(t):
    guest = t.guest(qemu.Line().kernel(t.image('hello'), ['--watchdog=2']))
    guest.wait_for('--watchdog: there is none; .* -device i6300esb')
    assert guest.wait_exit(20) == 1


@each(isa={'device': 'pvpanic', 'machine': 'pc'},
      pci={'device': 'pvpanic-pci', 'machine': 'q35'})
def test_a_panic_is_told(t, device, machine):
    line = qemu.Line(machine).add('-device', device)
    i = line.words.index('isa-debug-exit,iobase=0xf4,iosize=4')
    del line.words[i - 1:i + 1]
    line.add('-action', 'panic=pause')
    guest = t.guest(line.kernel(t.image('breaks'), ['do=read-null']))
    guest.qmp('query-status')
    told = wait_event(guest, 'GUEST_PANICKED')
    assert told['action'] == 'pause', told
    guest.wait_for('^PANIC: page fault: read at 0x8, a NULL pointer', 10)


# What the tests start does not hear Ctrl-C; this image has to.
UNBLOCK = '''import os, signal, sys
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
os.execv(sys.argv[1], sys.argv[1:])'''


@each(term={'number': signal.SIGTERM}, int={'number': signal.SIGINT})
def test_a_signal_ends_connections_in_order(t, number):
    net = t.network()
    image = net.start('python3', '-c', UNBLOCK, t.image('web', ''),
                      '--net=tap0', '--ipv4=10.73.0.2/24',
                      '--ipv6=fd73::2/64', log='web')
    wait_for(image, 'started in')
    for host in ('10.73.0.2', 'fd73::2'):
        net.run('ping', '-c', 1, '-W', 5, host)
    client = net.start('python3', '-c', CLIENT, '10.73.0.2', 'fd73::2',
                       log='client')
    wait_for(client, 'asked')
    image.send_signal(number)
    wait_for(image, 'asked to end')
    wait_for(client, 'all ended by FIN')
    if image.wait(10) != 0:
        raise Failed(f'it ended with {image.returncode}')


CLIENT = """
import socket, sys
all = [socket.create_connection((host, 80), 10) for host in sys.argv[1:]]
for s in all:
    s.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
    s.recv(65536)
print('asked', flush=True)
for s in all:
    while s.recv(65536):
        pass
print('all ended by FIN', flush=True)
"""


def metric(port, name):
    status, _, body = http_get(port, '/metrics')
    assert status == 200
    return int(re.search(rf'^{name} (\d+)$', body.decode(), re.M)[1])


def check_time(port, uptime):
    """Monotonic time is not before that; wall time is the host's."""
    assert metric(port, 'image_uptime_seconds') >= uptime
    before = time.time()
    wall = metric(port, 'image_wall_milliseconds') / 1000
    if not before - 2.5 < wall < time.time() + 2.5:
        raise Failed(f'{wall - before} s off')


@deadline(180)
def test_a_machine_that_was_stopped_knows_what_time_it_is(t):
    guest, port = serving(t)
    uptime = metric(port, 'image_uptime_seconds')
    check_time(port, uptime)
    rests = connect(port)
    rests.sendall(REQUEST)
    assert rests.recv(65536).startswith(b'HTTP/1.1 200 ')
    guest.qmp('stop')
    time.sleep(10)
    guest.qmp('cont')
    http_wait(port)
    guest.wait_for(r'the world went on for (9|1\d) s without us')
    check_time(port, uptime)
    rests.sendall(REQUEST)  # what was on its way before has arrived by now
    assert rests.recv(65536)
    rests.close()


@deadline(180)
def test_a_machine_goes_on_from_a_snapshot(t):
    disk = t.path('snapshots.qcow2')
    t.run(t.program('qemu-img'), 'create', '-q', '-f', 'qcow2', disk, '64M')
    port = t.free_port()
    line = qemu.Line().user_net([('tcp', port, 80)])
    line.add('-drive', f'file={qemu.comma(disk)},format=qcow2,if=none,id=keep')
    guest = t.guest(line.kernel(t.image('web')))
    http_wait(port)
    uptime = metric(port, 'image_uptime_seconds')
    said = guest.monitor('savevm one')
    assert not said, said
    time.sleep(4)
    assert metric(port, 'image_uptime_seconds') >= uptime + 3
    said = guest.monitor('loadvm one')
    assert not said, said
    http_wait(port)
    # By QEMU's TSC, which is not set back, or by the board's clock.
    check_time(port, uptime)
