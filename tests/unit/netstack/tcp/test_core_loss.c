/* SPDX-License-Identifier: ISC */
/*
 * test_core_loss.c - loss that acknowledgements tell of: fast retransmit, SACK
 * (RFC 6675), NewReno (RFC 6582).
 */
#include "loss_case.h"
#include "tcp_suite.h"

START_TEST(test_limited_transmit)
{
    struct tcb t = in_flight(false);

    for (uint32_t i = 0; i < 2; i++) { /* RFC 3042: new data for each */
        plain(&t, 0);
        ck_assert_uint_eq(next(&t, T0).seq, seg(SEGS + i));
        ck_assert(silent(&t, T0));
    }
    ck_assert_uint_eq(t.cc.cwnd, SEGS * MSS);
    ck_assert_uint_eq(t.ca, TCP_CA_DISORDER);
}
END_TEST

START_TEST(test_third_duplicate_retransmits)
{
    struct tcb t = in_flight(false);
    struct tcp_act a = {0};

    for (int i = 0; i < 3; i++) {
        a = plain(&t, 0);
        if (i < 2)
            drain(&t, T0);
    }
    ck_assert(a.fast_rtx);
    ck_assert_uint_eq(t.ca, TCP_CA_RECOVERY);
    ck_assert_uint_eq(next(&t, T0).seq, seg(0));
    /* 12 in flight: FlightSize / 2 */
    ck_assert_uint_eq(t.cc.ssthresh, 6 * MSS);
    ck_assert_uint_eq(t.recover, seg(12));
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_duplicates_inflate_until_new_data_may_go)
{
    struct tcb t = in_flight(false);
    unsigned sent = 0;

    for (int i = 0; i < 3; i++)
        plain(&t, 0);
    ck_assert_uint_eq(next(&t, T0).seq, seg(0));
    for (int i = 3; i < 9; i++) { /* nine of ten arrived */
        plain(&t, 0);
        sent += drain(&t, T0);
    }
    /* ssthresh 5, pipe 1 + retransmission: RFC 6582 3.2 step 4 */
    ck_assert_uint_eq(sent, 4);
}
END_TEST

START_TEST(test_partial_ack_retransmits_the_next_hole)
{
    struct tcb t = in_flight(false);

    for (int i = 0; i < 5; i++)
        plain(&t, 0);
    drain(&t, T0);
    plain(&t, 4); /* segments 0 and 4 were lost */
    ck_assert_uint_eq(next(&t, T0).seq, seg(4));
    ck_assert_uint_eq(t.ca, TCP_CA_RECOVERY);
    plain(&t, t.recover - seg(0) == 0 ? 0 : (t.recover - seg(0)) / MSS);
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN);
    ck_assert_uint_le(t.cc.cwnd, t.cc.ssthresh);
}
END_TEST

START_TEST(test_first_partial_ack_restarts_the_timer_others_do_not)
{
    struct tcb t = in_flight(false);
    ns_t later = T0 + 10 * NS_PER_MS, due;

    for (int i = 0; i < 3; i++)
        plain(&t, 0);
    drain(&t, T0);
    on(&t, later, TCP_ACK, .ack = seg(2), .wnd = 60000);
    due = t.rtx_at;
    ck_assert_uint_gt(due, T0 + t.rto);
    on(&t, later + 10 * NS_PER_MS, TCP_ACK, .ack = seg(4), .wnd = 60000);
    ck_assert_uint_eq(t.rtx_at, due); /* RFC 6582 3.2 step 3 */
}
END_TEST

/* RFC 6582 4.1: duplicates that our own retransmissions cause. */
START_TEST(test_echoes_of_retransmissions_are_no_loss)
{
    struct tcb t = in_flight(false);

    tcp_on_timer(&t, t.rtx_at);
    drain(&t, T0);
    plain(&t, SEGS);
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN);
    drain(&t, T0);
    for (int i = 0; i < 5; i++)
        plain(&t, SEGS);
    ck_assert_uint_ne(t.ca, TCP_CA_RECOVERY);
}
END_TEST

START_TEST(test_window_update_is_no_duplicate)
{
    struct tcb t = in_flight(false);

    for (unsigned i = 0; i < 5; i++)
        on(&t, T0, TCP_ACK, .ack = seg(0), .wnd = 50000 + i);
    ck_assert_uint_eq(t.dups, 0);
    for (int i = 0; i < 5; i++) /* nor is payload */
        on(&t, T0, TCP_ACK, .ack = seg(0), .wnd = 50004, .len = 10);
    ck_assert_uint_eq(t.dups, 0);
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN);
}
END_TEST

START_TEST(test_sack_of_three_segments_is_a_loss)
{
    struct tcb t = in_flight(true);
    struct tcp_act a;

    sacked(&t, 0, 1, 2);
    drain(&t, T0);
    sacked(&t, 0, 1, 3);
    drain(&t, T0);
    ck_assert_uint_eq(t.ca, TCP_CA_DISORDER);
    a = sacked(&t, 0, 1, 4);
    ck_assert(a.fast_rtx);
    ck_assert_uint_eq(next(&t, T0).seq, seg(0));
    ck_assert_uint_eq(t.recover, seg(12));
}
END_TEST

/* RFC 6675 2: IsLost by bytes needs no three ACKs. */
START_TEST(test_one_sack_may_say_it_all)
{
    struct tcb t = in_flight(true);

    ck_assert(sacked(&t, 0, 1, 6).fast_rtx);
    ck_assert_uint_eq(next(&t, T0).seq, seg(0));
}
END_TEST

START_TEST(test_only_holes_are_sent_again)
{
    struct tcb t = in_flight(true);
    uint32_t want[] = {0, 2, 4};

    on(&t, T0, TCP_ACK, .ack = seg(0), .wnd = 60000, .nsack = 3,
       .sack = {{seg(5), seg(10)}, {seg(3), seg(4)}, {seg(1), seg(2)}});
    ck_assert_uint_eq(t.ca, TCP_CA_RECOVERY);
    for (int i = 0; i < 3; i++) {
        struct tcp_seg s = next(&t, T0);

        ck_assert_uint_eq(s.seq, seg(want[i]));
        ck_assert_uint_eq(s.len, MSS);
    }
    /* pipe is 3 of 5: two new ones */
    ck_assert_uint_eq(next(&t, T0).seq, seg(10));
    ck_assert_uint_eq(next(&t, T0).seq, seg(11));
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_pipe_counts_what_rfc_6675_says)
{
    struct tcb t = in_flight(true);

    sacked(&t, 0, 1, 6); /* 0 lost, 6..9 on their way */
    ck_assert_uint_eq(tcp_pipe(&t), 4 * MSS);
    next(&t, T0);
    ck_assert_uint_eq(tcp_pipe(&t), 5 * MSS);
    sacked(&t, 0, 1, 8);
    ck_assert_uint_eq(tcp_pipe(&t), 3 * MSS);
}
END_TEST

START_TEST(test_recovery_ends_at_the_recovery_point)
{
    struct tcb t = in_flight(true);

    sacked(&t, 0, 1, 6);
    drain(&t, T0);
    plain(&t, 6);
    ck_assert_uint_eq(t.ca, TCP_CA_RECOVERY);
    drain(&t, T0);
    on(&t, T0, TCP_ACK, .ack = t.recover, .wnd = 60000);
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN);
    ck_assert_uint_eq(t.cc.ssthresh, 5 * MSS);
    ck_assert_uint_le(t.cc.cwnd, 5 * MSS);
    ck_assert_uint_eq(board.n, 0);
}
END_TEST

/* What is merely on its way is not sent again on a partial ACK. */
START_TEST(test_partial_ack_with_sack_repeats_nothing_in_flight)
{
    struct tcb t = in_flight(true);

    sacked(&t, 0, 1, 6);
    drain(&t, T0);
    plain(&t, 6);
    for (struct tcp_seg s; tcp_next(&t, t.mss, &s, T0);)
        ck_assert_uint_ge(s.seq, seg(10));
}
END_TEST

START_TEST(test_rescue_retransmission_sends_the_tail_once)
{
    struct tcb t = in_flight(true);
    struct tcp_seg s;

    t.snd_end = t.snd_nxt; /* nothing new */
    sacked(&t, 0, 1, 6);   /* 0 lost, and 6..9 too, as it turns out */
    ck_assert_uint_eq(next(&t, T0).seq, seg(0));
    ck_assert(silent(&t, T0));
    t.cc.cwnd = 20 * MSS;
    s = next(&t, T0); /* NextSeg (4) */
    ck_assert_uint_eq(s.seq, seg(9));
    ck_assert_uint_eq(s.len, MSS);
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_sack_lies_are_counted_and_ignored)
{
    struct tcb t = in_flight(true);
    struct tcp_act a;

    a = on(&t, T0, TCP_ACK, .ack = seg(0), .wnd = 60000, .nsack = 1,
           .sack = {{seg(5), seg(30)}}); /* never sent */
    ck_assert(a.bad_sack);
    ck_assert_uint_eq(board.n, 0);
    a = on(&t, T0, TCP_ACK, .ack = seg(0), .wnd = 60000, .nsack = 1,
           .sack = {{seg(6), seg(5)}}); /* upside down */
    ck_assert(a.bad_sack);
    a = on(&t, T0, TCP_ACK, .ack = seg(2), .wnd = 60000, .nsack = 1,
           .sack = {{seg(0), seg(1)}}); /* a duplicate: RFC 2883 */
    ck_assert(!a.bad_sack);
    ck_assert_uint_eq(board.n, 0);
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN);
    a = on(&t, T0, TCP_ACK, .ack = seg(2), .wnd = 60000, .nsack = 1,
           .sack = {{seg(2), seg(4)}}); /* that it has SND.UNA */
    ck_assert_uint_eq(board.n, 0);
}
END_TEST

/* RFC 2018 8: the peer throws away what it had reported. */
START_TEST(test_reneging_is_survived)
{
    struct tcb t = in_flight(true);

    sacked(&t, 0, 1, 6);
    next(&t, T0);
    plain(&t, 1); /* it has 0, and 1..5 no more */
    ck_assert_uint_eq(board.n, 0);
    expire(&t);
    t.frto = TCP_FRTO_NONE; /* not what this is about */
    for (uint32_t i = 1; i < 3; i++) {
        ck_assert_uint_eq(next(&t, T0).seq, seg(i));
        plain(&t, i + 1);
    }
}
END_TEST

START_TEST(test_old_duplicate_sack_is_nothing_new)
{
    struct tcb t = in_flight(true);

    for (int i = 0; i < 10; i++)
        sacked(&t, 0, 5, 6);
    ck_assert_uint_eq(t.dups, 1);
    ck_assert_uint_eq(t.ca, TCP_CA_DISORDER);
}
END_TEST

START_TEST(test_reordering_ends_quietly)
{
    struct tcb t = in_flight(true);
    uint32_t cwnd = t.cc.cwnd;

    sacked(&t, 0, 1, 3);
    plain(&t, 3);
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN);
    ck_assert_uint_ge(t.cc.cwnd, cwnd);
}
END_TEST

START_TEST(test_retransmission_of_holes_in_large_packets)
{
    struct tcb t = in_flight(true);
    struct tcp_seg s;

    t.cc.ssthresh = 100 * MSS;
    t.cc.cwnd = 40 * MSS;
    while (tcp_next(&t, 40 * MSS, &s, T0))
        ;
    sacked(&t, 0, 30, 40); /* 0..29 lost */
    ck_assert_uint_eq(t.ca, TCP_CA_RECOVERY);
    s = next_max(&t, 40 * MSS, T0);
    ck_assert_uint_eq(s.seq, seg(0));
    ck_assert_uint_eq(s.len, MSS); /* the first at once, alone */
    s = next_max(&t, 40 * MSS, T0);
    ck_assert_uint_eq(s.seq, seg(1));
    ck_assert_uint_eq(s.len % MSS, 0);
    ck_assert_uint_gt(s.len, MSS);
    ck_assert_uint_le(tcp_pipe(&t), t.cc.cwnd);
}
END_TEST

TCP_SUITE("tcp core loss", TEST(test_limited_transmit),
          TEST(test_third_duplicate_retransmits),
          TEST(test_duplicates_inflate_until_new_data_may_go),
          TEST(test_partial_ack_retransmits_the_next_hole),
          TEST(test_first_partial_ack_restarts_the_timer_others_do_not),
          TEST(test_echoes_of_retransmissions_are_no_loss),
          TEST(test_window_update_is_no_duplicate),
          TEST(test_sack_of_three_segments_is_a_loss),
          TEST(test_one_sack_may_say_it_all),
          TEST(test_only_holes_are_sent_again),
          TEST(test_pipe_counts_what_rfc_6675_says),
          TEST(test_recovery_ends_at_the_recovery_point),
          TEST(test_partial_ack_with_sack_repeats_nothing_in_flight),
          TEST(test_rescue_retransmission_sends_the_tail_once),
          TEST(test_sack_lies_are_counted_and_ignored),
          TEST(test_reneging_is_survived),
          TEST(test_old_duplicate_sack_is_nothing_new),
          TEST(test_reordering_ends_quietly),
          TEST(test_retransmission_of_holes_in_large_packets))
