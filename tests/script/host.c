/* SPDX-License-Identifier: ISC */
/*
 * host.c - a whole stack on virtual time, with one NIC whose cable the script
 * holds.
 */
#include "script.h"

#include <wire/eth.h>

#include <stdlib.h>

enum {
    SPIN_MAX = 5000, /* turns in one instant: it would never rest */
    OUT_FRAMES = 64,
    SETTLE_S = 6,
    LAST_S = 1200 /* longer than any time-out */
};

struct ipaddr addr_us(const struct script *s, bool v6)
{
    struct ipaddr a = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};

    (void)s;
    return v6 ? a : ipaddr_v4(192, 0, 2, 1);
}

struct ipaddr addr_peer(const struct script *s, bool v6)
{
    struct ipaddr a = {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}};

    (void)s;
    return v6 ? a : ipaddr_v4(192, 0, 2, 2);
}

/* What the script does not want to see: the host's own housekeeping.  The
 * questions about neighbours in it are answered here. */
static void answer_arp(struct script *s, const uint8_t *b)
{
    uint8_t r[42];

    if (be16(b + 20) != 1 || memcmp(b + 28, b + 38, 4) == 0 ||
        be32(b + 28) == 0 || s->no_peer)
        return;
    memcpy(r, b + 6, 6);
    memcpy(r + 12, b + 12, 10);
    r[21] = 2;
    mac_put(r + 6, PEER_MAC);
    mac_put(r + 22, PEER_MAC);
    memcpy(r + 28, b + 38, 4);
    memcpy(r + 32, b + 22, 10);
    host_inject(s, r, sizeof(r), true);
}

static void answer_ns(struct script *s, const uint8_t *b)
{
    uint8_t r[86] = {0};

    if (be64(b + 22) == 0 || s->no_peer)
        return; /* from nobody: duplicate detection */
    memcpy(r, b + 6, 6);
    mac_put(r + 6, PEER_MAC);
    memcpy(r + 12, b + 12, 8);
    put_be16(r + 18, 32);
    r[20] = 58;
    r[21] = 255;
    memcpy(r + 22, b + 62, 16);
    memcpy(r + 38, b + 22, 16);
    r[54] = 136;
    r[58] = 0x60;
    memcpy(r + 62, b + 62, 16);
    r[78] = 2;
    r[79] = 1;
    mac_put(r + 80, PEER_MAC);
    put_be16(r + 56, sum16(pseudo(r + 14, 58, 32), r + 54, 32));
    host_inject(s, r, sizeof(r), true);
}

static bool housekeeping(struct script *s, const uint8_t *b, uint32_t n)
{
    uint16_t type = n >= ETH_BYTES ? be16(b + 12) : 0;

    if (type == ETH_ARP && n >= 42) {
        answer_arp(s, b);
        return true;
    }
    if (type == ETH_IP4 && b[23] == 2)
        return true; /* IGMP */
    if (type != ETH_IP6)
        return false;
    if (b[20] == 0 && b[54] == 58)
        return true; /* MLD, behind a router alert */
    if (b[20] != 58 || b[54] < 130 || (b[54] > 136 && b[54] != 143))
        return false;
    if (b[54] == 135 && n >= 78)
        answer_ns(s, b);
    return true;
}

static void catch (struct script *s, struct pkt *p)
{
    uint8_t *b = malloc(p->len + 1);
    uint32_t n = p->len;
    const char *fault;

    ASSERT(b && pkt_copy(p, 0, b, n));
    pkt_put(p);
    fault = frame_fault(b, n);
    if (fault)
        bad(s, "a frame was sent with %s", fault);
    if (!s->show_all && housekeeping(s, b, n)) {
        free(b);
        return;
    }
    ASSERT(s->last - s->first < FRAMES_MAX);
    s->frame[s->last++ % FRAMES_MAX] = (struct frame){s->now, n, b};
}

static void turn(struct script *s)
{
    struct pktq out = {0};
    struct net_note note;
    struct pkt *p;

    if (s->in.head)
        net_input(s->net, &s->in, s->now);
    net_tick(s->net, s->now);
    net_dispatch(s->net, s->now);
    net_output(s->net, 1, &out, OUT_FRAMES, s->now);
    while ((p = pktq_pop(&out)))
        catch (s, p);
    while (net_note(s->net, &note))
        ;
}

void host_rest(struct script *s)
{
    unsigned n = 0;

    do
        turn(s);
    while ((s->in.head || net_deadline(s->net) <= s->now) && n++ < SPIN_MAX);
    if (n >= SPIN_MAX)
        bad(s, "the stack spins");
}

bool host_run_for_frame(struct script *s, ns_t when)
{
    while (s->first == s->last && !s->message[0]) {
        ns_t due = net_deadline(s->net);

        if (due > when) {
            s->now = when > s->now ? when : s->now;
            break;
        }
        s->now = due > s->now ? due : s->now;
        host_rest(s);
    }
    return s->first != s->last;
}

void host_run_to(struct script *s, ns_t when)
{
    while (!s->message[0]) {
        ns_t due = net_deadline(s->net);

        if (due > when)
            break;
        s->now = due > s->now ? due : s->now;
        host_rest(s);
    }
    s->now = when > s->now ? when : s->now;
}

bool host_inject(struct script *s, const uint8_t *b, uint32_t n, bool hold)
{
    struct pkt *p = pkt_get(&s->pkt_pool);
    uint32_t at = 0;

    if (!p)
        return bad(s, "no packet for a frame to receive");
    while (at < n) {
        struct block *block = block_get(&s->rx);
        uint32_t part;

        if (!block || p->nfrags == PKT_FRAGS_MAX) {
            pkt_put(p);
            return bad(s, "no block for a frame to receive");
        }
        part = n - at < block->size ? n - at : block->size;
        memcpy(block->data, b + at, part);
        (void)pkt_add_frag(p, &block->buf, block->data, part);
        buf_drop(&block->buf);
        at += part;
    }
    p->netif = 1;
    pktq_push(&s->in, p);
    if (!hold)
        host_rest(s);
    return true;
}

static bool make_pools(struct script *s)
{
    const struct limits *l = &s->limits;
    size_t bytes = net_bytes(l) + pool_bytes(sizeof(struct pkt), s->pkts) +
                   block_pool_bytes(2048, l->rx_blocks) +
                   block_pool_bytes(4096, l->tx_blocks) + 65536;

    s->memory = malloc(bytes);
    ASSERT(s->memory);
    memset(s->memory, 0xa5, bytes); /* nothing may hope for zeros */
    arena_init(&s->arena, (struct mspan){s->memory, bytes});
    return pool_init(&s->pkt_pool, "pkts", &s->arena, sizeof(struct pkt),
                     s->pkts, 16) &&
           block_pool_init(&s->rx, "rx", &s->arena, 2048, l->rx_blocks) &&
           block_pool_init(&s->tx, "tx", &s->arena, 4096, l->tx_blocks);
}

static void make_netif(struct script *s)
{
    struct netif_config nc = {
        .dhcp4 = s->dhcp4, .auto6 = s->auto6, .none6 = s->none6};

    s->dev = (struct netif){.name = "uplink",
                            .kind = "script",
                            .link_up = true,
                            .mtu = s->mtu,
                            .caps = s->caps};
    mac_put(s->dev.mac, OUR_MAC);
    if (!s->dhcp4)
        nc.static4 =
            (struct net_addr){.addr = addr_us(s, false), .prefix_bits = 24};
    if (!s->auto6 && !s->none6)
        nc.static6 =
            (struct net_addr){.addr = addr_us(s, true), .prefix_bits = 64};
    if (s->gateway) {
        nc.gateway4 = addr_peer(s, false);
        nc.gateway6 = addr_peer(s, true);
    }
    net_add(s->net, &s->dev, &nc, s->now);
}

bool host_start(struct script *s)
{
    struct net_config c = {.limits = s->limits,
                           .pkts = &s->pkt_pool,
                           .tx_blocks = &s->tx,
                           .rx_blocks = &s->rx.blocks,
                           .arena = &s->arena,
                           .wall_ns = UINT64_C(1700000000) * NS_PER_SEC,
                           .hostname = "script"};

    s->started = true;
    s->now = 1000 * NS_PER_SEC;
    for (unsigned i = 0; i < sizeof(c.seed); i++)
        c.seed[i] = (uint8_t)(i * 5 + s->v6 * 3 + s->wrap);
    if (!make_pools(s) || !(s->net = net_new(&c, s->now)))
        return bad(s, "the arena is too small");
    make_netif(s);
    net_metrics(s->net, &s->metrics);
    if (s->settle) {
        bool all = s->show_all;

        s->show_all = false;
        host_run_to(s, s->now + SETTLE_S * NS_PER_SEC);
        s->show_all = all;
    }
    s->zero = s->base = s->now;
    return !s->message[0];
}

static void forget_frames(struct script *s)
{
    while (s->first != s->last)
        free(s->frame[s->first++ % FRAMES_MAX].b);
}

bool host_end(struct script *s)
{
    for (unsigned i = 0; i < CONNS_MAX; i++)
        if (s->conn[i].stream)
            stream_release(s->conn[i].stream);
    memset(s->conn, 0, sizeof(s->conn));
    s->no_peer = true;
    for (unsigned i = 0; i < LAST_S; i++) { /* the queue must not fill */
        host_run_to(s, s->now + NS_PER_SEC);
        forget_frames(s);
    }
    if (s->message[0])
        return false;
    for (unsigned i = 0; i < 100; i++) { /* between two probes of something */
        if (!s->pkt_pool.in_use && !s->rx.blocks.in_use && !s->tx.blocks.in_use)
            return true;
        host_run_to(s, s->now + NS_PER_SEC);
        forget_frames(s);
    }
    return bad(s, "held for ever: %u packets, %u receive blocks, %u blocks",
               s->pkt_pool.in_use, s->rx.blocks.in_use, s->tx.blocks.in_use);
}

void host_free(struct script *s)
{
    forget_frames(s);
    free(s->memory);
}
