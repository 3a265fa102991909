/* SPDX-License-Identifier: ISC */
/*
 * test_cc.c - NewReno's window: RFC 5681, RFC 6928, RFC 3465.
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

    cc_ops_of(&c)->ack(&c, MSS, 500, c.cwnd, 0);
    ck_assert_uint_eq(c.cwnd, 10500);
    cc_ops_of(&c)->ack(&c, MSS, 100000, c.cwnd, 0); /* one ACK, at most 8 */
    ck_assert_uint_eq(c.cwnd, 18500);
}
END_TEST

START_TEST(test_congestion_avoidance_adds_a_segment_a_window)
{
    struct cc c = fresh();

    c.ssthresh = c.cwnd;
    for (int i = 0; i < 9; i++)
        cc_ops_of(&c)->ack(&c, MSS, MSS, c.cwnd, 0);
    ck_assert_uint_eq(c.cwnd, 10 * MSS);
    cc_ops_of(&c)->ack(&c, MSS, MSS, c.cwnd, 0);
    ck_assert_uint_eq(c.cwnd, 11 * MSS);
    for (int i = 0; i < 11; i++)
        cc_ops_of(&c)->ack(&c, MSS, MSS, c.cwnd, 0);
    ck_assert_uint_eq(c.cwnd, 12 * MSS);
}
END_TEST

START_TEST(test_unused_window_does_not_grow)
{
    struct cc c = fresh();

    for (int i = 0; i < 100; i++)
        cc_ops_of(&c)->ack(&c, MSS, MSS, MSS, 0);
    ck_assert_uint_eq(c.cwnd, 10 * MSS);
    c.ssthresh = c.cwnd;
    for (int i = 0; i < 100; i++)
        cc_ops_of(&c)->ack(&c, MSS, MSS, 8 * MSS, 0);
    ck_assert_uint_eq(c.cwnd, 10 * MSS);
}
END_TEST

START_TEST(test_loss_halves_what_was_in_flight)
{
    struct cc c = fresh();

    c.cwnd = 40 * MSS;
    cc_ops_of(&c)->loss(&c, MSS, 30 * MSS, 0);
    ck_assert_uint_eq(c.ssthresh, 15 * MSS);
    ck_assert_uint_eq(c.cwnd, 15 * MSS);
    cc_ops_of(&c)->loss(&c, MSS, MSS, 0);
    ck_assert_uint_eq(c.ssthresh, 2 * MSS); /* not below two */
}
END_TEST

START_TEST(test_timeout_starts_from_one)
{
    struct cc c = fresh();

    cc_ops_of(&c)->timeout(&c, MSS, 10 * MSS, 0);
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
        cc_ops_of(&c)->ack(&c, 60000, UINT32_MAX / 4, c.cwnd, 0);
    ck_assert_uint_lt(c.cwnd, UINT32_MAX / 2);
}
END_TEST

TCP_SUITE("tcp cc", TEST(test_initial_window), TEST(test_slow_start_by_bytes),
          TEST(test_congestion_avoidance_adds_a_segment_a_window),
          TEST(test_unused_window_does_not_grow),
          TEST(test_loss_halves_what_was_in_flight),
          TEST(test_timeout_starts_from_one),
          TEST(test_end_of_recovery_makes_no_burst), TEST(test_idle_restart),
          TEST(test_window_has_a_bound))
