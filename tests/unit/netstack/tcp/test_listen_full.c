/* SPDX-License-Identifier: ISC */
/*
 * test_listen_full.c - listeners that more knock at than they have room for:
 * SYN cookies, floods, full tables.  Each with IPv4 and with IPv6.
 */
#include "listen_case.h"
#include "tcp_suite.h"

/* Ports other than the rig's own, to fill the queue with. */
static void flood(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct tcp_seg s = syn(SEQ + i);

        rig_in_from(net, (uint16_t)(10000 + i), RIG_PORT, &s, NULL);
    }
    rig_turn(net);
    rig_forget(net);
}

START_TEST(test_full_queue_sends_cookies_and_takes_them)
{
    struct rig_frame f;
    struct tcp_seg s;
    struct conn *c;

    open_net(_i);
    flood(rig_limits.tcp_half_open);
    ck_assert_uint_eq(net->tcp->count.syn_cookies_sent, 0);
    f = answer_to(syn(SEQ));
    ck_assert_uint_eq(net->tcp->count.syn_cookies_sent, 1);
    ck_assert_uint_eq(f.h.seg.opts, ALL);
    s = seg(TCP_ACK | TCP_PSH, SEQ + 1, f.h.seg.seq + 1);
    s.opts = TCP_OPT_TS;
    s.tsval = 501;
    s.tsecr = f.h.seg.tsval;
    s.len = 5;
    rig_in(net, &s, "hello");
    ck_assert_uint_eq(net->tcp->count.syn_cookies_taken, 1);
    ck_assert(end.last & STREAM_READABLE);
    rig_read(&end);
    ck_assert_mem_eq(end.got, "hello", 5);
    c = rig_conn(net);
    ck_assert_uint_eq(c->tcb.mss, 1400 - TCP_TS_BYTES); /* exactly a step */
    ck_assert_uint_eq(c->tcb.snd_wscale, 3);
    ck_assert(c->tcb.sack_ok && c->tcb.ts_ok);
    close_net();
}
END_TEST

/* RFC 3168 6.1.1: as with an entry in the queue. */
START_TEST(test_cookie_remembers_ecn)
{
    struct rig_frame f;
    struct tcp_seg s;

    for (unsigned asked = 0; asked < 2; asked++) {
        open_net(_i);
        flood(rig_limits.tcp_half_open);
        s = syn(SEQ);
        s.flags |= asked ? TCP_ECN_FLAGS : TCP_ECE;
        f = answer_to(s);
        ck_assert_uint_eq(net->tcp->count.syn_cookies_sent, 1);
        ck_assert_uint_eq(f.h.seg.flags & TCP_ECN_FLAGS, asked ? TCP_ECE : 0);
        s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1);
        s.opts = TCP_OPT_TS;
        s.tsval = 501;
        s.tsecr = f.h.seg.tsval;
        rig_in(net, &s, NULL);
        ck_assert_uint_eq(net->tcp->count.syn_cookies_taken, 1);
        ck_assert_uint_eq(rig_conn(net)->tcb.ecn_ok, asked);
        close_net();
    }
}
END_TEST

/* A stranger who makes up the timestamp gets no more than we are set to. */
START_TEST(test_cookie_gives_no_ecn_that_is_off)
{
    struct rig_frame f;
    struct tcp_seg s = syn(SEQ);

    open_net(_i);
    net->tcp->config.tcp_ecn = TCP_ECN_OFF;
    flood(rig_limits.tcp_half_open);
    s.flags |= TCP_ECN_FLAGS;
    f = answer_to(s);
    ck_assert_uint_eq(f.h.seg.flags & TCP_ECN_FLAGS, 0);
    s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1);
    s.opts = TCP_OPT_TS;
    s.tsval = 501;
    s.tsecr = f.h.seg.tsval + 32; /* the bit of ECN */
    rig_in(net, &s, NULL);
    ck_assert(!rig_conn(net)->tcb.ecn_ok);
    close_net();
}
END_TEST

/* The last ACK and the first payload are lost, what follows is not. */
START_TEST(test_cookie_waits_for_the_first_payload)
{
    struct rig_frame f;
    struct tcp_seg s;

    open_net(_i);
    flood(rig_limits.tcp_half_open);
    f = answer_to(syn(SEQ));
    s = seg(TCP_ACK, SEQ + 1 + 5, f.h.seg.seq + 1);
    s.opts = TCP_OPT_TS;
    s.tsval = 501;
    s.tsecr = f.h.seg.tsval;
    s.len = 5;
    rig_in(net, &s, "world");
    ck_assert(rig_quiet(net)); /* no reset */
    ck_assert_uint_eq(net->tcp->count.dropped__bad_cookie, 1);
    s.seq = SEQ + 1;
    rig_in(net, &s, "hello");
    ck_assert_uint_eq(net->tcp->count.syn_cookies_taken, 1);
    rig_read(&end);
    ck_assert_mem_eq(end.got, "hello", 5);
    close_net();
}
END_TEST

START_TEST(test_cookie_without_timestamps_keeps_the_mss)
{
    struct rig_frame f;
    struct tcp_seg s = syn(SEQ);

    open_net(_i);
    flood(rig_limits.tcp_half_open);
    s.opts &= (uint8_t)~TCP_OPT_TS;
    f = answer_to(s);
    ck_assert_uint_eq(f.h.seg.opts, TCP_OPT_MSS);
    s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1);
    rig_in(net, &s, NULL);
    ck_assert_uint_eq(rig_conn(net)->tcb.mss, 1400);
    ck_assert(!rig_conn(net)->tcb.sack_ok);
    close_net();
}
END_TEST

START_TEST(test_guessed_cookie_is_reset)
{
    struct rig_frame f;
    struct tcp_seg s;

    open_net(_i);
    flood(rig_limits.tcp_half_open);
    f = answer_to(syn(SEQ));
    s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1 + (1 << 10));
    ck_assert_uint_eq(answer_to(s).h.seg.flags, TCP_RST);
    ck_assert_uint_eq(net->tcp->count.dropped__bad_cookie, 1);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    close_net();
}
END_TEST

START_TEST(test_no_cookie_is_taken_when_none_was_sent)
{
    struct tcp_key k;
    struct tcp_seg s;
    uint32_t iss;

    open_net(_i);
    k = (struct tcp_key){.local = rig_local(net),
                         .remote = rig_remote(net),
                         .lport = RIG_PORT,
                         .rport = RIG_PEER_PORT};
    iss = cookie_isn(&net->tcp->secrets, &k, SEQ, 1460, net->now);
    s = seg(TCP_ACK, SEQ + 1, iss + 1);
    ck_assert_uint_eq(answer_to(s).h.seg.flags, TCP_RST);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    close_net();
}
END_TEST

/* The oldest goes once it has been asked twice in vain. */
START_TEST(test_old_half_open_makes_room)
{
    open_net(_i);
    flood(rig_limits.tcp_half_open);
    rig_after(net, 3100 * NS_PER_MS);
    rig_forget(net);
    answer_to(syn(SEQ));
    ck_assert_uint_eq(net->tcp->count.half_open_evicted, 1);
    ck_assert_uint_eq(net->tcp->count.syn_cookies_sent, 0);
    ck_assert_uint_eq(net->tcp->halves.in_use, rig_limits.tcp_half_open);
    close_net();
}
END_TEST

/* The flood ends, the queue empties by itself. */
START_TEST(test_queue_recovers_from_a_flood)
{
    open_net(_i);
    for (int i = 0; i < 50; i++) {
        flood(40);
        rig_after(net, 100 * NS_PER_MS);
        rig_forget(net);
    }
    rig_after(net, 70 * NS_PER_SEC);
    rig_forget(net);
    ck_assert_uint_eq(net->tcp->halves.in_use, 0);
    ck_assert_uint_eq(net->tcp->table.count, 0);
    ck_assert_uint_gt(net->tcp->count.syn_cookies_sent, 1000);
    close_net();
}
END_TEST

static struct rig_end ends[32];
static unsigned nends;

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    (void)user;
    rig_attach(&ends[nends++], s);
    return true;
}

START_TEST(test_full_table_ignores_syns_and_kills_nobody)
{
    struct rig_frame f;
    struct tcp_seg s;

    memset(ends, 0, sizeof(ends));
    nends = 0;
    open_net(_i);
    ck_assert_uint_eq(tcp_listen(net, 81, on_accept, NULL), OK);
    for (uint16_t i = 0; i <= rig_limits.tcp_conns; i++) {
        s = syn(SEQ);
        rig_in_from(net, (uint16_t)(9000 + i), 81, &s, NULL);
        rig_turn(net);
        if (i == rig_limits.tcp_conns)
            break;
        f = rig_out(net);
        s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1);
        s.opts = TCP_OPT_TS;
        s.tsval = 501;
        rig_in_from(net, (uint16_t)(9000 + i), 81, &s, NULL);
        rig_turn(net);
    }
    ck_assert(rig_quiet(net));
    ck_assert_uint_eq(nends, rig_limits.tcp_conns);
    ck_assert_uint_eq(net->tcp->count.dropped__conns_full, 1);
    /* one goes, the next one comes */
    stream_release(ends[0].s);
    rig_turn(net);
    rig_forget(net);
    s = syn(SEQ);
    rig_in_from(net, 9999, 81, &s, NULL);
    ck_assert_uint_eq(rig_out(net).h.seg.flags, TCP_SYN | TCP_ACK);
    for (unsigned i = 1; i < nends; i++)
        stream_release(ends[i].s);
    rig_turn(net);
    tcp_unlisten(net, 81);
    close_net();
}
END_TEST

/* The slot was taken between SYN and ACK: the handshake waits for another. */
START_TEST(test_handshake_waits_for_a_slot)
{
    struct rig_frame f;
    struct tcp_seg s;

    open_net(_i);
    f = answer_to(syn(SEQ));
    net->tcp->conns.fail_after = 0;
    s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1);
    s.opts = TCP_OPT_TS;
    s.tsval = 501;
    rig_in(net, &s, NULL);
    ck_assert_ptr_null(end.s);
    ck_assert(rig_quiet(net));
    ck_assert_uint_eq(net->tcp->halves.in_use, 1);
    net->tcp->conns.fail_after = -1;
    rig_in(net, &s, NULL);
    ck_assert_ptr_nonnull(end.s);
    close_net();
}
END_TEST

START_TEST(test_refused_by_the_application)
{
    struct rig_frame f;
    struct tcp_seg s;

    open_net(_i);
    end.refuse = true;
    f = answer_to(syn(SEQ));
    s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1);
    s.opts = TCP_OPT_TS;
    s.tsval = 501;
    f = answer_to(s);
    ck_assert(f.h.seg.flags & TCP_RST);
    ck_assert_uint_eq(f.h.seg.ack, SEQ + 1);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    ck_assert_uint_eq(net->tcp->count.refused, 1);
    ck_assert_uint_eq(end.calls, 0);
    close_net();
}
END_TEST

START_TEST(test_unlisten_ends_what_is_half_open)
{
    struct rig_frame f;
    struct tcp_seg s;

    open_net(_i);
    f = answer_to(syn(SEQ));
    tcp_unlisten(net, RIG_PORT);
    ck_assert_uint_eq(net->tcp->halves.in_use, 0);
    s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1);
    ck_assert_uint_eq(answer_to(s).h.seg.flags, TCP_RST);
    close_net();
}
END_TEST

START_TEST(test_unlisten_before_the_listener_was_asked)
{
    struct rig_frame f;
    struct tcp_seg s;

    open_net(_i);
    f = answer_to(syn(SEQ));
    s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1);
    s.opts = TCP_OPT_TS;
    s.tsval = 501;
    rig_in_from(net, RIG_PEER_PORT, RIG_PORT, &s, NULL);
    tcp_unlisten(net, RIG_PORT);
    rig_turn(net);
    ck_assert(rig_out(net).h.seg.flags & TCP_RST);
    ck_assert_ptr_null(end.s);
    close_net();
}
END_TEST

START_TEST(test_listener_limits)
{
    struct rig_end other = {0};

    open_net(_i);
    ck_assert_uint_eq(tcp_listen(net, RIG_PORT, on_accept, &other), E_INVAL);
    ck_assert_uint_eq(tcp_listen(net, 0, on_accept, &other), E_INVAL);
    for (uint16_t i = 1; i < rig_limits.tcp_listeners; i++)
        ck_assert_uint_eq(tcp_listen(net, (uint16_t)(100 + i), on_accept, NULL),
                          OK);
    ck_assert_uint_eq(tcp_listen(net, 200, on_accept, NULL), E_FULL);
    tcp_unlisten(net, 101);
    ck_assert_uint_eq(tcp_listen(net, 200, on_accept, NULL), OK);
    tcp_unlisten(net, 77); /* nobody's: nothing happens */
    close_net();
}
END_TEST

START_TEST(test_no_packet_for_the_syn_ack_is_made_up_for)
{
    struct tcp_seg s = syn(SEQ);
    struct pkt *held[512];
    unsigned n = 0;

    open_net(_i);
    rig_in_from(net, 1, 1, &s, NULL); /* so that one frame is in the rig */
    rig_forget(net);
    while (net->pkts.in_use < net->pkts.count - 1)
        held[n++] = pkt_get(&net->pkts);
    rig_in(net, &s, NULL);
    while (n)
        pkt_put(held[--n]);
    rig_forget(net);
    rig_after(net, 1100 * NS_PER_MS);
    ck_assert_uint_eq(rig_out(net).h.seg.flags, TCP_SYN | TCP_ACK);
    close_net();
}
END_TEST

#define BOTH(t) LOOP(t, 0, 2)

TCP_SUITE("tcp listen full", BOTH(test_full_queue_sends_cookies_and_takes_them),
          BOTH(test_cookie_remembers_ecn),
          BOTH(test_cookie_gives_no_ecn_that_is_off),
          BOTH(test_cookie_waits_for_the_first_payload),
          BOTH(test_cookie_without_timestamps_keeps_the_mss),
          BOTH(test_guessed_cookie_is_reset),
          BOTH(test_no_cookie_is_taken_when_none_was_sent),
          BOTH(test_old_half_open_makes_room),
          BOTH(test_queue_recovers_from_a_flood),
          BOTH(test_full_table_ignores_syns_and_kills_nobody),
          BOTH(test_handshake_waits_for_a_slot),
          BOTH(test_refused_by_the_application),
          BOTH(test_unlisten_ends_what_is_half_open),
          BOTH(test_unlisten_before_the_listener_was_asked),
          BOTH(test_listener_limits),
          BOTH(test_no_packet_for_the_syn_ack_is_made_up_for))
