/* SPDX-License-Identifier: ISC */
/*
 * rig.c - see rig.h.
 */
#include "rig.h"

#include <base/csum.h>
#include <pieces.h>
#include <wire/ndp.h>
#include <wire/udp.h>

enum { MEMORY = 8 << 20, TURNS_MAX = 100000 };

struct ipaddr rig_addr(const char *text)
{
    struct ipaddr a;

    ck_assert(ipaddr_parse(&a, span_of(text)));
    return a;
}

struct netif_config rig_static(void)
{
    struct netif_config c = {
        .static4 = {.addr = rig_addr("10.0.0.2"), .prefix_bits = 24},
        .gateway4 = rig_addr("10.0.0.1"),
        .auto6 = true};

    return c;
}

void rig_open_raw(struct rig *r, const struct netif_config *c)
{
    static const struct limits limits = {.tcp_conns = 64,
                                         .tcp_half_open = 64,
                                         .tcp_listeners = 4,
                                         .tcp_rcvbuf = 16384,
                                         .tcp_sndbuf = 16384,
                                         .rx_blocks = 1024,
                                         .tx_blocks = 128,
                                         .udp_binds = 8};
    struct net_config config = {.limits = limits, .hostname = "rig"};

    memset(r, 0, sizeof(*r));
    r->memory = malloc(MEMORY);
    r->sent = calloc(RIG_SENT_MAX, sizeof(*r->sent));
    r->now = NS_PER_SEC;
    arena_init(&r->arena, (struct mspan){r->memory, MEMORY});
    ck_assert(
        pool_init(&r->pkts, "pkts", &r->arena, sizeof(struct pkt), 256, 64));
    ck_assert(
        block_pool_init(&r->tx_blocks, "tx_blocks", &r->arena, 4096, 128));
    ck_assert(block_pool_init(&r->rx_blocks, "rx_blocks", &r->arena, 2048, 16));
    config.pkts = &r->pkts;
    config.tx_blocks = &r->tx_blocks;
    config.rx_blocks = &r->rx_blocks.blocks;
    config.arena = &r->arena;
    memset(config.seed, 7, sizeof(config.seed));
    r->net = net_new(&config, r->now);
    ck_assert_ptr_nonnull(r->net);
    r->dev = (struct netif){
        .name = "uplink", .kind = "rig", .mtu = 1500, .link_up = true};
    mac_put(r->dev.mac, RIG_MAC);
    ck_assert_uint_eq(net_add(r->net, &r->dev, c, r->now), 1);
}

void rig_open(struct rig *r, const struct netif_config *c)
{
    struct netif_config usual = rig_static();

    rig_open_raw(r, c ? c : &usual);
    rig_wait(r, 8 * NS_PER_SEC);
    rig_forget(r);
    r->pkts_in_use = r->pkts.in_use;
    r->blocks_in_use = r->tx_blocks.blocks.in_use;
}

void rig_close(struct rig *r)
{
    ck_assert_uint_eq(r->pkts.in_use, r->pkts_in_use);
    ck_assert_uint_eq(r->tx_blocks.blocks.in_use, r->blocks_in_use);
    free(r->sent);
    free(r->memory);
}

static bool is_group_report(const struct rig_frame *f)
{
    return be16(f->b + 12) == ETH_IP6
               ? f->b[20] == IP6_NH_HOP_BY_HOP
               : be16(f->b + 12) == ETH_IP4 && f->b[23] == IPPROTO_IGMP_;
}

static void collect(struct rig *r, struct pkt *p)
{
    struct rig_frame *f = &r->sent[r->nsent++];

    ck_assert_uint_lt(r->nsent, RIG_SENT_MAX);
    ck_assert_uint_le(p->len, RIG_FRAME_MAX);
    ck_assert_uint_eq(p->netif, 1);
    f->n = p->len;
    f->flags = p->flags;
    f->csum_start = p->csum_start;
    f->csum_off = p->csum_off;
    ck_assert(pkt_copy(p, 0, f->b, p->len));
    if (be16(f->b + 12) == ETH_IP6 && f->b[20] == IPPROTO_ICMP6 &&
        f->b[54] == NDP_RS && !r->show_rs)
        r->nsent--;
    else if (is_group_report(f) && !r->show_groups)
        r->nsent--;
    pkt_put(p);
}

void rig_turn(struct rig *r)
{
    struct pktq q = {0};
    struct pkt *p;

    net_tick(r->net, r->now);
    net_dispatch(r->net, r->now);
    net_output(r->net, 1, &q, 256, r->now);
    while ((p = pktq_pop(&q)))
        collect(r, p);
}

void rig_wait(struct rig *r, ns_t duration)
{
    ns_t end = r->now + duration;

    for (unsigned i = 0; i < TURNS_MAX; i++) {
        ns_t due = net_deadline(r->net);

        if (due > end)
            break;
        if (due > r->now)
            r->now = due;
        rig_turn(r);
        ck_assert_uint_lt(i, TURNS_MAX - 1);
    }
    r->now = end;
    rig_turn(r);
}

/* A piece of memory that is exactly as long as the bytes in it. */
struct exact {
    struct buf buf;
    uint8_t *b;
};

static void exact_free(struct buf *b)
{
    struct exact *e = CONTAINER(b, struct exact, buf);

    free(e->b);
    free(e);
}

static void add_exact(struct pkt *p, const uint8_t *b, size_t n)
{
    struct exact *e = malloc(sizeof(*e));

    *e = (struct exact){.buf = {.refs = 1, .free = exact_free}};
    e->b = malloc(n ? n : 1);
    memcpy(e->b, b, n);
    ck_assert(pkt_add_frag(p, &e->buf, e->b, (uint32_t)n));
    buf_drop(&e->buf);
}

void rig_put(struct rig *r, const struct out *o)
{
    struct pkt *p = pkt_get(&r->pkts);
    struct pktq q = {0};
    size_t at = 0;

    ck_assert_ptr_nonnull(p);
    p->netif = r->rx_netif ? r->rx_netif : 1;
    p->flags = r->rx_flags;
    p->csum_start = r->rx_csum_start;
    p->csum_off = r->rx_csum_off;
    p->gso_size = r->rx_gso;
    do {
        size_t part = o->n - at;

        if (r->split && part > PKT_PULL_MIN && at == 0)
            part = r->split > PKT_PULL_MIN ? r->split : PKT_PULL_MIN;
        else if (r->split && at > 0 && part > r->split)
            part = r->split;
        part = part < o->n - at ? part : o->n - at;
        add_exact(p, o->b + at, part);
        at += part;
    } while (at < o->n);
    pktq_push(&q, p);
    net_input(r->net, &q, r->now);
    ck_assert_ptr_null(q.head);
}

void rig_in(struct rig *r, const struct out *o)
{
    rig_put(r, o);
    rig_turn(r);
}

const struct rig_frame *rig_next(struct rig *r)
{
    return r->taken < r->nsent ? &r->sent[r->taken++] : NULL;
}

void rig_forget(struct rig *r)
{
    r->nsent = r->taken = 0;
}

void rig_meet(struct rig *r, const struct ipaddr *who, mac_t mac)
{
    struct neigh_slot *s = neigh_make(r->net, 1, who, r->now);

    ck_assert_ptr_nonnull(s);
    neigh_on_sight(&s->n, mac);
    neigh_on_confirm(&s->n, &r->net->nif[0].neigh, r->now);
}

struct ipaddr rig_link_local(struct rig *r)
{
    struct ifaddr *a = addr_first(&r->net->nif[0], false);

    ck_assert_ptr_nonnull(a);
    return a->addr;
}

void put_bytes(struct out *o, const void *b, size_t n)
{
    memcpy(o->b + o->n, b, n);
    o->n += n;
}

void put_eth(struct out *o, mac_t dst, mac_t src, uint16_t type)
{
    struct eth_hdr h = {.dst = dst, .src = src, .type = type};

    eth_emit(o->b + o->n, &h);
    o->n += ETH_BYTES;
}

void put_arp(struct out *o, mac_t dst, const struct arp_msg *m)
{
    put_eth(o, dst, m->sender_mac, ETH_ARP);
    arp_emit(o->b + o->n, m);
    o->n += ARP_BYTES;
}

void put_ip4(struct out *o, uint32_t src, uint32_t dst, uint8_t proto,
             size_t payload)
{
    struct ip4_hdr h = {.src = src,
                        .dst = dst,
                        .total_len = (uint16_t)(IP4_BYTES + payload),
                        .ttl = 64,
                        .proto = proto};

    ip4_emit(o->b + o->n, &h);
    o->n += IP4_BYTES;
}

void put_ip6(struct out *o, const struct ipaddr *src, const struct ipaddr *dst,
             uint8_t proto, uint8_t hops, size_t payload)
{
    struct ip6_hdr h = {.src = *src,
                        .dst = *dst,
                        .payload_len = (uint16_t)payload,
                        .next = proto,
                        .hop_limit = hops};

    ip6_emit(o->b + o->n, &h);
    o->n += IP6_BYTES;
}

static void fix(struct out *o, size_t l4, size_t at, uint64_t sum)
{
    put_be16(o->b + l4 + at, 0);
    sum = csum_add(sum, o->b + l4, o->n - l4, false);
    put_be16(o->b + l4 + at, (uint16_t)~csum_fold(sum));
}

void fix_csum4(struct out *o, size_t l4, size_t at, bool pseudo)
{
    struct ipaddr src = ip4_addr(be32(o->b + ETH_BYTES + 12));
    struct ipaddr dst = ip4_addr(be32(o->b + ETH_BYTES + 16));

    fix(o, l4, at,
        pseudo ? ip_pseudo_sum(&src, &dst, true, o->b[ETH_BYTES + 9],
                               (uint32_t)(o->n - l4))
               : 0);
}

void fix_csum6(struct out *o, size_t l4, size_t at)
{
    struct ipaddr src, dst;

    memcpy(&src, o->b + ETH_BYTES + 8, 16);
    memcpy(&dst, o->b + ETH_BYTES + 24, 16);
    fix(o, l4, at,
        ip_pseudo_sum(&src, &dst, false, at == 6 ? IPPROTO_UDP_ : IPPROTO_ICMP6,
                      (uint32_t)(o->n - l4)));
}

static void put_udp(struct out *o, uint16_t sport, uint16_t dport,
                    const void *b, size_t n)
{
    struct udp_hdr h = {
        .src = sport, .dst = dport, .len = (uint16_t)(UDP_BYTES + n)};

    udp_emit(o->b + o->n, &h);
    o->n += UDP_BYTES;
    put_bytes(o, b, n);
}

void put_udp4(struct out *o, uint32_t src, uint16_t sport, uint32_t dst,
              uint16_t dport, const void *b, size_t n)
{
    put_eth(o, dst == UINT32_MAX ? MAC_BROADCAST : RIG_MAC, PEER_MAC, ETH_IP4);
    put_ip4(o, src, dst, IPPROTO_UDP_, UDP_BYTES + n);
    put_udp(o, sport, dport, b, n);
    fix_csum4(o, ETH_BYTES + IP4_BYTES, 6, true);
}

void put_udp6(struct out *o, const struct ipaddr *src, uint16_t sport,
              const struct ipaddr *dst, uint16_t dport, const void *b, size_t n)
{
    put_eth(o, RIG_MAC, PEER_MAC, ETH_IP6);
    put_ip6(o, src, dst, IPPROTO_UDP_, 64, UDP_BYTES + n);
    put_udp(o, sport, dport, b, n);
    fix_csum6(o, ETH_BYTES + IP6_BYTES, 6);
}

static void put_echo(struct out *o, uint8_t type, size_t n)
{
    const uint8_t head[ICMP_BYTES] = {type, 0, 0, 0, 0x12, 0x34, 0, 1};

    put_bytes(o, head, sizeof(head));
    for (size_t i = 0; i < n; i++)
        o->b[o->n++] = (uint8_t)(i * 7);
}

void put_echo4(struct out *o, uint32_t src, uint32_t dst, size_t n)
{
    put_eth(o, RIG_MAC, PEER_MAC, ETH_IP4);
    put_ip4(o, src, dst, IPPROTO_ICMP4, ICMP_BYTES + n);
    put_echo(o, ICMP4_ECHO, n);
    fix_csum4(o, ETH_BYTES + IP4_BYTES, 2, false);
}

static mac_t mac_for(const struct ipaddr *dst)
{
    return ip6_is_multicast(dst) ? UINT64_C(0x333300000000) | be32(dst->b + 12)
                                 : RIG_MAC;
}

void put_echo6(struct out *o, const struct ipaddr *src,
               const struct ipaddr *dst, size_t n)
{
    put_eth(o, mac_for(dst), PEER_MAC, ETH_IP6);
    put_ip6(o, src, dst, IPPROTO_ICMP6, 64, ICMP_BYTES + n);
    put_echo(o, ICMP6_ECHO, n);
    fix_csum6(o, ETH_BYTES + IP6_BYTES, 2);
}

void put_ndp(struct out *o, const struct ipaddr *src, const struct ipaddr *dst,
             const void *b, size_t n)
{
    put_eth(o, mac_for(dst), PEER_MAC, ETH_IP6);
    put_ip6(o, src, dst, IPPROTO_ICMP6, NDP_HOPS, n);
    put_bytes(o, b, n);
    fix_csum6(o, ETH_BYTES + IP6_BYTES, 2);
}

static bool sum_is_right(const struct rig_frame *f, size_t l4, size_t end,
                         uint64_t pseudo)
{
    return csum_fold(csum_add(pseudo, f->b + l4, end - l4, false)) == 0xffff;
}

static bool sound4(const struct rig_frame *f)
{
    struct ip4_hdr h;
    size_t l4, end;
    uint64_t sum = 0;

    if (!ip4_parse(&h, (struct span){f->b + ETH_BYTES, f->n - ETH_BYTES}) ||
        !ip4_csum_ok(f->b + ETH_BYTES, h.hdr_len) ||
        f->n != (size_t)ETH_BYTES + h.total_len)
        return false;
    l4 = ETH_BYTES + (size_t)h.hdr_len;
    end = ETH_BYTES + (size_t)h.total_len;
    if (f->flags & PKT_CSUM_PARTIAL)
        return f->csum_start == l4;
    if (h.frag & (IP4_MF | IP4_OFFSET))
        return true;
    if (h.proto != IPPROTO_ICMP4 && h.proto != IPPROTO_IGMP_) {
        struct ipaddr src = ip4_addr(h.src), dst = ip4_addr(h.dst);

        sum = ip_pseudo_sum(&src, &dst, true, h.proto, (uint32_t)(end - l4));
    }
    return sum_is_right(f, l4, end, sum);
}

bool frame_is_sound(const struct rig_frame *f)
{
    uint16_t type = be16(f->b + 12);
    struct ip6_hdr h;

    if (mac_get(f->b + 6) != RIG_MAC)
        return false;
    if (type == ETH_ARP)
        return f->n == ETH_BYTES + ARP_BYTES;
    if (type == ETH_IP4)
        return sound4(f);
    if (!ip6_parse(&h, (struct span){f->b + ETH_BYTES, f->n - ETH_BYTES}) ||
        f->n != (size_t)ETH_BYTES + IP6_BYTES + h.payload_len)
        return false;
    if (h.next == IP6_NH_FRAGMENT)
        return true;
    if (f->flags & PKT_CSUM_PARTIAL)
        return f->csum_start == ETH_BYTES + IP6_BYTES;
    return sum_is_right(
        f, ETH_BYTES + IP6_BYTES, f->n,
        ip_pseudo_sum(&h.src, &h.dst, false, h.next, h.payload_len));
}
