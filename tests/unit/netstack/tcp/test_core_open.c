/* SPDX-License-Identifier: ISC */
/*
 * test_core_open.c - how a connection begins: RFC 9293 3.5, 3.10.7.3.
 */
#include "core_rig.h"
#include "tcp_suite.h"

static struct tcp_open full(void)
{
    return (struct tcp_open){.iss = ISS,
                             .ts_offset = 7777,
                             .rcv_limit = 1 << 20,
                             .mss = 1460,
                             .mss_default = 536,
                             .ts = true,
                             .sack = true,
                             .wscale = true};
}

START_TEST(test_syn_offers_what_may_be_agreed_on)
{
    struct tcp_open o = full();
    struct tcb t;
    struct tcp_seg s;

    tcp_active(&t, &o, T0);
    s = next(&t, T0);
    ck_assert_uint_eq(s.seq, ISS);
    ck_assert_uint_eq(s.flags, TCP_SYN);
    ck_assert_uint_eq(s.opts, TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK |
                                  TCP_OPT_TS);
    ck_assert_uint_eq(s.mss, 1460);
    ck_assert_uint_eq(s.wscale, 5); /* 65535 << 5 >= 1 MiB */
    ck_assert_uint_eq(s.wnd, 65535);
    ck_assert_uint_eq(s.tsval, tcp_ticks(T0) + 7777);
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_syn_ack_settles_options)
{
    struct tcp_open o = full();
    struct tcb t;

    tcp_active(&t, &o, T0);
    next(&t, T0);
    on(&t, T0, TCP_SYN | TCP_ACK, .seq = IRS, .mss = 1400, .wscale = 7,
       .tsval = 5, .tsecr = tcp_ticks(T0) + 7777,
       .opts = TCP_OPT_WSCALE | TCP_OPT_SACK_OK, .wnd = 1000);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    ck_assert_uint_eq(t.mss, 1400 - TCP_TS_BYTES); /* MUST-16 */
    ck_assert_uint_eq(t.snd_wscale, 7);
    ck_assert_uint_eq(t.snd_wnd, 1000); /* a SYN's window is not scaled */
    ck_assert(t.ts_ok && t.sack_ok);
    ck_assert_uint_eq(t.ts_recent, 5);
    ck_assert_uint_eq(t.cc.cwnd, 10 * (1400 - 12));
}
END_TEST

START_TEST(test_options_of_one_side_only_are_off)
{
    struct tcp_open o = full();
    struct tcb t;
    struct tcp_seg s;

    tcp_active(&t, &o, T0);
    next(&t, T0);
    on(&t, T0, TCP_SYN | TCP_ACK, .seq = IRS);
    ck_assert(!t.ts_ok && !t.sack_ok && !t.wscale_ok);
    ck_assert_uint_eq(t.snd_wscale | t.rcv_wscale, 0);
    ck_assert_uint_eq(t.mss, 536); /* MUST-15 */
    s = next(&t, T0);
    ck_assert_uint_eq(s.opts, 0);
    ck_assert_uint_eq(s.ack, IRS + 1);
}
END_TEST

START_TEST(test_tiny_mss_is_raised_to_the_floor)
{
    struct tcb t = at_syn_sent();

    on(&t, T0, TCP_SYN | TCP_ACK, .seq = IRS, .mss = 1);
    ck_assert_uint_eq(t.mss, TCP_MSS_FLOOR);
}
END_TEST

/* Two cores, both opening: RFC 9293 figure 8. */
START_TEST(test_must_10_simultaneous_open)
{
    struct tcp_open oa = full(), ob = full();
    struct tcb a, b;
    struct tcp_seg sa, sb;

    ob.iss = 90000;
    tcp_active(&a, &oa, T0);
    tcp_active(&b, &ob, T0);
    sa = next(&a, T0);
    sb = next(&b, T0);
    tcp_on_segment(&a, &sb, TCP_ROOM_ALL, T0);
    tcp_on_segment(&b, &sa, TCP_ROOM_ALL, T0);
    ck_assert_uint_eq(a.state, TCP_SYN_RCVD);
    ck_assert_uint_eq(b.state, TCP_SYN_RCVD);
    sa = next(&a, T0);
    sb = next(&b, T0);
    ck_assert_uint_eq(sa.flags, TCP_SYN | TCP_ACK);
    ck_assert_uint_eq(sa.seq, ISS);
    ck_assert_uint_eq(sb.ack, ISS + 1);
    ck_assert(tcp_on_segment(&a, &sb, TCP_ROOM_ALL, T0).events & STREAM_OPEN);
    ck_assert(tcp_on_segment(&b, &sa, TCP_ROOM_ALL, T0).events & STREAM_OPEN);
    ck_assert_uint_eq(a.state, TCP_ESTABLISHED);
    ck_assert_uint_eq(b.state, TCP_ESTABLISHED);
    ck_assert_uint_eq(a.snd_una, ISS + 1);
    ck_assert_uint_eq(b.rcv_nxt, ISS + 1);
    ck_assert(a.ts_ok && a.sack_ok && a.wscale_ok);
}
END_TEST

/* Only one of the two SYN-ACKs arrives. */
START_TEST(test_simultaneous_open_with_a_loss)
{
    struct tcb t = at_syn_rcvd();
    struct tcp_seg s;

    ck_assert_uint_eq(tcp_deadline_of(&t), T0 + NS_PER_SEC);
    tcp_on_timer(&t, T0 + NS_PER_SEC);
    s = next(&t, T0 + NS_PER_SEC);
    ck_assert_uint_eq(s.flags, TCP_SYN | TCP_ACK);
    ck_assert_uint_eq(s.seq, ISS);
    on(&t, T0 + NS_PER_SEC, TCP_ACK);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
}
END_TEST

START_TEST(test_payload_on_the_syn_ack_is_taken)
{
    struct tcb t = at_syn_sent();
    struct tcp_act a = on(&t, T0, TCP_SYN | TCP_ACK, .seq = IRS, .len = 300);

    ck_assert_uint_eq(a.events, STREAM_OPEN | STREAM_READABLE);
    ck_assert_uint_eq(a.take_len, 300);
    ck_assert_uint_eq(a.take_off, 0);
    ck_assert_uint_eq(t.rcv_nxt, IRS + 301);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 301);
}
END_TEST

/* RFC 9293 3.10.7.3: "if there is text, queue it"; shown when open. */
START_TEST(test_payload_on_a_bare_syn_waits_for_the_open)
{
    struct tcb t = at_syn_sent();
    struct tcp_act a = on(&t, T0, TCP_SYN, .seq = IRS, .len = 300);

    ck_assert_uint_eq(a.events, 0);
    ck_assert_uint_eq(a.take_len, 300);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 301);
    a = on(&t, T0, TCP_ACK);
    ck_assert_uint_eq(a.events, STREAM_OPEN | STREAM_READABLE);
    ck_assert_uint_eq(a.take_len, 0);
}
END_TEST

START_TEST(test_fin_on_the_syn_ack)
{
    struct tcb t = at_syn_sent();
    struct tcp_act a =
        on(&t, T0, TCP_SYN | TCP_ACK | TCP_FIN, .seq = IRS, .len = 3);

    ck_assert_uint_eq(a.events, STREAM_OPEN | STREAM_READABLE | STREAM_EOF);
    ck_assert_uint_eq(t.state, TCP_CLOSE_WAIT);
    ck_assert_uint_eq(t.rcv_nxt, IRS + 5);
}
END_TEST

START_TEST(test_write_before_the_open_goes_with_its_ack)
{
    struct tcb t = at_syn_sent();
    struct tcp_seg s;

    tcp_on_write(&t, 50);
    ck_assert(silent(&t, T0));
    on(&t, T0, TCP_SYN | TCP_ACK, .seq = IRS, .mss = 1460);
    s = next(&t, T0);
    ck_assert_uint_eq(s.len, 50);
    ck_assert_uint_eq(s.seq, ISS + 1);
    ck_assert_uint_eq(s.ack, IRS + 1);
    ck_assert(silent(&t, T0));
}
END_TEST

/* RFC 9293 3.10.4: CLOSE in SYN-SENT and SYN-RECEIVED waits for the open. */
START_TEST(test_shutdown_before_the_open_is_queued)
{
    struct tcb t = at_syn_sent();
    struct tcp_seg s;

    tcp_on_write(&t, 50);
    tcp_on_shutdown(&t);
    ck_assert_uint_eq(t.state, TCP_SYN_SENT);
    on(&t, T0, TCP_SYN | TCP_ACK, .seq = IRS);
    ck_assert_uint_eq(t.state, TCP_FIN_WAIT_1);
    s = next(&t, T0);
    ck_assert_uint_eq(s.len, 50);
    ck_assert(s.flags & TCP_FIN);
}
END_TEST

START_TEST(test_abort_while_opening)
{
    struct tcb t = at_syn_sent();

    ck_assert(!tcp_on_abort(&t)); /* the peer knows of nothing */
    t = at_syn_rcvd();
    ck_assert(tcp_on_abort(&t));
}
END_TEST

/* RFC 6298 5.5: 1, 2, 4 ... s between; MUST-23: 3 minutes in all. */
START_TEST(test_must_23_syn_is_sent_for_three_minutes)
{
    struct tcb t = at_syn_sent();
    ns_t at = T0, gap = NS_PER_SEC;
    struct tcp_act a = {0};
    unsigned n = 0;

    while (t.state != TCP_DONE) {
        ns_t due = tcp_deadline_of(&t);

        if (due - T0 < TCP_SYN_TIMEOUT)
            ck_assert_uint_eq(due - at, gap);
        at = due;
        gap = gap * 2 < TCP_RTO_MAX ? gap * 2 : TCP_RTO_MAX;
        a = tcp_on_timer(&t, at);
        if (t.state != TCP_DONE)
            ck_assert_uint_eq(next(&t, at).flags, TCP_SYN);
        n++;
    }
    ck_assert_uint_eq(at, T0 + 180 * NS_PER_SEC);
    ck_assert_uint_eq(n, 8);
    ck_assert_uint_eq(a.events, STREAM_CLOSED);
    ck_assert_uint_eq(a.error, E_TIMEOUT);
    ck_assert_uint_eq(tcp_deadline_of(&t), NS_NEVER);
}
END_TEST

/* RFC 6298 5.7 and RFC 5681 3.1: a lost SYN makes for a careful start. */
START_TEST(test_lost_syn_starts_with_one_segment_and_3_s)
{
    struct tcb t = at_syn_sent();

    until(&t, T0 + NS_PER_SEC);
    on(&t, T0 + NS_PER_SEC, TCP_SYN | TCP_ACK, .seq = IRS, .mss = MSS);
    ck_assert_uint_eq(t.cc.cwnd, MSS);
    ck_assert_uint_eq(t.rto, 3 * NS_PER_SEC);
    ck_assert_uint_eq(t.backoff, 0);
}
END_TEST

START_TEST(test_round_trip_is_timed_by_the_syn)
{
    struct tcb t = at_syn_sent();

    on(&t, T0 + 50 * NS_PER_MS, TCP_SYN | TCP_ACK, .seq = IRS, .mss = MSS);
    /* RTO = SRTT + max(200 ms, 4 * R/2) */
    ck_assert_uint_ge(t.rto, 249 * NS_PER_MS);
    ck_assert_uint_le(t.rto, 251 * NS_PER_MS);
}
END_TEST

START_TEST(test_passive_open_resumes_the_handshake)
{
    struct tcb t = at_passive();
    struct tcp_act a = on(&t, T0 + NS_PER_MS, TCP_ACK, .len = 10);

    ck_assert_uint_eq(a.events, STREAM_OPEN | STREAM_READABLE);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    ck_assert_uint_eq(t.snd_una, ISS + 1);
    ck_assert_uint_eq(t.rcv_unread, 10);
    ck_assert_uint_eq(t.cc.cwnd, 10 * MSS);
}
END_TEST

START_TEST(test_syn_ack_with_wrong_ack_changes_nothing)
{
    struct tcb t = at_syn_sent(), before = t;
    struct tcp_act a = on(&t, T0, TCP_SYN | TCP_ACK, .seq = IRS, .ack_off = 1);

    ck_assert(a.reset);
    ck_assert_mem_eq(&t, &before, sizeof(t));
    a = on(&t, T0, TCP_RST | TCP_ACK, .seq = IRS, .ack_off = 1);
    ck_assert(!a.reset); /* never a reset for a reset */
    ck_assert_mem_eq(&t, &before, sizeof(t));
}
END_TEST

TCP_SUITE("tcp core open", TEST(test_syn_offers_what_may_be_agreed_on),
          TEST(test_syn_ack_settles_options),
          TEST(test_options_of_one_side_only_are_off),
          TEST(test_tiny_mss_is_raised_to_the_floor),
          TEST(test_must_10_simultaneous_open),
          TEST(test_simultaneous_open_with_a_loss),
          TEST(test_payload_on_the_syn_ack_is_taken),
          TEST(test_payload_on_a_bare_syn_waits_for_the_open),
          TEST(test_fin_on_the_syn_ack),
          TEST(test_write_before_the_open_goes_with_its_ack),
          TEST(test_shutdown_before_the_open_is_queued),
          TEST(test_abort_while_opening),
          TEST(test_must_23_syn_is_sent_for_three_minutes),
          TEST(test_lost_syn_starts_with_one_segment_and_3_s),
          TEST(test_round_trip_is_timed_by_the_syn),
          TEST(test_passive_open_resumes_the_handshake),
          TEST(test_syn_ack_with_wrong_ack_changes_nothing))
