/* SPDX-License-Identifier: ISC */
/*
 * pair.c - see pair.h.
 */
#include "pair.h"

enum { MEMORY = 16 << 20, TURNS_MAX = 4000000 };
#define DELAY NS_PER_MS

static void open_node(struct pair *w, struct pair_node *n, uint8_t index)
{
    static const struct limits limits = {.tcp_conns = 64,
                                         .tcp_half_open = 64,
                                         .tcp_listeners = 8,
                                         .tcp_rcvbuf = PAIR_BUF,
                                         .tcp_sndbuf = PAIR_BUF,
                                         .rx_blocks = 1024,
                                         .tx_blocks = 256,
                                         .udp_binds = 8};
    struct net_config c = {.limits = limits, .hostname = "node"};
    struct netif_config nc = {
        .static4 = {.addr = ip4_addr(IP(10, 0, 0, index)), .prefix_bits = 24},
        .static6 = {.addr = rig_addr("2001:db8::"), .prefix_bits = 64},
        .gateway6 = rig_addr("fe80::99"),
        .ndns = index == 1,
        .dns = {ip4_addr(IP(10, 0, 0, 2))}};

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
    n->net = net_new(&c, w->now);
    ck_assert_ptr_nonnull(n->net);
    n->dev = (struct netif){.name = "wire", .mtu = 1500, .link_up = true};
    mac_put(n->dev.mac, UINT64_C(0x020000000000) + index);
    net_add(n->net, &n->dev, &nc, w->now);
}

static void carry(struct pair *w, struct pair_node *from, struct pair_node *to)
{
    struct pktq q = {0};
    struct pkt *p;

    net_output(from->net, 1, &q, 256, w->now);
    while ((p = pktq_pop(&q))) {
        struct pkt *copy = pkt_get(&to->pkts);
        struct block *b = block_get(&to->rx_blocks);

        ck_assert(copy && b && p->len <= b->size);
        ck_assert(pkt_copy(p, 0, b->data, p->len));
        ck_assert(pkt_add_frag(copy, &b->buf, b->data, p->len));
        copy->netif = 1;
        if (w->lose && w->lose(b->data, p->len)) {
            w->lost++;
            pkt_put(copy);
        } else {
            pktq_push(&to->in, copy);
            to->arrives = w->now + DELAY;
        }
        buf_drop(&b->buf);
        pkt_put(p);
    }
}

static ns_t due(const struct pair_node *n)
{
    ns_t d = net_deadline(n->net);

    return n->in.head && n->arrives < d ? n->arrives : d;
}

static void turn(struct pair *w, struct pair_node *n)
{
    if (n->in.head && w->now >= n->arrives)
        net_input(n->net, &n->in, w->now);
    net_tick(n->net, w->now);
    net_dispatch(n->net, w->now);
}

static void step(struct pair *w)
{
    turn(w, &w->a);
    turn(w, &w->b);
    if (w->turn)
        w->turn(w);
    carry(w, &w->a, &w->b);
    carry(w, &w->b, &w->a);
}

void pair_wait(struct pair *w, ns_t duration)
{
    ns_t end = w->now + duration;

    for (unsigned i = 0; w->now < end; i++) {
        ck_assert_uint_lt(i, TURNS_MAX);
        w->now += DELAY / 4;
        step(w);
    }
}

bool pair_until(struct pair *w, ns_t most, bool (*what)(void))
{
    ns_t end = w->now + most;

    for (unsigned i = 0; !what || !what(); i++) {
        ns_t next = due(&w->a) < due(&w->b) ? due(&w->a) : due(&w->b);

        ck_assert_uint_lt(i, TURNS_MAX);
        w->now = next > end ? end : next > w->now ? next : w->now;
        if (next > end)
            return false;
        step(w);
    }
    return true;
}

static void settle(struct pair_node *n)
{
    n->pkts_in_use = n->pkts.in_use;
    n->blocks_in_use = n->tx_blocks.blocks.in_use;
}

void pair_open(struct pair *w)
{
    memset(w, 0, sizeof(*w));
    w->now = NS_PER_SEC;
    open_node(w, &w->a, 1);
    open_node(w, &w->b, 2);
    pair_wait(w, 4 * NS_PER_SEC);
    settle(&w->a);
    settle(&w->b);
}

static void close_node(struct pair_node *n)
{
    ck_assert_uint_eq(n->pkts.in_use, n->pkts_in_use);
    ck_assert_uint_eq(n->tx_blocks.blocks.in_use, n->blocks_in_use);
    free(n->memory);
}

void pair_close(struct pair *w)
{
    pair_wait(w, NS_PER_SEC);
    close_node(&w->a);
    close_node(&w->b);
}
