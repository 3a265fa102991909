/* SPDX-License-Identifier: ISC */
/*
 * fuzz_forward.c - a router between two networks and a VLAN, whose hook does
 * whatever the input says, fed with datagrams that are nearly right.
 *
 * What goes out must be sound, no larger than its link takes, by the NIC where
 * its destination is; the books must balance, and all memory come back.
 */
#include <base/csum.h>
#include <stack.h>
#include <stdlib.h>
#include <wire/icmp6.h>
#include <wire/tcp.h>

enum {
    MEMORY = 4 << 20,
    STEPS_MAX = 200,
    TURNS_MAX = 2000,
    NICS = 2,
    VID = 10,
    FRAME_MAX = 3400, /* merged segments are larger than a wire's */
    LINK_BYTES = ETH_BYTES + ETH_VLAN_BYTES
};

#define MUST(claim) ((claim) ? (void)0 : abort())
#define PEER_MAC    UINT64_C(0x020000000001)

static const uint16_t mtu[NICS] = {1500, 1300};

static struct {
    const uint8_t *p;
    size_t n;
    struct arena arena;
    struct pool pkts;
    struct block_pool tx, rx;
    struct netif dev[NICS];
    struct net *net;
    ns_t now;
    bool failing;
    uint8_t verdict; /* and what the hook does before */
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

/* Host `host` of network `i`: the two wires, the VLAN, and one without a
 * route. */
static struct ipaddr address(bool v4, unsigned i, uint8_t host)
{
    struct ipaddr a = {{0xfd, (uint8_t)(i + 1), [15] = host}};

    return v4 ? ip4_addr(UINT32_C(0x0a000000) | i << 16 | host) : a;
}

/* A host, ourselves, or what cannot be forwarded. */
static struct ipaddr any_address(bool v4)
{
    static const uint32_t odd4[] = {0,          UINT32_MAX, 0xe0000001,
                                    0x7f000001, 0xa9fe0101, 0x0a0000ff};
    static const uint8_t odd6[] = {0, 0xff, 0xfe, 1};
    uint8_t which = take8(), odd = (uint8_t)(which >> 4);

    if (which & 8 && v4)
        return ip4_addr(odd4[odd % ARRAY_LEN(odd4)]);
    if (which & 8)
        return (struct ipaddr){{odd6[odd & 3], 0x80, [15] = odd & 1}};
    return address(v4, which & 3, (uint8_t)(1 + odd));
}

static enum forward_verdict hook(struct forward_pkt *p, void *user)
{
    struct forward_pkt quoted;
    struct ipaddr us = address(p->v4, 1, 2);
    uint8_t b[FORWARD_WRITE_MAX];

    (void)user;
    MUST(p->len >= p->l4 && p->in >= 1 && p->in <= NICS + 1);
    MUST(p->has_ports || (p->sport == 0 && p->dport == 0));
    if (f.verdict & 4)
        (void)forward_set_src(p, &us, 61234);
    if (f.verdict & 8)
        (void)forward_clamp_mss(p, f.verdict & 16 ? 600 : 0);
    if (f.verdict & 32 && forward_quoted(p, &quoted))
        (void)forward_set_src(&quoted, &us, 4321);
    if (f.verdict & 64 && forward_read(p, p->l4, b, 8))
        (void)forward_write(p, p->l4, b, f.verdict & 128 ? 7 : 8);
    return (enum forward_verdict)(f.verdict & 3);
}

static void start(void)
{
    static const struct limits limits = {.tcp_conns = 4,
                                         .tcp_half_open = 4,
                                         .tcp_listeners = 1,
                                         .tcp_rcvbuf = 8192,
                                         .tcp_sndbuf = 8192,
                                         .rx_blocks = 64,
                                         .tx_blocks = 64,
                                         .udp_binds = 1};
    struct net_config c = {.limits = limits, .hostname = "fuzz"};

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
    for (unsigned i = 0; i <= NICS; i++) {
        struct netif_config nc = {
            .static4 = {.addr = address(true, i, 2), .prefix_bits = 24},
            .static6 = {.addr = address(false, i, 2), .prefix_bits = 64}};

        if (i == NICS) {
            MUST(net_add_vlan(f.net, 1, VID, "vlan", &nc, f.now));
            break;
        }
        f.dev[i] =
            (struct netif){.name = "nic", .mtu = mtu[i], .link_up = true};
        mac_put(f.dev[i].mac, UINT64_C(0x020000000010) + i);
        MUST(net_add(f.net, &f.dev[i], &nc, f.now) == i + 1);
    }
}

/* The number of the network that an address of ours makes, from 1; 0: none. */
static unsigned network_of(const struct ipaddr *a)
{
    if (ipaddr_is_v4(a))
        return a->b[12] == 10 && a->b[13] <= NICS && a->b[14] == 0
                   ? a->b[13] + 1u
                   : 0;
    return a->b[0] == 0xfd && be32(a->b + 2) == 0 && be16(a->b + 6) == 0 &&
                   a->b[1] >= 1 && a->b[1] <= NICS + 1
               ? a->b[1]
               : 0;
}

static void look_at_ip(const struct pkt *p, const uint8_t *b, uint32_t link,
                       unsigned network)
{
    uint32_t n = p->len - link, most = mtu[network == 2];
    bool merged = p->flags & (PKT_GSO4 | PKT_GSO6);
    struct ipaddr dst;
    struct ip4_hdr h4;
    struct ip6_hdr h6;

    if (ip4_parse(&h4, (struct span){b, 60})) {
        MUST(h4.total_len == n && ip4_csum_ok(b, h4.hdr_len));
        MUST((h4.frag & IP4_OFFSET) * 8u + n - h4.hdr_len <= 65535);
        MUST(h4.ttl > 0);
        dst = ip4_addr(h4.dst);
    } else {
        MUST(ip6_parse(&h6, (struct span){b, 60}));
        MUST(h6.payload_len == n - IP6_BYTES && h6.hop_limit > 0);
        dst = h6.dst;
    }
    MUST(merged || n <= most);
    MUST(!merged || (p->gso_size && p->gso_hdr > link && p->gso_hdr < p->len &&
                     p->gso_hdr - link + p->gso_size <= most));
    MUST(!(p->flags & PKT_CSUM_PARTIAL) ||
         p->csum_start + p->csum_off + 2u <= p->len);
    MUST(!network_of(&dst) || network_of(&dst) == network);
}

static void look(const struct pkt *p, unsigned nic)
{
    uint8_t b[LINK_BYTES + 60] = {0};
    uint32_t n = p->len < sizeof(b) ? p->len : (uint32_t)sizeof(b), link;
    bool tagged;
    uint16_t type;

    MUST(p->len >= ETH_BYTES && pkt_copy(p, 0, b, n));
    tagged = be16(b + 12) == ETH_VLAN;
    MUST(!tagged || (nic == 1 && be16(b + 14) == VID));
    link = tagged ? LINK_BYTES : ETH_BYTES;
    type = be16(b + link - 2);
    if (type == ETH_IP4 || type == ETH_IP6)
        look_at_ip(p, b + link, link, tagged ? NICS + 1 : nic);
    else
        MUST(type == ETH_ARP);
}

static void turn(void)
{
    struct net_note note;

    net_tick(f.net, f.now);
    net_dispatch(f.net, f.now);
    for (unsigned i = 1; i <= NICS; i++) {
        struct pktq q = {0};
        struct pkt *p;

        net_output(f.net, (uint8_t)i, &q, 64, f.now);
        while ((p = pktq_pop(&q))) {
            look(p, i);
            pkt_put(p);
        }
    }
    while (net_note(f.net, &note))
        MUST(note.netif <= NICS + 1);
}

static void rest(void)
{
    const struct neigh_cache *c = &f.net->cache;
    unsigned n = 0, waiting = 0;

    do
        turn();
    while (net_deadline(f.net) <= f.now && n++ < TURNS_MAX);
    MUST(n < TURNS_MAX || f.failing);
    for (unsigned i = 0; i < c->fresh; i++)
        waiting += c->slot[i].waiting.count;
    MUST(waiting == c->waiting && waiting <= c->waiting_max);
}

static void wait(ns_t duration)
{
    ns_t end = f.now + duration;

    for (unsigned i = 0; i < TURNS_MAX && net_deadline(f.net) <= end; i++) {
        ns_t due = net_deadline(f.net);

        f.now = due > f.now ? due : f.now;
        rest();
    }
    f.now = end;
    rest();
}

/* In pieces as a driver may have them; each at the very end of its block. */
static void deliver(const uint8_t *b, size_t n, unsigned nic,
                    const struct pkt *like)
{
    struct pkt *p = pkt_get(&f.pkts);
    struct pktq q = {0};

    if (!p)
        return;
    p->netif = (uint8_t)nic;
    p->flags = like->flags;
    p->gso_size = like->gso_size;
    p->csum_start = like->csum_start;
    p->csum_off = like->csum_off;
    for (size_t at = 0, part; at < n; at += part) {
        struct block *block = block_get(&f.rx);

        part = n - at < 1500 ? n - at : at == 0 && n & 1 ? 200 : 1500;
        if (!block) {
            pkt_put(p);
            return;
        }
        memcpy(block->data + block->size - part, b + at, part);
        MUST(pkt_add_frag(p, &block->buf, block->data + block->size - part,
                          (uint32_t)part));
        buf_drop(&block->buf);
    }
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

/* The link's header in front of `at`; returns where it begins. */
static size_t put_link(uint8_t *b, size_t at, unsigned nic, uint16_t type,
                       bool tagged)
{
    if (tagged) {
        put_be16(b + at - 2, type);
        put_be16(b + at - 4, VID);
        at -= ETH_VLAN_BYTES;
        type = ETH_VLAN;
    }
    at -= ETH_BYTES;
    eth_emit(b + at,
             &(struct eth_hdr){.dst = UINT64_C(0x020000000010) + nic - 1,
                               .src = PEER_MAC,
                               .type = type});
    return at;
}

/* Offloads as a NIC tells of them, and at times as none would. */
static struct pkt offload(uint8_t how, bool v4, size_t l4)
{
    struct pkt like = {0};

    if (how & 1) {
        like.flags = PKT_CSUM_GOOD | PKT_CSUM_PARTIAL;
        like.csum_start = (uint16_t)(how & 2 ? take16() : l4);
        like.csum_off = how & 4 ? take8() : TCP_CSUM_AT;
    }
    if (how & 8) {
        like.flags |= v4 == !(how & 16) ? PKT_GSO4 : PKT_GSO6;
        like.gso_size = how & 32 ? take16() : 500;
    }
    return like;
}

/* A datagram with a header that is right, then bent as told. */
static void datagram(uint8_t *b)
{
    static const uint8_t protos[] = {6, 17, 1, 58, 44, 0, 60, 99};
    uint8_t how = take8(), proto = protos[take8() & 7];
    bool v4 = how & 1, tagged = how & 2;
    unsigned nic = tagged || how & 4 ? 1 : 2, options = 0;
    struct ipaddr src = any_address(v4), dst = any_address(v4);
    uint8_t *ip = b + 64, ttl = how & 8 ? take8() : 64, bends = how >> 6;
    uint16_t frag = how & 16 ? take16() : 0;
    struct pkt like;
    size_t at, l4, n;

    if (v4 && how & 32)
        options = (take8() & 3) * 4u;
    l4 = v4 ? IP4_BYTES + options : IP6_BYTES;
    n = take_bytes(ip + IP4_BYTES, v4 ? options : 0);
    n = take_bytes(ip + l4, 80);
    n += take16() % (FRAME_MAX - 64 - 140 - 80); /* zeros behind */
    if (v4) {
        ip4_emit(ip, &(struct ip4_hdr){.src = ip4_of(&src),
                                       .dst = ip4_of(&dst),
                                       .total_len = (uint16_t)(l4 + n),
                                       .frag = frag,
                                       .ttl = ttl,
                                       .proto = proto});
        ip[0] = (uint8_t)(0x40 | l4 / 4);
        put_be16(ip + 10, 0);
        put_be16(ip + 10, (uint16_t)~csum_fold(csum_add(0, ip, l4, false)));
    } else {
        ip6_emit(ip, &(struct ip6_hdr){.src = src,
                                       .dst = dst,
                                       .payload_len = (uint16_t)n,
                                       .next = proto,
                                       .hop_limit = ttl});
    }
    at = put_link(b, 64, nic, v4 ? ETH_IP4 : ETH_IP6, tagged);
    n += 64 - at + l4;
    like = offload(take8(), v4, 64 - at + l4);
    while (bends--)
        b[at + take16() % n] = take8();
    deliver(b + at, n, nic, &like);
}

/* Neighbours are there, on request and without. */
static void arp(uint8_t *b)
{
    uint8_t how = take8();
    unsigned i = how & 3, nic = i == 1 ? 2 : 1;
    struct arp_msg m = {.op = (uint16_t)(1 + (how >> 2 & 1)),
                        .sender_mac = PEER_MAC,
                        .target_mac = UINT64_C(0x020000000010) + nic - 1};
    struct ipaddr theirs = address(true, i, (uint8_t)(1 + (how >> 4))),
                  ours = address(true, i, 2);
    size_t at = put_link(b, 64, nic, ETH_ARP, i == 2);

    m.sender = ip4_of(&theirs);
    m.target = ip4_of(&ours);
    arp_emit(b + 64, &m);
    deliver(b + at, 64 - at + ARP_BYTES, nic, &(struct pkt){0});
}

/* What ARP is for IPv6, without the packets. */
static void meet6(void)
{
    uint8_t how = take8();
    unsigned i = how % (NICS + 1);
    struct ipaddr a = address(false, i, (uint8_t)(1 + (how >> 4)));
    struct neigh_slot *s = neigh_make(f.net, (uint8_t)(i + 1), &a, f.now);

    if (!s || s->n.state == NEIGH_REACHABLE || s->waiting.count)
        return;
    neigh_on_sight(&s->n, PEER_MAC);
    neigh_on_confirm(&s->n, &f.net->nif[i].neigh, f.now);
}

static void set_up(void)
{
    uint8_t how = take8();
    struct net_forward c = {.arrived = how & 1 ? hook : NULL,
                            .routed = how & 2 ? hook : NULL,
                            .reverse_path = how & 4};

    f.verdict = take8();
    for (unsigned i = 0; i < NICS; i++) {
        bool all = how >> (4 + i) & 1;

        f.dev[i].caps = all ? NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6 : 0;
        f.dev[i].tso_max = all ? 16384 : 0;
    }
    net_set_forward(f.net, how & 8 ? NULL : &c);
}

static void fail(void)
{
    struct pool *pool[] = {&f.pkts, &f.tx.blocks, &f.rx.blocks};
    struct pool *p = pool[take8() % 3];
    static uint8_t b[FRAME_MAX];

    f.failing = true;
    p->fail_after = take8() % 8;
    memset(b, 0, sizeof(b));
    datagram(b);
    wait(take8() * NS_PER_MS);
    p->fail_after = -1;
    f.failing = false;
    rest();
}

static void step(void)
{
    static uint8_t b[FRAME_MAX];
    uint8_t what = take8() & 15;

    memset(b, 0, sizeof(b));
    switch (what) {
    case 0:
        deliver(b, take_bytes(b, 1514), 1 + (take8() & 1), &(struct pkt){0});
        break;
    case 1:
        arp(b);
        break;
    case 2:
        meet6();
        break;
    case 3:
        set_up();
        break;
    case 4:
        wait(take16() * NS_PER_MS);
        break;
    case 5:
        fail();
        break;
    case 6:
        f.dev[1].link_up = take8() & 1;
        rest();
        break;
    default:
        datagram(b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&f, 0, sizeof(f));
    f.p = data;
    f.n = size;
    start();
    set_up();
    wait(5 * NS_PER_SEC); /* for the addresses */
    for (unsigned i = 0; f.n > 0 && i < STEPS_MAX; i++)
        step();
    net_set_forward(f.net, NULL);
    wait(700 * NS_PER_SEC);
    MUST(f.rx.blocks.in_use == 0);
    MUST(f.tx.blocks.in_use == 0);
    MUST(f.pkts.in_use == 0);
    return 0;
}
