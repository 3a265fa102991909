/* SPDX-License-Identifier: ISC */
/*
 * emit.c - a forwarded datagram as the next link wants it: checksums completed
 * and merged segments cut where the NIC does not, fragments of what is too
 * large; and the reset in the name of its destination.
 */
#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"
#include "../wire/icmp6.h"
#include "../wire/tcp.h"

enum {
    HEADERS_MAX = IP4_HDR_MAX + TCP_HDR_MAX, /* more than IPv6 with TCP has */
    PIECES_MAX = 64, /* of a merged segment: beyond, it is dropped */
    OPTION_COPIED = 0x80
};

static unsigned tcp_bytes_of(const struct ip_rx *rx)
{
    uint8_t b;

    if (rx->proto != IPPROTO_TCP_ || rx->len < TCP_BYTES ||
        !pkt_copy(rx->pkt, rx->l4 + 12, &b, 1) || (b >> 4) * 4u < TCP_BYTES ||
        (b >> 4) * 4u > rx->len)
        return 0;
    return (b >> 4) * 4u;
}

static bool is_merged(const struct pkt *p)
{
    return p->flags & (PKT_GSO4 | PKT_GSO6);
}

uint32_t forward_needs(const struct ip_rx *rx)
{
    const struct pkt *p = rx->pkt;
    uint32_t whole = rx->l4 + rx->len, tcp;

    if (!is_merged(p))
        return whole;
    tcp = tcp_bytes_of(rx);
    if (!tcp || p->gso_size == 0 || rx->l4 + tcp > HEADERS_MAX ||
        !(p->flags & PKT_GSO4) == rx->v4 ||
        (rx->len - tcp) / p->gso_size >= PIECES_MAX ||
        (rx->v4 && be16(p->frag[0].p + 6) & (IP4_MF | IP4_OFFSET)))
        return 0;
    return rx->l4 + tcp + p->gso_size < whole ? rx->l4 + tcp + p->gso_size
                                              : whole;
}

/* The checksum that nobody has computed so far.  False: what is said of it
 * cannot be. */
static bool complete(struct pkt *p)
{
    uint32_t from = p->csum_start, at = from + p->csum_off;
    uint8_t *field;
    uint16_t sum;

    if (!(p->flags & PKT_CSUM_PARTIAL))
        return true;
    p->flags = (uint16_t)(p->flags & ~PKT_CSUM_PARTIAL);
    if (at + 2 > p->len || !(field = forward_bytes(p, at, 2)))
        return false;
    sum = (uint16_t)~csum_fold(pkt_sum(p, from, p->len - from, 0));
    /* 0 would mean "none" to UDP, and means the same as this to all. */
    put_be16(field, sum ? sum : 0xffff);
    return true;
}

static void send(struct net *net, struct ip_path *way, const struct ip_rx *rx,
                 struct pkt *p, ns_t now)
{
    p->flags = (uint16_t)((p->flags & ~PKT_CSUM_GOOD) | PKT_FORWARDED);
    p->netif = rx->netif;
    p->csum_start = (uint16_t)(p->csum_start + ETH_BYTES);
    link_send(net, way, p, now);
}

/* The options that each fragment has to carry: RFC 791 3.1.  Returns the bytes
 * of header that follow the first 20. */
static unsigned copied_options(uint8_t *out, const uint8_t *in, unsigned n)
{
    unsigned to = 0;

    for (unsigned i = 0; i < n && in[i] != 0;) {
        unsigned len = in[i] == 1 || i + 1 >= n ? 1 : in[i + 1];

        if (len < 1 || len > n - i)
            break; /* input has refused such */
        if (in[i] & OPTION_COPIED) {
            memcpy(out + to, in + i, len);
            to += len;
        }
        i += len;
    }
    while (to % 4)
        out[to++] = 0;
    return to;
}

static void put_ip4(uint8_t *ip, unsigned hdr, uint32_t payload, uint16_t frag)
{
    uint16_t sum;

    ip[0] = (uint8_t)(0x40 | hdr / 4);
    put_be16(ip + 2, (uint16_t)(hdr + payload));
    put_be16(ip + 6, frag);
    put_be16(ip + 10, 0);
    sum = (uint16_t)~ip4_fold(ip4_add_words(ip, hdr));
    memcpy(ip + 10, &sum, 2);
}

/* RFC 791 3.2, RFC 1812 5.2.6; a fragment may be cut again.  rx->pkt is put. */
static void fragment(struct net *net, struct ip_path *way, struct ip_rx *rx,
                     ns_t now)
{
    uint8_t first[IP4_HDR_MAX], rest[IP4_HDR_MAX];
    unsigned hdr = rx->l4, hdr2;
    uint16_t frag;

    if (!complete(rx->pkt) || !pkt_copy(rx->pkt, 0, first, hdr)) {
        net_drop(net, rx->pkt, forward_bad);
        return;
    }
    frag = be16(first + 6);
    memcpy(rest, first, IP4_BYTES);
    hdr2 = IP4_BYTES +
           copied_options(rest + IP4_BYTES, first + IP4_BYTES, hdr - IP4_BYTES);
    net->count.fragmented++;
    for (uint32_t at = 0, n; at < rx->len; at += n) {
        unsigned h = at ? hdr2 : hdr;
        uint8_t *ip = at ? rest : first;
        bool last;
        struct pkt *p = net_pkt(net);

        n = (way->mtu - h) & ~7u; /* no link takes less than 68: RFC 791 */
        last = n >= rx->len - at;
        n = last ? rx->len - at : n;
        put_ip4(ip, h, n,
                (uint16_t)(((frag & (IP4_OFFSET | IP4_MF)) + at / 8) |
                           (last ? 0 : IP4_MF)));
        if (!p)
            break;
        memcpy(pkt_push(p, h), ip, h);
        if (!pkt_add_range(p, rx->pkt, hdr + at, n)) {
            net_drop(net, p, no_memory);
            break;
        }
        send(net, way, rx, p, now);
    }
    pkt_put(rx->pkt);
}

/* One packet whole, or in fragments; its offload is arranged. */
static void send_or_fragment(struct net *net, struct ip_path *way,
                             struct ip_rx *rx, ns_t now)
{
    if (rx->v4 && rx->l4 + rx->len > way->mtu && !is_merged(rx->pkt))
        fragment(net, way, rx, now);
    else
        send(net, way, rx, rx->pkt, now);
}

/* The headers of one segment of a merged one, `at` bytes of payload on. */
static void segment_headers(uint8_t *h, const struct ip_rx *rx, unsigned tcp,
                            uint32_t at, uint32_t n, bool last)
{
    uint8_t *t = h + rx->l4;
    uint32_t len = tcp + n;
    uint64_t sum;

    put_be32(t + 4, be32(t + 4) + at);
    if (at > 0)
        t[13] &= 0x7f; /* CWR: RFC 3168 6.1.2, once is enough */
    if (!last)
        t[13] = (uint8_t)(t[13] & ~(TCP_FIN | TCP_PSH));
    sum = ip_pseudo_sum(&rx->src, &rx->dst, rx->v4, IPPROTO_TCP_, len);
    put_be16(t + TCP_CSUM_AT, csum_fold(sum));
    if (rx->v4) {
        put_be16(h + 4, (uint16_t)(be16(h + 4) + at / rx->pkt->gso_size));
        put_ip4(h, rx->l4, len, be16(h + 6));
    } else {
        put_be16(h + 4, (uint16_t)(rx->l4 - IP6_BYTES + len));
    }
}

/* What a NIC with TSO would have done.  rx->pkt is put. */
static void cut_up(struct net *net, struct ip_path *way, struct ip_rx *rx,
                   unsigned tcp, ns_t now)
{
    const struct netif *dev = net_nif(net, way->netif)->dev;
    uint32_t total = rx->len - tcp, size = rx->pkt->gso_size;
    uint8_t headers[HEADERS_MAX], h[HEADERS_MAX];

    if (!pkt_copy(rx->pkt, 0, headers, rx->l4 + tcp)) {
        net_drop(net, rx->pkt, forward_bad);
        return;
    }
    for (uint32_t at = 0; at < total; at += size) {
        uint32_t n = total - at < size ? total - at : size;
        struct ip_rx one = *rx;

        if (!(one.pkt = net_pkt(net)))
            break;
        memcpy(h, headers, rx->l4 + tcp);
        segment_headers(h, rx, tcp, at, n, at + n == total);
        one.len = tcp + n;
        one.pkt->flags = PKT_CSUM_PARTIAL;
        one.pkt->csum_start = (uint16_t)rx->l4;
        one.pkt->csum_off = TCP_CSUM_AT;
        if (!net_pkt_append(net, one.pkt, h, rx->l4 + tcp) ||
            !pkt_add_range(one.pkt, rx->pkt, rx->l4 + tcp + at, n) ||
            (!(dev->caps & NETIF_TX_CSUM) && !complete(one.pkt))) {
            net_drop(net, one.pkt, no_memory);
            break;
        }
        send_or_fragment(net, way, &one, now);
    }
    pkt_put(rx->pkt);
}

/* A merged segment that the NIC will cut again. */
static void send_merged(struct net *net, struct ip_path *way, struct ip_rx *rx,
                        unsigned tcp, ns_t now)
{
    struct pkt *p = rx->pkt;
    uint8_t *field = forward_bytes(p, rx->l4 + TCP_CSUM_AT, 2);
    uint64_t sum =
        ip_pseudo_sum(&rx->src, &rx->dst, rx->v4, IPPROTO_TCP_, rx->len);

    if (!field) {
        net_drop(net, p, forward_bad);
        return;
    }
    put_be16(field, csum_fold(sum));
    p->flags |= PKT_CSUM_PARTIAL;
    p->csum_start = (uint16_t)rx->l4;
    p->csum_off = TCP_CSUM_AT;
    p->gso_hdr = (uint16_t)(ETH_BYTES + rx->l4 + tcp);
    send(net, way, rx, p, now);
}

void forward_emit(struct net *net, struct ip_path *way, struct ip_rx *rx,
                  ns_t now)
{
    const struct netif *dev = net_nif(net, way->netif)->dev;
    uint32_t tso = rx->v4 ? NETIF_TSO4 : NETIF_TSO6;
    struct pkt *p = rx->pkt;

    if (is_merged(p)) {
        unsigned tcp = tcp_bytes_of(rx);

        if (dev->caps & NETIF_TX_CSUM && dev->caps & tso &&
            rx->len - tcp <= dev->tso_max && forward_needs(rx) <= way->mtu)
            send_merged(net, way, rx, tcp, now);
        else
            cut_up(net, way, rx, tcp, now);
        return;
    }
    if (p->flags & PKT_CSUM_PARTIAL &&
        (!(dev->caps & NETIF_TX_CSUM) || p->csum_start < rx->l4 ||
         p->csum_start + p->csum_off + 2u > p->len) &&
        !complete(p)) {
        net_drop(net, p, forward_bad);
        return;
    }
    send_or_fragment(net, way, rx, now);
}

/* RFC 9293 3.10.7.1, as if nobody listened there. */
void forward_reset(struct net *net, const struct ip_rx *rx, ns_t now)
{
    uint8_t in[TCP_HDR_MAX], *out;
    uint32_t n = rx->len < sizeof(in) ? rx->len : (uint32_t)sizeof(in);
    struct tcp_seg rst = {.flags = TCP_RST};
    struct tcp_hdr h;
    struct ip_path way;
    struct pkt *p;

    if (!pkt_copy(rx->pkt, rx->l4, in, n) ||
        !tcp_parse(&h, (struct span){in, n}, rx->len) ||
        h.seg.flags & TCP_RST || !icmp_may_send(net, now) ||
        !forward_way(net, &way, &rx->src) || !(p = net_pkt(net)))
        return;
    if (h.seg.flags & TCP_ACK) {
        rst.seq = h.seg.ack;
    } else {
        rst.flags |= TCP_ACK;
        rst.ack = h.seg.seq + h.seg.len + !!(h.seg.flags & TCP_SYN) +
                  !!(h.seg.flags & TCP_FIN);
    }
    way.src = rx->dst;
    out = pkt_push(p, TCP_BYTES);
    tcp_emit(out, TCP_BYTES, h.dst, h.src, &rst);
    put_be16(out + TCP_CSUM_AT, (uint16_t)~csum_fold(csum_add(
                                    ip_pseudo_sum(&way.src, &way.dst, way.v4,
                                                  IPPROTO_TCP_, TCP_BYTES),
                                    out, TCP_BYTES, false)));
    ip_send(net, &way, IPPROTO_TCP_, p, now);
}
