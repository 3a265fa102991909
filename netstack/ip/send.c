/* SPDX-License-Identifier: ISC */
/*
 * send.c - IP headers in front of what the transports send, and fragments of
 * what is too large.
 */
#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"
#include "../wire/ip6.h"

enum {
    TTL_DEFAULT = 64,
    IP4_PAYLOAD_MAX = 65535 - IP4_BYTES,
    IP6_PAYLOAD_MAX = 65535
};

static uint64_t words(const struct ipaddr *a, unsigned from)
{
    uint64_t sum = 0;

    for (unsigned i = from; i < 16; i += 4)
        sum += ip4_load32(a->b + i);
    return sum;
}

/* Word by word in the order in which they are loaded, as csum_add() does. */
uint64_t ip_pseudo_sum(const struct ipaddr *src, const struct ipaddr *dst,
                       bool v4, uint8_t proto, uint32_t len)
{
    unsigned from = v4 ? 12 : 0;

    return words(src, from) + words(dst, from) + __builtin_bswap32(len) +
           ((uint64_t)proto << 24);
}

bool ip_l4_csum_ok(const struct ip_rx *rx)
{
    uint64_t sum;

    if (rx->pkt->flags & PKT_CSUM_GOOD)
        return true;
    sum = ip_pseudo_sum(&rx->src, &rx->dst, rx->v4, rx->proto, rx->len);
    return csum_fold(pkt_sum(rx->pkt, rx->l4, rx->len, sum)) == 0xffff;
}

/* Identifies the fragments of one datagram, and must not repeat soon for one
 * pair of addresses; that it counts nothing else keeps it from telling
 * strangers how much we send (RFC 7739 5.3, for RFC 6864's purpose). */
static uint16_t next_id(struct net *net, const struct ip_path *path,
                        uint8_t proto)
{
    uint8_t key[33];
    uint64_t h;

    memcpy(key, path->src.b, 16);
    memcpy(key + 16, path->dst.b, 16);
    key[32] = proto;
    h = siphash13(&net->id_key, key, sizeof(key));
    return (uint16_t)((h >> 16) + net->ip_id[h % IP_ID_BUCKETS]++);
}

/* Both write a header for `len` bytes of payload. */
__attribute__((always_inline)) static inline void
fill4(uint8_t *out, const struct ip_path *path, uint8_t proto, uint32_t len,
      uint16_t id, uint16_t frag)
{
    ip4_emit(out, &(struct ip4_hdr){.src = ip4_of(&path->src),
                                    .dst = ip4_of(&path->dst),
                                    .total_len = (uint16_t)(len + IP4_BYTES),
                                    .id = id,
                                    .frag = frag,
                                    .tos = path->tos,
                                    .ttl = path->ttl ? path->ttl : TTL_DEFAULT,
                                    .proto = proto});
}

/* RFC 6437: one label for all of a connection, so that routers which share the
 * load keep it in order, and none of two connections alike.  `l4` holds the
 * ports. */
static inline uint32_t flow_label(const struct ip_path *path, const uint8_t *l4)
{
    uint32_t ports;

    memcpy(&ports, l4, sizeof(ports));
    return (path->flow ^ ports) * UINT32_C(0x9e3779b1) >> 12;
}

static inline void fill6(uint8_t *out, const struct nif *nif,
                         const struct ip_path *path, uint8_t next, uint32_t len,
                         uint32_t flow)
{
    ip6_emit(out, &(struct ip6_hdr){.src = path->src,
                                    .dst = path->dst,
                                    .payload_len = (uint16_t)len,
                                    .next = next,
                                    .hop_limit =
                                        path->ttl ? path->ttl : nif->hop_limit6,
                                    .tclass = path->tos,
                                    .flow = flow});
}

/* What nobody may fragment finds out how much the path takes (RFC 1191, RFC
 * 8085 3.2).  To a group nobody would answer, and at the least MTU that we go
 * down to, narrower links are for routers to serve.  ICMP is small, or asked
 * for in that size by who can receive it. */
static bool may_not_be_cut(const struct ip_path *path, uint8_t proto)
{
    return proto == IPPROTO_TCP_ ||
           (proto == IPPROTO_UDP_ && path->mtu > PMTU_MIN4 &&
            path->neighbour != NEIGH_GROUP);
}

/* An atomic datagram that nobody may fragment needs no identification: RFC
 * 6864 4.1. */
static RARE void push4(struct pkt *p, const struct ip_path *path, uint8_t proto,
                       uint16_t id, uint16_t frag)
{
    uint32_t len = p->len;

    fill4(pkt_push(p, IP4_BYTES), path, proto, len, id, frag);
}

static RARE void push6(struct net *net, struct pkt *p,
                       const struct ip_path *path, uint8_t next, uint32_t flow)
{
    uint32_t len = p->len;

    fill6(pkt_push(p, IP6_BYTES), net_nif(net, path->netif), path, next, len,
          flow);
}

/* The transport's header is pushed, and nothing else. */
static uint32_t slow_flow_label(const struct pkt *p, const struct ip_path *path,
                                uint8_t proto)
{
    static const uint8_t none[4];
    bool ports = proto == IPPROTO_TCP_ || proto == IPPROTO_UDP_;

    return flow_label(path, ports && p->hdr_len >= sizeof(none)
                                ? p->hdr + PKT_HDR_MAX - p->hdr_len
                                : none);
}

/* A new packet with bytes [at, at+n) of `p`'s header and fragments. */
static struct pkt *cut(struct net *net, const struct pkt *p, uint32_t at,
                       uint32_t n)
{
    struct pkt *out = net_pkt(net);
    uint32_t head = at < p->hdr_len ? p->hdr_len - at : 0;

    if (!out)
        return NULL;
    head = head < n ? head : n;
    if (head)
        memcpy(pkt_push(out, head), p->hdr + PKT_HDR_MAX - p->hdr_len + at,
               head);
    if (n > head && !pkt_add_range(out, p, at + head - p->hdr_len, n - head)) {
        net_drop(net, out, no_memory);
        return NULL;
    }
    return out;
}

/* RFC 791 3.2, RFC 8200 4.5.  A checksum must be complete by now: no device
 * finishes it over fragments. */
static void send_fragments(struct net *net, struct ip_path *path, uint8_t proto,
                           struct pkt *p, ns_t now)
{
    unsigned overhead = path->v4 ? IP4_BYTES : IP6_BYTES + IP6_FRAG_BYTES;
    uint32_t most = ((uint32_t)path->mtu - overhead) & ~7u;
    uint32_t id = path->v4 ? next_id(net, path, proto) : rng_u32(&net->rng);
    uint32_t flow = slow_flow_label(p, path, proto);

    if (p->len > (path->v4 ? IP4_PAYLOAD_MAX : IP6_PAYLOAD_MAX)) {
        net_drop(net, p, too_big);
        return;
    }
    net->count.fragmented++;
    for (uint32_t at = 0; at < p->len; at += most) {
        uint32_t n = p->len - at < most ? p->len - at : most;
        bool more = at + n < p->len;
        struct pkt *f = cut(net, p, at, n);

        if (!f)
            break; /* the rest is no use either */
        if (path->v4) {
            push4(f, path, proto, (uint16_t)id,
                  (uint16_t)(at / 8 | (more ? IP4_MF : 0)));
        } else {
            ip6_frag_emit(pkt_push(f, IP6_FRAG_BYTES), proto, (uint16_t)at,
                          more, id);
            push6(net, f, path, IP6_NH_FRAGMENT, flow);
        }
        link_send(net, path, f, now);
    }
    pkt_put(p);
}

static RARE void send_fully(struct net *net, struct ip_path *path,
                            uint8_t proto, struct pkt *p, ns_t now)
{
    uint32_t hdr = path->v4 ? IP4_BYTES : IP6_BYTES;

    if (path->gen != net->path_gen && ip_path_find(net, path)) {
        net_drop(net, p, no_route);
        return;
    }
    if (p->len + hdr > path->mtu && proto != IPPROTO_TCP_) {
        send_fragments(net, path, proto, p, now);
        return;
    }
    if (p->len > IP4_PAYLOAD_MAX) {
        net_drop(net, p, too_big);
        return;
    }
    if (path->v4) {
        net->count.datagrams__ip4_out++;
        if (may_not_be_cut(path, proto))
            push4(p, path, proto, 0, IP4_DF);
        else
            push4(p, path, proto, next_id(net, path, proto), 0);
    } else {
        net->count.datagrams__ip6_out++;
        push6(net, p, path, proto, slow_flow_label(p, path, proto));
    }
    p->csum_start = (uint16_t)(ETH_BYTES + hdr);
    p->gso_hdr = (uint16_t)(p->hdr_len + ETH_BYTES); /* of use with GSO only */
    link_send(net, path, p, now);
}

/* What nearly all is: a TCP segment on a path that holds.  Ethernet and IP
 * headers are written in one go. */
void ip_send(struct net *net, struct ip_path *path, uint8_t proto,
             struct pkt *p, ns_t now)
{
    struct neigh_slot *s = neigh_ready(&net->cache, path->neighbour, now);
    struct nif *nif;
    uint32_t len = p->len;
    unsigned hdr = path->v4 ? ETH_BYTES + IP4_BYTES : ETH_BYTES + IP6_BYTES;
    uint8_t *frame;

    if (path->gen != net->path_gen || !s || proto != IPPROTO_TCP_ ||
        len > IP4_PAYLOAD_MAX) {
        send_fully(net, path, proto, p, now);
        return;
    }
    s->used = now;
    nif = net_nif(net, path->netif);
    frame = pkt_push(p, hdr);
    memcpy(frame, s->n.eth, ETH_BYTES);
    p->csum_start = (uint16_t)hdr;
    p->gso_hdr = p->hdr_len; /* of use with GSO only */
    if (path->v4) {
        net->count.datagrams__ip4_out++;
        fill4(frame + ETH_BYTES, path, IPPROTO_TCP_, len, 0, IP4_DF);
    } else {
        net->count.datagrams__ip6_out++;
        fill6(frame + ETH_BYTES, nif, path, IPPROTO_TCP_, len,
              flow_label(path, frame + ETH_BYTES + IP6_BYTES));
    }
    link_queue(net, nif, p);
}
