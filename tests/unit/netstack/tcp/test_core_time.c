/* SPDX-License-Identifier: ISC */
/*
 * test_core_time.c - timestamps (RFC 7323), the round trip estimate (RFC 6298),
 * keepalive (RFC 9293 3.8.4).
 */
#include "core_rig.h"
#include "tcp_suite.h"

static struct tcb with_ts(void)
{
    struct tcb t = at_rest();

    t.ts_ok = true;
    t.ts_recent = 1000;
    t.ts_recent_s = (uint32_t)(T0 >> 30);
    return t;
}

START_TEST(test_old_timestamp_is_dropped_and_acked)
{
    struct tcb t = with_ts();
    struct tcp_act a = on(&t, T0, TCP_ACK, .len = 10, .tsval = 999);

    ck_assert_uint_eq(a.take_len, 0);
    ck_assert_uint_eq(a.drop, TCP_DROP_paws);
    ck_assert(!silent(&t, T0));
    ck_assert_uint_eq(t.ts_recent, 1000);
}
END_TEST

START_TEST(test_equal_and_newer_timestamps_pass)
{
    struct tcb t = with_ts();

    ck_assert_uint_eq(on(&t, T0, TCP_ACK, .len = 10, .tsval = 1000).take_len,
                      10);
    ck_assert_uint_eq(on(&t, T0, TCP_ACK, .len = 10, .tsval = 2000).take_len,
                      10);
}
END_TEST

START_TEST(test_timestamps_wrap)
{
    struct tcb t = with_ts();

    t.ts_recent = UINT32_MAX - 5;
    ck_assert_uint_eq(on(&t, T0, TCP_ACK, .len = 10, .tsval = 7).take_len, 10);
    ck_assert_uint_eq(t.ts_recent, 7);
}
END_TEST

/* RFC 7323 5.5: after 24 days nothing is old. */
START_TEST(test_stale_ts_recent_is_not_believed)
{
    struct tcb t = with_ts();
    ns_t later = T0 + 25 * 24 * 3600 * NS_PER_SEC;

    ck_assert_uint_eq(on(&t, later, TCP_ACK, .len = 10, .tsval = 5).take_len,
                      10);
}
END_TEST

START_TEST(test_missing_timestamp_is_dropped)
{
    struct tcb t = with_ts(), before = t;
    struct tcp_act a = on(&t, T0, TCP_ACK, .len = 10);

    ck_assert_uint_eq(a.drop, TCP_DROP_no_ts); /* RFC 7323 3.2 */
    ck_assert_mem_eq(&t, &before, sizeof(t));
}
END_TEST

START_TEST(test_reset_needs_no_timestamp)
{
    struct tcb t = with_ts();

    ck_assert_uint_eq(on(&t, T0, TCP_RST).events, STREAM_CLOSED);
    t = with_ts();
    ck_assert_uint_eq(on(&t, T0, TCP_RST, .tsval = 1).events, STREAM_CLOSED);
}
END_TEST

/* RFC 7323 4.3: the first segment of those not acknowledged yet. */
START_TEST(test_echo_is_of_the_first_unacked_segment)
{
    struct tcb t = with_ts();

    on(&t, T0, TCP_ACK, .len = 10, .tsval = 1001);
    on(&t, T0, TCP_ACK, .len = 10, .tsval = 1005);
    t.ack_now = true;
    ck_assert_uint_eq(next(&t, T0).tsecr, 1001);
    on(&t, T0, TCP_ACK, .len = 10, .tsval = 1006);
    t.ack_now = true;
    ck_assert_uint_eq(next(&t, T0).tsecr, 1006);
}
END_TEST

START_TEST(test_segment_ahead_does_not_set_the_echo)
{
    static struct seq_set ooo;
    struct tcb t = with_ts();

    seq_set_clear(&ooo);
    t.ooo = &ooo;
    on(&t, T0, TCP_ACK, .len = 10, .seq_off = 10, .tsval = 1005);
    ck_assert_uint_eq(next(&t, T0).tsecr, 1000);
    on(&t, T0, TCP_ACK, .len = 10, .tsval = 1003);
    ck_assert_uint_eq(next(&t, T0).tsecr, 1003);
}
END_TEST

START_TEST(test_every_segment_has_the_timestamp)
{
    struct tcb t = with_ts();
    struct tcp_seg s;

    tcp_on_write(&t, 10);
    s = next(&t, T0 + NS_PER_SEC);
    ck_assert_uint_eq(s.opts, TCP_OPT_TS);
    ck_assert_uint_eq(s.tsval, tcp_ticks(T0 + NS_PER_SEC) + 7777);
    ck_assert_uint_eq(s.tsecr, 1000);
    tcp_make_rst(&t, &s, T0);
    ck_assert_uint_eq(s.opts, TCP_OPT_TS);
}
END_TEST

/* RFC 7323 4: the echo times what Karn's rule must not. */
START_TEST(test_echo_times_a_retransmission)
{
    struct tcb t = with_ts();
    ns_t now;
    uint32_t sent;

    tcp_on_write(&t, 10);
    drain(&t, T0);
    now = t.rtx_at;
    tcp_on_timer(&t, now);
    sent = next(&t, now).tsval;
    ck_assert_uint_eq(t.backoff, 1);
    on(&t, now + 100 * NS_PER_MS, TCP_ACK, .tsval = 1001, .tsecr = sent);
    ck_assert_uint_eq(t.backoff, 0);
    ck_assert_uint_gt(t.srtt8, 0);
}
END_TEST

START_TEST(test_nonsense_echo_is_no_sample)
{
    struct tcb t = with_ts();
    ns_t rto;

    tcp_on_write(&t, 10);
    drain(&t, T0);
    tcp_on_timer(&t, t.rtx_at);
    drain(&t, T0);
    rto = t.rto;
    on(&t, T0, TCP_ACK, .tsval = 1001, .tsecr = tcp_tsval(&t, T0) + 500);
    ck_assert_uint_eq(t.rto, rto);
    ck_assert_uint_eq(t.backoff, 1);
}
END_TEST

/* ---- RFC 6298 2 ---- */

START_TEST(test_first_sample)
{
    struct tcb t = at_syn_sent();

    t.srtt8 = t.rttvar4 = 0;
    tcp_rtt_sample(&t, 1024 * 1000000);
    ck_assert_uint_eq(t.srtt8, 1000000 << 3);
    ck_assert_uint_eq(t.rttvar4, 1000000 << 1);
    ck_assert_uint_eq(t.rto, (ns_t)3000000 << 10); /* R + 4 * R/2 */
}
END_TEST

START_TEST(test_later_samples_are_smoothed)
{
    struct tcb t = at_syn_sent();

    t.srtt8 = 8000;
    t.rttvar4 = 400;
    tcp_rtt_sample(&t, 1800 << 10);                /* 800 more than expected */
    ck_assert_uint_eq(t.srtt8, 8800);              /* + 1/8 */
    ck_assert_uint_eq(t.rttvar4, 400 - 100 + 800); /* + 1/4 */
    tcp_rtt_sample(&t, 300 << 10);                 /* 800 less */
    ck_assert_uint_eq(t.srtt8, 8000);
    ck_assert_uint_eq(t.rttvar4, 1100 - 275 + 800);
}
END_TEST

START_TEST(test_rto_stays_within_bounds)
{
    struct tcb t = at_syn_sent();

    for (int i = 0; i < 100; i++)
        tcp_rtt_sample(&t, 0);
    ck_assert_uint_ge(t.rto, 199 * NS_PER_MS);
    ck_assert_uint_le(t.rto, 201 * NS_PER_MS);
    for (int i = 0; i < 100; i++)
        tcp_rtt_sample(&t, 3600 * NS_PER_SEC);
    ck_assert_uint_le(tcp_rto_now(&t), TCP_RTO_MAX);
    t.backoff = TCP_BACKOFF_MAX;
    ck_assert_uint_eq(tcp_rto_now(&t), TCP_RTO_MAX);
}
END_TEST

/* ---- keepalive ---- */

START_TEST(test_must_25_keepalive_is_off_by_default)
{
    struct tcb t = at_rest();

    ck_assert_uint_eq(tcp_deadline_of(&t), NS_NEVER);
}
END_TEST

START_TEST(test_keepalive_probes_after_silence)
{
    struct tcb t = at_rest();
    struct tcp_seg s;

    t.keep_idle = 100 * NS_PER_SEC;
    ck_assert_uint_eq(tcp_deadline_of(&t), T0 + 100 * NS_PER_SEC);
    tcp_on_timer(&t, T0 + 100 * NS_PER_SEC);
    s = next(&t, T0 + 100 * NS_PER_SEC);
    ck_assert_uint_eq(s.seq, ISS); /* acknowledged long ago */
    ck_assert_uint_eq(s.len, 0);
    ck_assert_uint_eq(s.flags, TCP_ACK);
    on(&t, T0 + 101 * NS_PER_SEC, TCP_ACK);
    ck_assert_uint_eq(tcp_deadline_of(&t), T0 + 201 * NS_PER_SEC);
}
END_TEST

START_TEST(test_four_unanswered_probes_end_it)
{
    struct tcb t = at_rest();
    struct tcp_act a = {0};
    unsigned probes = 0;

    t.keep_idle = 100 * NS_PER_SEC;
    while (t.state != TCP_DONE) {
        ns_t now = tcp_deadline_of(&t);

        a = tcp_on_timer(&t, now);
        probes += drain(&t, now);
    }
    ck_assert_uint_eq(probes, TCP_KEEP_PROBES);
    ck_assert_uint_eq(a.error, E_TIMEOUT);
}
END_TEST

START_TEST(test_keepalive_waits_while_data_is_in_flight)
{
    struct tcb t = at(TCP_ESTABLISHED);

    t.keep_idle = NS_PER_SEC;
    until(&t, T0 + 20 * NS_PER_SEC);
    ck_assert_uint_eq(t.keep_probes, 0);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
}
END_TEST

START_TEST(test_answer_to_keepalive_of_the_peer)
{
    struct tcb t = at_rest();

    on(&t, T0, TCP_ACK, .seq_off = (uint32_t)-1);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 1);
    on(&t, T0, TCP_ACK, .seq_off = (uint32_t)-1, .len = 1); /* with garbage */
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 1);
}
END_TEST

START_TEST(test_strangers_do_not_keep_it_alive)
{
    struct tcb t = at_rest();

    t.keep_idle = 100 * NS_PER_SEC;
    on(&t, T0 + 50 * NS_PER_SEC, TCP_ACK, .seq_off = 1 << 20);
    ck_assert_uint_eq(t.heard_at, T0);
}
END_TEST

TCP_SUITE("tcp core time", TEST(test_old_timestamp_is_dropped_and_acked),
          TEST(test_equal_and_newer_timestamps_pass),
          TEST(test_timestamps_wrap),
          TEST(test_stale_ts_recent_is_not_believed),
          TEST(test_missing_timestamp_is_dropped),
          TEST(test_reset_needs_no_timestamp),
          TEST(test_echo_is_of_the_first_unacked_segment),
          TEST(test_segment_ahead_does_not_set_the_echo),
          TEST(test_every_segment_has_the_timestamp),
          TEST(test_echo_times_a_retransmission),
          TEST(test_nonsense_echo_is_no_sample), TEST(test_first_sample),
          TEST(test_later_samples_are_smoothed),
          TEST(test_rto_stays_within_bounds),
          TEST(test_must_25_keepalive_is_off_by_default),
          TEST(test_keepalive_probes_after_silence),
          TEST(test_four_unanswered_probes_end_it),
          TEST(test_keepalive_waits_while_data_is_in_flight),
          TEST(test_answer_to_keepalive_of_the_peer),
          TEST(test_strangers_do_not_keep_it_alive))
