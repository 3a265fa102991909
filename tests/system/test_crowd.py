# SPDX-License-Identifier: ISC
"""Crowds of connections that are a burden, and a client among them.

Idle ones, slow readers behind a closed window, senders of a byte a second:
4,096 of each.  And what an idle connection costs: 10,000 of them in a guest of
64 MiB, 100,000 in a process.
"""
from harness import Failed, alone, deadline, each, full, until
from overload import Victim

MANY = 4096
RETURN_S = 130
CALM_FLOOR_US = 1_000_000   # nobody waits longer among so many
# While 4,096 come at once the tap's queue drops some frames: Linux sends a SYN
# again after 1 s and then 2 s.
ARRIVING_US = 3_500_000
REQUEST = 'GET /random?bytes=1000000 HTTP/1.1\\r\\nHost: crowd\\r\\n\\r\\n'
IDLE_BYTES_MAX = 2048

CASES = {
    'idle': {'manner': 'idle', 'ask': 'x'},
    'slow_readers': {'manner': 'zero', 'ask': REQUEST},
    'one_byte_senders': {'manner': 'drip', 'ask': REQUEST},
    # Who comes again after being thrown out.
    'stubborn_senders': {'manner': 'drip+', 'ask': REQUEST},
}


def unnoticed(victim, manner, loud, most_us):
    victim.note(f'{victim.world} {manner}: {loud}')
    for series in loud.values():
        if series['failed'] or series['p99'] > most_us:
            raise Failed(f'{manner}: the client among them saw {loud}, '
                         f'{victim.counter("tcp_reaped_total")} reaped')


def among(t, victim, manner, ask, port=None, all_up=True):
    """A client is served while a crowd is there; then all is as before."""
    before = victim.tables()
    victim.note(f'{victim.world}: calm {victim.probe(1)}')
    crowd = victim.crowd(manner, MANY, port, ask)
    unnoticed(victim, manner, victim.probe(3), ARRIVING_US)
    if all_up:
        came = crowd.settled(60)
        victim.note(f'{manner}: {came}')
        if came['up'] + came['refused'] < MANY:
            raise Failed(f'{manner}: not all came: {came}')
    unnoticed(victim, manner, victim.probe(2), CALM_FLOOR_US)
    victim.note(f'{victim.tables()}')
    victim.note(f'{manner}: {crowd.close()}')
    victim.back_to(before, RETURN_S)
    victim.alive()


@each(**CASES)
@deadline(300)
def test_a_client_of_web_among_4096(t, manner, ask):
    web = Victim(t, 'web', family=6 if manner == 'zero' else 4)
    among(t, web, manner, ask, all_up='+' not in manner)


@each(idle={'manner': 'idle', 'ask': 'x'},
      slow_readers={'manner': 'zero', 'ask': 'x' * 30000},
      one_byte_senders={'manner': 'drip', 'ask': 'x'})
@deadline(300)
def test_a_client_of_echo_among_4096(t, manner, ask):
    # Of slow readers some are thrown out, for they hold all memory.
    among(t, Victim(t, 'echo'), manner, ask, all_up=manner != 'zero')


@each(web_idle={'name': 'web', 'manner': 'idle', 'ask': 'x'},
      web_zero={'name': 'web', 'manner': 'zero', 'ask': REQUEST},
      web_drip={'name': 'web', 'manner': 'drip', 'ask': REQUEST},
      echo_zero={'name': 'echo', 'manner': 'zero', 'ask': 'x' * 30000})
@full
@deadline(400)
def test_an_image_among_4096(t, name, manner, ask):
    among(t, Victim(t, name, 'image'), manner, ask,
          all_up=name == 'web')


def sources(victim, n):
    """More addresses of the Linux side: one has 28,000 ports only."""
    out = [f'10.73.1.{i + 1}' for i in range(n)]
    for address in out:
        victim.net.inside('address', 'add', address + '/16', 'dev', 'tap0')
    return out


def idle_ones(t, victim, count, nsources):
    """`count` of them, from so many addresses; a process holds those of one,
    for a process may have 20,000 files or so."""
    crowds = [victim.crowd('idle', count // nsources, ask='x', sources=[source])
              for source in sources(victim, nsources)]
    came = [crowd.settled(240)['up'] for crowd in crowds]
    victim.note(f'{victim.world}: {sum(came)} idle')
    if sum(came) != count:
        raise Failed(f'of {count} idle connections {sum(came)} came to be')
    # Last ACKs that the tap lost are asked for again, by and by.
    until(lambda: victim.counter('tcp_curr_estab') >= count, 60,
          f'{count} are established', step=0.5)
    loud = victim.probe(2)
    victim.note(f'{victim.world} among {count}: {loud}')
    if loud['keep']['failed'] or loud['fresh']['failed']:
        raise Failed(f'among {count} idle ones: {loud}')
    return crowds


def leave(crowds):
    for crowd in crowds:
        crowd.close()


@deadline(300)
def test_ten_thousand_idle_in_a_guest_of_64_mib(t):
    echo = Victim(t, 'echo', 'image', memory_mb=64)
    before = echo.tables()
    leave(idle_ones(t, echo, 10_000, 1))
    echo.back_to(before, RETURN_S)
    echo.alive()


@full
@alone
@deadline(600)
def test_a_hundred_thousand_idle_in_a_process(t):
    echo = Victim(t, 'echo', args=['--tcp-connections=102400'],
                  env=['BILLET_MEMORY_MB=2048'])
    echo.probe(1)
    before, tables = echo.rss_kib(), echo.tables()
    crowds = idle_ones(t, echo, 100_000, 8)
    each_one = (echo.rss_kib() - before) * 1024 / 100_000
    echo.note(f'{each_one:.0f} bytes of memory for each idle connection, '
              f'{echo.rss_kib()} KiB in all')
    if each_one > IDLE_BYTES_MAX:
        raise Failed(f'an idle connection costs {each_one:.0f} bytes')
    leave(crowds)
    echo.back_to(tables, RETURN_S)
    echo.alive()
