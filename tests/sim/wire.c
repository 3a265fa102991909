/* SPDX-License-Identifier: ISC */
/*
 * wire.c - an independent reading of frames, and a NIC's segmentation.
 */
#include "wire.h"

#include <base/bytes.h>

enum {
    ETH_ARP = 0x0806,
    ETH_IP4 = 0x0800,
    ETH_IP6 = 0x86dd,
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_CWR = 0x80,
    EXT_MAX = 4 /* IPv6 extension headers; nobody here sends more */
};

/* The plain sum of RFC 1071, byte by byte: slow and obvious. */
static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum += (uint32_t)(i & 1 ? p[i] : p[i] << 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static bool zero(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i])
            return false;
    return true;
}

struct l4 {
    struct span src, dst, body;
    uint8_t proto;
};

static uint32_t pseudo(const struct l4 *d)
{
    uint32_t sum = sum16(0, d->src.p, d->src.n);

    sum = sum16(sum, d->dst.p, d->dst.n);
    return sum16(sum + d->proto + (uint32_t)d->body.n, NULL, 0);
}

static bool sums_up(const struct l4 *d)
{
    return sum16(pseudo(d), d->body.p, d->body.n) == 0xffff;
}

static const char *tcp_fault(const struct l4 *d)
{
    const uint8_t *p = d->body.p;
    size_t header = d->body.n >= 20 ? (size_t)(p[12] >> 4) * 4 : 0;

    if (header < 20 || header > d->body.n)
        return "TCP header length";
    if (!sums_up(d))
        return "TCP checksum";
    if ((p[13] & TCP_SYN && p[13] & (TCP_FIN | TCP_RST)) ||
        (p[13] & TCP_RST && p[13] & TCP_FIN))
        return "TCP flags that exclude each other";
    if (be16(p) == 0 || be16(p + 2) == 0)
        return "TCP port 0";
    return NULL;
}

static const char *udp_fault(const struct l4 *d)
{
    if (d->body.n < 8 || be16(d->body.p + 4) != d->body.n)
        return "UDP length";
    if (be16(d->body.p + 6) == 0)
        return d->src.n == 4 ? NULL : "UDP over IPv6 without a checksum";
    return sums_up(d) ? NULL : "UDP checksum";
}

static const char *l4_fault(const struct l4 *d)
{
    bool v4 = d->src.n == 4;

    if (d->proto == 6)
        return tcp_fault(d);
    if (d->proto == 17)
        return udp_fault(d);
    if (d->proto == 58 && !v4)
        return d->body.n >= 8 && sums_up(d) ? NULL : "ICMPv6 checksum";
    if ((d->proto == 1 || d->proto == 2) && v4) /* ICMP, IGMP */
        return d->body.n >= 8 && sum16(0, d->body.p, d->body.n) == 0xffff
                   ? NULL
                   : "ICMP or IGMP checksum";
    return "unknown protocol";
}

static const char *ip4_fault(struct span in)
{
    size_t header = in.n >= 20 ? (size_t)(in.p[0] & 15) * 4 : 0;
    size_t total = in.n >= 20 ? be16(in.p + 2) : 0;
    struct l4 d;

    if (header < 20 || in.p[0] >> 4 != 4 || total < header || total > in.n)
        return "IPv4 length";
    if (sum16(0, in.p, header) != 0xffff)
        return "IPv4 checksum";
    if (in.p[8] == 0)
        return "IPv4 TTL 0";
    if (!zero((struct span){in.p + total, in.n - total}))
        return "padding that is not zero";
    if (be16(in.p + 6) & 0x3fff)
        return NULL; /* a fragment: nothing behind it can be checked alone */
    d = (struct l4){{in.p + 12, 4},
                    {in.p + 16, 4},
                    {in.p + header, total - header},
                    in.p[9]};
    return l4_fault(&d);
}

static const char *ip6_fault(struct span in)
{
    size_t total = in.n >= 40 ? (size_t)be16(in.p + 4) + 40 : 0;
    size_t at = 40;
    uint8_t next = in.n >= 40 ? in.p[6] : 0;
    struct l4 d;

    if (total < 40 || in.p[0] >> 4 != 6 || total > in.n)
        return "IPv6 length";
    if (in.p[7] == 0)
        return "IPv6 hop limit 0";
    if (!zero((struct span){in.p + total, in.n - total}))
        return "padding that is not zero";
    for (unsigned i = 0; next == 0 || next == 60 || next == 44; i++) {
        if (i == EXT_MAX || total - at < 8)
            return "IPv6 extension headers";
        if (next == 44 && be16(in.p + at + 2) & 0xfff9)
            return NULL; /* a fragment */
        next = in.p[at];
        at += next == 44 ? 8 : 8 + (size_t)in.p[at + 1] * 8;
        if (at > total)
            return "IPv6 extension headers";
    }
    d = (struct l4){
        {in.p + 8, 16}, {in.p + 24, 16}, {in.p + at, total - at}, next};
    return l4_fault(&d);
}

static const char *arp_fault(struct span in, const uint8_t *eth_src)
{
    if (in.n < 28 || be16(in.p) != 1 || be16(in.p + 2) != ETH_IP4 ||
        in.p[4] != 6 || in.p[5] != 4)
        return "ARP header";
    if (memcmp(in.p + 8, eth_src, 6) != 0)
        return "ARP for another sender";
    return zero((struct span){in.p + 28, in.n - 28})
               ? NULL
               : "padding that is not zero";
}

const char *wire_fault(struct span frame, uint32_t mtu)
{
    struct span in = {frame.p + WIRE_ETH_BYTES, frame.n - WIRE_ETH_BYTES};

    if (frame.n < WIRE_ETH_BYTES)
        return "a frame without a header";
    if (in.n > mtu)
        return "a frame over the MTU";
    if (frame.p[6] & 1)
        return "a multicast sender";
    switch (be16(frame.p + 12)) {
    case ETH_ARP:
        return arp_fault(in, frame.p + 6);
    case ETH_IP4:
        return ip4_fault(in);
    case ETH_IP6:
        return ip6_fault(in);
    default:
        return "unknown ethertype";
    }
}

/* Fill in the checksum of the TCP segment at `at` of a whole frame. */
static void sum_segment(uint8_t *frame, size_t n, size_t at, bool v4)
{
    struct l4 d = {{frame + (v4 ? 26 : 22), v4 ? 4 : 16},
                   {frame + (v4 ? 30 : 38), v4 ? 4 : 16},
                   {frame + at, n - at},
                   6};

    put_be16(frame + at + 16, 0);
    put_be16(frame + at + 16, (uint16_t)~sum16(pseudo(&d), d.body.p, d.body.n));
}

static void fix_headers(uint8_t *frame, size_t n, size_t l4, bool v4,
                        uint32_t index)
{
    uint8_t *ip = frame + WIRE_ETH_BYTES;

    if (!v4) {
        put_be16(ip + 4, (uint16_t)(n - WIRE_ETH_BYTES - 40));
        return;
    }
    put_be16(ip + 2, (uint16_t)(n - WIRE_ETH_BYTES));
    put_be16(ip + 4, (uint16_t)(be16(ip + 4) + index));
    put_be16(ip + 10, 0);
    put_be16(ip + 10, (uint16_t)~sum16(0, ip, l4 - WIRE_ETH_BYTES));
}

static const char *cut_gso(const struct pkt *p, struct span whole,
                           void (*emit)(struct span, void *), void *user)
{
    static uint8_t frame[WIRE_FRAME_MAX];
    bool v4 = p->flags & PKT_GSO4;
    size_t head = p->gso_hdr, l4 = p->csum_start;
    uint32_t index = 0;

    if (p->gso_size == 0 || l4 + 20 > head || head > whole.n ||
        head != l4 + (size_t)(whole.p[l4 + 12] >> 4) * 4 ||
        !(p->flags & PKT_CSUM_PARTIAL) || p->csum_off != 16)
        return "a GSO packet that contradicts itself";
    for (size_t off = head; off < whole.n; off += p->gso_size, index++) {
        size_t part = whole.n - off < p->gso_size ? whole.n - off : p->gso_size;

        memcpy(frame, whole.p, head);
        memcpy(frame + head, whole.p + off, part);
        put_be32(frame + l4 + 4,
                 be32(whole.p + l4 + 4) + (uint32_t)(off - head));
        if (off + part < whole.n)
            frame[l4 + 13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
        if (index > 0)
            frame[l4 + 13] &= (uint8_t)~TCP_CWR;
        fix_headers(frame, head + part, l4, v4, index);
        sum_segment(frame, head + part, l4, v4);
        emit((struct span){frame, head + part}, user);
    }
    return index > 0 ? NULL : "a GSO packet without payload";
}

const char *wire_cut(const struct pkt *p,
                     void (*emit)(struct span frame, void *user), void *user)
{
    static uint8_t whole[WIRE_FRAME_MAX];
    uint16_t sum;

    if (p->len > sizeof(whole) || !pkt_copy(p, 0, whole, p->len))
        return "a packet whose length is not that of its parts";
    if (p->flags & (PKT_GSO4 | PKT_GSO6))
        return cut_gso(p, (struct span){whole, p->len}, emit, user);
    if (p->flags & PKT_CSUM_PARTIAL) {
        if ((uint32_t)p->csum_start + p->csum_off + 2 > p->len)
            return "a checksum outside of the packet";
        sum =
            (uint16_t)~sum16(0, whole + p->csum_start, p->len - p->csum_start);
        put_be16(whole + p->csum_start + p->csum_off, sum ? sum : 0xffff);
    }
    emit((struct span){whole, p->len}, user);
    return NULL;
}
