/* SPDX-License-Identifier: ISC */
/*
 * wire.c - see wire.h: dice, addresses, headers, checksums.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

uint64_t roll(struct dice *d)
{
    uint64_t s = d->s;

    s ^= s >> 12;
    s ^= s << 25;
    s ^= s >> 27;
    d->s = s;
    return s * UINT64_C(0x2545f4914f6cdd1d);
}

unsigned below(struct dice *d, unsigned n)
{
    return (unsigned)((roll(d) >> 32) * n >> 32);
}

void fill(struct dice *d, uint8_t *p, size_t n)
{
    for (uint64_t v = 0; n; n--, v >>= 8) {
        if (v == 0)
            v = roll(d);
        *p++ = (uint8_t)v;
    }
}

bool ip_parse(struct ip *ip, const char *text)
{
    char addr[64] = "";
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : strlen(text);

    if (n >= sizeof(addr))
        return false;
    memcpy(addr, text, n);
    memset(ip, 0, sizeof(*ip));
    ip->n = strchr(addr, ':') ? 16 : 4;
    ip->bits = slash ? (unsigned)strtoul(slash + 1, NULL, 10) : ip->n * 8;
    return inet_pton(ip->n == 4 ? AF_INET : AF_INET6, addr, ip->b) == 1 &&
           ip->bits <= ip->n * 8;
}

struct ip ip_of(const struct ip *range, struct dice *d)
{
    struct ip ip = *range;
    unsigned bit = range->bits;

    if (bit >= ip.n * 8)
        return ip;
    for (unsigned i = bit / 8; i < ip.n; i++, bit = i * 8) {
        uint8_t keep = (uint8_t)(0xff00 >> bit % 8);

        ip.b[i] = (uint8_t)((ip.b[i] & keep) | (roll(d) & 0xff & ~keep));
    }
    /* Neither a network's own address nor its broadcast. */
    if (ip.n * 8 - range->bits >= 3)
        ip.b[ip.n - 1] = (uint8_t)((ip.b[ip.n - 1] & 0xfc) | 2);
    return ip;
}

void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static uint64_t sum(const uint8_t *p, size_t n, uint64_t s)
{
    for (; n > 1; p += 2, n -= 2)
        s += (unsigned)(p[0] << 8 | p[1]);
    return n ? s + (unsigned)(p[0] << 8) : s;
}

static unsigned fold(uint64_t s)
{
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return (unsigned)s ^ 0xffff;
}

static uint64_t pseudo(const struct ip *src, const struct ip *dst,
                       unsigned proto, size_t n)
{
    return sum(src->b, src->n, sum(dst->b, dst->n, 0)) + proto + n;
}

size_t tcp_wrap(uint8_t *p, const struct ip *src, const struct ip *dst,
                size_t n)
{
    put16(p + 16, 0);
    put16(p + 16, fold(sum(p, n, pseudo(src, dst, PROTO_TCP, n))));
    return n;
}

size_t udp_wrap(uint8_t *p, const struct ip *src, const struct ip *dst,
                size_t n)
{
    unsigned check;

    put16(p + 4, (unsigned)n);
    put16(p + 6, 0);
    check = fold(sum(p, n, pseudo(src, dst, PROTO_UDP, n)));
    put16(p + 6, check ? check : 0xffff);
    return n;
}

size_t icmp_wrap(uint8_t *p, const struct ip *src, const struct ip *dst,
                 size_t n)
{
    put16(p + 2, 0);
    put16(p + 2,
          fold(sum(p, n, dst->n == 4 ? 0 : pseudo(src, dst, PROTO_ICMP6, n))));
    return n;
}

size_t ip_bytes(const struct ip *ip)
{
    return ip->n == 4 ? 20 : 40;
}

uint8_t *ip_payload(uint8_t *frame, const struct ip *dst)
{
    return frame + ETH_BYTES + ip_bytes(dst);
}

size_t eth_wrap(uint8_t *frame, const uint8_t to[6], const uint8_t from[6],
                unsigned type, size_t n)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    put16(frame + 12, type);
    return ETH_BYTES + n;
}

static void ip4_header(uint8_t *h, const struct ip *src, const struct ip *dst,
                       unsigned proto, unsigned hops, size_t n)
{
    memset(h, 0, 20);
    h[0] = 0x45;
    put16(h + 2, (unsigned)n + 20);
    h[8] = (uint8_t)hops;
    h[9] = (uint8_t)proto;
    memcpy(h + 12, src->b, 4);
    memcpy(h + 16, dst->b, 4);
    put16(h + 10, fold(sum(h, 20, 0)));
}

static void ip6_header(uint8_t *h, const struct ip *src, const struct ip *dst,
                       unsigned proto, unsigned hops, size_t n)
{
    put32(h, UINT32_C(6) << 28);
    put16(h + 4, (unsigned)n);
    h[6] = (uint8_t)proto;
    h[7] = (uint8_t)hops;
    memcpy(h + 8, src->b, 16);
    memcpy(h + 24, dst->b, 16);
}

size_t ip_wrap(const struct aim *a, uint8_t *frame, const struct ip *src,
               const struct ip *dst, unsigned proto, unsigned hops, size_t n)
{
    if (dst->n == 4)
        ip4_header(frame + ETH_BYTES, src, dst, proto, hops, n);
    else
        ip6_header(frame + ETH_BYTES, src, dst, proto, hops, n);
    return eth_wrap(frame, a->to_mac, a->mac, dst->n == 4 ? 0x0800 : 0x86dd,
                    ip_bytes(dst) + n);
}
