/* SPDX-License-Identifier: ISC */
/*
 * test_core_pace.c - a window leaves in portions, not at once.
 */
#include "core_rig.h"
#include "tcp_suite.h"

enum { SEGS = 100, BIG = 1 << 20 };
#define RTT (100 * NS_PER_MS)

/* At rest, with a window of SEGS segments on a path of `rtt`. */
static struct tcb wide(ns_t rtt, bool slow_start)
{
    struct tcb t = at_rest();

    t.snd_wnd = t.snd_wnd_max = BIG;
    t.srtt8 = (uint32_t)(rtt >> 10 << 3);
    t.rto = 400 * NS_PER_MS;
    t.rack.min_rtt = (uint32_t)(rtt >> 10);
    t.cc.cwnd = SEGS * MSS;
    t.cc.ssthresh = slow_start ? BIG : SEGS * MSS;
    return t;
}

/* Fires `late` after each deadline until all is sent: the most of one turn, and
 * when it was over. */
static unsigned in_turns(struct tcb *t, ns_t *now, ns_t late)
{
    unsigned most = 0;

    for (unsigned turn = 0; t->snd_nxt != t->snd_end; turn++) {
        unsigned n;

        ck_assert_uint_lt(turn, SEGS);
        ck_assert_uint_ne(t->pace_at, 0);
        *now = t->pace_at + late;
        tcp_on_timer(t, *now);
        ck_assert_uint_eq(t->pace_at, 0);
        n = drain(t, *now);
        most = n > most ? n : most;
    }
    return most;
}

/* Ten segments as at the beginning of a connection, the rest over 90/100 of
 * 5/6 of the round trip; twice as fast in slow start: half of it. */
START_TEST(test_full_window_after_idle_leaves_in_portions)
{
    ns_t now = T0 + RTT, took, want = _i ? RTT * 9 / 20 : RTT * 3 / 4;
    struct tcb t = wide(RTT, _i);

    tcp_on_write(&t, SEGS * MSS);
    ck_assert_uint_eq(drain(&t, now), CC_INITIAL_SEGMENTS);
    ck_assert_uint_gt(t.pace_at, now);
    ck_assert_uint_eq(tcp_deadline_of(&t), t.pace_at);
    /* Nothing more for whoever looks in between. */
    ck_assert(silent(&t, now));
    ck_assert_uint_le(in_turns(&t, &now, 0), 3);
    took = now - T0 - RTT;
    ck_assert_uint_gt(took, want - want / 20);
    ck_assert_uint_lt(took, want + want / 20);
}
END_TEST

/* A timer that is late by its grain costs no speed, and bounds what leaves. */
START_TEST(test_late_timer_costs_no_speed)
{
    ns_t now = T0 + RTT, took, want = RTT * 3 / 4;
    struct tcb t = wide(RTT, false);

    tcp_on_write(&t, SEGS * MSS);
    drain(&t, now);
    ck_assert_uint_le(in_turns(&t, &now, 2 * NS_PER_MS), 6);
    took = now - T0 - RTT;
    ck_assert_uint_lt(took, want + want / 20);
    /* However late it is, no more than it began with. */
    t = wide(RTT, false);
    tcp_on_write(&t, SEGS * MSS);
    drain(&t, T0 + RTT);
    ck_assert_uint_eq(drain(&t, T0 + 2 * RTT), CC_INITIAL_SEGMENTS);
}
END_TEST

/* What flows in while a timer is late may leave with it: 1.2 times 1000
 * segments in 10 ms are 240 in 2 ms. */
START_TEST(test_fast_path_has_larger_portions)
{
    ns_t now = T0 + RTT;
    struct tcb t = wide(10 * NS_PER_MS, false);

    t.cc.cwnd = t.cc.ssthresh = 1000 * MSS;
    tcp_on_write(&t, 1000 * MSS);
    ck_assert_uint_eq(drain(&t, now), 240);
    ck_assert_uint_eq(in_turns(&t, &now, 0), 120);
}
END_TEST

/* Nothing waits where a timer is too coarse for the path, and nothing of a
 * window that is no larger than what leaves at once anyway. */
START_TEST(test_short_path_and_small_window_do_not_wait)
{
    struct tcb t = wide(3 * NS_PER_MS, false);

    tcp_on_write(&t, SEGS * MSS);
    ck_assert_uint_eq(drain(&t, T0 + RTT), SEGS);
    ck_assert_uint_eq(t.pace_at, 0);

    t = wide(RTT, false);
    t.cc.cwnd = CC_INITIAL_SEGMENTS * MSS;
    for (unsigned i = 0; i < 4; i++) {
        tcp_on_write(&t, CC_INITIAL_SEGMENTS * MSS);
        ck_assert_uint_eq(drain(&t, T0 + RTT + i), CC_INITIAL_SEGMENTS);
        ck_assert_uint_eq(t.pace_at, 0);
        on(&t, T0 + RTT + i, TCP_ACK, .wnd = 65535);
        t.snd_wnd = BIG;
        t.cc.cwnd = CC_INITIAL_SEGMENTS * MSS;
        t.srtt8 = (uint32_t)(RTT >> 10 << 3);
    }
}
END_TEST

/* What is held back is not what its owner did not write: the window grows, and
 * a loss takes its share of the window, not of what has left of it so far. */
START_TEST(test_window_held_back_counts_as_used)
{
    struct tcb t = wide(RTT, true);
    uint32_t before = t.cc.cwnd;

    tcp_on_write(&t, 2 * SEGS * MSS);
    drain(&t, T0 + RTT);
    on(&t, T0 + 2 * RTT, TCP_ACK, .ack = ISS + 1 + 2 * MSS, .wnd = 65535);
    ck_assert_uint_eq(t.cc.cwnd, before + 2 * MSS);

    t = wide(RTT, true);
    t.cc.kind = CC_NEWRENO;
    tcp_on_write(&t, 2 * SEGS * MSS);
    drain(&t, T0 + RTT);
    for (unsigned i = 0; i <= TCP_DUP_THRESH; i++)
        on(&t, T0 + 2 * RTT, TCP_ACK, .ack = ISS + 1);
    ck_assert_uint_eq(t.ca, TCP_CA_RECOVERY);
    ck_assert_uint_ge(t.cc.ssthresh, 45 * MSS);
}
END_TEST

/* A retransmission does not wait, and neither does the end of a connection. */
START_TEST(test_lost_data_does_not_wait)
{
    ns_t now = T0 + RTT;
    struct tcb t = wide(RTT, false);

    tcp_on_write(&t, SEGS * MSS);
    drain(&t, now);
    for (unsigned i = 0; i <= TCP_DUP_THRESH; i++)
        on(&t, now, TCP_ACK, .ack = ISS + 1);
    ck_assert_uint_eq(next(&t, now).seq, ISS + 1);

    t = wide(RTT, false);
    tcp_on_write(&t, SEGS * MSS);
    drain(&t, now);
    tcp_on_abort(&t);
    ck_assert_uint_eq(tcp_deadline_of(&t), NS_NEVER);
}
END_TEST

TCP_SUITE("tcp core pace",
          LOOP(test_full_window_after_idle_leaves_in_portions, 0, 2),
          TEST(test_late_timer_costs_no_speed),
          TEST(test_fast_path_has_larger_portions),
          TEST(test_short_path_and_small_window_do_not_wait),
          TEST(test_window_held_back_counts_as_used),
          TEST(test_lost_data_does_not_wait))
