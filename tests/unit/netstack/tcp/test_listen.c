/* SPDX-License-Identifier: ISC */
/*
 * test_listen.c - CLOSED, LISTEN, half-open connections, SYN cookies: RFC 9293
 * 3.10.7.1, 3.10.7.2, 3.10.7.4.  Each with IPv4 and with IPv6.
 */
#include "rig.h"
#include "tcp_suite.h"

enum {
    ALL = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK | TCP_OPT_TS,
    SEQ = 1000
};

static struct rig_end end;
static struct net *net;

static void open_net(int v6)
{
    memset(&end, 0, sizeof(end));
    end.release_when_closed = true;
    net = rig_new(v6);
    rig_listen(net, RIG_PORT, &end);
}

static void close_net(void)
{
    tcp_unlisten(net, RIG_PORT);
    if (end.s)
        stream_release(end.s);
    rig_turn(net);
    rig_free(net);
}

static struct tcp_seg seg(uint8_t flags, uint32_t seq, uint32_t ack)
{
    return (struct tcp_seg){
        .seq = seq, .ack = ack, .flags = flags, .wnd = 65535};
}

static struct tcp_seg syn(uint32_t seq)
{
    struct tcp_seg s = seg(TCP_SYN, seq, 0);

    s.opts = ALL;
    s.mss = 1400;
    s.wscale = 3;
    s.tsval = 500;
    return s;
}

static struct rig_frame answer_to(struct tcp_seg s)
{
    rig_in(net, &s, NULL);
    return rig_out(net);
}

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

/* ---- CLOSED ---- */

START_TEST(test_closed_port_resets)
{
    struct rig_frame f;
    struct tcp_seg s;

    open_net(_i);
    s = seg(TCP_SYN, SEQ, 0);
    rig_in_from(net, 4000, 81, &s, NULL);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_RST | TCP_ACK);
    ck_assert_uint_eq(f.h.seg.seq, 0);
    ck_assert_uint_eq(f.h.seg.ack, SEQ + 1);
    ck_assert_uint_eq(f.h.src, 81);
    ck_assert_uint_eq(f.h.dst, 4000);
    s = seg(TCP_ACK, SEQ, 777);
    rig_in_from(net, 4000, 81, &s, NULL);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_RST);
    ck_assert_uint_eq(f.h.seg.seq, 777);
    s = seg(TCP_FIN, SEQ, 0);
    s.len = 4;
    rig_in_from(net, 4000, 81, &s, "data");
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.ack, SEQ + 5);
    s = seg(TCP_RST | TCP_ACK, SEQ, 777);
    rig_in_from(net, 4000, 81, &s, NULL);
    ck_assert(rig_quiet(net)); /* never a reset for a reset */
    ck_assert_uint_eq(net->tcp->count.out_rsts, 3);
    close_net();
}
END_TEST

/* MUST-57: broadcast and multicast. */
START_TEST(test_must_57_not_unicast_is_ignored)
{
    struct tcp_seg s = syn(SEQ);
    struct pkt *p;
    struct block *b;
    struct ip_rx rx;

    open_net(_i);
    p = pkt_get(&net->pkts);
    b = block_get(&net->rx);
    tcp_emit(b->data, 40, 4000, RIG_PORT, &s);
    (void)!pkt_add_frag(p, &b->buf, b->data, 40);
    buf_drop(&b->buf);
    rx = (struct ip_rx){.pkt = p,
                        .len = 40,
                        .src = rig_remote(net),
                        .dst = rig_local(net),
                        .not_unicast = true};
    tcp_input(net->tcp, &rx, net->now);
    rig_turn(net);
    ck_assert(rig_quiet(net));
    ck_assert_uint_eq(net->tcp->count.dropped__not_unicast, 1);
    close_net();
}
END_TEST

/* ---- LISTEN ---- */

START_TEST(test_listen_answers_a_syn)
{
    struct rig_frame f;

    open_net(_i);
    f = answer_to(syn(SEQ));
    ck_assert_uint_eq(f.h.seg.flags, TCP_SYN | TCP_ACK);
    ck_assert_uint_eq(f.h.seg.ack, SEQ + 1);
    ck_assert_uint_eq(f.h.seg.opts, ALL);
    ck_assert_uint_eq(f.h.seg.mss, _i ? 1440 : 1460);
    ck_assert_uint_eq(f.h.seg.wscale, 1); /* 65535 << 1 >= 65536 */
    ck_assert_uint_eq(f.h.seg.tsecr, 500);
    ck_assert_uint_eq(net->tcp->halves.in_use, 1);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    close_net();
}
END_TEST

START_TEST(test_listen_offers_only_what_was_offered)
{
    struct tcp_seg s;

    open_net(_i);
    s = seg(TCP_SYN, SEQ, 0);
    ck_assert_uint_eq(answer_to(s).h.seg.opts, TCP_OPT_MSS);
    close_net();
}
END_TEST

START_TEST(test_listen_ignores_rst_and_resets_ack)
{
    struct tcp_seg s;

    open_net(_i);
    s = seg(TCP_RST, SEQ, 0);
    rig_in(net, &s, NULL);
    s = seg(0, SEQ, 0);
    rig_in(net, &s, NULL);
    s = seg(TCP_FIN, SEQ, 0);
    rig_in(net, &s, NULL);
    ck_assert(rig_quiet(net));
    ck_assert_uint_eq(net->tcp->count.dropped__handshake, 3);
    ck_assert_uint_eq(answer_to(seg(TCP_ACK, SEQ, 77)).h.seg.flags, TCP_RST);
    ck_assert_uint_eq(answer_to(seg(TCP_SYN | TCP_ACK, SEQ, 77)).h.seg.flags,
                      TCP_RST);
    close_net();
}
END_TEST

START_TEST(test_talking_to_oneself_is_refused)
{
    struct tcp_seg s = syn(SEQ);
    struct ip_rx rx;
    struct pkt *p;
    struct block *b;

    open_net(_i);
    p = pkt_get(&net->pkts);
    b = block_get(&net->rx);
    tcp_emit(b->data, 40, RIG_PORT, RIG_PORT, &s);
    (void)!pkt_add_frag(p, &b->buf, b->data, 40);
    buf_drop(&b->buf);
    rx = (struct ip_rx){
        .pkt = p, .len = 40, .src = rig_local(net), .dst = rig_local(net)};
    tcp_input(net->tcp, &rx, net->now);
    rig_turn(net);
    ck_assert(rig_quiet(net));
    close_net();
}
END_TEST

/* ---- half-open ---- */

START_TEST(test_repeated_syn_gets_the_same_answer)
{
    struct rig_frame f;
    uint32_t iss;

    open_net(_i);
    iss = answer_to(syn(SEQ)).h.seg.seq;
    net->now += NS_PER_MS;
    f = answer_to(syn(SEQ));
    ck_assert_uint_eq(f.h.seg.flags, TCP_SYN | TCP_ACK);
    ck_assert_uint_eq(f.h.seg.seq, iss);
    ck_assert_uint_eq(net->tcp->halves.in_use, 1);
    close_net();
}
END_TEST

START_TEST(test_syn_ack_is_sent_again_and_given_up)
{
    static const unsigned at_s[] = {1, 3, 7, 15, 31};
    ns_t start;

    open_net(_i);
    answer_to(syn(SEQ));
    start = net->now;
    for (unsigned i = 0; i < ARRAY_LEN(at_s); i++) {
        rig_after(net, start + at_s[i] * NS_PER_SEC - net->now - NS_PER_MS);
        ck_assert(rig_quiet(net));
        rig_after(net, 3 * NS_PER_MS);
        ck_assert_uint_eq(rig_out(net).h.seg.flags, TCP_SYN | TCP_ACK);
    }
    rig_after(net, 60 * NS_PER_SEC);
    ck_assert(rig_quiet(net));
    ck_assert_uint_eq(net->tcp->halves.in_use, 0);
    ck_assert_uint_eq(net->tcp->count.half_open_expired, 1);
    ck_assert_uint_eq(net->tcp->count.attempt_fails, 1);
    close_net();
}
END_TEST

START_TEST(test_half_open_rst)
{
    struct tcp_seg s;

    open_net(_i);
    answer_to(syn(SEQ));
    s = seg(TCP_RST, SEQ + 500, 0); /* in the window: RFC 5961 3 */
    s.opts = TCP_OPT_TS;
    s.tsval = 501;
    ck_assert_uint_eq(answer_to(s).h.seg.flags, TCP_ACK);
    s = seg(TCP_RST, SEQ + 100000, 0);
    rig_in(net, &s, NULL);
    ck_assert_uint_eq(net->tcp->halves.in_use, 1);
    s = seg(TCP_RST, SEQ + 1, 0);
    rig_in(net, &s, NULL);
    ck_assert_uint_eq(net->tcp->halves.in_use, 0);
    ck_assert(rig_quiet(net));
    close_net();
}
END_TEST

START_TEST(test_half_open_wrong_ack_is_reset)
{
    struct rig_frame f;
    struct tcp_seg s;
    uint32_t iss;

    open_net(_i);
    iss = answer_to(syn(SEQ)).h.seg.seq;
    s = seg(TCP_ACK, SEQ + 1, iss + 2);
    f = answer_to(s);
    ck_assert_uint_eq(f.h.seg.flags, TCP_RST);
    ck_assert_uint_eq(f.h.seg.seq, iss + 2);
    ck_assert_uint_eq(net->tcp->halves.in_use, 1); /* it stands all the same */
    s = seg(TCP_ACK, SEQ + 1, iss + 1);
    rig_in(net, &s, NULL);
    ck_assert_ptr_nonnull(end.s);
    close_net();
}
END_TEST

/* 3.10.7.4 fourth: back to LISTEN. */
START_TEST(test_half_open_new_syn_in_the_window)
{
    struct tcp_seg s;

    open_net(_i);
    answer_to(syn(SEQ));
    s = syn(SEQ + 50);
    rig_in(net, &s, NULL);
    ck_assert_uint_eq(net->tcp->halves.in_use, 0);
    ck_assert_uint_eq(answer_to(s).h.seg.ack, SEQ + 51);
    close_net();
}
END_TEST

START_TEST(test_half_open_answers_are_limited)
{
    struct tcp_seg s;

    open_net(_i);
    answer_to(syn(SEQ));
    for (int i = 0; i < 100; i++) {
        s = seg(TCP_ACK, SEQ - 50, 1);
        rig_in(net, &s, NULL);
        s = syn(SEQ);
        rig_in(net, &s, NULL);
    }
    ck_assert_uint_eq(rig_sent(net), 2 * HALF_ANSWERS);
    close_net();
}
END_TEST

/* Payload on the SYN: kept, acknowledged, shown when the connection is open. */
START_TEST(test_payload_on_the_syn)
{
    struct rig_frame f;
    struct tcp_seg s = syn(SEQ);

    open_net(_i);
    s.len = 5;
    rig_in(net, &s, "early");
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.ack, SEQ + 6);
    ck_assert_ptr_null(end.s);
    s = seg(TCP_ACK, SEQ + 6, f.h.seg.seq + 1);
    s.opts = TCP_OPT_TS;
    s.tsval = 501;
    s.len = 4;
    rig_in(net, &s, " on?");
    ck_assert(end.last & STREAM_READABLE);
    rig_read(&end);
    ck_assert_uint_eq(end.ngot, 9);
    ck_assert_mem_eq(end.got, "early on?", 9);
    close_net();
}
END_TEST

START_TEST(test_much_payload_on_the_syn_is_not_acked)
{
    static uint8_t data[1400];
    struct tcp_seg s = syn(SEQ);

    open_net(_i);
    s.len = sizeof(data);
    rig_in(net, &s, data);
    ck_assert_uint_eq(rig_out(net).h.seg.ack, SEQ + 1 + HALF_DATA_MAX);
    close_net();
}
END_TEST

START_TEST(test_round_trip_of_the_handshake_is_used)
{
    struct rig_frame f;
    struct tcp_seg s;

    open_net(_i);
    f = answer_to(syn(SEQ));
    net->now += 100 * NS_PER_MS;
    s = seg(TCP_ACK, SEQ + 1, f.h.seg.seq + 1);
    s.opts = TCP_OPT_TS;
    s.tsval = 501;
    rig_in(net, &s, NULL);
    ck_assert_uint_ge(rig_conn(net)->tcb.rto, 299 * NS_PER_MS);
    ck_assert_uint_le(rig_conn(net)->tcb.rto, 301 * NS_PER_MS);
    close_net();
}
END_TEST

/* ---- limits ---- */

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

/* ---- the application's side ---- */

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
TCP_SUITE(
    "tcp listen", BOTH(test_closed_port_resets),
    BOTH(test_must_57_not_unicast_is_ignored), BOTH(test_listen_answers_a_syn),
    BOTH(test_listen_offers_only_what_was_offered),
    BOTH(test_listen_ignores_rst_and_resets_ack),
    BOTH(test_talking_to_oneself_is_refused),
    BOTH(test_repeated_syn_gets_the_same_answer),
    BOTH(test_syn_ack_is_sent_again_and_given_up), BOTH(test_half_open_rst),
    BOTH(test_half_open_wrong_ack_is_reset),
    BOTH(test_half_open_new_syn_in_the_window),
    BOTH(test_half_open_answers_are_limited), BOTH(test_payload_on_the_syn),
    BOTH(test_much_payload_on_the_syn_is_not_acked),
    BOTH(test_round_trip_of_the_handshake_is_used),
    BOTH(test_full_queue_sends_cookies_and_takes_them),
    BOTH(test_cookie_remembers_ecn), BOTH(test_cookie_gives_no_ecn_that_is_off),
    BOTH(test_cookie_waits_for_the_first_payload),
    BOTH(test_cookie_without_timestamps_keeps_the_mss),
    BOTH(test_guessed_cookie_is_reset),
    BOTH(test_no_cookie_is_taken_when_none_was_sent),
    BOTH(test_old_half_open_makes_room), BOTH(test_queue_recovers_from_a_flood),
    BOTH(test_full_table_ignores_syns_and_kills_nobody),
    BOTH(test_handshake_waits_for_a_slot),
    BOTH(test_refused_by_the_application),
    BOTH(test_unlisten_ends_what_is_half_open),
    BOTH(test_unlisten_before_the_listener_was_asked),
    BOTH(test_listener_limits),
    BOTH(test_no_packet_for_the_syn_ack_is_made_up_for))
