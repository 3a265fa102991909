/* SPDX-License-Identifier: ISC */
/*
 * pace.c - a window that opens at once does not leave at once: a portion in
 * each turn, somewhat faster than the path has carried it so far, for queues
 * on the way are shorter than windows.
 *
 * A bucket of bytes fills with twice the window in a round trip in slow start,
 * then with 6/5 of it.  What it holds may leave: an initial window at least, as
 * a connection begins with one, and as much as flows in while a timer is late.
 */
#include "core_int.h"

/* A timer is late by as much; half of it is what a turn should carry. */
#define PACE_GRAIN (2 * NS_PER_MS >> 10)

/* Bytes in a round trip. */
static uint64_t rate(const struct tcb *t)
{
    uint32_t cwnd = t->cc.cwnd;

    return cwnd < t->cc.ssthresh ? 2ull * cwnd : cwnd + (uint64_t)(cwnd / 5);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint32_t tcp_pace(struct tcb *t, uint32_t n, uint32_t all, ns_t now)
{
    uint32_t clock = (uint32_t)(now >> 10),
             burst = CC_INITIAL_SEGMENTS * t->mss;
    uint64_t rtt = t->srtt8 >> 3, in_grain, have, want;

    t->pace_at = 0;
    if (t->cc.cwnd <= burst)
        return n;
    in_grain = rate(t) * PACE_GRAIN / rtt;
    have =
        t->pace_left + rate(t) * min_u64(clock - t->pace_clock, t->srtt8) / rtt;
    have = min_u64(have, max_u64(burst, in_grain));
    /* A portion is worth a turn, and then leaves whole. */
    want = min_u64(all, max_u64(2u * t->mss, in_grain / 2));
    if (have < (clock == t->pace_clock ? min_u64(n, t->mss) : want)) {
        t->pace_at = now + (((want - have) * rtt / rate(t) + 1) << 10);
        /* It is not the owner who holds it back: the window is used. */
        t->sent_flight = tcp_flight(t) + all;
        return 0;
    }
    if (have < n)
        n = (uint32_t)(have - have % t->mss);
    t->pace_left = (uint32_t)(have - n);
    t->pace_clock = clock;
    return n;
}
