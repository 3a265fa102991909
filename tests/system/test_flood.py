# SPDX-License-Identifier: ISC
"""Floods from a hostile neighbour, while a client is served all the time.

The rates are those that are promised: 20,000 spoofed SYNs a second, 50,000
datagrams to closed ports.  `--full` floods for 30 s and allows four times the
calm waits, no more; the shorter ones forgive a busy host some milliseconds.
"""
from harness import alone, deadline, each, full
from overload import Victim, kinds

CALM_S, FLOOD_S, LONG_S = 2, 1.5, 30
RETURN_S = 120   # the longest time-out of a table, and some

families = each(ipv4={'family': 4}, ipv6={'family': 6})


@families
@deadline(300)
def test_every_flood_and_all_tables_return(t, family):
    web = Victim(t, 'web', family=family)
    before, calm = web.tables(), web.probe(CALM_S)
    for kind in kinds(family):
        web.under(kind, FLOOD_S, calm)
    web.back_to(before, RETURN_S)
    web.served_afterwards(calm)
    web.alive()


@each(syn4={'kind': 'syn', 'family': 4}, syn6={'kind': 'syn', 'family': 6},
      udp4={'kind': 'udp', 'family': 4}, udp6={'kind': 'udp', 'family': 6})
@deadline(180)
def test_an_image_is_flooded(t, kind, family):
    web = Victim(t, 'web', 'image', family)
    web.under(kind, 3, web.probe(CALM_S))
    web.alive()


@each(**{f'{world}_{kind}_ipv{family}':
         {'world': world, 'kind': kind, 'family': family}
         for world in ('process', 'image') for family in (4, 6)
         for kind in ('syn', 'udp')})
@full
@alone
@deadline(300)
def test_half_a_minute_of(t, world, kind, family):
    web = Victim(t, 'web', world, family)
    before, calm = web.tables(), web.probe(10)
    web.under(kind, LONG_S, calm, strict=True)
    web.back_to(before, RETURN_S)
    web.alive()


@families
@full
@alone
@deadline(600)
def test_ten_seconds_of_each_other_kind(t, family):
    web = Victim(t, 'web', family=family)
    before, calm = web.tables(), web.probe(10)
    for kind in kinds(family):
        if kind not in ('syn', 'udp'):
            web.under(kind, 10, calm, strict=True)
    web.back_to(before, RETURN_S)
    web.alive()
