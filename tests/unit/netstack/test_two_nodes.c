/* SPDX-License-Identifier: ISC */
/*
 * Two stacks on one wire, on virtual time: they find each other, ping, send
 * datagrams, and keep a TCP connection over a wire that loses frames.
 */
#include "../lib/suite.h"
#include "pair.h"

enum { BULK = 300000 };

static struct pair w;
static struct rng dice;
static unsigned loss; /* in a thousand */

static bool lose(const uint8_t *frame, size_t n)
{
    (void)frame;
    (void)n;
    return rng_below(&dice, 1000) < loss;
}

static void open_world(unsigned how_much)
{
    uint8_t seed[32] = {9};

    rng_seed(&dice, seed);
    pair_open(&w);
    loss = how_much;
    w.lose = lose;
}

/* When TIME-WAIT is over, all memory is back. */
static void close_world(void)
{
    loss = 0;
    (void)pair_until(&w, 300 * NS_PER_SEC, NULL);
    ck_assert_uint_eq(w.a.pkts_in_use + w.b.pkts_in_use, 0);
    ck_assert_uint_eq(w.a.rx_blocks.blocks.in_use, 0);
    ck_assert_uint_eq(w.b.rx_blocks.blocks.in_use, 0);
    pair_close(&w);
}

static struct endpoint b_at(bool v4, uint16_t port)
{
    struct endpoint e = {.addr = v4 ? ip4_addr(IP(10, 0, 0, 2))
                                    : rig_addr("2001:db8::2"),
                         .port = port};

    return e;
}

static unsigned echoed;
static struct udp_dgram last;
static uint8_t last_data[8192];

static void on_echo(const struct udp_dgram *d, void *user)
{
    ck_assert_int_eq(udp_send(user, d), OK);
}

static void on_answer(const struct udp_dgram *d, void *user)
{
    (void)user;
    echoed++;
    last = *d;
    memcpy(last_data, d->data.p, d->data.n);
}

START_TEST(test_udp_echo)
{
    bool v4 = _i;
    static uint8_t data[8000];
    uint16_t seven = 7, any = 0;
    struct udp_dgram d = {.data = {data, sizeof(data)}};

    open_world(0);
    echoed = 0;
    memset(data, 0x5a, sizeof(data));
    ck_assert_int_eq(udp_bind(w.b.net, &seven, on_echo, w.b.net), OK);
    ck_assert_int_eq(udp_bind(w.a.net, &any, on_answer, NULL), OK);
    ck_assert_uint_ge(any, UDP_PORT_FIRST);
    d.local.port = any;
    d.remote = b_at(v4, 7);
    ck_assert_int_eq(udp_send(w.a.net, &d), OK);
    d.data.n = 3;
    ck_assert_int_eq(udp_send(w.a.net, &d), OK);
    pair_wait(&w, NS_PER_SEC);
    ck_assert_uint_eq(echoed, 2);
    ck_assert_uint_eq(last.data.n, 3);
    ck_assert_uint_eq(last.remote.port, 7);
    ck_assert_uint_eq(w.a.net->count.reassembled, 1);
    udp_unbind(w.a.net, any);
    udp_unbind(w.b.net, 7);
    close_world();
}
END_TEST

/* A sends BULK bytes, B sends them back, A compares and closes. */
static struct flow {
    struct stream *s;
    size_t sent, got;
    bool open, eof, closed, wrong;
} client, server;

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 2654435761u >> 13);
}

static void pump_client(struct flow *f)
{
    struct mspan room;
    struct span in;

    while (f->sent < BULK && (room = stream_reserve(f->s)).n > 0) {
        size_t n = room.n < BULK - f->sent ? room.n : BULK - f->sent;

        for (size_t i = 0; i < n; i++)
            room.p[i] = byte_at(f->sent + i);
        stream_commit(f->s, n);
        f->sent += n;
        if (f->sent == BULK)
            stream_shutdown(f->s);
    }
    while ((in = stream_peek(f->s)).n > 0) {
        for (size_t i = 0; i < in.n; i++)
            f->wrong |= in.p[i] != byte_at(f->got + i);
        f->got += in.n;
        stream_consume(f->s, in.n);
    }
}

static void pump_server(struct flow *f)
{
    for (;;) {
        struct span in = stream_peek(f->s);
        size_t n = in.n ? stream_write(f->s, in) : 0;

        if (n == 0)
            break;
        stream_consume(f->s, n);
        f->got += n;
    }
    if (f->eof && stream_peek(f->s).n == 0)
        stream_shutdown(f->s);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct flow *f = user;

    f->open |= (events & STREAM_OPEN) != 0;
    f->eof |= (events & STREAM_EOF) != 0;
    if (events & STREAM_CLOSED) {
        f->closed = true;
        stream_release(s);
        return;
    }
    if (f == &client)
        pump_client(f);
    else
        pump_server(f);
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    (void)user;
    server.s = s;
    s->on_event = on_event;
    s->user = &server;
    return true;
}

static bool both_closed(void)
{
    return client.closed && server.closed;
}

static void transfer(bool v4, unsigned how_much)
{
    struct endpoint to = b_at(v4, 80);

    open_world(how_much);
    client = server = (struct flow){0};
    ck_assert_int_eq(tcp_listen(w.b.net, 80, on_accept, NULL), OK);
    ck_assert_int_eq(tcp_connect(w.a.net, &to, &client.s), OK);
    client.s->on_event = on_event;
    client.s->user = &client;
    ck_assert(pair_until(&w, 600 * NS_PER_SEC, both_closed));
    ck_assert(client.open && !client.wrong);
    ck_assert_uint_eq(client.got, BULK);
    if (how_much)
        ck_assert_uint_gt(w.lost, 0);
    tcp_unlisten(w.b.net, 80);
    close_world();
}

START_TEST(test_tcp_transfer)
{
    transfer(_i, 0);
}
END_TEST

START_TEST(test_tcp_transfer_with_loss)
{
    transfer(_i, 30);
}
END_TEST

START_TEST(test_tcp_to_nobody_is_told_soon)
{
    bool v4 = _i;
    struct endpoint to = b_at(v4, 80);

    open_world(0);
    client = (struct flow){0};
    to.port = 81; /* no listener: refused */
    ck_assert_int_eq(tcp_connect(w.a.net, &to, &client.s), OK);
    client.s->on_event = on_event;
    client.s->user = &client;
    pair_wait(&w, NS_PER_SEC);
    ck_assert(client.closed);
    close_world();
}
END_TEST

START_TEST(test_tcp_to_oneself)
{
    bool v4 = _i;
    struct endpoint to = {
        .addr = v4 ? ip4_addr(IP(127, 0, 0, 1)) : rig_addr("::1"), .port = 80};

    open_world(0);
    client = server = (struct flow){0};
    ck_assert_int_eq(tcp_listen(w.a.net, 80, on_accept, NULL), OK);
    ck_assert_int_eq(tcp_connect(w.a.net, &to, &client.s), OK);
    client.s->on_event = on_event;
    client.s->user = &client;
    ck_assert(pair_until(&w, 60 * NS_PER_SEC, both_closed));
    ck_assert(!client.wrong);
    ck_assert_uint_eq(client.got, BULK);
    tcp_unlisten(w.a.net, 80);
    close_world();
}
END_TEST

RUN_CASES("two_nodes", LOOP(test_udp_echo, 0, 2), LOOP(test_tcp_transfer, 0, 2),
          LOOP(test_tcp_transfer_with_loss, 0, 2),
          LOOP(test_tcp_to_nobody_is_told_soon, 0, 2),
          LOOP(test_tcp_to_oneself, 0, 2))
