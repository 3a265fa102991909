/* SPDX-License-Identifier: ISC */
/*
 * hook.c - what an application sees of a forwarded datagram, and changes in it
 * with all checksums following (RFC 1624).
 */
#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"
#include "../wire/icmp6.h"
#include "../wire/tcp.h"
#include "../wire/udp.h"

enum {
    WALK_BYTES = IP6_BYTES + IP6_EXT_BYTES_MAX + IP6_FRAG_BYTES,
    TCP_FLAGS_AT = 13,
    TCP_OPT_MSS_BYTES = 4
};

uint8_t *forward_bytes(struct pkt *p, uint32_t at, uint32_t n)
{
    if (at < p->hdr_len)
        return n <= p->hdr_len - at ? p->hdr + PKT_HDR_MAX - p->hdr_len + at
                                    : NULL;
    at -= p->hdr_len;
    for (unsigned i = 0; i < p->nfrags; i++) {
        if (at < p->frag[i].len)
            return n <= p->frag[i].len - at ? (uint8_t *)p->frag[i].p + at
                                            : NULL;
        at -= p->frag[i].len;
    }
    return NULL;
}

/* The transport's ports, flags, types, and its checksum. */
static void describe_l4(struct forward_pkt *f)
{
    uint8_t b[TCP_BYTES] = {0};
    uint32_t n = f->len - f->l4 < sizeof(b) ? f->len - f->l4 : sizeof(b);

    if (!pkt_copy(f->pkt, f->l3 + f->l4, b, n))
        return;
    if ((f->proto == IPPROTO_TCP_ || f->proto == IPPROTO_UDP_) && n >= 4) {
        f->has_ports = true;
        f->sport = be16(b);
        f->dport = be16(b + 2);
    }
    if (f->proto == IPPROTO_TCP_) {
        f->tcp_flags = b[TCP_FLAGS_AT];
        f->csum_at = n >= TCP_CSUM_AT + 2 ? f->l4 + TCP_CSUM_AT : 0;
    } else if (f->proto == IPPROTO_UDP_) {
        f->csum_at = n >= UDP_BYTES && be16(b + 6) ? f->l4 + 6 : 0;
    } else if (f->proto == (f->v4 ? IPPROTO_ICMP4 : IPPROTO_ICMP6) &&
               n >= ICMP_BYTES) {
        f->icmp_type = b[0];
        f->icmp_code = b[1];
        f->csum_at = f->l4 + 2;
        f->has_ports = f->v4 ? b[0] == ICMP4_ECHO || b[0] == ICMP4_ECHO_REPLY
                             : b[0] == ICMP6_ECHO || b[0] == ICMP6_ECHO_REPLY;
        if (f->has_ports)
            f->sport = f->dport = be16(b + 4);
    }
}

/* The extension headers, to the transport's.  What they ask for is the
 * destination's business (RFC 8200 4), and of routing headers RFC 5095 4.2
 * wants no more than type 0 to be stopped. */
static enum forward_known walk6(struct forward_pkt *f, bool *later)
{
    uint8_t room[WALK_BYTES];
    uint32_t n = f->len < sizeof(room) ? f->len : (uint32_t)sizeof(room);
    struct ip6_walk w = {.at = IP6_BYTES,
                         .next_at = 6,
                         .next = f->proto,
                         .hop_by_hop_ok = true,
                         .passing = true};
    const uint8_t *in =
        pkt_together(f->pkt, f->l3, n, (struct mspan){room, sizeof(room)});
    enum ip6_walk_end end =
        in ? ip6_walk(&w, (struct span){in, n}) : IP6_WALK_BAD;

    if (end == IP6_WALK_FRAGMENT) {
        f->fragment = w.frag_off > 0 || w.more;
        w.at += IP6_FRAG_BYTES;
        w.next = w.frag_next;
        w.hop_by_hop_ok = false;
        *later = w.frag_off > 0;
        end = *later ? IP6_WALK_UPPER : ip6_walk(&w, (struct span){in, n});
    }
    if (w.route_0)
        return FORWARD_SOURCE_ROUTE;
    if (end != IP6_WALK_UPPER)
        return FORWARD_OBSCURE;
    f->proto = w.next;
    f->l4 = w.at;
    return FORWARD_PLAIN;
}

enum forward_known forward_describe(struct forward_pkt *f,
                                    const struct ip_rx *rx)
{
    enum forward_known known = FORWARD_PLAIN;
    bool later = false;
    uint8_t frag[2] = {0};

    *f = (struct forward_pkt){.src = rx->src,
                              .dst = rx->dst,
                              .proto = rx->proto,
                              .ttl = rx->ttl,
                              .tos = rx->tos,
                              .in = rx->netif,
                              .v4 = rx->v4,
                              .len = rx->l4 - rx->l3 + rx->len,
                              .l4 = rx->l4 - rx->l3,
                              .pkt = rx->pkt,
                              .l3 = rx->l3};
    if (rx->v4 && pkt_copy(rx->pkt, rx->l3 + 6, frag, 2)) {
        f->fragment = be16(frag) & (IP4_MF | IP4_OFFSET);
        later = be16(frag) & IP4_OFFSET;
    } else if (!rx->v4) {
        known = walk6(f, &later);
    }
    if (known == FORWARD_PLAIN && !later)
        describe_l4(f);
    return known;
}

/* One's complement: what a sum over `from` must gain to be one over `to`. */
static uint16_t difference(const uint8_t *from, const uint8_t *to, uint32_t n)
{
    uint32_t d = (uint16_t)~csum_fold(csum_add(0, from, n, false));

    d += csum_fold(csum_add(0, to, n, false));
    return (uint16_t)((d & 0xffff) + (d >> 16));
}

/* A device is still to sum the transport's bytes: its field holds the sum of
 * the pseudo-header, not complemented. */
static bool is_partial(const struct forward_pkt *f)
{
    return f->pkt->flags & PKT_CSUM_PARTIAL && !f->outer &&
           f->pkt->csum_start == f->l3 + f->l4 &&
           f->pkt->csum_off == f->csum_at - f->l4;
}

static void store(struct pkt *p, uint32_t at, const uint8_t *from, uint32_t n)
{
    uint8_t *to = forward_bytes(p, at, n);

    if (to)
        memcpy(to, from, n);
    for (uint32_t i = 0; !to && i < n; i++)
        *forward_bytes(p, at + i, 1) = from[i]; /* the caller read them */
}

/* RFC 1624 3, eqn. 3.  A sum of 0 means "none" to UDP. */
static void follow(struct pkt *p, uint32_t at, uint16_t d, bool partial,
                   bool udp)
{
    uint8_t b[2];
    uint32_t sum;

    if (!pkt_copy(p, at, b, 2))
        return;
    sum = (partial ? be16(b) : (uint16_t)~be16(b)) + (uint32_t)d;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = partial ? sum : (uint16_t)~sum;
    put_be16(b, udp && !partial && sum == 0 ? 0xffff : (uint16_t)sum);
    store(p, at, b, 2);
}

/* Bytes and, when they are quoted, the sum over the quote. */
static void put(struct forward_pkt *f, uint32_t at, const uint8_t *from,
                const uint8_t *to, uint32_t n)
{
    store(f->pkt, f->l3 + at, to, n);
    if (f->outer)
        follow(f->pkt, f->outer, difference(from, to, n), false, false);
}

/* The checksum at `at` follows, and the sum over a quote follows that. */
static void follow_at(struct forward_pkt *f, uint32_t at, uint16_t d)
{
    bool l4 = at == f->csum_at;
    uint8_t was[2], is[2];

    if (!pkt_copy(f->pkt, f->l3 + at, was, 2))
        return;
    follow(f->pkt, f->l3 + at, d, l4 && is_partial(f),
           l4 && f->proto == IPPROTO_UDP_);
    if (f->outer && pkt_copy(f->pkt, f->l3 + at, is, 2))
        follow(f->pkt, f->outer, difference(was, is, 2), false, false);
}

enum part { NOWHERE, ADDRESSES, HEADER, BEHIND };

static enum part part_of(const struct forward_pkt *f, uint32_t at, uint32_t n)
{
    uint32_t first = f->v4 ? 12 : 8, end = f->v4 ? IP4_BYTES : IP6_BYTES;

    if (n == 0 || n > FORWARD_WRITE_MAX || at > f->len || n > f->len - at)
        return NOWHERE;
    if (at >= first && at + n <= end)
        return ADDRESSES;
    if (at + n <= first || (f->v4 && at >= end && at + n <= f->l4))
        return HEADER;
    /* What covers a later fragment's bytes is in the first one. */
    if (at >= (f->v4 ? f->l4 : end) && (!f->fragment || f->has_ports))
        return BEHIND;
    return NOWHERE;
}

bool forward_read(const struct forward_pkt *f, uint32_t at, void *out,
                  uint32_t n)
{
    return at <= f->len && n <= f->len - at &&
           pkt_copy(f->pkt, f->l3 + at, out, n);
}

bool forward_write(struct forward_pkt *f, uint32_t at, const void *bytes,
                   uint32_t n)
{
    uint8_t was[FORWARD_WRITE_MAX + 2] = {0}, is[FORWARD_WRITE_MAX + 2];
    enum part part = part_of(f, at, n);
    uint32_t low = at & ~1u, high = (at + n + 1) & ~1u, have;
    uint16_t d;

    if (part == NOWHERE)
        return false;
    have = (high < f->len ? high : f->len) - low;
    if (!pkt_copy(f->pkt, f->l3 + low, was, have))
        return false;
    memcpy(is, was, sizeof(is));
    memcpy(is + (at - low), bytes, n);
    d = difference(was, is, high - low);
    put(f, low, was, is, have);
    if (part != BEHIND && f->v4 && (high <= 10 || low >= 12))
        follow_at(f, 10, d);
    if (!f->csum_at || part == HEADER)
        return true;
    if (part == ADDRESSES ? f->proto != IPPROTO_ICMP4
                          : at >= f->l4 && !is_partial(f) &&
                                (high <= f->csum_at || low >= f->csum_at + 2))
        follow_at(f, f->csum_at, d);
    return true;
}

static bool set_end(struct forward_pkt *f, bool dst, const struct ipaddr *a,
                    uint16_t port)
{
    uint32_t at = f->v4 ? (dst ? 16 : 12) : (dst ? 24 : 8);
    bool icmp = f->proto == IPPROTO_ICMP4 || f->proto == IPPROTO_ICMP6;
    uint8_t b[2];

    if (ipaddr_is_v4(a) != f->v4 ||
        !forward_write(f, at, f->v4 ? a->b + 12 : a->b, f->v4 ? 4 : 16))
        return false;
    *(dst ? &f->dst : &f->src) = *a;
    if (!f->has_ports)
        return true;
    put_be16(b, port);
    if (!forward_write(f, f->l4 + (icmp ? 4 : dst ? 2 : 0), b, 2))
        return false;
    if (icmp)
        f->sport = f->dport = port;
    else
        *(dst ? &f->dport : &f->sport) = port;
    return true;
}

bool forward_set_src(struct forward_pkt *f, const struct ipaddr *a,
                     uint16_t port)
{
    return set_end(f, false, a, port);
}

bool forward_set_dst(struct forward_pkt *f, const struct ipaddr *a,
                     uint16_t port)
{
    return set_end(f, true, a, port);
}

bool forward_clamp_mss(struct forward_pkt *f, uint16_t mss)
{
    uint8_t tcp[TCP_HDR_MAX], low[2];
    uint32_t n = f->len - f->l4 < sizeof(tcp) ? f->len - f->l4 : sizeof(tcp);
    unsigned hdr = (f->v4 ? IP4_BYTES : IP6_BYTES) + TCP_BYTES;

    if (f->proto != IPPROTO_TCP_ || !f->csum_at || !(f->tcp_flags & TCP_SYN) ||
        !forward_read(f, f->l4, tcp, n))
        return false;
    if (mss == 0)
        mss = f->mtu > hdr ? (uint16_t)(f->mtu - hdr) : UINT16_MAX;
    if (n > (tcp[12] >> 4) * 4u)
        n = (tcp[12] >> 4) * 4u;
    put_be16(low, mss);
    for (uint32_t at = TCP_BYTES; at + 1 < n && tcp[at] != 0;) {
        if (tcp[at] == 1) {
            at++;
            continue;
        }
        if (tcp[at + 1] < 2 || tcp[at + 1] > n - at)
            return false;
        if (tcp[at] == 2 && tcp[at + 1] == TCP_OPT_MSS_BYTES)
            return be16(tcp + at + 2) > mss &&
                   forward_write(f, f->l4 + at + 2, low, 2);
        at += tcp[at + 1];
    }
    return false;
}

static bool is_error(const struct forward_pkt *f)
{
    if (!f->csum_at || f->outer)
        return false;
    if (f->v4)
        return f->proto == IPPROTO_ICMP4 && icmp4_is_error(f->icmp_type);
    return f->proto == IPPROTO_ICMP6 && icmp6_is_error(f->icmp_type);
}

bool forward_quoted(const struct forward_pkt *f, struct forward_pkt *q)
{
    uint8_t head[IP6_BYTES];
    uint32_t at = f->l4 + ICMP_BYTES;
    struct ip_rx rx = {.pkt = f->pkt, .l3 = f->l3 + at, .v4 = f->v4};
    struct ip4_hdr h4;
    struct ip6_hdr h6;

    if (!is_error(f) || is_partial(f) ||
        !forward_read(f, at, head, f->v4 ? IP4_BYTES : IP6_BYTES))
        return false;
    rx.netif = f->in;
    if (f->v4) {
        head[0] = (uint8_t)((head[0] & 0xf0) | 5); /* options: see below */
        if (!ip4_parse(&h4, (struct span){head, IP4_BYTES}) ||
            !forward_read(f, at, head, 1) || (head[0] & 15) < 5)
            return false;
        rx.src = ip4_addr(h4.src);
        rx.dst = ip4_addr(h4.dst);
        rx.proto = h4.proto;
        rx.l4 = rx.l3 + (head[0] & 15) * 4u;
    } else {
        if (!ip6_parse(&h6, (struct span){head, IP6_BYTES}))
            return false;
        rx.src = h6.src;
        rx.dst = h6.dst;
        rx.proto = h6.next;
        rx.l4 = rx.l3 + IP6_BYTES;
    }
    if (rx.l4 > f->l3 + f->len)
        return false;
    rx.len = f->l3 + f->len - rx.l4;
    if (forward_describe(q, &rx) != FORWARD_PLAIN)
        return false;
    q->outer = f->l3 + f->csum_at;
    return q->has_ports;
}
