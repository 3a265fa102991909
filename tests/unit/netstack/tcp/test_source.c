/* SPDX-License-Identifier: ISC */
/*
 * test_source.c - what one source may hold, and the queue of connections that
 * no listener has been asked about.  Each with IPv4 and with IPv6.
 */
#include "rig.h"
#include "tcp_suite.h"

enum { TS = TCP_OPT_MSS | TCP_OPT_TS, SEQ = 1000, ENDS = 512 };

static struct net *net;
static struct stream *owned[ENDS];
static unsigned nowned;

static void on_event(struct stream *s, unsigned events, void *user)
{
    (void)s;
    (void)events;
    (void)user;
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    (void)user;
    ck_assert_uint_lt(nowned, ENDS);
    s->on_event = on_event;
    owned[nowned++] = s;
    return true;
}

static void open_net(int v6, uint32_t conns, uint32_t half, uint32_t share)
{
    struct limits l = rig_limits;

    l.tcp_conns = conns;
    l.tcp_half_open = half;
    rig_per_source = share;
    net = rig_new_limits(v6, &l);
    nowned = 0;
    ck_assert_uint_eq(tcp_listen(net, RIG_PORT, on_accept, NULL), OK);
}

static void close_net(void)
{
    while (nowned)
        stream_release(owned[--nowned]);
    while (net->tcp->list[LIST_DIRTY].head) {
        rig_turn(net);
        rig_forget(net);
    }
    tcp_unlisten(net, RIG_PORT);
    for (uint32_t i = 0; i < UINT64_C(1) << (64 - net->tcp->source_shift);
         i++) {
        ck_assert_uint_eq(net->tcp->sources[i].conns, 0);
        ck_assert_uint_eq(net->tcp->sources[i].halves, 0);
    }
    rig_free(net);
}

/* Another host: another address, with IPv6 another /64, too. */
static void come_from(unsigned host)
{
    net->remote_set = false;
    net->remote = rig_remote(net);
    net->remote.b[net->v6 ? 7 : 15] = (uint8_t)(10 + host);
    net->remote_set = true;
}

/* A handshake without a turn at its end. */
static bool shake(uint16_t port)
{
    struct tcp_seg s = {
        .seq = SEQ, .flags = TCP_SYN, .wnd = 9999, .opts = TS, .mss = 1460};
    struct rig_frame f;

    rig_in_from(net, port, RIG_PORT, &s, NULL);
    if (rig_quiet(net))
        return false;
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_SYN | TCP_ACK);
    s = (struct tcp_seg){.seq = SEQ + 1,
                         .ack = f.h.seg.seq + 1,
                         .flags = TCP_ACK,
                         .wnd = 9999,
                         .opts = TCP_OPT_TS,
                         .tsecr = f.h.seg.tsval};
    rig_in_from(net, port, RIG_PORT, &s, NULL);
    return true;
}

START_TEST(test_one_source_does_not_get_every_connection)
{
    open_net(_i, 128, 8, 0);
    come_from(0);
    for (uint16_t i = 0; i < 140; i++)
        ck_assert_int_eq(shake((uint16_t)(5000 + i)), i < 126);
    ck_assert_uint_eq(net->tcp->conns.in_use, 126); /* 1/64 is left */
    ck_assert_uint_eq(net->tcp->count.dropped__source_full, 140 - 126);
    come_from(1);
    for (uint16_t i = 0; i < 3; i++)
        ck_assert_int_eq(shake((uint16_t)(5000 + i)), i < 2);
    ck_assert_uint_eq(net->tcp->count.dropped__conns_full, 1);
    rig_turn(net);
    ck_assert_uint_eq(nowned, 128);
    /* What ends makes room for the same source. */
    stream_release(owned[--nowned]);
    rig_turn(net);
    rig_forget(net);
    ck_assert(shake(6000));
    rig_turn(net);
    close_net();
}
END_TEST

/* The addresses of one IPv6 network are one source, those of IPv4 are not. */
START_TEST(test_a_network_is_one_source)
{
    open_net(_i, 64, 8, 3);
    come_from(0);
    for (uint8_t i = 0; i < 8; i++) {
        net->remote.b[15] = (uint8_t)(100 + i);
        ck_assert_int_eq(shake(5000), !_i || i < 3);
    }
    rig_turn(net);
    close_net();
}
END_TEST

START_TEST(test_who_holds_half_of_the_queue_gets_cookies)
{
    struct tcp_seg s = {
        .seq = SEQ, .flags = TCP_SYN, .wnd = 9999, .opts = TS, .mss = 1460};

    open_net(_i, 64, 8, 0);
    come_from(0);
    for (uint16_t i = 0; i < 6; i++)
        rig_in_from(net, (uint16_t)(5000 + i), RIG_PORT, &s, NULL);
    ck_assert_uint_eq(net->tcp->halves.in_use, 4);
    ck_assert_uint_eq(net->tcp->count.source_half_full, 2);
    ck_assert_uint_eq(net->tcp->count.syn_cookies_sent, 2);
    ck_assert_uint_eq(rig_sent(net), 6); /* nobody goes without an answer */
    rig_forget(net);
    ck_assert(shake(6000)); /* by a cookie, and it holds */
    ck_assert_uint_eq(net->tcp->count.syn_cookies_taken, 1);
    come_from(1);
    rig_in_from(net, 5000, RIG_PORT, &s, NULL);
    ck_assert_uint_eq(net->tcp->halves.in_use, 5);
    rig_forget(net);
    rig_turn(net);
    close_net();
}
END_TEST

START_TEST(test_accept_queue_is_bounded)
{
    open_net(_i, 512, 64, UINT32_MAX);
    for (uint16_t i = 0; i < ACCEPT_QUEUE_MAX + 3; i++)
        ck_assert_int_eq(shake((uint16_t)(5000 + i)), i < ACCEPT_QUEUE_MAX);
    ck_assert_uint_eq(net->tcp->accepting, ACCEPT_QUEUE_MAX);
    ck_assert_uint_eq(net->tcp->count.dropped__accept_full, 3);
    ck_assert_uint_eq(nowned, 0);
    rig_turn(net);
    ck_assert_uint_eq(nowned, ACCEPT_QUEUE_MAX);
    ck_assert_uint_eq(net->tcp->accepting, 0);
    ck_assert(shake(6000));
    rig_turn(net);
    ck_assert_uint_eq(nowned, ACCEPT_QUEUE_MAX + 1);
    close_net();
}
END_TEST

/* The last ACK of a handshake that finds the queue full is not lost: the entry
 * stays, and what comes next completes it. */
START_TEST(test_handshake_waits_for_the_accept_queue)
{
    struct tcp_seg s = {
        .seq = SEQ, .flags = TCP_SYN, .wnd = 9999, .opts = TS, .mss = 1460};
    struct rig_frame f;

    open_net(_i, 512, 64, UINT32_MAX);
    rig_in_from(net, 4999, RIG_PORT, &s, NULL);
    f = rig_out(net);
    for (uint16_t i = 0; i < ACCEPT_QUEUE_MAX; i++)
        ck_assert(shake((uint16_t)(5000 + i)));
    s = (struct tcp_seg){.seq = SEQ + 1,
                         .ack = f.h.seg.seq + 1,
                         .flags = TCP_ACK,
                         .wnd = 9999,
                         .opts = TCP_OPT_TS,
                         .tsecr = f.h.seg.tsval};
    rig_in_from(net, 4999, RIG_PORT, &s, NULL);
    ck_assert_uint_eq(net->tcp->halves.in_use, 1);
    ck_assert_uint_eq(net->tcp->count.dropped__accept_full, 1);
    rig_turn(net);
    rig_in_from(net, 4999, RIG_PORT, &s, NULL);
    ck_assert_uint_eq(net->tcp->halves.in_use, 0);
    rig_turn(net);
    ck_assert_uint_eq(nowned, ACCEPT_QUEUE_MAX + 1);
    close_net();
}
END_TEST

TCP_SUITE("tcp source",
          LOOP(test_one_source_does_not_get_every_connection, 0, 2),
          LOOP(test_a_network_is_one_source, 0, 2),
          LOOP(test_who_holds_half_of_the_queue_gets_cookies, 0, 2),
          LOOP(test_accept_queue_is_bounded, 0, 2),
          LOOP(test_handshake_waits_for_the_accept_queue, 0, 2))
