/* SPDX-License-Identifier: ISC */
/*
 * test_core_rack.c - losses by time, probes, and losses that were none: RFC
 * 8985, RFC 6937, RFC 5682, RFC 3522, RFC 2883; and ECN, RFC 3168.
 */
#include "core_rig.h"
#include "tcp_suite.h"

static struct seq_set board, ooo;

enum { SEGS = 10 };
#define RTT (100 * NS_PER_MS)

static uint32_t seg(uint32_t n)
{
    return ISS + 1 + n * MSS;
}

/* SEGS segments in flight on a path of 100 ms, sent at T0 + 1 ms each. */
static struct tcb in_flight(void)
{
    struct tcb t = at_rest();

    seq_set_clear(&board);
    seq_set_clear(&ooo);
    t.sack_ok = true;
    t.board = &board;
    t.ooo = &ooo;
    t.snd_wnd = t.snd_wnd_max = 60000;
    t.srtt8 = (uint32_t)(RTT >> 10 << 3);
    t.rto = 400 * NS_PER_MS;
    t.rack.min_rtt = (uint32_t)(RTT >> 10);
    for (int i = 0; i < SEGS; i++) {
        tcp_on_write(&t, MSS);
        ck_assert_uint_eq(drain(&t, T0 + (ns_t)i * 10 * NS_PER_MS), 1);
    }
    return t;
}

static struct tcp_act sacked(struct tcb *t, ns_t at, uint32_t ack,
                             uint32_t from, uint32_t to)
{
    return on(t, at, TCP_ACK, .ack = seg(ack), .wnd = 60000, .nsack = 1,
              .sack = {{seg(from), seg(to)}});
}

static struct tcp_act acked(struct tcb *t, ns_t at, uint32_t ack)
{
    return on(t, at, TCP_ACK, .ack = seg(ack), .wnd = 60000);
}

/* One SACK is enough when the reordering window has passed: 25 ms here. */
START_TEST(test_one_later_segment_and_time_make_a_loss)
{
    struct tcb t = in_flight();
    struct tcp_act a;
    ns_t now = T0 + RTT + 10 * NS_PER_MS;

    sacked(&t, now, 0, 1, 2); /* the second arrived, the first did not */
    ck_assert_uint_eq(t.ca, TCP_CA_DISORDER);
    ck_assert_uint_eq(t.timer, TCP_TIMER_REO);
    ck_assert(silent(&t, now));
    ck_assert_uint_gt(t.rtx_at, T0 + RTT + 20 * NS_PER_MS);
    ck_assert_uint_lt(t.rtx_at, T0 + RTT + 30 * NS_PER_MS);
    now = t.rtx_at;
    a = tcp_on_timer(&t, now);
    ck_assert(a.fast_rtx && !a.rtx_timeout);
    ck_assert_uint_eq(next(&t, now).seq, seg(0));
}
END_TEST

START_TEST(test_reordering_within_the_window_is_no_loss)
{
    struct tcb t = in_flight();
    uint32_t cwnd = t.cc.cwnd;
    ns_t now = T0 + RTT + 10 * NS_PER_MS;

    sacked(&t, now, 0, 1, 2);
    acked(&t, now + 10 * NS_PER_MS, 2);
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN);
    ck_assert_uint_ge(t.cc.cwnd, cwnd);
    ck_assert(t.rack.reordered);
    /* Known to reorder: three SACKed are no proof any more. */
    t.rack.widened = 3;
    sacked(&t, T0 + RTT + 60 * NS_PER_MS, 2, 3, 7);
    ck_assert_uint_eq(t.ca, TCP_CA_DISORDER);
}
END_TEST

/* An ACK that was delayed until there was a gap reports what is before it and
 * what is behind it: nothing came late. */
START_TEST(test_delayed_ack_with_sack_is_no_reordering)
{
    struct tcb t = in_flight();

    sacked(&t, T0 + RTT + 20 * NS_PER_MS, 1, 2, 3);
    ck_assert_uint_eq(t.ca, TCP_CA_DISORDER);
    ck_assert(!t.rack.reordered);
    /* so that three more are proof at once */
    sacked(&t, T0 + RTT + 50 * NS_PER_MS, 1, 2, 6);
    ck_assert_uint_eq(t.ca, TCP_CA_RECOVERY);
}
END_TEST

/* What left just before a retransmission and arrives just before it says
 * nothing about it, though more left after it within the same moment. */
START_TEST(test_neighbours_of_a_retransmission_do_not_overtake_it)
{
    struct tcb t = in_flight();
    ns_t now = T0 + RTT + 50 * NS_PER_MS;

    t.cc.cwnd = 40 * MSS;
    tcp_on_write(&t, MSS);
    ck_assert_uint_eq(drain(&t, now - NS_PER_MS), 1);
    sacked(&t, now, 0, 1, 5);
    ck_assert_uint_eq(next(&t, now).seq, seg(0));
    tcp_on_write(&t, MSS);
    drain(&t, now + 4 * NS_PER_MS);
    now += RTT - NS_PER_MS;
    sacked(&t, now, 0, 1, SEGS + 1);
    for (struct tcp_seg s; tcp_next(&t, t.mss, &s, now);)
        ck_assert_uint_ne(s.seq, seg(0));
    ck_assert_uint_eq(rack_lost_again(&t), 0);
}
END_TEST

/* 6675 cannot: the retransmission itself is lost, without a timeout. */
START_TEST(test_lost_retransmission_is_found)
{
    struct tcb t = in_flight();
    ns_t now = T0 + RTT + 30 * NS_PER_MS;

    tcp_on_write(&t, 10 * MSS);
    sacked(&t, now, 0, 1, 4);
    ck_assert_uint_eq(next(&t, now).seq, seg(0));
    now += 10 * NS_PER_MS;
    sacked(&t, now, 0, 1, 9);
    ck_assert_uint_ge(drain(&t, now), 1); /* new data, after it */
    now += RTT + 20 * NS_PER_MS;
    sacked(&t, now, 0, 1, SEGS + 1);
    ck_assert_uint_eq(next(&t, now).seq, seg(0));
    ck_assert_uint_eq(t.ca, TCP_CA_RECOVERY);
}
END_TEST

START_TEST(test_probe_sends_new_data_or_the_last_again)
{
    struct tcb t = in_flight();
    struct tcp_seg s;
    struct tcp_act a;
    ns_t now = t.rtx_at;

    ck_assert_uint_eq(t.timer, TCP_TIMER_TLP);
    ck_assert_uint_eq(now, T0 + 90 * NS_PER_MS + 2 * (RTT >> 10 << 10) +
                               10 * NS_PER_MS);
    if (_i)
        tcp_on_write(&t, 10);
    a = tcp_on_timer(&t, now);
    ck_assert(a.probe && !a.rtx_timeout);
    s = next(&t, now);
    ck_assert_uint_eq(s.seq, _i ? seg(SEGS) : seg(SEGS - 1));
    ck_assert_uint_eq(t.timer, TCP_TIMER_RTO); /* once */
    ck_assert_uint_eq(t.rtx_at, now + t.rto);
    ck_assert(silent(&t, now));
}
END_TEST

/* 8985 7.4: what the probe repaired was a loss all the same. */
START_TEST(test_loss_repaired_by_the_probe_counts)
{
    struct tcb t = in_flight();
    ns_t now = t.rtx_at;
    uint32_t cwnd = t.cc.cwnd;

    tcp_on_timer(&t, now);
    ck_assert_uint_eq(next(&t, now).seq, seg(SEGS - 1));
    now += RTT;
    if (_i == 0) { /* the original came, too: DSACK says so */
        acked(&t, now, SEGS);
        sacked(&t, now, SEGS, SEGS - 1, SEGS);
        ck_assert(!t.rack.tlp_out);
        ck_assert_uint_ge(t.cc.cwnd, cwnd);
        return;
    }
    acked(&t, now, SEGS);
    tcp_on_write(&t, MSS);
    drain(&t, now);
    acked(&t, now + RTT, SEGS + 1);
    ck_assert_uint_lt(t.cc.cwnd, cwnd);
    ck_assert(!t.rack.tlp_out);
}
END_TEST

/* RFC 6937: one for two while above ssthresh, never a burst. */
START_TEST(test_recovery_sends_in_proportion)
{
    struct tcb t = in_flight();
    ns_t now = T0 + RTT + 30 * NS_PER_MS;
    unsigned sent = 0;

    tcp_on_write(&t, 30 * MSS);
    sacked(&t, now, 0, 1, 4);
    sent = drain(&t, now);
    ck_assert_uint_ge(sent, 1); /* the first retransmission at once */
    for (uint32_t i = 4; i < SEGS; i++) {
        unsigned n;

        now += 10 * NS_PER_MS;
        sacked(&t, now, 0, 1, i + 1);
        n = drain(&t, now);
        ck_assert_uint_le(n, 2);
        sent += n;
    }
    /* Nine arrived, ssthresh is half of ten (NewReno). */
    ck_assert_uint_ge(sent, 4);
    ck_assert_uint_le(sent, 6);
}
END_TEST

/* RFC 3522: the ACK answers the original, not the retransmission. */
START_TEST(test_eifel_undoes_a_late_timeout)
{
    struct tcb t = in_flight();
    struct tcb before;
    struct tcp_act a;
    uint32_t ts;
    ns_t now;

    t.ts_ok = true;
    t.rack.tlp_out = true;
    t.rtx_at = now = T0 + 500 * NS_PER_MS;
    t.timer = TCP_TIMER_RTO;
    ts = tcp_tsval(&t, T0);
    before = t;
    tcp_on_timer(&t, now);
    ck_assert_uint_eq(t.cc.cwnd, MSS);
    next(&t, now);
    now += 5 * NS_PER_MS;
    a = on(&t, now, TCP_ACK, .ack = seg(1), .wnd = 60000, .tsval = 1,
           .tsecr = _i ? ts : tcp_tsval(&t, now - NS_PER_MS));
    ck_assert(a.spurious == (_i != 0));
    ck_assert_uint_eq(t.ca, _i ? TCP_CA_OPEN : TCP_CA_LOSS);
    if (_i) {
        ck_assert_uint_eq(t.cc.cwnd, before.cc.cwnd);
        ck_assert_uint_eq(t.cc.ssthresh, before.cc.ssthresh);
    }
}
END_TEST

/* RFC 5682: without timestamps, new data is sent to find out. */
START_TEST(test_f_rto)
{
    struct tcb t = in_flight();
    uint32_t cwnd = t.cc.cwnd;
    struct tcp_act a;
    ns_t now = T0 + 500 * NS_PER_MS;

    tcp_on_write(&t, 10 * MSS);
    t.rack.tlp_out = true;
    t.rtx_at = now;
    t.timer = TCP_TIMER_RTO;
    tcp_on_timer(&t, now);
    ck_assert_uint_eq(next(&t, now).seq, seg(0));
    acked(&t, now, 1);
    ck_assert_uint_eq(next(&t, now).seq, seg(SEGS));
    ck_assert_uint_eq(next(&t, now).seq, seg(SEGS + 1));
    ck_assert(silent(&t, now));
    a = acked(&t, now, 2); /* that was not sent again */
    ck_assert(a.spurious);
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN);
    ck_assert_uint_ge(t.cc.cwnd, cwnd);
}
END_TEST

/* RFC 3708: all that was sent again had arrived. */
START_TEST(test_dsack_undoes_a_recovery)
{
    struct tcb t = in_flight();
    uint32_t cwnd = t.cc.cwnd;
    ns_t now = T0 + RTT + 40 * NS_PER_MS;
    struct tcp_act a;

    sacked(&t, now, 0, 1, 4);
    ck_assert_uint_eq(next(&t, now).seq, seg(0));
    ck_assert_uint_lt(t.cc.ssthresh, cwnd);
    acked(&t, now + NS_PER_MS, SEGS);
    a = sacked(&t, now + 2 * NS_PER_MS, SEGS, 0, 1);
    ck_assert(a.spurious);
    ck_assert_uint_ge(t.cc.cwnd, cwnd);
    ck_assert_uint_eq(t.cc.ssthresh, CC_CWND_MAX);
}
END_TEST

START_TEST(test_what_comes_twice_is_reported_once)
{
    struct tcb t = in_flight();
    uint32_t from = t.rcv_nxt;
    struct tcp_seg s;

    on(&t, T0, TCP_ACK, .len = 100, .ack = seg(SEGS));
    drain(&t, T0 + NS_PER_SEC);
    on(&t, T0, TCP_ACK, .seq = from, .len = 100, .ack = seg(SEGS));
    s = next(&t, T0);
    ck_assert_uint_eq(s.nsack, 1);
    ck_assert_uint_eq(s.sack[0].start, from);
    ck_assert_uint_eq(s.sack[0].end, from + 100);
    t.ack_now = true;
    ck_assert_uint_eq(next(&t, T0).nsack, 0);
    /* Out of order, twice: first the duplicate, then what it is part of. */
    on(&t, T0, TCP_ACK, .seq_off = 200, .len = 50, .ack = seg(SEGS));
    ck_assert_uint_eq(next(&t, T0).nsack, 1);
    on(&t, T0, TCP_ACK, .seq_off = 200, .len = 50, .ack = seg(SEGS));
    s = next(&t, T0);
    ck_assert_uint_eq(s.nsack, 2);
    ck_assert_uint_eq(s.sack[0].start, s.sack[1].start);
}
END_TEST

/* More moments and more runs than there are records for. */
START_TEST(test_records_are_bounded)
{
    struct tcb t = in_flight();
    ns_t now = T0 + 91 * NS_PER_MS;

    t.cc.cwnd = 60 * MSS;
    for (unsigned i = 0; i < 40; i++) {
        now += 10 * NS_PER_MS;
        tcp_on_write(&t, MSS);
        drain(&t, now);
        ck_assert_uint_le(t.rack.nsent, TCP_SENT_MAX);
    }
    ck_assert_uint_gt(t.rack.nsent, TCP_SENT_MAX / 2);
    /* They reach back to the first, though the queue is four round trips. */
    sacked(&t, now, 0, 1, 2);
    ck_assert_uint_gt(t.rack.rtt, 4 * (RTT >> 10));
    for (uint32_t i = 1; i < 45; i += 2) {
        now += 10 * NS_PER_MS;
        sacked(&t, now, 0, i, i + 1);
        drain(&t, now);
        ck_assert_uint_le(t.rack.nresent, TCP_RESENT_MAX);
    }
    ck_assert_uint_gt(t.rack.nresent, 0);
    acked(&t, now, 50);
    ck_assert_uint_eq(t.rack.nsent, 0);
    ck_assert_uint_eq(t.rack.nresent, 0);
}
END_TEST

/* ---- ECN ---- */

START_TEST(test_ecn_is_asked_for_once_and_granted)
{
    struct tcp_open o = {.iss = ISS,
                         .rcv_limit = WND,
                         .mss = MSS,
                         .mss_default = 536,
                         .ecn = true,
                         .ecn_ask = true};
    struct tcb t;

    tcp_active(&t, &o, T0);
    ck_assert_uint_eq(next(&t, T0).flags, TCP_SYN | TCP_ECE | TCP_CWR);
    if (_i == 1) { /* a middlebox swallowed it: RFC 3168 6.1.1.1 */
        tcp_on_timer(&t, t.rtx_at);
        ck_assert_uint_eq(next(&t, T0).flags, TCP_SYN);
    }
    on(&t, T0, (uint8_t)(TCP_SYN | TCP_ACK | (_i < 2 ? TCP_ECE : 0)),
       .seq = IRS);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    ck_assert_uint_eq(t.ecn_ok, _i < 2);
    ck_assert_uint_eq(next(&t, T0).flags, TCP_ACK);
}
END_TEST

START_TEST(test_ecn_marks_new_data_alone)
{
    struct tcb t = in_flight();
    struct tcp_seg s;

    t.ecn_ok = true;
    tcp_on_write(&t, MSS);
    t.cc.cwnd += MSS;
    ck_assert(next(&t, T0).ect);
    t.ack_now = true;
    s = next(&t, T0);
    ck_assert(!s.ect && !s.len);
    t.rack.tlp_out = true;
    t.rtx_at = T0 + NS_PER_SEC;
    t.timer = TCP_TIMER_RTO;
    tcp_on_timer(&t, t.rtx_at);
    s = next(&t, T0 + NS_PER_SEC);
    ck_assert(!s.ect && s.len);
}
END_TEST

START_TEST(test_ecn_echo_lasts_until_cwr)
{
    struct tcb t = in_flight();
    struct tcp_seg s = {.seq = t.rcv_nxt,
                        .ack = seg(SEGS),
                        .len = 10,
                        .wnd = WND,
                        .flags = TCP_ACK,
                        .ce = true};

    t.ecn_ok = true;
    tcp_on_segment(&t, &s, TCP_ROOM_ALL, T0);
    ck_assert(next(&t, T0).flags & TCP_ECE);
    t.ack_now = true;
    ck_assert(next(&t, T0).flags & TCP_ECE);
    s.seq += 10;
    s.ce = false;
    s.flags |= TCP_CWR;
    tcp_on_segment(&t, &s, TCP_ROOM_ALL, T0);
    t.ack_now = true;
    ck_assert(!(next(&t, T0).flags & TCP_ECE));
}
END_TEST

START_TEST(test_ecn_echo_is_a_loss_once_a_round_trip)
{
    struct tcb t = in_flight();
    struct tcp_seg s;
    uint32_t cwnd;

    t.ecn_ok = true;
    tcp_on_write(&t, 10 * MSS);
    on(&t, T0, TCP_ACK | TCP_ECE, .ack = seg(4), .wnd = 60000);
    cwnd = t.cc.cwnd;
    ck_assert_uint_lt(cwnd, SEGS * MSS);
    on(&t, T0, TCP_ACK | TCP_ECE, .ack = seg(8), .wnd = 60000);
    ck_assert_uint_ge(t.cc.cwnd, cwnd);
    s = next_max(&t, 4 * MSS, T0);
    ck_assert(s.flags & TCP_CWR);
    ck_assert_uint_eq(s.len, MSS); /* a NIC would repeat it */
    ck_assert(!(next(&t, T0).flags & TCP_CWR));
    ck_assert_uint_eq(t.ca, TCP_CA_OPEN); /* nothing is sent again */
}
END_TEST

TCP_SUITE("tcp core rack", TEST(test_one_later_segment_and_time_make_a_loss),
          TEST(test_reordering_within_the_window_is_no_loss),
          TEST(test_delayed_ack_with_sack_is_no_reordering),
          TEST(test_neighbours_of_a_retransmission_do_not_overtake_it),
          TEST(test_lost_retransmission_is_found),
          LOOP(test_probe_sends_new_data_or_the_last_again, 0, 2),
          LOOP(test_loss_repaired_by_the_probe_counts, 0, 2),
          TEST(test_recovery_sends_in_proportion),
          LOOP(test_eifel_undoes_a_late_timeout, 0, 2), TEST(test_f_rto),
          TEST(test_dsack_undoes_a_recovery),
          TEST(test_what_comes_twice_is_reported_once),
          TEST(test_records_are_bounded),
          LOOP(test_ecn_is_asked_for_once_and_granted, 0, 3),
          TEST(test_ecn_marks_new_data_alone),
          TEST(test_ecn_echo_lasts_until_cwr),
          TEST(test_ecn_echo_is_a_loss_once_a_round_trip))
