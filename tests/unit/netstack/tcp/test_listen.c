/* SPDX-License-Identifier: ISC */
/*
 * test_listen.c - CLOSED, LISTEN and half-open connections: RFC 9293 3.10.7.1,
 * 3.10.7.2, 3.10.7.4.  Each with IPv4 and with IPv6.
 */
#include "listen_case.h"
#include "tcp_suite.h"

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

static uint64_t epoch[2];

static bool other_seed(struct mspan out)
{
    memset(out.p, 0x5a, out.n);
    return true;
}

/* A snapshot that goes on twice is the same machine twice, but for the epoch:
 * so must be its numbers for one and the same peer. */
START_TEST(test_another_life_has_other_numbers)
{
    static const struct rng_feed feed = {.epoch = epoch, .seed = other_seed};
    struct tcp_seg life[3];

    for (unsigned i = 0; i < 3; i++) {
        open_net(_i);
        rng_set_feed(&net->tcp->rng, &feed);
        epoch[1] += i == 2;
        life[i] = answer_to(syn(SEQ)).h.seg;
        close_net();
    }
    ck_assert_uint_eq(life[0].seq, life[1].seq);
    ck_assert_uint_eq(life[0].tsval, life[1].tsval);
    ck_assert_uint_ne(life[0].seq, life[2].seq);
    ck_assert_uint_ne(life[0].tsval, life[2].tsval);
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

#define BOTH(t) LOOP(t, 0, 2)

TCP_SUITE("tcp listen", BOTH(test_closed_port_resets),
          BOTH(test_must_57_not_unicast_is_ignored),
          BOTH(test_listen_answers_a_syn),
          BOTH(test_listen_offers_only_what_was_offered),
          BOTH(test_listen_ignores_rst_and_resets_ack),
          BOTH(test_talking_to_oneself_is_refused),
          BOTH(test_repeated_syn_gets_the_same_answer),
          BOTH(test_another_life_has_other_numbers),
          BOTH(test_syn_ack_is_sent_again_and_given_up),
          BOTH(test_half_open_rst), BOTH(test_half_open_wrong_ack_is_reset),
          BOTH(test_half_open_new_syn_in_the_window),
          BOTH(test_half_open_answers_are_limited),
          BOTH(test_payload_on_the_syn),
          BOTH(test_much_payload_on_the_syn_is_not_acked),
          BOTH(test_round_trip_of_the_handshake_is_used))
