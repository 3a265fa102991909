/* SPDX-License-Identifier: ISC */
/*
 * fuzz_stack.c - a whole stack, Ethernet to TCP, driven by the input.
 *
 * The bytes choose what happens: frames as they are, frames made right (with
 * lengths, checksums and the numbers that the stack has shown) and then bent,
 * time passing, calls of an application, memory running out.  After each step
 * the stack must be at rest within a bounded number of turns, and its books
 * must balance; at the end all memory is back.
 */
#include <base/csum.h>
#include <stack.h>
#include <stdlib.h>
#include <wire/icmp6.h>
#include <wire/tcp.h>
#include <wire/udp.h>

#include "stack_rules.h"

enum {
    MEMORY = 4 << 20,
    STEPS_MAX = 400,
    TURNS_MAX = 2000, /* until it is at rest */
    FRAME_MAX = 1600,
    STREAMS_MAX = 6
};

#define MUST(claim) ((claim) ? (void)0 : abort())
#define OUR_MAC     UINT64_C(0x020000000002)
#define PEER_MAC    UINT64_C(0x020000000001)
#define OUR4        UINT32_C(0x0a000002)
#define PEER4       UINT32_C(0x0a000001)

/* The segment or datagram that was sent last, to answer it. */
struct seen {
    bool v4;
    struct ipaddr src, dst;
    uint16_t sport, dport;
    uint32_t seq, ack, len;
    uint8_t flags;
};

static struct {
    const uint8_t *p;
    size_t n;
    struct arena arena;
    struct pool pkts;
    struct block_pool tx, rx;
    struct netif dev;
    struct net *net;
    ns_t now;
    struct seen tcp, udp;
    uint8_t udp_data[600];
    size_t udp_bytes;
    struct stream *stream[STREAMS_MAX];
    uint16_t port;
    bool failing;
    enum err last; /* any outcome of a call is fine */
} f;

static uint8_t memory[MEMORY] __attribute__((aligned(4096)));

static uint8_t take8(void)
{
    if (f.n == 0)
        return 0;
    f.n--;
    return *f.p++;
}

static uint16_t take16(void)
{
    uint8_t high = take8();

    return (uint16_t)(high << 8 | take8());
}

static void start(void)
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

    f.now = NS_PER_SEC;
    arena_init(&f.arena, (struct mspan){memory, MEMORY});
    MUST(pool_init(&f.pkts, "pkts", &f.arena, sizeof(struct pkt), 96, 64));
    MUST(block_pool_init(&f.tx, "tx", &f.arena, 4096, 64));
    MUST(block_pool_init(&f.rx, "rx", &f.arena, 2048, 64));
    c.pkts = &f.pkts;
    c.tx_blocks = &f.tx;
    c.rx_blocks = &f.rx.blocks;
    c.arena = &f.arena;
    f.net = net_new(&c, f.now);
    MUST(f.net);
    f.dev = (struct netif){.name = "fuzz", .mtu = 1500, .link_up = true};
    f.dev.caps = how & 2 ? NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6 : 0;
    f.dev.tso_max = how & 2 ? 16384 : 0;
    mac_put(f.dev.mac, OUR_MAC);
    nc.dhcp4 = how & 1;
    if (!nc.dhcp4) {
        nc.static4.addr = ip4_addr(OUR4);
        nc.static4.prefix_bits = 24;
        nc.gateway4 = ip4_addr(PEER4);
    }
    MUST(net_add(f.net, &f.dev, &nc, f.now) == 1);
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
    if (be16(b + 12) == ETH_IP4 && ip4_parse(&h4, (struct span){b + 14, IP4_BYTES + 4})) {
        s.src = ip4_addr(h4.src);
        s.dst = ip4_addr(h4.dst);
        proto = h4.proto;
        l4 = b + 34;
        MUST(h4.total_len == p->len - ETH_BYTES && ip4_csum_ok(b + 14, h4.hdr_len));
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
        f.tcp = s;
    if (proto == IPPROTO_UDP_) {
        uint32_t at = (uint32_t)(l4 - b) + UDP_BYTES;

        f.udp = s;
        f.udp_bytes = p->len - at < 512 ? p->len - at : 512;
        MUST(pkt_copy(p, at, f.udp_data, (uint32_t)f.udp_bytes));
    }
}

static void check_books(void)
{
    const struct neigh_cache *c = &f.net->cache;
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
        dgrams += f.net->frags.dgram[i].used;
        for (unsigned k = 0; k < FRAG_BLOCKS; k++)
            blocks += f.net->frags.dgram[i].block[k] != NULL;
    }
    MUST(dgrams == f.net->frags.in_use && blocks == f.net->frags.blocks);
    MUST(blocks <= f.net->frags.blocks_max);
    MUST(f.net->routes.n <= ROUTES_MAX);
    for (unsigned i = 0; i < GROUPS_MAX; i++)
        groups += f.net->nif[0].groups.group[i].users > 0;
    MUST(groups == f.net->count.groups);
    for (const struct pkt *p = f.net->self.head; p; p = p->next)
        self++;
    MUST(self == f.net->self.count);
    rules_check(f.net->tcp);
}

static void turn(void)
{
    struct pktq q = {0};
    struct pkt *p;
    struct net_note note;

    net_tick(f.net, f.now);
    net_dispatch(f.net, f.now);
    net_output(f.net, 1, &q, 64, f.now);
    while ((p = pktq_pop(&q))) {
        look(p);
        pkt_put(p);
    }
    while (net_note(f.net, &note))
        MUST(note.netif <= 1);
}

/* Turns until nothing is due now; then the books must balance. */
static void rest(void)
{
    unsigned n = 0;

    do
        turn();
    while (net_deadline(f.net) <= f.now && n++ < TURNS_MAX);
    MUST(n < TURNS_MAX || f.failing);
    check_books();
}

static void wait(ns_t duration)
{
    ns_t end = f.now + duration;

    for (unsigned i = 0; i < TURNS_MAX; i++) {
        ns_t due = net_deadline(f.net);

        if (due > end)
            break;
        f.now = due > f.now ? due : f.now;
        rest();
    }
    f.now = end;
    rest();
}

static void deliver(const uint8_t *b, size_t n)
{
    struct pkt *p = pkt_get(&f.pkts);
    struct block *block = p ? block_get(&f.rx) : NULL;
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
    net_input(f.net, &q, f.now);
    rest();
}

static size_t take_bytes(uint8_t *to, size_t most)
{
    size_t n = take16() % (most + 1);

    n = n < f.n ? n : f.n;
    memcpy(to, f.p, n);
    f.p += n;
    f.n -= n;
    return n;
}

/* Ethernet and IP around the l4 bytes at b + 54, then bent as told. */
static void deliver_ip(uint8_t *b, size_t n, uint8_t proto, bool v4,
                       const struct ipaddr *src, const struct ipaddr *dst,
                       size_t csum_at)
{
    uint8_t *start = b + (v4 ? 20 : 0), *l4 = b + 54;
    uint64_t sum = 0;
    uint8_t bends = take8() & 3;
    bool plain = v4 && proto == IPPROTO_ICMP4;

    if (!plain)
        sum = ip_pseudo_sum(src, dst, v4, proto, (uint32_t)n);
    put_be16(l4 + csum_at, 0);
    put_be16(l4 + csum_at, (uint16_t)~csum_fold(csum_add(sum, l4, n, false)));
    eth_emit(start, &(struct eth_hdr){.dst = OUR_MAC,
                                      .src = PEER_MAC,
                                      .type = v4 ? ETH_IP4 : ETH_IP6});
    if (v4)
        ip4_emit(start + 14, &(struct ip4_hdr){.src = ip4_of(src),
                                               .dst = ip4_of(dst),
                                               .total_len = (uint16_t)(n + 20),
                                               .ttl = 64,
                                               .proto = proto});
    else
        ip6_emit(start + 14, &(struct ip6_hdr){.src = *src,
                                               .dst = *dst,
                                               .payload_len = (uint16_t)n,
                                               .next = proto,
                                               .hop_limit = 255});
    n += (size_t)(l4 - start);
    while (bends--) {
        size_t at = take16() % n;

        start[at] = take8();
    }
    deliver(start, n);
}

/* An answer to the last segment: its numbers, a bit off if the input says. */
static void answer_tcp(uint8_t *b)
{
    const struct seen *s = &f.tcp;
    uint8_t how = take8(), *l4 = b + 54;
    unsigned opts = (how & 3) * 4;
    size_t n;

    put_be16(l4, s->dport);
    put_be16(l4 + 2, s->sport);
    put_be32(l4 + 4, s->ack + (how & 4 ? take8() : 0));
    put_be32(l4 + 8, s->seq + s->len + ((s->flags & 3) ? 1 : 0) -
                         (how & 8 ? take8() : 0));
    l4[12] = (uint8_t)((5 + opts / 4) << 4);
    l4[13] = how & 16 ? take8() : s->flags & 2 ? 0x12 : 0x10;
    put_be16(l4 + 14, how & 32 ? take16() : 8192);
    put_be16(l4 + 18, 0);
    for (unsigned i = 0; i < opts; i++)
        l4[20 + i] = take8();
    n = 20 + opts + take_bytes(l4 + 20 + opts, how & 64 ? 1400 : 16);
    deliver_ip(b, n, IPPROTO_TCP_, s->v4, &s->dst, &s->src, 16);
}

/* A SYN to a listener. */
static void open_tcp(uint8_t *b)
{
    struct ipaddr src = ip4_addr(PEER4), dst = ip4_addr(OUR4);

    f.tcp = (struct seen){.v4 = true,
                          .src = dst,
                          .dst = src,
                          .sport = 80,
                          .dport = (uint16_t)(1024 + take8()),
                          .flags = 2};
    answer_tcp(b);
}

/* What came in the last datagram goes back, changed: DHCP and DNS. */
static void answer_udp(uint8_t *b)
{
    const struct seen *s = &f.udp;
    struct ipaddr dst = s->src, src = s->dst;
    uint8_t *l4 = b + 54;
    size_t n = f.udp_bytes;

    memcpy(l4 + 8, f.udp_data, n);
    if (s->dport == 67) {
        l4[8] = 2;
        put_be32(l4 + 8 + 16, OUR4);
        n = 240 + take_bytes(l4 + 8 + 240, 300);
        src = ip4_addr(PEER4);
        dst = ip4_addr(UINT32_MAX);
    } else {
        l4[10] = 0x81;
        l4[11] = take8();
        l4[14] = take8() & 1;
        l4[15] = take8() & 7;
        n += take_bytes(l4 + 8 + n, 400);
    }
    put_be16(l4, s->dport);
    put_be16(l4 + 2, s->sport);
    put_be16(l4 + 4, (uint16_t)(n + 8));
    deliver_ip(b, n + 8, IPPROTO_UDP_, s->v4, &src, &dst, 6);
}

static void icmp(uint8_t *b)
{
    bool v4 = take8() & 1;
    struct ipaddr src = ip4_addr(PEER4), dst = ip4_addr(OUR4);
    struct ifaddr *a = addr_first(&f.net->nif[0], false);
    size_t n = 8 + take_bytes(b + 54 + 8, 1200);

    b[54] = take8();
    b[55] = take8() & 7;
    put_be32(b + 58, (uint32_t)take16());
    if (!v4) {
        if (!a)
            return;
        src = (struct ipaddr){{0xfe, 0x80, [15] = take8()}};
        dst = a->addr;
    }
    deliver_ip(b, n, v4 ? IPPROTO_ICMP4 : IPPROTO_ICMP6, v4, &src, &dst, 2);
}

static void arp(uint8_t *b)
{
    struct arp_msg m = {.op = (uint16_t)(1 + (take8() & 1)),
                        .sender_mac = PEER_MAC + take8() % 4,
                        .sender = PEER4 + take8() % 4,
                        .target_mac = OUR_MAC,
                        .target = OUR4};

    eth_emit(b, &(struct eth_hdr){OUR_MAC, m.sender_mac, ETH_ARP});
    arp_emit(b + ETH_BYTES, &m);
    deliver(b, ETH_BYTES + ARP_BYTES);
}

static void on_udp(const struct udp_dgram *d, void *user)
{
    (void)user;
    if (d->remote.port != d->local.port)
        f.last = udp_send(f.net, d);
}

static void on_dns(enum err err, const struct ipaddr *a, unsigned n, void *user)
{
    (void)user;
    MUST(n <= DNS_ADDRS_MAX && (n > 0) == (err == OK) && a);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct stream **slot = user;

    if (events & STREAM_CLOSED) {
        *slot = NULL;
        stream_release(s);
    }
}

static bool keep_stream(struct stream *s)
{
    for (unsigned i = 0; i < STREAMS_MAX; i++)
        if (!f.stream[i]) {
            f.stream[i] = s;
            s->on_event = on_event;
            s->user = &f.stream[i];
            return true;
        }
    return false;
}

static bool on_accept(struct stream *s, const struct endpoint *e, void *user)
{
    (void)e;
    (void)user;
    return keep_stream(s);
}

static void use_stream(uint8_t what)
{
    struct stream **slot = &f.stream[take8() % STREAMS_MAX], *s = *slot;
    struct mspan room;
    struct span in;

    if (!s)
        return;
    if (what == 0) {
        room = stream_reserve(s);
        if (room.n) {
            memset(room.p, 'f', room.n);
            stream_commit(s, 1 + take16() % room.n);
        }
    } else if (what == 1) {
        in = stream_peek(s);
        stream_consume(s, in.n ? 1 + take16() % in.n : 0);
    } else if (what == 2) {
        stream_shutdown(s);
    } else if (what == 3) {
        stream_abort(s);
    } else {
        *slot = NULL;
        stream_release(s);
    }
}

static void call(void)
{
    static const uint8_t zeros[UINT16_MAX];
    struct endpoint to = {.addr = ip4_addr(PEER4 + take8() % 3), .port = 80};
    struct stream *s;
    uint8_t what = take8() % 12;

    switch (what) {
    case 0:
        f.last = tcp_listen(f.net, 80, on_accept, NULL);
        break;
    case 1:
        tcp_unlisten(f.net, 80);
        break;
    case 2:
        if (tcp_connect(f.net, &to, &s) == OK && !keep_stream(s))
            stream_release(s);
        break;
    case 3:
        f.last = udp_bind(f.net, &f.port, on_udp, NULL);
        break;
    case 4:
        udp_unbind(f.net, f.port);
        break;
    case 5:
        f.last =
            udp_send(f.net, &(struct udp_dgram){.remote = to,
                                                .local.port = f.port,
                                                .data = {zeros, take16()}});
        break;
    case 6:
        f.last = dns_resolve(f.net, "www.example.com", on_dns, NULL);
        break;
    default:
        use_stream((uint8_t)(what - 7));
    }
    rest();
}

/* Memory that runs out for a while. */
static void fail(void)
{
    struct pool *pool[] = {&f.pkts, &f.tx.blocks, &f.rx.blocks};
    struct pool *p = pool[take8() % 3];

    f.failing = true;
    p->fail_after = take8() % 8;
    wait(take8() * NS_PER_MS);
    p->fail_after = -1;
    f.failing = false;
    rest();
}

static void step(void)
{
    static uint8_t b[FRAME_MAX + 400];
    uint8_t what = take8() % 12;

    memset(b, 0, sizeof(b));
    switch (what) {
    case 0:
        deliver(b, take_bytes(b, FRAME_MAX));
        break;
    case 1:
        arp(b);
        break;
    case 2:
        icmp(b);
        break;
    case 3:
    case 4:
        answer_tcp(b);
        break;
    case 5:
        open_tcp(b);
        break;
    case 6:
        answer_udp(b);
        break;
    case 7:
        wait(take16() * NS_PER_MS);
        break;
    case 8:
        f.dev.link_up = take8() & 1;
        rest();
        break;
    case 9:
        fail();
        break;
    default:
        call();
    }
}

/* Everything is let go, and time does the rest. */
static void finish(void)
{
    tcp_unlisten(f.net, 80);
    udp_unbind(f.net, f.port);
    for (unsigned i = 0; i < STREAMS_MAX; i++)
        if (f.stream[i]) {
            struct stream *s = f.stream[i];

            f.stream[i] = NULL;
            stream_release(s);
        }
    wait(700 * NS_PER_SEC);
    MUST(!net_in_use(f.net));
    MUST(f.rx.blocks.in_use == 0);
    MUST(f.tx.blocks.in_use == 0);
    MUST(f.pkts.in_use == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&f, 0, sizeof(f));
    f.p = data;
    f.n = size;
    start();
    for (unsigned i = 0; f.n > 0 && i < STEPS_MAX; i++)
        step();
    finish();
    return 0;
}
