# SPDX-License-Identifier: ISC
"""For gdb, in an image or a process of Billet:  source scripts/gdb/billet_gdb.py

    billet connections   the TCP connections, with where they stand
    billet timers        what is set in the wheels, and when it fires
    billet fibers        the fibers, and what each waits in
    billet log           the lines that the image remembers

and printers for addresses, endpoints, spans, timers, fibers and connections.
`billet run NAME --gdb` and `billet gdb NAME` load it.
"""
import ipaddress

import gdb
import gdb.printing

MAPPED = bytes(10) + b'\xff\xff'
ENTRIES_MAX = 1 << 20  # of one list: a broken one must not go on for ever
TEXT_SHOWN = 64
LIVE_WORD = 32
LOST = 'its memory cannot be read'


def address_text(value):
    raw = bytes(int(value['b'][i]) for i in range(16))
    if raw[:12] == MAPPED:
        return str(ipaddress.IPv4Address(raw[12:]))
    return str(ipaddress.IPv6Address(raw))


def symbol_at(pointer):
    """The function that a pointer is at, without its address."""
    text = str(pointer)
    return text.split('<')[-1].rstrip('>') if '<' in text else text


def seconds(ns):
    return f'{int(ns) / 1e9:.3f} s'


class AddressPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return address_text(self.value)


class EndpointPrinter(AddressPrinter):
    def to_string(self):
        text = address_text(self.value['addr'])
        return f'[{text}]:{int(self.value["port"])}' if ':' in text \
            else f'{text}:{int(self.value["port"])}'


class SpanPrinter(AddressPrinter):
    def to_string(self):
        size = int(self.value['n'])
        if size == 0:
            return 'empty'
        try:
            raw = bytes(gdb.selected_inferior().read_memory(
                int(self.value['p']), min(size, TEXT_SHOWN)))
        except gdb.MemoryError:
            return f'{size} bytes at {self.value["p"]}: {LOST}'
        more = '...' if size > TEXT_SHOWN else ''
        return f'{size} bytes {raw!r}{more}'


class TimerPrinter(AddressPrinter):
    def to_string(self):
        if not self.value['link']:
            return 'not set'
        return f'at {seconds(self.value["deadline"])}, then ' \
            + symbol_at(self.value['fire'])


class FiberPrinter(AddressPrinter):
    def to_string(self):
        f = self.value
        state = str(f['state']).replace('FIBER_', '').lower()
        text = f'{state}, {symbol_at(f["run"])}({f["arg"]})'
        if f['timer']['link']:
            text += f', until {seconds(f["timer"]["deadline"])}'
        return text + (', cancelled' if f['cancelled'] else '')


def connection_text(c):
    tcb = c['tcb']
    state = str(tcb['state'].cast(gdb.lookup_type('enum tcp_state')))
    flying = int(tcb['snd_nxt'] - tcb['snd_una']) & 0xffffffff
    return (f'{int(c["lport"])} <- {address_text(c["path"]["dst"])}:'
            f'{int(c["rport"])} {state.replace("TCP_", "")} '
            f'in flight {flying}, in hand {int(c["nrx"])} pieces')


class ConnectionPrinter(AddressPrinter):
    def to_string(self):
        return connection_text(self.value)


def printers():
    made = gdb.printing.RegexpCollectionPrettyPrinter('billet')
    for name, printer in (('ipaddr', AddressPrinter),
                          ('endpoint', EndpointPrinter),
                          ('m?span', SpanPrinter), ('timer', TimerPrinter),
                          ('fiber', FiberPrinter),
                          ('conn', ConnectionPrinter)):
        made.add_printer(name, f'^{name}$', printer)
    return made


def instance():
    """The one struct system."""
    return gdb.parse_and_eval('boot_system')


def chain(first):
    """The entries of a list that is linked by `next`."""
    for _ in range(ENTRIES_MAX):
        if not first:
            return
        yield first
        first = first['next']
    print('...and more: the list does not end')


def wheel_timers(wheel):
    for first in (wheel['due'], wheel['late']):
        yield from chain(first)
    low, high = wheel['slot'].type.range()
    for level in range(low, high + 1):
        yield from slots(wheel['slot'][level])


def slots(level):
    low, high = level.type.range()
    for i in range(low, high + 1):
        yield from chain(level[i])


def network():
    """The net, or None: the image has none."""
    net = instance()['env']['net']
    return net.dereference() if net else None


def show_connections():
    net = network()
    if net is None or not net['tcp']:
        print('no network')
        return
    tcp = net['tcp'].dereference()
    conn_type = gdb.lookup_type('struct conn').pointer()
    size, shown = int(tcp['conn_size']), 0
    for i in range(int(tcp['half_from'])):
        if not int(tcp['live'][i // LIVE_WORD]) >> i % LIVE_WORD & 1:
            continue
        at = int(tcp['conn_base']) + i * size
        print(connection_text(gdb.Value(at).cast(conn_type).dereference()))
        shown += 1
    print(f'{shown} connections')


def show_timers():
    env = instance()['env']
    wheels = [('loop', env['loop']['wheel'])]
    net = network()
    if net is not None:
        wheels.append(('net', net['wheel']))
        if net['tcp']:
            wheels.append(('tcp', net['tcp']['wheel']))
    for name, wheel in wheels:
        print(f'{name}: {int(wheel["count"])} set, now '
              + seconds(wheel['now']))
        for timer in sorted(wheel_timers(wheel),
                            key=lambda t: int(t['deadline'])):
            print(f'  {seconds(timer["deadline"])}  {symbol_at(timer["fire"])}')


def show_fibers():
    fibers = instance()['env']['fibers']
    if not fibers:
        print('none yet')
        return
    for i in range(int(fibers['limit'])):
        fiber = fibers['fiber'][i]
        if str(fiber['state']) != 'FIBER_FREE':
            print(f'{i}: {FiberPrinter(fiber).to_string()}')


def show_log():
    log = instance()['env']['log']
    size = int(log['ring']['n'])
    begin, end = int(log['begin']), int(log['end'])
    if size == 0 or begin == end:
        print('no lines')
        return
    memory = gdb.selected_inferior().read_memory(int(log['ring']['p']), size)
    raw = bytes(memory)
    text = b''.join(raw[at % size:at % size + 1] for at in range(begin, end))
    print(text.decode('utf-8', 'replace'), end='')


WORDS = {'connections': show_connections, 'timers': show_timers,
         'fibers': show_fibers, 'log': show_log}


class Billet(gdb.Command):
    """billet connections|timers|fibers|log: what the image has of them."""

    def __init__(self):
        super().__init__('billet', gdb.COMMAND_DATA)

    def invoke(self, words, from_tty):
        if words not in WORDS:
            raise gdb.GdbError('billet ' + '|'.join(WORDS))
        try:
            WORDS[words]()
        except gdb.MemoryError as error:
            raise gdb.GdbError(f'{LOST}: {error}') from None

    def complete(self, text, word):
        return [w for w in WORDS if w.startswith(word)]


gdb.printing.register_pretty_printer(None, printers(), replace=True)
Billet()
