# SPDX-License-Identifier: ISC
"""Bulk data between an application and Linux: every byte, in order."""
from harness import alone, deadline, full
from interop import MIB, Pair, both_worlds


def bulk(t, world, family, amount):
    echo = Pair(t, 'echo', world, family, 7)
    echo.client('echo', amount, 900)
    echo.client('discard', amount, 900)
    echo.alive()


def web_bulk(t, world, family, amount):
    web = Pair(t, 'web', world, family, 80)
    web.client('transmit', amount, 900)
    web.client('random', amount, 900)
    web.alive()


@both_worlds
@deadline(240)
def test_bulk_through_echo(t, world, family):
    bulk(t, world, family, 64 * MIB)


@both_worlds
@deadline(240)
def test_bulk_through_web(t, world, family):
    web_bulk(t, world, family, 64 * MIB)


@both_worlds
@full
@alone
@deadline(1800)
def test_a_gibibyte_through_echo(t, world, family):
    bulk(t, world, family, 1024 * MIB)


@both_worlds
@full
@alone
@deadline(1800)
def test_a_gibibyte_through_web(t, world, family):
    web_bulk(t, world, family, 1024 * MIB)
