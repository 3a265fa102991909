/* SPDX-License-Identifier: ISC */
/*
 * test_cc.c - NewReno's window: RFC 5681, RFC 6928, RFC 3465; CUBIC's: RFC
 * 9438; the end of slow start: RFC 9406.
 */
#include "tcp_suite.h"

#include <tcp/cc.h>

enum { MSS = 1000 };

static struct cc fresh(void)
{
    struct cc c;

    cc_init(&c, CC_NEWRENO, MSS, false);
    return c;
}

static void ack(struct cc *c, uint32_t mss, uint32_t acked, uint32_t flight,
                ns_t now)
{
    struct cc_ack a = {.mss = mss,
                       .acked = acked,
                       .flight = flight,
                       .srtt = 100 * NS_PER_MS >> 10,
                       .now = now};

    cc_on_ack(c, &a);
}

START_TEST(test_initial_window)
{
    struct cc c;

    cc_init(&c, CC_NEWRENO, 1448, false);
    ck_assert_uint_eq(c.cwnd, 14480);
    cc_init(&c, CC_NEWRENO, 8948, false);
    ck_assert_uint_eq(c.cwnd, 2 * 8948);
    cc_init(&c, CC_NEWRENO, 2000, false);
    ck_assert_uint_eq(c.cwnd, 14600);
    cc_init(&c, CC_NEWRENO, 88, false);
    ck_assert_uint_eq(c.cwnd, 880);
    cc_init(&c, CC_NEWRENO, 1448, true);
    ck_assert_uint_eq(c.cwnd, 1448);
}
END_TEST

START_TEST(test_slow_start_by_bytes)
{
    struct cc c = fresh();

    ack(&c, MSS, 500, c.cwnd, 0);
    ck_assert_uint_eq(c.cwnd, 10500);
    ack(&c, MSS, 100000, c.cwnd, 0); /* one ACK, at most 8 */
    ck_assert_uint_eq(c.cwnd, 18500);
}
END_TEST

START_TEST(test_congestion_avoidance_adds_a_segment_a_window)
{
    struct cc c = fresh();

    c.ssthresh = c.cwnd;
    for (int i = 0; i < 9; i++)
        ack(&c, MSS, MSS, c.cwnd, 0);
    ck_assert_uint_eq(c.cwnd, 10 * MSS);
    ack(&c, MSS, MSS, c.cwnd, 0);
    ck_assert_uint_eq(c.cwnd, 11 * MSS);
    for (int i = 0; i < 11; i++)
        ack(&c, MSS, MSS, c.cwnd, 0);
    ck_assert_uint_eq(c.cwnd, 12 * MSS);
}
END_TEST

START_TEST(test_unused_window_does_not_grow)
{
    struct cc c = fresh();

    for (int i = 0; i < 100; i++)
        ack(&c, MSS, MSS, MSS, 0);
    ck_assert_uint_eq(c.cwnd, 10 * MSS);
    c.ssthresh = c.cwnd;
    for (int i = 0; i < 100; i++)
        ack(&c, MSS, MSS, 8 * MSS, 0);
    ck_assert_uint_eq(c.cwnd, 10 * MSS);
}
END_TEST

START_TEST(test_loss_halves_what_was_in_flight)
{
    struct cc c = fresh();

    c.cwnd = 40 * MSS;
    cc_on_loss(&c, MSS, 30 * MSS);
    ck_assert_uint_eq(c.ssthresh, 15 * MSS);
    ck_assert_uint_eq(c.cwnd, 15 * MSS);
    cc_on_loss(&c, MSS, MSS);
    ck_assert_uint_eq(c.ssthresh, 2 * MSS); /* not below two */
}
END_TEST

START_TEST(test_timeout_starts_from_one)
{
    struct cc c = fresh();

    cc_on_timeout(&c, MSS, 10 * MSS);
    ck_assert_uint_eq(c.ssthresh, 5 * MSS);
    ck_assert_uint_eq(c.cwnd, MSS);
}
END_TEST

START_TEST(test_end_of_recovery_makes_no_burst)
{
    struct cc c = fresh();

    c.ssthresh = 20 * MSS;
    cc_recovered(&c, MSS, 3 * MSS);
    ck_assert_uint_eq(c.cwnd, 4 * MSS);
    cc_recovered(&c, MSS, 30 * MSS);
    ck_assert_uint_eq(c.cwnd, 20 * MSS);
    cc_recovered(&c, MSS, 0);
    ck_assert_uint_eq(c.cwnd, 2 * MSS);
}
END_TEST

START_TEST(test_idle_restart)
{
    struct cc c = fresh();

    c.cwnd = 100 * MSS;
    cc_idle(&c, MSS);
    ck_assert_uint_eq(c.cwnd, 10 * MSS);
    c.cwnd = 2 * MSS;
    cc_idle(&c, MSS);
    ck_assert_uint_eq(c.cwnd, 2 * MSS); /* never up */
}
END_TEST

START_TEST(test_window_has_a_bound)
{
    struct cc c = fresh();

    for (int i = 0; i < 1000000; i++)
        ack(&c, 60000, UINT32_MAX / 4, c.cwnd, 0);
    ck_assert_uint_lt(c.cwnd, UINT32_MAX / 2);
}
END_TEST

/* A path of 100 ms on which each window is acknowledged in ten steps. */
static void seconds_of_acks(struct cc *c, ns_t *now, unsigned s)
{
    for (unsigned i = 0; i < s * 100; i++) {
        *now += 10 * NS_PER_MS;
        ack(c, MSS, c->cwnd / 10, c->cwnd, *now);
    }
}

static struct cc cubic_after_loss_at(uint32_t segments)
{
    struct cc c;

    cc_init(&c, CC_CUBIC, MSS, false);
    c.cwnd = segments * MSS;
    cc_on_loss(&c, MSS, c.cwnd);
    return c;
}

/* W_max 1000: K = cbrt(300 / 0.4) = 9.09 s; back at 1000 then, and
 * 0.4 * (15 - 9.09)^3 = 83 segments above after 15 s. */
START_TEST(test_cubic_curve)
{
    struct cc c = cubic_after_loss_at(1000);
    ns_t now = 77 * NS_PER_SEC;

    ck_assert_uint_eq(c.cwnd / MSS, 700);
    ck_assert_uint_eq(c.ssthresh / MSS, 700);
    seconds_of_acks(&c, &now, 2); /* 1000 - 0.4 * 7.09^3 = 857 */
    ck_assert_uint_ge(c.cwnd / MSS, 845);
    ck_assert_uint_le(c.cwnd / MSS, 870);
    seconds_of_acks(&c, &now, 7);
    ck_assert_uint_ge(c.cwnd / MSS, 990);
    ck_assert_uint_le(c.cwnd / MSS, 1003);
    seconds_of_acks(&c, &now, 6);
    ck_assert_uint_ge(c.cwnd / MSS, 1070);
    ck_assert_uint_le(c.cwnd / MSS, 1095);
}
END_TEST

/* A small window: Reno of the same mean grows 0.53 segments a round trip. */
START_TEST(test_cubic_is_never_slower_than_reno)
{
    struct cc c = cubic_after_loss_at(10);
    ns_t now = 77 * NS_PER_SEC;

    seconds_of_acks(&c, &now, 1);
    ck_assert_uint_ge(c.cwnd / MSS, 13); /* 0.53 up to 10, then 1 */
    ck_assert_uint_le(c.cwnd / MSS, 14);
}
END_TEST

START_TEST(test_cubic_fast_convergence)
{
    struct cc c = cubic_after_loss_at(100);

    c.cwnd = 80 * MSS;
    cc_on_loss(&c, MSS, c.cwnd);
    ck_assert_uint_eq(c.cubic.w_max / MSS, 68); /* 80 * 1.7 / 2 */
    ck_assert_uint_eq(c.cwnd / MSS, 56);
}
END_TEST

START_TEST(test_loss_that_was_none_is_undone)
{
    for (uint8_t kind = 0; kind < CC_KINDS; kind++) {
        struct cc c, before;

        cc_init(&c, kind, MSS, false);
        c.cwnd = 100 * MSS;
        before = c;
        cc_on_timeout(&c, MSS, 90 * MSS);
        ck_assert_uint_eq(c.cwnd, MSS);
        cc_undo(&c);
        ck_assert_uint_eq(c.cwnd, before.cwnd);
        ck_assert_uint_eq(c.ssthresh, before.ssthresh);
        ck_assert_mem_eq(&c.cubic, &before.cubic, sizeof(c.cubic));
        c.cwnd = c.ssthresh = 5 * MSS;
        cc_undo(&c); /* once */
        ck_assert_uint_eq(c.cwnd, 5 * MSS);
    }
}
END_TEST

/* One round: as many ACKs of two segments as the window has. */
static void slow_round(struct cc *c, uint32_t *una, uint32_t rtt_ms)
{
    uint32_t end = *una + c->cwnd;

    while ((int32_t)(*una - end) < 0) {
        struct cc_ack a = {.mss = MSS,
                           .acked = 2 * MSS,
                           .flight = c->cwnd,
                           .una = *una += 2 * MSS,
                           .rtt = (uint32_t)(rtt_ms * NS_PER_MS >> 10)};

        a.nxt = a.una + c->cwnd;
        cc_on_ack(c, &a);
    }
}

START_TEST(test_hystart_leaves_slow_start_when_a_queue_fills)
{
    struct cc c;
    uint32_t una = 1000, before;

    cc_init(&c, CC_CUBIC, MSS, false);
    for (int i = 0; i < 4; i++)
        slow_round(&c, &una, 100);
    before = c.cwnd;
    ck_assert_uint_ge(before, 100 * MSS);
    ck_assert_uint_eq(c.ssthresh, CC_CWND_MAX);
    for (int i = 0; i < 9 && c.ssthresh == CC_CWND_MAX; i++)
        slow_round(&c, &una, 120);
    ck_assert_uint_lt(c.ssthresh, before * 8); /* 2 * 1.25^5 */
    ck_assert_uint_ge(c.ssthresh, before * 2);
}
END_TEST

START_TEST(test_hystart_goes_on_after_jitter)
{
    struct cc c;
    uint32_t una = 1000;

    cc_init(&c, CC_CUBIC, MSS, false);
    for (int i = 0; i < 4; i++)
        slow_round(&c, &una, 100);
    slow_round(&c, &una, 120);
    ck_assert_uint_gt(c.hs.css_rounds, 0);
    slow_round(&c, &una, 100);
    slow_round(&c, &una, 100); /* it ends with a round without any */
    ck_assert_uint_eq(c.hs.css_rounds, 0);
    ck_assert_uint_eq(c.ssthresh, CC_CWND_MAX);
}
END_TEST

/* A queue that fills during a round is seen in that round, though its first
 * segments met none. */
START_TEST(test_hystart_sees_a_queue_within_a_round)
{
    struct cc c;
    uint32_t una = 1000, before, nxt;

    cc_init(&c, CC_CUBIC, MSS, false);
    for (int i = 0; i < 4; i++)
        slow_round(&c, &una, 100);
    nxt = una + c.cwnd;
    for (uint32_t ms = 100; ms < 130; ms++) {
        struct cc_ack a = {.mss = MSS,
                           .acked = MSS,
                           .flight = c.cwnd,
                           .una = una += MSS,
                           .nxt = nxt += 2 * MSS,
                           .rtt = (uint32_t)(ms * NS_PER_MS >> 10)};

        cc_on_ack(&c, &a);
    }
    ck_assert_uint_eq(c.hs.css_rounds, 1);
    before = c.cwnd;
    slow_round(&c, &una, 130);
    ck_assert_uint_lt(c.cwnd, before * 3 / 2);
    ck_assert_uint_eq(c.ssthresh, CC_CWND_MAX);
    slow_round(&c, &una, 155); /* half of a round trip of queue: over */
    ck_assert_uint_lt(c.ssthresh, before * 2);
}
END_TEST

TCP_SUITE("tcp cc", TEST(test_cubic_curve),
          TEST(test_cubic_is_never_slower_than_reno),
          TEST(test_cubic_fast_convergence),
          TEST(test_loss_that_was_none_is_undone),
          TEST(test_hystart_leaves_slow_start_when_a_queue_fills),
          TEST(test_hystart_goes_on_after_jitter),
          TEST(test_hystart_sees_a_queue_within_a_round),
          TEST(test_initial_window), TEST(test_slow_start_by_bytes),
          TEST(test_congestion_avoidance_adds_a_segment_a_window),
          TEST(test_unused_window_does_not_grow),
          TEST(test_loss_halves_what_was_in_flight),
          TEST(test_timeout_starts_from_one),
          TEST(test_end_of_recovery_makes_no_burst), TEST(test_idle_restart),
          TEST(test_window_has_a_bound))
