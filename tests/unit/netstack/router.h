/* SPDX-License-Identifier: ISC */
/*
 * router.h - the rig as a router: 10.0.0.2 and fd01::2 on its NIC, 192.168.7.2
 * and fd02::2 on a second one of MTU 1400; a neighbour on each side.  Tests run
 * for both families: loop index 0 is IPv6.
 */
#ifndef ROUTER_H
#define ROUTER_H

#include "../lib/suite.h"
#include "rig.h"

#include <base/csum.h>
#include <wire/icmp6.h>
#include <wire/tcp.h>
#include <wire/udp.h>

#define BEHIND_MAC UINT64_C(0x020000000077)

static struct out o;
static struct rig r;
static struct netif second;
static struct rig_frame out[128];
static unsigned nout;

/* A host outside, a host inside, one that is nowhere. */
static inline struct ipaddr outside(bool v4)
{
    return rig_addr(v4 ? "10.0.0.1" : "fd01::1");
}

static inline struct ipaddr inside(bool v4)
{
    return rig_addr(v4 ? "192.168.7.9" : "fd02::9");
}

/* What went out by the second NIC since the last look. */
static inline unsigned look(void)
{
    struct pktq q = {0};
    struct pkt *p;

    net_output(r.net, 2, &q, 128, r.now);
    for (nout = 0; (p = pktq_pop(&q)); nout++) {
        ck_assert_uint_eq(p->netif, 2);
        ck_assert_uint_le(p->len, RIG_FRAME_MAX);
        out[nout] = (struct rig_frame){.n = p->len,
                                       .flags = p->flags,
                                       .csum_start = p->csum_start,
                                       .csum_off = p->csum_off};
        ck_assert(pkt_copy(p, 0, out[nout].b, p->len));
        pkt_put(p);
        if (be16(out[nout].b + 12) == ETH_IP6 && out[nout].b[20] == 58 &&
            out[nout].b[54] >= 133 && out[nout].b[54] <= 137)
            nout--; /* neighbour discovery, but for those who look for it */
    }
    return nout;
}

static inline void meet_inside(const struct ipaddr *a)
{
    struct neigh_slot *s = neigh_make(r.net, 2, a, r.now);

    ck_assert_ptr_nonnull(s);
    neigh_on_sight(&s->n, BEHIND_MAC);
    neigh_on_confirm(&s->n, &r.net->nif[1].neigh, r.now);
}

/* Time, on both sides. */
static inline void pass_time(unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 10; i++) {
        r.now += 100 * NS_PER_MS;
        rig_turn(&r);
        look();
    }
}

static inline void open_router(const struct net_forward *f)
{
    struct netif_config first = rig_static(),
                        c = {.static4 = {.addr = rig_addr("192.168.7.2"),
                                         .prefix_bits = 24},
                             .static6 = {.addr = rig_addr("fd02::2"),
                                         .prefix_bits = 64}};
    struct ipaddr a;

    first.gateway4 = (struct ipaddr){0};
    first.static6 =
        (struct net_addr){.addr = rig_addr("fd01::2"), .prefix_bits = 64};
    rig_open(&r, &first);
    second = (struct netif){.name = "lan", .mtu = 1400, .link_up = true};
    mac_put(second.mac, RIG_MAC);
    net_add(r.net, &second, &c, r.now);
    pass_time(10);
    rig_forget(&r);
    net_set_forward(r.net, f ? f : &(struct net_forward){0});
    for (unsigned v4 = 0; v4 < 2; v4++) {
        a = inside(v4);
        meet_inside(&a);
        a = outside(v4);
        rig_meet(&r, &a, PEER_MAC);
    }
}

/* A datagram for another host, with `payload` bytes behind a UDP header. */
static inline void put_through(const struct ipaddr *src,
                               const struct ipaddr *dst, const void *payload,
                               size_t n)
{
    o.n = 0;
    if (ipaddr_is_v4(src))
        put_udp4(&o, ip4_of(src), 1000, ip4_of(dst), 2000, payload, n);
    else
        put_udp6(&o, src, 1000, dst, 2000, payload, n);
}

/* Changes the IPv4 header, whose checksum follows. */
static inline void set_ip4(unsigned at, uint8_t v)
{
    uint8_t *ip = o.b + ETH_BYTES;

    ip[at] = v;
    put_be16(ip + 10, 0);
    put_be16(ip + 10, (uint16_t)~csum_fold(csum_add(0, ip, 20, false)));
}

static inline void set_ttl(bool v4, uint8_t ttl)
{
    if (v4)
        set_ip4(8, ttl);
    else
        o.b[ETH_BYTES + 7] = ttl;
}

static inline size_t hdr_bytes(bool v4)
{
    return ETH_BYTES + (v4 ? IP4_BYTES : IP6_BYTES);
}

/* A segment through the router. */
static inline void put_tcp(const struct ipaddr *src, const struct ipaddr *dst,
                           const struct tcp_seg *s, size_t n)
{
    bool v4 = ipaddr_is_v4(src);
    unsigned h = tcp_emit_bytes(s);
    uint64_t sum;
    size_t l4;

    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, v4 ? ETH_IP4 : ETH_IP6);
    if (v4)
        put_ip4(&o, ip4_of(src), ip4_of(dst), IPPROTO_TCP_, h + n);
    else
        put_ip6(&o, src, dst, IPPROTO_TCP_, 64, h + n);
    l4 = o.n;
    tcp_emit(o.b + o.n, h, 1000, 80, s);
    o.n += h;
    for (size_t i = 0; i < n; i++)
        o.b[o.n++] = (uint8_t)(i * 7 + i / 256);
    sum = ip_pseudo_sum(src, dst, v4, IPPROTO_TCP_, (uint32_t)(h + n));
    if (r.rx_flags & PKT_CSUM_PARTIAL)
        put_be16(o.b + l4 + TCP_CSUM_AT, csum_fold(sum));
    else
        put_be16(o.b + l4 + TCP_CSUM_AT, (uint16_t)~csum_fold(csum_add(
                                             sum, o.b + l4, o.n - l4, false)));
}

#endif
