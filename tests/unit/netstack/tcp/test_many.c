/* SPDX-License-Identifier: ISC */
/*
 * test_many.c - 100,000 established connections that are idle: what each costs,
 * that they hold nothing else, and that all are found and end well.
 */
#include "rig.h"
#include "tcp_suite.h"

#include <stdlib.h>

enum {
    MANY = 100000,
    PORTS = 50000, /* of one host */
    OPTS = TCP_OPT_MSS | TCP_OPT_TS | TCP_OPT_SACK_OK | TCP_OPT_WSCALE,
    COST_MAX = 2048 - 512 /* bytes; an application's part comes on top */
};

static struct stream **owned;
static unsigned nowned, nread;

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct span in = stream_peek(s);

    (void)user;
    if (events & STREAM_READABLE && in.n) {
        nread += (unsigned)in.n;
        (void)stream_write(s, in);
        stream_consume(s, in.n);
    }
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    (void)user;
    s->on_event = on_event;
    owned[nowned++] = s;
    return true;
}

static void come_from(struct net *net, unsigned i)
{
    net->remote_set = false;
    net->remote = rig_remote(net);
    net->remote.b[15] = (uint8_t)(10 + i / PORTS);
    net->remote_set = true;
}

static struct limits many(uint32_t conns)
{
    struct limits l = rig_limits;

    l.tcp_conns = conns;
    l.tcp_half_open = 1024;
    return l;
}

static uint32_t seq_of(unsigned i)
{
    return i * 1000003u;
}

static uint32_t open_one(struct net *net, unsigned i)
{
    uint16_t port = (uint16_t)(1024 + i % PORTS);
    struct tcp_seg s = {.seq = seq_of(i),
                        .flags = TCP_SYN,
                        .wnd = 65535,
                        .opts = OPTS,
                        .mss = 1460,
                        .wscale = 7,
                        .tsval = 1};
    struct rig_frame f;

    come_from(net, i);
    rig_in_from(net, port, RIG_PORT, &s, NULL);
    f = rig_out(net);
    s = (struct tcp_seg){.seq = seq_of(i) + 1,
                         .ack = f.h.seg.seq + 1,
                         .flags = TCP_ACK,
                         .wnd = 512,
                         .opts = TCP_OPT_TS,
                         .tsval = 1,
                         .tsecr = f.h.seg.tsval};
    rig_in_from(net, port, RIG_PORT, &s, NULL);
    rig_turn(net);
    ck_assert_uint_eq(nowned, i + 1);
    return f.h.seg.seq + 1;
}

/* It says something, is answered, and acknowledges. */
static void talk(struct net *net, unsigned i, uint32_t ack)
{
    uint16_t port = (uint16_t)(1024 + i % PORTS);
    struct tcp_seg s = {.seq = seq_of(i) + 1,
                        .ack = ack,
                        .len = 5,
                        .flags = TCP_ACK | TCP_PSH,
                        .wnd = 512,
                        .opts = TCP_OPT_TS,
                        .tsval = 2,
                        .tsecr = 1};
    struct rig_frame f;

    come_from(net, i);
    rig_in_from(net, port, RIG_PORT, &s, "hello");
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.len, 5);
    ck_assert_uint_eq(f.h.dst, port);
    s.seq += 5;
    s.ack += 5;
    s.len = 0;
    rig_in_from(net, port, RIG_PORT, &s, NULL);
    rig_turn(net);
}

START_TEST(test_100000_idle_connections)
{
    struct limits l = many(MANY), few = many(64);
    size_t each = (tcp_bytes(&l) - tcp_bytes(&few)) / (MANY - 64);
    uint32_t *ack = calloc(MANY, sizeof(*ack)), at = 0, seen = 0;
    struct tcp_info t;
    struct net *net;

    ck_assert_msg(each <= COST_MAX, "%zu bytes for each connection", each);
    owned = calloc(MANY, sizeof(struct stream *));
    net = rig_new_limits(_i, &l);
    ck_assert_uint_eq(tcp_listen(net, RIG_PORT, on_accept, NULL), OK);
    for (unsigned i = 0; i < MANY; i++)
        ack[i] = open_one(net, i);
    ck_assert_uint_eq(net->tcp->conns.in_use, MANY);
    for (unsigned i = 0; i < MANY; i += 97)
        talk(net, i, ack[i]);
    ck_assert_uint_eq(nread, 5 * ((MANY + 96) / 97));
    rig_after(net, NS_PER_SEC);
    rig_forget(net);
    ck_assert_uint_eq(net->rx.blocks.in_use, 0);
    ck_assert_uint_eq(net->tx.blocks.in_use, 0);
    ck_assert_uint_eq(net->tcp->pieces.in_use, net->tcp->nspare);
    ck_assert_uint_eq(net->pkts.in_use, 0);
    while (tcp_info_next(net, &at, &t))
        seen++;
    ck_assert_uint_eq(seen, MANY);
    while (nowned)
        stream_release(owned[--nowned]);
    while (net->tcp->conns.in_use) {
        rig_turn(net);
        rig_forget(net);
    }
    tcp_unlisten(net, RIG_PORT);
    rig_free(net);
    free(owned);
    free(ack);
}
END_TEST

TCP_SUITE("tcp many", LOOP(test_100000_idle_connections, 0, 2))
