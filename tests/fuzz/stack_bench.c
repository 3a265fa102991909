/* SPDX-License-Identifier: ISC */
#include "stack_bench.h"

#include <wire/tcp.h>
#include <wire/udp.h>

#include "stack_rules.h"

enum {
    MEMORY = 4 << 20,
    TURNS_MAX = 2000 /* until it is at rest */
};

struct bench bench;

static uint8_t memory[MEMORY] __attribute__((aligned(4096)));

void bench_start(void)
{
    static const struct limits limits = {.tcp_conns = 8,
                                         .tcp_half_open = 4,
                                         .tcp_listeners = 2,
                                         .tcp_rcvbuf = 8192,
                                         .tcp_sndbuf = 8192,
                                         .rx_blocks = 64,
                                         .tx_blocks = 64,
                                         .udp_binds = 2};
    struct net_config c = {.limits = limits, .hostname = "fuzz"};
    struct netif_config nc = {.auto6 = true};
    uint8_t how = take8();

    bench.now = NS_PER_SEC;
    arena_init(&bench.arena, (struct mspan){memory, MEMORY});
    MUST(pool_init(&bench.pkts, "pkts", &bench.arena, sizeof(struct pkt), 96,
                   64));
    MUST(block_pool_init(&bench.tx, "tx", &bench.arena, 4096, 64));
    MUST(block_pool_init(&bench.rx, "rx", &bench.arena, 2048, 64));
    c.pkts = &bench.pkts;
    c.tx_blocks = &bench.tx;
    c.rx_blocks = &bench.rx.blocks;
    c.arena = &bench.arena;
    bench.net = net_new(&c, bench.now);
    MUST(bench.net);
    bench.dev = (struct netif){.name = "fuzz", .mtu = 1500, .link_up = true};
    bench.dev.caps = how & 2 ? NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6 : 0;
    bench.dev.tso_max = how & 2 ? 16384 : 0;
    mac_put(bench.dev.mac, OUR_MAC);
    nc.dhcp4 = how & 1;
    if (!nc.dhcp4) {
        nc.static4.addr = ip4_addr(OUR4);
        nc.static4.prefix_bits = 24;
        nc.gateway4 = ip4_addr(PEER4);
    }
    MUST(net_add(bench.net, &bench.dev, &nc, bench.now) == 1);
}

/* What is sent is looked at, and teaches the next answer. */
static void look(const struct pkt *p)
{
    uint8_t b[ETH_BYTES + IP6_BYTES + 60] = {0};
    uint32_t n = p->len < sizeof(b) ? p->len : (uint32_t)sizeof(b);
    struct seen s = {.v4 = true};
    struct ip4_hdr h4;
    struct ip6_hdr h6;
    uint8_t proto;
    const uint8_t *l4;

    MUST(pkt_copy(p, 0, b, n) && p->netif == 1 && p->len >= ETH_BYTES);
    if (be16(b + 12) == ETH_IP4 &&
        ip4_parse(&h4, (struct span){b + 14, IP4_BYTES + 4})) {
        s.src = ip4_addr(h4.src);
        s.dst = ip4_addr(h4.dst);
        proto = h4.proto;
        l4 = b + 34;
        MUST(h4.total_len == p->len - ETH_BYTES &&
             ip4_csum_ok(b + 14, h4.hdr_len));
    } else if (be16(b + 12) == ETH_IP6 &&
               ip6_parse(&h6, (struct span){b + 14, 40})) {
        s.v4 = false;
        s.src = h6.src;
        s.dst = h6.dst;
        proto = h6.next;
        l4 = b + 54;
        MUST(h6.payload_len == p->len - ETH_BYTES - IP6_BYTES);
    } else {
        return;
    }
    s.sport = be16(l4);
    s.dport = be16(l4 + 2);
    s.seq = be32(l4 + 4);
    s.ack = be32(l4 + 8);
    s.flags = l4[13];
    s.len = p->len - (uint32_t)(l4 - b) - (l4[12] >> 4) * 4u;
    if (proto == IPPROTO_TCP_)
        bench.tcp = s;
    if (proto == IPPROTO_UDP_) {
        uint32_t at = (uint32_t)(l4 - b) + UDP_BYTES;

        bench.udp = s;
        bench.udp_bytes = p->len - at < 512 ? p->len - at : 512;
        MUST(pkt_copy(p, at, bench.udp_data, (uint32_t)bench.udp_bytes));
    }
}

static void check_books(void)
{
    const struct neigh_cache *c = &bench.net->cache;
    unsigned waiting = 0, blocks = 0, dgrams = 0, in_use = 0, self = 0;
    unsigned groups = 0;

    for (unsigned i = 0; i < c->fresh; i++) {
        waiting += c->slot[i].waiting.count;
        in_use += c->slot[i].netif != 0;
        MUST(c->slot[i].waiting.count == 0 ||
             c->slot[i].n.state == NEIGH_INCOMPLETE);
    }
    MUST(waiting == c->waiting && waiting <= c->waiting_max);
    MUST(in_use == c->in_use && in_use <= c->n);
    for (unsigned i = 0; i < DGRAMS_MAX; i++) {
        dgrams += bench.net->frags.dgram[i].used;
        for (unsigned k = 0; k < FRAG_BLOCKS; k++)
            blocks += bench.net->frags.dgram[i].block[k] != NULL;
    }
    MUST(dgrams == bench.net->frags.in_use &&
         blocks == bench.net->frags.blocks);
    MUST(blocks <= bench.net->frags.blocks_max);
    MUST(bench.net->routes.n <= ROUTES_MAX);
    for (unsigned i = 0; i < GROUPS_MAX; i++)
        groups += bench.net->nif[0].groups.group[i].users > 0;
    MUST(groups == bench.net->count.groups);
    for (const struct pkt *p = bench.net->self.head; p; p = p->next)
        self++;
    MUST(self == bench.net->self.count);
    rules_check(bench.net->tcp);
}

static void turn(void)
{
    struct pktq q = {0};
    struct pkt *p;
    struct net_note note;

    net_tick(bench.net, bench.now);
    net_dispatch(bench.net, bench.now);
    net_output(bench.net, 1, &q, 64, bench.now);
    while ((p = pktq_pop(&q))) {
        look(p);
        pkt_put(p);
    }
    while (net_note(bench.net, &note))
        MUST(note.netif <= 1);
}

void bench_rest(void)
{
    unsigned n = 0;

    do
        turn();
    while (net_deadline(bench.net) <= bench.now && n++ < TURNS_MAX);
    MUST(n < TURNS_MAX || bench.failing);
    check_books();
}

void bench_wait(ns_t duration)
{
    ns_t end = bench.now + duration;

    for (unsigned i = 0; i < TURNS_MAX; i++) {
        ns_t due = net_deadline(bench.net);

        if (due > end)
            break;
        bench.now = due > bench.now ? due : bench.now;
        bench_rest();
    }
    bench.now = end;
    bench_rest();
}

void bench_deliver(const uint8_t *b, size_t n)
{
    struct pkt *p = pkt_get(&bench.pkts);
    struct block *block = p ? block_get(&bench.rx) : NULL;
    struct pktq q = {0};

    if (!block) {
        if (p)
            pkt_put(p);
        return;
    }
    /* At the very end of the block, where reading on is noticed. */
    memcpy(block->data + block->size - n, b, n);
    p->netif = 1;
    if (n > 2 * PKT_PULL_MIN && (n & 1)) { /* two pieces, sometimes */
        MUST(pkt_add_frag(p, &block->buf, block->data + block->size - n, 200));
        MUST(pkt_add_frag(p, &block->buf, block->data + block->size - n + 200,
                          (uint32_t)n - 200));
    } else {
        MUST(pkt_add_frag(p, &block->buf, block->data + block->size - n,
                          (uint32_t)n));
    }
    buf_drop(&block->buf);
    pktq_push(&q, p);
    net_input(bench.net, &q, bench.now);
    bench_rest();
}
