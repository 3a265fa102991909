/* SPDX-License-Identifier: ISC */
/*
 * test_core_timeout.c - loss that nobody tells of: the retransmission timer
 * (RFC 6298), and patience.
 */
#include "loss_case.h"
#include "tcp_suite.h"

START_TEST(test_second_timeout_forgets_sack)
{
    struct tcb t = in_flight(true);

    sacked(&t, 0, 5, 6);
    expire(&t);
    drain(&t, T0);
    ck_assert_uint_eq(board.n, 1);
    expire(&t);
    ck_assert_uint_eq(board.n, 0);
}
END_TEST

START_TEST(test_timeout_goes_back_to_one_segment)
{
    struct tcb t = in_flight(_i);
    struct tcp_act a;

    t.rack.tlp_out = true; /* no probe */
    tcp_arm_rtx(&t, T0);
    a = expire(&t);

    ck_assert(a.rtx_timeout);
    ck_assert_uint_eq(t.cc.cwnd, MSS); /* RFC 5681 3.1 */
    ck_assert_uint_eq(t.cc.ssthresh, 5 * MSS);
    ck_assert_uint_eq(next(&t, T0).seq, seg(0));
    ck_assert(silent(&t, T0));
    plain(&t, 1);
    ck_assert_uint_eq(next(&t, T0).seq, seg(10)); /* RFC 5682: new ones */
    ck_assert_uint_eq(next(&t, T0).seq, seg(11));
    ck_assert(silent(&t, T0));
    if (_i)
        sacked(&t, 1, 10, 11);
    else
        plain(&t, 1);
    ck_assert_uint_eq(next(&t, T0).seq, seg(1)); /* it was a loss */
    plain(&t, 12);
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN);
    ck_assert_uint_eq(next(&t, T0).seq, seg(12));
}
END_TEST

START_TEST(test_timeout_skips_what_sack_reported)
{
    struct tcb t = in_flight(true);

    sacked(&t, 0, 1, 2);
    drain(&t, T0);
    expire(&t);
    ck_assert_uint_eq(next(&t, T0).seq, seg(0));
    plain(&t, 2);
    drain(&t, T0);
    sacked(&t, 2, 11, 12);
    ck_assert_uint_eq(next(&t, T0).seq, seg(2));
}
END_TEST

START_TEST(test_timeouts_double_up_to_a_minute)
{
    struct tcb t = in_flight(false);
    ns_t gap = t.rto, now = T0;

    tcp_set_user_timeout(&t, 100000 * NS_PER_SEC, T0);
    for (int i = 0; i < 14; i++) {
        ck_assert_uint_eq(t.rtx_at - now, gap);
        now = t.rtx_at;
        tcp_on_timer(&t, now);
        drain(&t, now);
        gap = gap * 2 < TCP_RTO_MAX ? gap * 2 : TCP_RTO_MAX;
    }
    ck_assert_uint_eq(t.cc.ssthresh, 5 * MSS); /* halved once only */
}
END_TEST

/* RFC 6298 5: backed off until there is a new sample; Karn. */
START_TEST(test_backoff_lasts_until_a_new_sample)
{
    struct tcb t = in_flight(false);
    ns_t now;

    tcp_on_timer(&t, now = t.rtx_at);
    drain(&t, now);
    on(&t, now, TCP_ACK, .ack = seg(10), .wnd = 60000);
    ck_assert_uint_eq(t.backoff, 1); /* of something sent twice: no sample */
    drain(&t, now);
    now += 10 * NS_PER_MS;
    on(&t, now, TCP_ACK, .wnd = 60000);
    ck_assert_uint_eq(t.backoff, 0);
}
END_TEST

START_TEST(test_must_83_user_timeout)
{
    struct tcb t = in_flight(false);
    struct tcp_act a;

    tcp_set_user_timeout(&t, 10 * NS_PER_SEC, T0);
    a = until(&t, T0 + 10 * NS_PER_SEC - 1);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    a = until(&t, T0 + 10 * NS_PER_SEC);
    ck_assert_uint_eq(t.state, TCP_DONE);
    ck_assert_uint_eq(a.error, E_TIMEOUT);
}
END_TEST

START_TEST(test_default_patience_is_five_minutes)
{
    struct tcb t = in_flight(false);

    until(&t, T0 + 299 * NS_PER_SEC);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    until(&t, T0 + 301 * NS_PER_SEC);
    ck_assert_uint_eq(t.state, TCP_DONE);
}
END_TEST

START_TEST(test_progress_restarts_patience)
{
    struct tcb t = in_flight(false);

    tcp_set_user_timeout(&t, 10 * NS_PER_SEC, T0);
    until(&t, T0 + 9 * NS_PER_SEC);
    on(&t, T0 + 9 * NS_PER_SEC, TCP_ACK, .ack = seg(1), .wnd = 60000);
    drain(&t, T0 + 9 * NS_PER_SEC);
    until(&t, T0 + 18 * NS_PER_SEC);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
}
END_TEST

START_TEST(test_lost_fin_and_data_together)
{
    struct tcb t = at_rest();
    struct tcp_seg s;

    tcp_on_write(&t, 100);
    tcp_on_shutdown(&t);
    next(&t, T0);
    tcp_on_timer(&t, t.rtx_at);
    s = next(&t, T0);
    ck_assert_uint_eq(s.seq, ISS + 1);
    ck_assert_uint_eq(s.len, 100);
    ck_assert(s.flags & TCP_FIN);
}
END_TEST

TCP_SUITE("tcp core timeout", TEST(test_second_timeout_forgets_sack),
          LOOP(test_timeout_goes_back_to_one_segment, 0, 2),
          TEST(test_timeout_skips_what_sack_reported),
          TEST(test_timeouts_double_up_to_a_minute),
          TEST(test_backoff_lasts_until_a_new_sample),
          TEST(test_must_83_user_timeout),
          TEST(test_default_patience_is_five_minutes),
          TEST(test_progress_restarts_patience),
          TEST(test_lost_fin_and_data_together))
