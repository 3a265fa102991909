/* SPDX-License-Identifier: ISC */
/*
 * test_core_text.c - payload that arrives: RFC 9293 3.10.7.4 first and seventh
 * step, delayed ACKs, the window that is offered.
 */
#include "core_rig.h"
#include "tcp_suite.h"

static struct seq_set ooo;

static struct tcb with_ooo(void)
{
    struct tcb t = at_rest();

    seq_set_clear(&ooo);
    t.ooo = &ooo;
    t.sack_ok = true;
    return t;
}

START_TEST(test_in_order_is_taken_and_acked_later)
{
    struct tcb t = at_rest();
    struct tcp_act a = on(&t, T0, TCP_ACK, .len = 100);

    ck_assert_uint_eq(a.take_len, 100);
    ck_assert_uint_eq(a.take_seq, IRS + 1);
    ck_assert_uint_eq(a.events, STREAM_READABLE);
    ck_assert_uint_eq(t.rcv_unread, 100);
    ck_assert(silent(&t, T0));
    /* MUST-40: within half a second */
    ck_assert_uint_eq(tcp_deadline_of(&t), T0 + TCP_DELACK);
    tcp_on_timer(&t, T0 + TCP_DELACK);
    ck_assert_uint_eq(next(&t, T0 + TCP_DELACK).ack, IRS + 101);
    ck_assert_uint_eq(tcp_deadline_of(&t), NS_NEVER);
}
END_TEST

START_TEST(test_shld_19_every_second_full_segment_is_acked)
{
    struct tcb t = at_rest();

    on(&t, T0, TCP_ACK, .len = MSS);
    ck_assert(silent(&t, T0));
    on(&t, T0, TCP_ACK, .len = MSS);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 1 + 2 * MSS);
    ck_assert(silent(&t, T0));
    /* a merged segment stands for several */
    on(&t, T0, TCP_ACK, .len = 4 * MSS);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 1 + 6 * MSS);
}
END_TEST

START_TEST(test_small_segments_are_acked_by_the_largest_seen)
{
    struct tcb t = at_rest();

    t.rcv_mss = 536;
    for (int i = 0; i < 10; i++) {
        on(&t, T0, TCP_ACK, .len = 100);
        ck_assert(silent(&t, T0));
    }
    on(&t, T0, TCP_ACK, .len = 100); /* 1100 bytes are two of 536 */
    ck_assert(!silent(&t, T0));
}
END_TEST

START_TEST(test_data_carries_the_ack)
{
    struct tcb t = at_rest();
    struct tcp_seg s;

    on(&t, T0, TCP_ACK, .len = 100);
    tcp_on_write(&t, 10);
    s = next(&t, T0);
    ck_assert_uint_eq(s.len, 10);
    ck_assert_uint_eq(s.ack, IRS + 101);
    ck_assert(silent(&t, T0));
    ck_assert_uint_eq(t.ack_at, NS_NEVER);
}
END_TEST

START_TEST(test_duplicate_is_acked_at_once_and_not_taken)
{
    struct tcb t = at_rest();
    struct tcp_act a;

    on(&t, T0, TCP_ACK, .len = 100);
    a = on(&t, T0, TCP_ACK, .len = 100, .seq = IRS + 1);
    ck_assert_uint_eq(a.take_len, 0);
    ck_assert_uint_eq(a.drop, TCP_DROP_seq);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 101);
}
END_TEST

START_TEST(test_overlap_on_the_left_is_cut)
{
    struct tcb t = at_rest();
    struct tcp_act a;

    on(&t, T0, TCP_ACK, .len = 100);
    a = on(&t, T0, TCP_ACK, .len = 150, .seq = IRS + 1);
    ck_assert_uint_eq(a.take_off, 100);
    ck_assert_uint_eq(a.take_len, 50);
    ck_assert_uint_eq(a.take_seq, IRS + 101);
    ck_assert_uint_eq(t.rcv_nxt, IRS + 151);
}
END_TEST

START_TEST(test_overlap_on_the_right_is_cut_with_the_fin)
{
    struct tcb t = at_rest();
    struct tcp_act a = on(&t, T0, TCP_ACK | TCP_FIN, .len = WND + 5);

    ck_assert_uint_eq(a.take_len, WND);
    ck_assert_uint_eq(a.events, STREAM_READABLE);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    ck_assert_uint_eq(next(&t, T0).wnd, 0);
}
END_TEST

START_TEST(test_fin_that_just_fits)
{
    struct tcb t = at_rest();
    struct tcp_act a = on(&t, T0, TCP_ACK | TCP_FIN, .len = WND - 1);

    ck_assert_uint_eq(a.take_len, WND - 1);
    ck_assert_uint_eq(t.state, TCP_CLOSE_WAIT);
}
END_TEST

START_TEST(test_segment_over_the_whole_window_is_cut)
{
    struct tcb t = at_rest();
    struct tcp_act a;

    on(&t, T0, TCP_ACK, .len = 10);
    a = on(&t, T0, TCP_ACK, .seq = IRS + 1, .len = WND + 100);
    ck_assert_uint_eq(a.take_off, 10);
    ck_assert_uint_eq(a.take_len, WND - 10);
}
END_TEST

/* RFC 9293 3.10.7.4: the window is closed, but ACKs and FINs' ACKs count. */
START_TEST(test_probe_of_a_closed_window_is_acked_and_its_ack_taken)
{
    struct tcb t = at(TCP_ESTABLISHED);
    struct tcp_act a;

    on(&t, T0, TCP_ACK, .len = WND, .ack_off = (uint32_t)-SENT);
    ck_assert_uint_eq(next(&t, T0).wnd, 0);
    a = on(&t, T0, TCP_ACK, .len = 1);
    ck_assert_uint_eq(a.take_len, 0);
    ck_assert_uint_eq(a.acked, SENT);
    ck_assert_uint_eq(t.rcv_nxt, IRS + 1 + WND);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 1 + WND);
}
END_TEST

START_TEST(test_must_66_reset_counts_in_a_closed_window)
{
    struct tcb t = at_rest();

    on(&t, T0, TCP_ACK, .len = WND);
    drain(&t, T0);
    ck_assert_uint_eq(on(&t, T0, TCP_RST, .len = 4).events, STREAM_CLOSED);
}
END_TEST

START_TEST(test_ahead_is_kept_and_reported)
{
    struct tcb t = with_ooo();
    struct tcp_act a = on(&t, T0, TCP_ACK, .len = 100, .seq_off = 50);
    struct tcp_seg s;

    ck_assert_uint_eq(a.take_len, 100);
    ck_assert_uint_eq(a.take_seq, IRS + 51);
    ck_assert_uint_eq(a.events, 0);
    ck_assert_uint_eq(t.rcv_nxt, IRS + 1);
    s = next(&t, T0); /* SHLD-... RFC 5681 4.2: at once */
    ck_assert_uint_eq(s.ack, IRS + 1);
    ck_assert_uint_eq(s.nsack, 1);
    ck_assert_uint_eq(s.sack[0].start, IRS + 51);
    ck_assert_uint_eq(s.sack[0].end, IRS + 151);
}
END_TEST

/* Without SACK the peer counts: one duplicate ACK for each. */
START_TEST(test_each_segment_ahead_gets_its_duplicate_ack)
{
    struct tcb t = with_ooo();

    t.sack_ok = false;
    for (uint32_t i = 1; i <= 3; i++)
        on(&t, T0, TCP_ACK, .len = 100, .seq_off = 100 * i);
    for (int i = 0; i < 3; i++) {
        struct tcp_seg s = next(&t, T0);

        ck_assert_uint_eq(s.ack, IRS + 1);
        ck_assert_uint_eq(s.nsack, 0);
        ck_assert_uint_eq(s.len, 0);
    }
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_filling_the_gap_delivers_all_and_acks_at_once)
{
    struct tcb t = with_ooo();
    struct tcp_act a;

    on(&t, T0, TCP_ACK, .len = 100, .seq_off = 100);
    on(&t, T0, TCP_ACK, .len = 100, .seq_off = 300);
    drain(&t, T0);
    a = on(&t, T0, TCP_ACK, .len = 100);
    ck_assert_uint_eq(a.take_len, 100);
    ck_assert_uint_eq(a.events, STREAM_READABLE);
    ck_assert_uint_eq(t.rcv_nxt, IRS + 201);
    ck_assert_uint_eq(t.rcv_unread, 200);
    ck_assert_uint_eq(ooo.n, 1);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 201);
    a = on(&t, T0, TCP_ACK, .len = 100);
    ck_assert_uint_eq(t.rcv_nxt, IRS + 401);
    ck_assert_uint_eq(ooo.n, 0);
    ck_assert_uint_eq(next(&t, T0).nsack, 0);
}
END_TEST

START_TEST(test_no_room_ahead_is_dropped_but_answered)
{
    struct tcb t = with_ooo();
    struct tcp_act a = on(&t, T0, TCP_ACK, .len = 100, .seq_off = 50,
                          .room = TCP_ROOM_IN_ORDER);

    ck_assert_uint_eq(a.take_len, 0);
    ck_assert_uint_eq(a.drop, TCP_DROP_ooo);
    ck_assert_uint_eq(ooo.n, 0);
    ck_assert_uint_eq(next(&t, T0).nsack, 0);
}
END_TEST

START_TEST(test_no_memory_takes_the_ack_and_not_the_text)
{
    struct tcb t = at(TCP_ESTABLISHED);
    struct tcp_act a =
        on(&t, T0, TCP_ACK | TCP_FIN, .len = 100, .room = TCP_ROOM_NONE);

    ck_assert_uint_eq(a.acked, SENT);
    ck_assert_uint_eq(a.take_len, 0);
    ck_assert_uint_eq(a.drop, TCP_DROP_memory);
    ck_assert_uint_eq(t.rcv_nxt, IRS + 1);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
}
END_TEST

START_TEST(test_too_many_gaps_are_not_kept)
{
    struct tcb t = with_ooo();
    struct tcp_act a = {0};

    for (uint32_t i = 0; i <= SEQ_SET_MAX; i++)
        a = on(&t, T0, TCP_ACK, .len = 10, .seq_off = 20 + 20 * i);
    ck_assert_uint_eq(ooo.n, SEQ_SET_MAX);
    ck_assert_uint_eq(a.drop, TCP_DROP_ooo);
    /* next to a range that is there, it still is */
    a = on(&t, T0, TCP_ACK, .len = 10, .seq_off = 30);
    ck_assert_uint_eq(a.take_len, 10);
}
END_TEST

START_TEST(test_early_fin_counts_when_its_turn_comes)
{
    struct tcb t = with_ooo();
    struct tcp_act a =
        on(&t, T0, TCP_ACK | TCP_FIN, .len = 100, .seq_off = 100);

    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    ck_assert_uint_eq(a.take_len, 100);
    a = on(&t, T0, TCP_ACK, .len = 100);
    ck_assert_uint_eq(a.events, STREAM_READABLE | STREAM_EOF);
    ck_assert_uint_eq(t.state, TCP_CLOSE_WAIT);
    drain(&t, T0);
    ck_assert_uint_eq(t.rcv_acked, IRS + 202);
}
END_TEST

START_TEST(test_early_fin_followed_by_data_is_no_fin)
{
    struct tcb t = with_ooo();
    struct tcp_act a;

    on(&t, T0, TCP_ACK | TCP_FIN, .len = 10, .seq_off = 10);
    on(&t, T0, TCP_ACK, .len = 10, .seq_off = 20);
    a = on(&t, T0, TCP_ACK, .len = 10);
    ck_assert_uint_eq(a.events, STREAM_READABLE);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    ck_assert_uint_eq(t.rcv_nxt, IRS + 31);
    a = on(&t, T0, TCP_ACK | TCP_FIN);
    ck_assert_uint_eq(a.events, STREAM_EOF);
}
END_TEST

/* RFC 6093: urgent data is data, the pointer is nothing. */
START_TEST(test_urgent_is_ignored)
{
    struct tcb t = at_rest();
    struct tcp_act a = on(&t, T0, TCP_ACK | TCP_URG, .len = 10);

    ck_assert_uint_eq(a.take_len, 10);
    ck_assert_uint_eq(a.events, STREAM_READABLE);
}
END_TEST

/* RFC 9293 3.8.6.2.2 (MUST-39): the right edge moves in steps worth it. */
START_TEST(test_must_39_window_opens_in_steps)
{
    struct tcb t = at_rest();

    t.rcv_mss = MSS;
    on(&t, T0, TCP_ACK, .len = 10000);
    on(&t, T0, TCP_ACK, .len = 10000);
    ck_assert_uint_eq(next(&t, T0).wnd, 0);
    ck_assert(!tcp_on_read(&t, MSS - 1)); /* nothing worth saying */
    ck_assert(silent(&t, T0));
    t.ack_now = true; /* if something is said anyway, it is the same */
    ck_assert_uint_eq(next(&t, T0).wnd, 0);
    ck_assert(!tcp_on_read(&t, 1));
    t.ack_now = true;
    ck_assert_uint_eq(next(&t, T0).wnd, MSS);
    ck_assert(!tcp_on_read(&t, 2 * MSS - 1));
    ck_assert(tcp_on_read(&t, 1));
    ck_assert_uint_eq(next(&t, T0).wnd, 3 * MSS);
}
END_TEST

START_TEST(test_window_is_never_taken_back)
{
    struct tcb t = at_rest();
    struct tcp_seg s;

    tcp_set_rcv_limit(&t, 1000);
    on(&t, T0, TCP_ACK, .len = 4000);
    s = next(&t, T0);
    ck_assert_uint_eq(s.ack + s.wnd, IRS + 1 + WND);
    tcp_on_read(&t, 4000);
    t.ack_now = true;
    s = next(&t, T0);
    ck_assert_uint_eq(s.ack + s.wnd, IRS + 1 + WND);
}
END_TEST

/* RFC 7323 2.4: what rounding hides is still accepted. */
START_TEST(test_scaled_window_is_rounded_down_but_kept)
{
    struct tcb t = at_rest();
    struct tcp_act a;

    t.rcv_wscale = 7;
    on(&t, T0, TCP_ACK, .len = 1);
    t.ack_now = true;
    ck_assert_uint_eq(next(&t, T0).wnd, (WND - 1) >> 7);
    a = on(&t, T0, TCP_ACK, .len = WND - 1);
    ck_assert_uint_eq(a.take_len, WND - 1);
}
END_TEST

/* Reading one byte at a time never makes the sum of offers grow. */
START_TEST(test_offers_do_not_creep)
{
    struct tcb t = at_rest();

    t.rcv_wscale = 5;
    for (int i = 0; i < 5000; i++) {
        struct tcp_seg s;

        on(&t, T0, TCP_ACK, .len = 1);
        t.ack_now = true;
        s = next(&t, T0);
        ck_assert_uint_le(t.rcv_unread + ((uint32_t)s.wnd << 5), WND);
    }
}
END_TEST

START_TEST(test_pure_ack_at_the_far_edge_is_heard)
{
    struct tcb t = at(TCP_ESTABLISHED);
    struct tcp_act a = on(&t, T0, TCP_ACK, .seq_off = WND);

    ck_assert_uint_eq(a.acked, SENT);
    ck_assert_uint_eq(a.drop, 0);
}
END_TEST

TCP_SUITE("tcp core text", TEST(test_in_order_is_taken_and_acked_later),
          TEST(test_shld_19_every_second_full_segment_is_acked),
          TEST(test_small_segments_are_acked_by_the_largest_seen),
          TEST(test_data_carries_the_ack),
          TEST(test_duplicate_is_acked_at_once_and_not_taken),
          TEST(test_overlap_on_the_left_is_cut),
          TEST(test_overlap_on_the_right_is_cut_with_the_fin),
          TEST(test_fin_that_just_fits),
          TEST(test_segment_over_the_whole_window_is_cut),
          TEST(test_probe_of_a_closed_window_is_acked_and_its_ack_taken),
          TEST(test_must_66_reset_counts_in_a_closed_window),
          TEST(test_ahead_is_kept_and_reported),
          TEST(test_each_segment_ahead_gets_its_duplicate_ack),
          TEST(test_filling_the_gap_delivers_all_and_acks_at_once),
          TEST(test_no_room_ahead_is_dropped_but_answered),
          TEST(test_no_memory_takes_the_ack_and_not_the_text),
          TEST(test_too_many_gaps_are_not_kept),
          TEST(test_early_fin_counts_when_its_turn_comes),
          TEST(test_early_fin_followed_by_data_is_no_fin),
          TEST(test_urgent_is_ignored),
          TEST(test_must_39_window_opens_in_steps),
          TEST(test_window_is_never_taken_back),
          TEST(test_scaled_window_is_rounded_down_but_kept),
          TEST(test_offers_do_not_creep),
          TEST(test_pure_ack_at_the_far_edge_is_heard))
