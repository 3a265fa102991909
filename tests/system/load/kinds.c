/* SPDX-License-Identifier: ISC */
/*
 * kinds.c - the kinds of traffic that flood.c can send, one function each.
 */
#include "wire.h"

#include <string.h>

static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};

static size_t tcp_header(struct aim *a, uint8_t *p, unsigned flags, size_t n)
{
    put16(p, 1024 + below(&a->dice, 60000));
    put16(p + 2, a->port ? a->port : below(&a->dice, 65535) + 1);
    put32(p + 4, (uint32_t)roll(&a->dice));
    put32(p + 8, flags & 0x10 ? (uint32_t)roll(&a->dice) : 0);
    put16(p + 12, (unsigned)(n / 4 << 12) | flags);
    put16(p + 14, 64240);
    put32(p + 16, 0);
    return n;
}

/* As Linux asks: MSS, SACK, timestamps, window scale. */
static size_t syn(struct aim *a, uint8_t *frame)
{
    static const uint8_t options[20] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
                                        1, 1, 0, 0,   0, 0, 1, 3,  3, 7};
    struct ip src = ip_of(&a->from, &a->dice);
    uint8_t *p = ip_payload(frame, &a->to);

    tcp_header(a, p, 0x02, 40);
    memcpy(p + 20, options, 20);
    tcp_wrap(p, &src, &a->to, 40);
    return ip_wrap(a, frame, &src, &a->to, PROTO_TCP, 64, 40);
}

/* ACKs out of nowhere, each of which might carry a cookie. */
static size_t ack(struct aim *a, uint8_t *frame)
{
    struct ip src = ip_of(&a->from, &a->dice);
    uint8_t *p = ip_payload(frame, &a->to);

    tcp_header(a, p, 0x10, 20);
    tcp_wrap(p, &src, &a->to, 20);
    return ip_wrap(a, frame, &src, &a->to, PROTO_TCP, 64, 20);
}

static size_t udp(struct aim *a, uint8_t *frame)
{
    struct ip src = ip_of(&a->from, &a->dice);
    uint8_t *p = ip_payload(frame, &a->to);
    size_t n = 8 + (a->size ? a->size : 18);

    put16(p, 1024 + below(&a->dice, 60000));
    put16(p + 2, a->port ? a->port : 20000 + below(&a->dice, 40000));
    memset(p + 8, 0x55, n - 8);
    udp_wrap(p, &src, &a->to, n);
    return ip_wrap(a, frame, &src, &a->to, PROTO_UDP, 64, n);
}

/* Requests for the victim's address, of stations that do not exist. */
static size_t arp(struct aim *a, uint8_t *frame)
{
    struct ip src = ip_of(&a->from, &a->dice);
    uint8_t mac[6], *p = frame + ETH_BYTES;
    bool reply = a->count % 4 == 3;

    fill(&a->dice, mac, 6);
    mac[0] = 2;
    put16(p, 1);
    put16(p + 2, 0x0800);
    put16(p + 4, 0x0604);
    put16(p + 6, reply ? 2 : 1);
    memcpy(p + 8, mac, 6);
    memcpy(p + 14, src.b, 4);
    memset(p + 18, 0, 6);
    memcpy(p + 24, a->to.b, 4);
    return eth_wrap(frame, reply ? a->to_mac : broadcast, mac, 0x0806, 28);
}

static size_t icmp6(struct aim *a, uint8_t *frame, const uint8_t to_mac[6],
                    const uint8_t mac[6], const struct ip *src,
                    const struct ip *dst, size_t n)
{
    size_t length;

    icmp_wrap(ip_payload(frame, dst), src, dst, n);
    length = ip_wrap(a, frame, src, dst, PROTO_ICMP6, 255, n);
    eth_wrap(frame, to_mac, mac, 0x86dd, 0);
    return length;
}

static void strange_mac(struct aim *a, uint8_t mac[6])
{
    fill(&a->dice, mac, 6);
    mac[0] = 2;
}

static size_t lladdr_option(uint8_t *p, unsigned type, const uint8_t mac[6])
{
    p[0] = (uint8_t)type;
    p[1] = 1;
    memcpy(p + 2, mac, 6);
    return 8;
}

static size_t solicit(struct aim *a, uint8_t *frame)
{
    struct ip src = ip_of(&a->from, &a->dice);
    uint8_t mac[6], *p = ip_payload(frame, &a->to);

    strange_mac(a, mac);
    memset(p, 0, 8);
    p[0] = 135;
    memcpy(p + 8, a->to.b, 16);
    lladdr_option(p + 24, 1, mac);
    return icmp6(a, frame, a->to_mac, mac, &src, &a->to, 32);
}

static size_t advert(struct aim *a, uint8_t *frame)
{
    struct ip src = ip_of(&a->from, &a->dice);
    uint8_t mac[6], *p = ip_payload(frame, &a->to);

    strange_mac(a, mac);
    memset(p, 0, 8);
    p[0] = 136;
    p[4] = a->count % 2 ? 0x60 : 0x20; /* override, half of them solicited */
    memcpy(p + 8, src.b, 16);
    lladdr_option(p + 24, 2, mac);
    return icmp6(a, frame, a->to_mac, mac, &src, &a->to, 32);
}

/* Routers by the thousand, each with a prefix, a route and a server. */
static size_t router(struct aim *a, uint8_t *frame)
{
    static const struct ip link = {{0xfe, 0x80}, 16, 64};
    static const struct ip all = {{0xff, 0x02, [15] = 1}, .n = 16, .bits = 128};
    struct ip src = ip_of(&link, &a->dice), prefix = ip_of(&a->from, &a->dice);
    uint8_t mac[6], *p = ip_payload(frame, &a->to), *o = p + 16;

    strange_mac(a, mac);
    memset(p, 0, 16 + 8 + 32 + 24 + 24);
    p[0] = 134;
    p[4] = 64;
    put16(p + 6, 600);
    o += lladdr_option(o, 1, mac);
    o[0] = 3;
    o[1] = 4;
    o[2] = 64;
    o[3] = 0xc0;
    put32(o + 4, 600);
    put32(o + 8, 300);
    memcpy(o + 16, prefix.b, 8);
    o += 32;
    o[0] = 24;
    o[1] = 3;
    o[2] = 64;
    put32(o + 4, 600);
    fill(&a->dice, o + 8, 8);
    o += 24;
    o[0] = 25;
    o[1] = 3;
    put32(o + 4, 600);
    memcpy(o + 8, src.b, 16);
    return icmp6(a, frame, all_nodes_mac, mac, &src, &all, 16 + 8 + 32 + 48);
}

static size_t icmp_out(struct aim *a, uint8_t *frame, const struct ip *src,
                       size_t n)
{
    icmp_wrap(ip_payload(frame, &a->to), src, &a->to, n);
    return ip_wrap(a, frame, src, &a->to,
                   a->to.n == 4 ? PROTO_ICMP : PROTO_ICMP6, 64, n);
}

static size_t echo(struct aim *a, uint8_t *frame)
{
    struct ip src = ip_of(&a->from, &a->dice);
    uint8_t *p = ip_payload(frame, &a->to);
    size_t n = 8 + (a->size ? a->size : 56);

    memset(p, 0, n);
    p[0] = a->to.n == 4 ? 8 : 128;
    put32(p + 4, (uint32_t)roll(&a->dice));
    return icmp_out(a, frame, &src, n);
}

/* Errors of every kind about segments that were never sent. */
static size_t icmp_error(struct aim *a, uint8_t *frame)
{
    static const uint8_t kind4[4][2] = {{3, 4}, {3, 3}, {11, 0}, {5, 1}};
    static const uint8_t kind6[4][2] = {{2, 0}, {1, 4}, {3, 0}, {4, 1}};
    struct ip src = ip_of(&a->from, &a->dice), far = ip_of(&a->from, &a->dice);
    uint8_t *p = ip_payload(frame, &a->to), quoted[FRAME_BYTES];
    const uint8_t *kind =
        a->to.n == 4 ? kind4[a->count % 4] : kind6[a->count % 4];
    size_t n = ip_bytes(&a->to) + 20;

    tcp_header(a, ip_payload(quoted, &far), 0x10, 20);
    if (a->port)
        put16(ip_payload(quoted, &far), a->port);
    ip_wrap(a, quoted, &a->to, &far, PROTO_TCP, 64, 20);
    p[0] = kind[0];
    p[1] = kind[1];
    put32(p + 4, 1280);
    memcpy(p + 8, quoted + ETH_BYTES, n);
    return icmp_out(a, frame, &src, 8 + n);
}

/* `n` bytes at `at`, of a datagram `id`; both a multiple of eight but for the
 * last piece. */
static size_t fragment(struct aim *a, uint8_t *frame, const struct ip *src,
                       uint32_t id, unsigned at, bool more, size_t n)
{
    uint8_t *p = ip_payload(frame, &a->to);
    size_t length;

    if (a->to.n == 16) {
        p[0] = PROTO_UDP;
        p[1] = 0;
        put16(p + 2, at | more);
        put32(p + 4, id);
        memset(p + 8, 0x66, n);
        return ip_wrap(a, frame, src, &a->to, PROTO_FRAG6, 64, n + 8);
    }
    memset(p, 0x66, n);
    length = ip_wrap(a, frame, src, &a->to, PROTO_UDP, 64, n);
    p -= 20;
    put16(p + 4, id & 0xffff);
    put16(p + 6, at / 8 | (more ? 0x2000u : 0));
    /* One's complement arithmetic: what was added is taken off the sum. */
    {
        uint32_t s = (uint32_t)(p[10] << 8 | p[11]) ^ 0xffff;

        s += (id & 0xffff) + (at / 8 | (more ? 0x2000u : 0));
        s = (s & 0xffff) + (s >> 16);
        s = (s & 0xffff) + (s >> 16);
        put16(p + 10, s ^ 0xffff);
    }
    return length;
}

/* First fragments only: each is waited for. */
static size_t frag_first(struct aim *a, uint8_t *frame)
{
    struct ip src = ip_of(&a->from, &a->dice);

    return fragment(a, frame, &src, (uint32_t)roll(&a->dice), 0, true, 1400);
}

/* Pairs of which the second covers half of the first. */
static size_t frag_overlap(struct aim *a, uint8_t *frame)
{
    struct dice pair = {.s = (a->count / 2 + 1) * UINT64_C(0x9e3779b97f4a7c15)};
    struct ip src = ip_of(&a->from, &pair);
    uint32_t id = (uint32_t)roll(&pair);

    return fragment(a, frame, &src, id, a->count % 2 ? 512 : 0, true, 1024);
}

/* Eight bytes each, all over a few datagrams, of which none is ever whole. */
static size_t frag_tiny(struct aim *a, uint8_t *frame)
{
    struct dice one = {.s = (a->count / 64 + 1) * UINT64_C(0x9e3779b97f4a7c15)};
    struct ip src = ip_of(&a->from, &one);
    uint32_t id = (uint32_t)roll(&one);

    return fragment(a, frame, &src, id, (unsigned)(a->count % 64) * 16, true,
                    8);
}

/* Noise: behind Ethernet, behind IP, or behind TCP. */
static size_t garbage(struct aim *a, uint8_t *frame)
{
    static const uint16_t types[4] = {0x0800, 0x86dd, 0x0806, 0x8100};
    static const uint8_t protos[6] = {PROTO_TCP,   PROTO_UDP,   PROTO_ICMP,
                                      PROTO_ICMP6, PROTO_FRAG6, 0};
    struct ip src = ip_of(&a->from, &a->dice);
    size_t n = 1 + below(&a->dice, 400);

    fill(&a->dice, ip_payload(frame, &a->to), n);
    switch (a->count % 4) {
    case 0:
        fill(&a->dice, frame + ETH_BYTES, n);
        return eth_wrap(frame, a->to_mac, a->mac, types[below(&a->dice, 4)], n);
    case 1:
        fill(&a->dice, frame, ETH_BYTES);
        return ETH_BYTES + n;
    default:
        return ip_wrap(a, frame, &src, &a->to, protos[below(&a->dice, 6)], 64,
                       n);
    }
}

const struct kind kinds[] = {
    {"syn", "TCP SYNs to --port", syn},
    {"ack", "TCP ACKs out of nowhere to --port", ack},
    {"udp", "UDP to --port, or to any of 40,000", udp},
    {"arp", "ARP requests and replies of strangers (IPv4)", arp},
    {"ns", "neighbour solicitations of strangers (IPv6)", solicit},
    {"na", "neighbour advertisements nobody asked for (IPv6)", advert},
    {"ra", "router advertisements, a new router each (IPv6)", router},
    {"echo", "ICMP echo requests", echo},
    {"icmp-error", "ICMP errors about nothing", icmp_error},
    {"frag-first", "first fragments only", frag_first},
    {"frag-overlap", "pairs of fragments that overlap", frag_overlap},
    {"frag-tiny", "fragments of 8 bytes with gaps", frag_tiny},
    {"garbage", "random bytes behind good headers and bad", garbage},
    {NULL, NULL, NULL}};
