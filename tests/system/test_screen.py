# SPDX-License-Identifier: ISC
"""Pictures and keys: what each display of QEMU shows is, pixel by pixel, what
the Linux process draws for the same keys; each keyboard types the same."""
import re
from pathlib import Path

from harness import Failed, deadline, each, until
from billetlib import qemu
from test_panic import wait_asleep

TOP = Path(__file__).resolve().parents[2]
# The same words by keys of a German keyboard, and as a terminal says them.
KEYS = ['shift+h', 'e', 'y', 'spc', 'bracket_left', 'minus', 'ret', 'alt_r+q',
        'x', 'backspace', 'down', 'right', 'right', 'up', 'left']
TEXT = 'Hez \u00fc\u00df\n@x\x7f\x1b[B\x1b[C\x1b[C\x1b[A\x1b[D'
LAYOUT = '--keyboard=de'
CODES = {'h': 35, 'shift': 42}


def picture(data):
    """(width, height, pixels) of a PPM; None while it is not there whole."""
    match = re.match(rb'P6\n(\d+) (\d+)\n255\n', data)
    if not match:
        return None
    width, height = int(match[1]), int(match[2])
    pixels = data[match.end():]
    return (width, height, pixels) if len(pixels) == 3 * width * height \
        else None


def expected(t, *args, text=TEXT):
    """What the process draws."""
    dump, typed = t.path('expected.ppm'), t.path('typed')
    typed.write_text(text + '\x1b', encoding='utf-8')
    with open(typed, 'rb') as stdin:
        out = t.run(t.image('screen', ''), LAYOUT, f'--screen-dump={dump}',
                    *args, stdin=stdin)
    assert b'screen: bye' in out, out
    return picture(dump.read_bytes())


def shown(guest):
    path = guest.test.path('shown.ppm')
    guest.qmp('screendump', filename=str(path))
    return picture(path.read_bytes())


def first_difference(a, b):
    if a is None or b is None or a[:2] != b[:2]:
        return f'{a and a[:2]} is not {b and b[:2]}'
    at = next((i for i in range(len(a[2])) if a[2][i] != b[2][i]), None)
    return at is not None and \
        f'another pixel at {at // 3 % a[0]}, {at // 3 // a[0]}'


def wait_for_picture(guest, want, seconds=30):
    last = []

    def same():
        last[:] = [shown(guest)]
        return last[0] == want
    try:
        until(same, seconds, 'the picture')
    except Failed:
        raise Failed('the picture: ' + str(first_difference(last[0], want))) \
            from None


def press(guest, *keys):
    for key in keys:
        guest.qmp('send-key', hold_time=30,
                  keys=[{'type': 'qcode', 'data': k} for k in key.split('+')])


def kernel(machine, *devices):
    def make(t, args):
        return qemu.Line(machine).kernel(t.image('screen'), args) \
            .add(*[w for d in devices for w in ('-device', d)])
    return make


def iso(machine, device, uefi=False):
    def make(t, args):
        line = qemu.Line(machine, memory_mb=256 if uefi else 64)
        if uefi:
            line.add('-bios', t.ovmf())
        return line.cdrom(t.disk_image('iso', 'screen', *args)) \
            .add('-device', device)
    return make


GIVEN = "the boot loader's framebuffer"


@each(**{
    'std-pc': {'make': kernel('pc', 'VGA'), 'display': 'bochs-display',
               'keyboard': 'PS/2$'},
    'std-q35-800x600': {'make': kernel('q35', 'VGA'), 'size': '800x600',
                        'display': 'bochs-display', 'keyboard': 'PS/2$'},
    'bochs-q35': {'make': kernel('q35', 'bochs-display'),
                  'display': 'bochs-display', 'keyboard': 'PS/2$'},
    'virtio-q35': {
        'make': kernel('q35', 'virtio-gpu-pci', 'virtio-keyboard-pci'),
        'display': 'virtio-gpu-pci', 'keyboard': 'PS/2, virtio-input-pci'},
    'virtio-q35-packed': {
        'make': kernel('q35', 'virtio-gpu-pci,packed=on',
                       'virtio-keyboard-pci,packed=on'),
        'display': 'virtio-gpu-pci', 'keyboard': 'PS/2, virtio-input-pci'},
    'virtio-microvm': {
        'make': kernel('microvm', 'virtio-gpu-device',
                       'virtio-keyboard-device'),
        'display': 'virtio-gpu-mmio', 'keyboard': 'virtio-input-mmio'},
    'iso-bios': {'make': iso('pc', 'VGA'), 'display': GIVEN,
                 'keyboard': 'PS/2$'},
    'iso-uefi': {'make': iso('q35', 'VGA', True), 'display': GIVEN,
                 'keyboard': 'PS/2$'},
    'iso-uefi-1280x720': {'make': iso('q35', 'VGA', True), 'size': '1280x720',
                          'display': 'bochs-display', 'keyboard': 'PS/2$'},
    'iso-uefi-virtio': {'make': iso('q35', 'virtio-gpu-pci', True),
                        'display': 'virtio-gpu-pci', 'keyboard': 'PS/2$'},
})
@deadline(180)
def test_picture_and_keys(t, make, display, keyboard, size=None):
    args = [f'--screen={size}'] if size else []
    want = expected(t, *args)
    assert want[:2] == tuple(map(int, (size or '1024x768').split('x')))
    guest = t.guest(make(t, [LAYOUT, *args]))
    guest.wait_for(r'^screen: ready', 100)
    guest.wait_for(r' screen\] ' + re.escape(display))
    guest.wait_for('keyboards: ' + keyboard)
    press(guest, *KEYS)
    wait_for_picture(guest, want)
    press(guest, 'esc')
    guest.wait_for(r'^screen: bye')
    assert guest.wait_exit() == 0


def test_keys_by_events(t):
    """input-send-event holds a key down for as long as it is wanted."""
    guest = t.guest(kernel('q35', 'VGA', 'virtio-keyboard-pci')(t, [LAYOUT]))
    guest.wait_for(r'^screen: ready')

    def key(name, down):
        guest.qmp('input-send-event', events=[
            {'type': 'key', 'data': {
                'down': down, 'key': {'type': 'qcode', 'data': name}}}])
    for name, down in (('shift', True), ('h', True), ('h', False),
                       ('shift', False), ('h', True), ('h', False)):
        key(name, down)
    wait_for_picture(guest, expected(t, text='Hh'))


def glyphs():
    """The font's letters of ASCII, by their 16 rows."""
    source = (TOP / 'lib' / 'screen' / 'font.c').read_text()
    rows = re.findall(r'\{0x([0-9a-f]{16}), 0x([0-9a-f]{16})\}', source)
    return {bytes.fromhex(a + b): chr(0x20 + i)
            for i, (a, b) in enumerate(rows[:95])}


def read_text(screen, x, y, columns, rows, font):
    """The letters in a part of the picture, whatever their colours."""
    width, _, pixels = screen

    def cell(column, row):
        lines = []
        for i in range(16):
            at = 3 * ((y + 16 * row + i) * width + x + 8 * column)
            lines.append([pixels[at + 3 * k:at + 3 * k + 3] for k in range(8)])
        background = lines[0][0]
        bits = bytes(sum((lines[i][k] != background) << (7 - k)
                         for k in range(8)) for i in range(16))
        return font.get(bits, '\ufffd')
    return [''.join(cell(c, r) for c in range(columns)).rstrip()
            for r in range(rows)]


def test_log_on_the_console(t):
    """Lines from before the console, and those that come later."""
    guest = t.guest(kernel('pc', 'VGA')(t, ['--log']))
    guest.wait_for('started in')
    font = glyphs()

    def lines():
        return read_text(shown(guest), 16, 208, 60, 12, font)
    found = until(lambda: (lambda l: 'screen: ready' in l and l)(lines()), 30,
                  'the log on the screen')
    assert found[0].startswith('Type something.'), found
    assert any(re.search(r'boot\] screen 0', line) for line in found), found
    assert any(' screen] keyboards: PS/2' in line for line in found), found
    until(lambda: any('started in' in line for line in lines()), 30,
          'a later line')


@each(vga={'make': kernel('pc', 'VGA')},
      virtio={'make': kernel('q35', 'virtio-gpu-pci')},
      microvm={'make': kernel('microvm', 'virtio-gpu-device')},
      uefi={'make': iso('q35', 'VGA', True)})
def test_a_panic_is_seen(t, make):
    """The machine stands still where it would have left."""
    line = make(t, [])
    at = line.words.index('isa-debug-exit,iobase=0xf4,iosize=4')
    del line.words[at - 1:at + 1]
    line.add('-action', 'reboot=shutdown,shutdown=pause')
    guest = t.guest(line)
    guest.wait_for('^screen: ready', 100)
    wait_asleep(guest)
    guest.qmp('inject-nmi')
    guest.wait_for(r'^  build id [0-9a-f]{32}$')
    until(lambda: not guest.qmp('query-status')['running'], 30, 'it stands')
    said = guest.text().splitlines()
    first = next(i for i, s in enumerate(said) if s.startswith('PANIC: '))
    said = said[first:]
    assert said[0] == 'PANIC: non-maskable interrupt', said
    found = read_text(shown(guest), 0, 0, 128, len(said), glyphs())
    assert found == said, found


def test_without_a_display(t):
    """It goes on; whoever reads the log knows."""
    guest = t.guest(kernel('q35')(t, []))
    guest.wait_for(r'screen\] warning: no display, so nobody sees the '
                   '1024x768 pixels')
    guest.wait_for(r'^screen: ready')
    press(guest, 'esc')
    assert guest.wait_exit() == 0


def test_sizes_that_are_refused(t):
    for size in ('1024', '100x100', '1023x768', '9999x768', '1024x768x32',
                 '1024x99999999999999999999'):
        out = t.run(t.image('screen', ''), f'--screen={size}', status=2)
        assert b'from 320x200 to 4096x2160' in out, out
