/* SPDX-License-Identifier: ISC */
/*
 * Two stacks on one wire, on virtual time: they find each other, ping, send
 * datagrams, and keep a TCP connection over a wire that loses frames.
 */
#include "../lib/suite.h"

#include <pieces.h>
#include <stack.h>

#include "rig.h"

enum { MEMORY = 16 << 20, DELAY = 1000000, BULK = 300000, TURNS = 4000000 };

struct node {
    void *memory;
    struct arena arena;
    struct pool pkts;
    struct block_pool tx_blocks, rx_blocks;
    struct netif dev;
    struct net *net;
    struct pktq in; /* on the wire, towards this node */
    ns_t arrives;
};

static struct {
    struct node a, b;
    ns_t now;
    struct rng dice;
    unsigned loss; /* in a thousand */
    unsigned lost;
} w;

static void open_node(struct node *n, uint8_t index)
{
    static const struct limits limits = {.tcp_conns = 64,
                                         .tcp_half_open = 64,
                                         .tcp_listeners = 4,
                                         .tcp_rcvbuf = 65536,
                                         .tcp_sndbuf = 65536,
                                         .rx_blocks = 1024,
                                         .tx_blocks = 256,
                                         .udp_binds = 4};
    struct net_config c = {.limits = limits};
    struct netif_config nc = {
        .static4 = {.addr = ip4_addr(IP(10, 0, 0, index)), .prefix_bits = 24},
        .static6 = {.addr = rig_addr("2001:db8::"), .prefix_bits = 64},
        .gateway6 = rig_addr("fe80::99")};

    nc.static6.addr.b[15] = index;
    memset(n, 0, sizeof(*n));
    n->memory = malloc(MEMORY);
    arena_init(&n->arena, (struct mspan){n->memory, MEMORY});
    ck_assert(
        pool_init(&n->pkts, "pkts", &n->arena, sizeof(struct pkt), 512, 64));
    ck_assert(
        block_pool_init(&n->tx_blocks, "tx_blocks", &n->arena, 4096, 256));
    ck_assert(
        block_pool_init(&n->rx_blocks, "rx_blocks", &n->arena, 2048, 1024));
    c.pkts = &n->pkts;
    c.tx_blocks = &n->tx_blocks;
    c.rx_blocks = &n->rx_blocks.blocks;
    c.arena = &n->arena;
    memset(c.seed, index, sizeof(c.seed));
    n->net = net_new(&c, w.now);
    ck_assert_ptr_nonnull(n->net);
    n->dev = (struct netif){.name = "wire", .mtu = 1500, .link_up = true};
    mac_put(n->dev.mac, UINT64_C(0x020000000000) + index);
    net_add(n->net, &n->dev, &nc, w.now);
}

/* The frame is copied into the receiver's own memory, as a NIC does. */
static void carry(struct node *from, struct node *to)
{
    struct pktq q = {0};
    struct pkt *p;

    net_output(from->net, 1, &q, 256, w.now);
    while ((p = pktq_pop(&q))) {
        struct pkt *copy = pkt_get(&to->pkts);
        struct block *b = block_get(&to->rx_blocks);

        ck_assert(p->len <= 1514);
        if (rng_below(&w.dice, 1000) < w.loss || !copy || !b) {
            w.lost++;
            if (copy)
                pkt_put(copy);
            if (b)
                buf_drop(&b->buf);
        } else {
            ck_assert(pkt_copy(p, 0, b->data, p->len));
            ck_assert(pkt_add_frag(copy, &b->buf, b->data, p->len));
            buf_drop(&b->buf);
            copy->netif = 1;
            pktq_push(&to->in, copy);
            to->arrives = w.now + DELAY;
        }
        pkt_put(p);
    }
}

static ns_t due(const struct node *n)
{
    ns_t d = net_deadline(n->net);

    return n->in.head && n->arrives < d ? n->arrives : d;
}

static void turn(struct node *n)
{
    if (n->in.head && w.now >= n->arrives)
        net_input(n->net, &n->in, w.now);
    net_tick(n->net, w.now);
    net_dispatch(n->net, w.now);
}

/* Until `what` is true or the time is up. */
static bool run(ns_t most, bool (*what)(void))
{
    ns_t end = w.now + most;

    for (unsigned i = 0; i < TURNS; i++) {
        ns_t next = due(&w.a) < due(&w.b) ? due(&w.a) : due(&w.b);

        if (what && what())
            return true;
        if (next > end)
            break;
        if (next > w.now)
            w.now = next;
        turn(&w.a);
        turn(&w.b);
        carry(&w.a, &w.b);
        carry(&w.b, &w.a);
        ck_assert_uint_lt(i, TURNS - 1);
    }
    w.now = end;
    return what && what();
}

static void open_world(unsigned loss)
{
    uint8_t seed[32] = {9};

    memset(&w, 0, sizeof(w));
    w.now = NS_PER_SEC;
    rng_seed(&w.dice, seed);
    open_node(&w.a, 1);
    open_node(&w.b, 2);
    run(5 * NS_PER_SEC, NULL);
    w.loss = loss;
}

static void close_node(struct node *n)
{
    ck_assert_uint_eq(n->rx_blocks.blocks.in_use, 0);
    ck_assert_uint_eq(n->tx_blocks.blocks.in_use, 0);
    ck_assert_uint_eq(n->pkts.in_use, 0);
    free(n->memory);
}

static void close_world(void)
{
    w.loss = 0;
    run(300 * NS_PER_SEC, NULL);
    close_node(&w.a);
    close_node(&w.b);
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
    run(NS_PER_SEC, NULL);
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

static void transfer(bool v4, unsigned loss)
{
    struct endpoint to = b_at(v4, 80);

    open_world(loss);
    client = server = (struct flow){0};
    ck_assert_int_eq(tcp_listen(w.b.net, 80, on_accept, NULL), OK);
    ck_assert_int_eq(tcp_connect(w.a.net, &to, &client.s), OK);
    client.s->on_event = on_event;
    client.s->user = &client;
    ck_assert(run(600 * NS_PER_SEC, both_closed));
    ck_assert(client.open && !client.wrong);
    ck_assert_uint_eq(client.got, BULK);
    if (loss)
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
    run(NS_PER_SEC, NULL);
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
    ck_assert(run(60 * NS_PER_SEC, both_closed));
    ck_assert(!client.wrong);
    ck_assert_uint_eq(client.got, BULK);
    tcp_unlisten(w.a.net, 80);
    close_world();
}
END_TEST

int main(void)
{
    const TTest *const both[] = {
        test_udp_echo, test_tcp_transfer, test_tcp_transfer_with_loss,
        test_tcp_to_nobody_is_told_soon, test_tcp_to_oneself};
    Suite *s = suite_create("two_nodes");
    TCase *tc = tcase_create("two_nodes");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 120);
    for (unsigned i = 0; i < ARRAY_LEN(both); i++)
        tcase_add_loop_test(tc, both[i], 0, 2); /* IPv6, IPv4 */
    suite_add_tcase(s, tc);
    runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
