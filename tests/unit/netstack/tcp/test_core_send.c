/* SPDX-License-Identifier: ISC */
/*
 * test_core_send.c - what is sent and when: RFC 9293 3.8, RFC 5681 3.1, zero
 * windows, silly windows.
 */
#include "core_rig.h"
#include "tcp_suite.h"

START_TEST(test_payload_is_cut_into_segments)
{
    struct tcb t = at_rest();
    struct tcp_seg s;

    tcp_on_write(&t, 2500);
    s = next(&t, T0);
    ck_assert_uint_eq(s.seq, ISS + 1);
    ck_assert_uint_eq(s.len, MSS);
    ck_assert_uint_eq(s.flags, TCP_ACK);
    s = next(&t, T0);
    ck_assert_uint_eq(s.len, MSS);
    s = next(&t, T0);
    ck_assert_uint_eq(s.len, 500);
    ck_assert_uint_eq(s.flags, TCP_ACK | TCP_PSH); /* MUST-60, MUST-61 */
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_large_packets_are_whole_segments)
{
    struct tcb t = at_rest();
    struct tcp_seg s;

    tcp_on_write(&t, 9300);
    s = next_max(&t, 4 * MSS, T0);
    ck_assert_uint_eq(s.len, 4 * MSS);
    s = next_max(&t, 8 * MSS, T0);
    ck_assert_uint_eq(s.len, 5300); /* all that is left may be uneven */
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_initial_window_is_ten_segments)
{
    struct tcb t = at_rest();

    tcp_on_write(&t, 60000);
    t.snd_wnd = 60000;
    ck_assert_uint_eq(drain(&t, T0), 10); /* RFC 6928 */
    ck_assert_uint_eq(t.snd_nxt - t.snd_una, 10 * MSS);
    ck_assert_uint_eq(tcp_deadline_of(&t), T0 + t.rto);
}
END_TEST

START_TEST(test_cwnd_limits_large_packets_to_whole_segments)
{
    struct tcb t = at_rest();
    struct tcp_seg s;

    t.cc.cwnd = 3 * MSS + 999;
    tcp_on_write(&t, 60000);
    s = next_max(&t, 60 * MSS, T0);
    ck_assert_uint_eq(s.len, 3 * MSS);
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_slow_start_doubles)
{
    struct tcb t = at_rest();
    uint32_t before = t.cc.cwnd;

    tcp_on_write(&t, 100000);
    t.snd_wnd = 100000;
    drain(&t, T0);
    for (int i = 0; i < 10; i++)
        on(&t, T0, TCP_ACK, .ack = t.snd_una + MSS, .wnd = 65535);
    ck_assert_uint_eq(t.cc.cwnd, 2 * before);
}
END_TEST

START_TEST(test_idle_connection_starts_again_slowly)
{
    struct tcb t = at_rest();
    ns_t later = T0 + 10 * NS_PER_SEC;

    tcp_on_write(&t, 10);
    drain(&t, T0);
    on(&t, T0, TCP_ACK);
    t.cc.cwnd = 100 * MSS;
    tcp_on_write(&t, 10);
    drain(&t, later);
    ck_assert_uint_eq(t.cc.cwnd, 10 * MSS); /* RFC 5681 4.1 */
}
END_TEST

/* 5,000 bytes wait for a window that is too small for them. */
static struct tcb held_back(uint32_t wnd)
{
    struct tcb t = at_rest();

    on(&t, T0, TCP_ACK, .wnd = wnd);
    tcp_on_write(&t, 5000);
    return t;
}

/* RFC 9293 3.8.6.2.1, MUST-38. */
START_TEST(test_must_38_small_windows_are_not_filled)
{
    struct tcb t = held_back(300);

    ck_assert(silent(&t, T0));
    on(&t, T0, TCP_ACK, .wnd = 1500);
    ck_assert_uint_eq(next(&t, T0).len, MSS);
    ck_assert(silent(&t, T0)); /* 500 left of the window: wait */
}
END_TEST

START_TEST(test_half_of_the_largest_window_is_enough)
{
    struct tcb t = at_rest();

    t.snd_wnd_max = 800; /* a peer that never offers a whole segment */
    on(&t, T0, TCP_ACK, .wnd = 400);
    tcp_on_write(&t, 5000);
    ck_assert_uint_eq(next(&t, T0).len, 400);
}
END_TEST

START_TEST(test_last_bytes_fit_a_small_window)
{
    struct tcb t = at_rest();

    on(&t, T0, TCP_ACK, .wnd = 300);
    tcp_on_write(&t, 300);
    ck_assert_uint_eq(next(&t, T0).len, 300);
}
END_TEST

START_TEST(test_override_timer_fills_a_small_window)
{
    struct tcb t = held_back(300);
    ns_t due;

    ck_assert(silent(&t, T0));
    due = tcp_deadline_of(&t);
    ck_assert_uint_le(due, T0 + NS_PER_SEC); /* 0.1 to 1.0 s */
    tcp_on_timer(&t, due);
    ck_assert_uint_eq(next(&t, due).len, 300);
}
END_TEST

START_TEST(test_must_36_zero_window_is_probed)
{
    struct tcb t = held_back(1);
    struct tcp_seg s;
    ns_t due;

    ck_assert(silent(&t, T0));
    due = tcp_deadline_of(&t);
    ck_assert_uint_eq(due, T0 + t.rto); /* SHLD-29 */
    tcp_on_timer(&t, due);
    s = next(&t, due);
    ck_assert_uint_eq(s.seq, ISS + 1);
    ck_assert_uint_eq(s.len, 1);
    ck_assert_uint_eq(t.snd_nxt, ISS + 1);
    ck_assert(silent(&t, due));
    /* SHLD-30: exponentially slower */
    ck_assert_uint_eq(tcp_deadline_of(&t), due + 2 * t.rto);
}
END_TEST

START_TEST(test_refused_probe_and_then_the_window_opens)
{
    struct tcb t = held_back(1);
    ns_t due;

    drain(&t, T0);
    due = tcp_deadline_of(&t);
    tcp_on_timer(&t, due);
    drain(&t, due);
    on(&t, due, TCP_ACK, .wnd = 1);
    ck_assert(silent(&t, due));
    on(&t, due, TCP_ACK, .wnd = 10000);
    ck_assert_uint_eq(next(&t, due).len, MSS); /* from the first byte on */
    ck_assert_uint_eq(t.snd_nxt, ISS + 1 + MSS);
    ck_assert(!t.probing);
    ck_assert_uint_eq(t.backoff, 0);
}
END_TEST

START_TEST(test_accepted_probe_counts)
{
    struct tcb t = held_back(1);
    struct tcp_act a;
    ns_t due;

    drain(&t, T0);
    due = tcp_deadline_of(&t);
    tcp_on_timer(&t, due);
    drain(&t, due);
    a = on(&t, due, TCP_ACK, .ack_off = 1, .wnd = 1);
    ck_assert_uint_eq(a.acked, 1);
    ck_assert_uint_eq(t.snd_una, ISS + 2);
    ck_assert_uint_eq(t.snd_nxt, ISS + 2);
    ck_assert(silent(&t, due));
    ck_assert_uint_ne(tcp_deadline_of(&t), NS_NEVER); /* goes on probing */
}
END_TEST

/* MUST-37: as long as the peer answers, for ever. */
START_TEST(test_must_37_zero_window_for_a_day)
{
    struct tcb t = held_back(1);
    ns_t now = T0;

    drain(&t, T0);
    while (now < T0 + 24 * 3600 * NS_PER_SEC) {
        now = tcp_deadline_of(&t);
        ck_assert_uint_eq(tcp_on_timer(&t, now).events, 0);
        ck_assert_uint_eq(next(&t, now).len, 1);
        on(&t, now, TCP_ACK, .wnd = 1);
    }
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
}
END_TEST

START_TEST(test_zero_window_of_a_silent_peer_ends)
{
    struct tcb t = held_back(1);
    struct tcp_act a;

    drain(&t, T0);
    a = until(&t, T0 + 400 * NS_PER_SEC);
    ck_assert_uint_eq(a.error, E_TIMEOUT);
}
END_TEST

/* MUST-34: the window shrinks below what was sent. */
START_TEST(test_must_34_shrinking_window_is_survived)
{
    struct tcb t = at_rest();
    struct tcp_act a;
    ns_t due;

    tcp_on_write(&t, 10000);
    drain(&t, T0);
    a = on(&t, T0, TCP_ACK, .ack = ISS + 1 + 2 * MSS, .wnd = 1);
    ck_assert_uint_eq(a.acked, 2 * MSS);
    ck_assert(silent(&t, T0));
    for (int i = 0; i < 100; i++) { /* sent again, for ever if need be */
        due = tcp_deadline_of(&t);
        ck_assert_uint_eq(tcp_on_timer(&t, due).events, 0);
        ck_assert_uint_eq(next(&t, due).seq, ISS + 1 + 2 * MSS);
        on(&t, due, TCP_ACK, .ack = ISS + 1 + 2 * MSS, .wnd = 1);
    }
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
}
END_TEST

START_TEST(test_fin_waits_for_the_window_too)
{
    struct tcb t = at_rest();
    ns_t due;

    on(&t, T0, TCP_ACK, .wnd = 100);
    tcp_on_write(&t, 100);
    tcp_on_shutdown(&t);
    ck_assert_uint_eq(next(&t, T0).flags, TCP_ACK | TCP_PSH);
    on(&t, T0, TCP_ACK, .wnd = 1);
    ck_assert(silent(&t, T0));
    due = tcp_deadline_of(&t); /* the FIN is the probe */
    tcp_on_timer(&t, due);
    ck_assert_uint_eq(next(&t, due).flags, TCP_ACK | TCP_FIN);
    on(&t, due, TCP_ACK);
    ck_assert_uint_eq(t.state, TCP_FIN_WAIT_2);
}
END_TEST

START_TEST(test_fin_goes_with_the_last_bytes)
{
    struct tcb t = at_rest();
    struct tcp_seg s;

    tcp_on_write(&t, MSS + 10);
    tcp_on_shutdown(&t);
    ck_assert_uint_eq(next(&t, T0).flags, TCP_ACK);
    s = next(&t, T0);
    ck_assert_uint_eq(s.flags, TCP_ACK | TCP_PSH | TCP_FIN);
    ck_assert_uint_eq(s.len, 10);
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_sack_blocks_make_payload_smaller)
{
    static struct seq_set ooo;
    struct tcb t = at_rest();
    struct tcp_seg s;

    seq_set_clear(&ooo);
    t.ooo = &ooo;
    t.sack_ok = t.ts_ok = true;
    t.ts_recent = 1;
    for (uint32_t i = 1; i <= 5; i++)
        on(&t, T0, TCP_ACK, .len = 10, .seq_off = 20 * i, .tsval = 2);
    tcp_on_write(&t, 5000);
    s = next_max(&t, 5 * MSS, T0);
    ck_assert_uint_eq(s.nsack, 3);
    ck_assert_uint_eq(s.len, MSS - 28); /* MUST-16 */
    ck_assert_uint_le(tcp_emit_bytes(&s), TCP_EMIT_MAX);
    /* RFC 2018 4: the latest first */
    ck_assert_uint_eq(s.sack[0].start, IRS + 1 + 100);
    ck_assert_uint_eq(s.sack[1].start, IRS + 1 + 80);
}
END_TEST

START_TEST(test_path_gets_narrower)
{
    struct tcb t = at_rest();

    tcp_on_write(&t, 4000);
    drain(&t, T0);
    tcp_on_mss(&t, 600, T0);
    ck_assert_uint_eq(t.mss, 600);
    ck_assert_uint_eq(next(&t, T0).seq, ISS + 1); /* at once, smaller */
    ck_assert_uint_eq(t.cc.cwnd, 10 * MSS);       /* it is not congestion */
    tcp_on_mss(&t, 900, T0);
    ck_assert_uint_eq(t.mss, 600); /* never up by such news */
}
END_TEST

TCP_SUITE("tcp core send", TEST(test_payload_is_cut_into_segments),
          TEST(test_large_packets_are_whole_segments),
          TEST(test_initial_window_is_ten_segments),
          TEST(test_cwnd_limits_large_packets_to_whole_segments),
          TEST(test_slow_start_doubles),
          TEST(test_idle_connection_starts_again_slowly),
          TEST(test_must_38_small_windows_are_not_filled),
          TEST(test_half_of_the_largest_window_is_enough),
          TEST(test_last_bytes_fit_a_small_window),
          TEST(test_override_timer_fills_a_small_window),
          TEST(test_must_36_zero_window_is_probed),
          TEST(test_refused_probe_and_then_the_window_opens),
          TEST(test_accepted_probe_counts),
          TEST(test_must_37_zero_window_for_a_day),
          TEST(test_zero_window_of_a_silent_peer_ends),
          TEST(test_must_34_shrinking_window_is_survived),
          TEST(test_fin_waits_for_the_window_too),
          TEST(test_fin_goes_with_the_last_bytes),
          TEST(test_sack_blocks_make_payload_smaller),
          TEST(test_path_gets_narrower))
