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

uint64_t ip_pseudo_sum(const struct ipaddr *src, const struct ipaddr *dst,
                       bool v4, uint8_t proto, uint32_t len)
{
    uint8_t tail[8];
    uint64_t sum;

    put_be32(tail, len);
    put_be32(tail + 4, proto);
    sum = csum_add(0, tail, sizeof(tail), false);
    if (v4) {
        sum = csum_add(sum, src->b + 12, 4, false);
        return csum_add(sum, dst->b + 12, 4, false);
    }
    sum = csum_add(sum, src->b, 16, false);
    return csum_add(sum, dst->b, 16, false);
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

/* An atomic datagram that nobody may fragment needs no identification: RFC
 * 6864 4.1.  Only TCP looks for the path's MTU by forbidding fragments. */
static void push4(struct pkt *p, const struct ip_path *path, uint8_t proto,
                  uint16_t id, uint16_t frag)
{
    uint32_t len = p->len + IP4_BYTES;

    ip4_emit(pkt_push(p, IP4_BYTES),
             &(struct ip4_hdr){.src = ip4_of(&path->src),
                               .dst = ip4_of(&path->dst),
                               .total_len = (uint16_t)len,
                               .id = id,
                               .frag = frag,
                               .tos = path->tos,
                               .ttl = path->ttl ? path->ttl : TTL_DEFAULT,
                               .proto = proto});
}

static void push6(struct net *net, struct pkt *p, const struct ip_path *path,
                  uint8_t next)
{
    uint8_t hops = net_nif(net, path->netif)->hop_limit6;
    uint32_t len = p->len; /* before the header is pushed */

    ip6_emit(pkt_push(p, IP6_BYTES),
             &(struct ip6_hdr){.src = path->src,
                               .dst = path->dst,
                               .payload_len = (uint16_t)len,
                               .next = next,
                               .hop_limit = path->ttl ? path->ttl : hops,
                               .tclass = path->tos});
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
            push6(net, f, path, IP6_NH_FRAGMENT);
        }
        link_send(net, path, f, now);
    }
    pkt_put(p);
}

static bool too_large(const struct ip_path *path, uint8_t proto,
                      const struct pkt *p)
{
    uint32_t hdr = path->v4 ? IP4_BYTES : IP6_BYTES;

    return proto != IPPROTO_TCP_ && p->len + hdr > path->mtu;
}

void ip_send(struct net *net, struct ip_path *path, uint8_t proto,
             struct pkt *p, ns_t now)
{
    if (path->gen != net->path_gen && ip_path_find(net, path)) {
        net_drop(net, p, no_route);
        return;
    }
    if (p->len > (path->v4 ? IP4_PAYLOAD_MAX : IP6_PAYLOAD_MAX)) {
        net_drop(net, p, too_big);
        return;
    }
    if (too_large(path, proto, p)) {
        send_fragments(net, path, proto, p, now);
        return;
    }
    if (path->v4) {
        net->count.datagrams__ip4_out++;
        push4(p, path, proto,
              proto == IPPROTO_TCP_ ? 0 : next_id(net, path, proto),
              proto == IPPROTO_TCP_ ? IP4_DF : 0);
        p->csum_start = ETH_BYTES + IP4_BYTES;
    } else {
        net->count.datagrams__ip6_out++;
        push6(net, p, path, proto);
        p->csum_start = ETH_BYTES + IP6_BYTES;
    }
    if (p->flags & (PKT_GSO4 | PKT_GSO6))
        p->gso_hdr = (uint16_t)(p->hdr_len + ETH_BYTES);
    link_send(net, path, p, now);
}
