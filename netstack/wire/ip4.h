/* SPDX-License-Identifier: ISC */
/*
 * ip4.h - IPv4 headers (RFC 791).  No state.
 *
 * Parsing and emitting are inline: they are on the path of every packet.
 */
#ifndef WIRE_IP4_H
#define WIRE_IP4_H

#include <base/bytes.h>

enum {
    IP4_BYTES = 20,
    IP4_HDR_MAX = 60,
    IP4_DF = 0x4000, /* in `frag` */
    IP4_MF = 0x2000,
    IP4_OFFSET = 0x1fff /* in units of 8 bytes */
};

struct ip4_hdr {
    uint32_t src, dst;
    uint16_t total_len, id, frag;
    uint8_t hdr_len, tos, ttl, proto;
};

/* `in` starts at the header and need not hold the whole datagram: that
 * total_len bytes are really there is the caller's to check. */
static inline bool ip4_parse(struct ip4_hdr *h, struct span in)
{
    unsigned hdr_len;

    if (in.n < IP4_BYTES || in.p[0] >> 4 != 4)
        return false;
    hdr_len = (in.p[0] & 15u) * 4;
    if (hdr_len < IP4_BYTES || hdr_len > in.n || be16(in.p + 2) < hdr_len)
        return false;
    *h = (struct ip4_hdr){.src = be32(in.p + 12),
                          .dst = be32(in.p + 16),
                          .total_len = be16(in.p + 2),
                          .id = be16(in.p + 4),
                          .frag = be16(in.p + 6),
                          .hdr_len = (uint8_t)hdr_len,
                          .tos = in.p[1],
                          .ttl = in.p[8],
                          .proto = in.p[9]};
    return true;
}

static inline uint32_t ip4_load32(const uint8_t *p)
{
    uint32_t word;

    memcpy(&word, p, 4); /* the sum does not mind the byte order */
    return word;
}

/* The header's 32-bit words added up: written out for the 20 bytes that nearly
 * every header has. */
static inline uint64_t ip4_add_words(const uint8_t *p, unsigned hdr_len)
{
    uint64_t sum = (uint64_t)ip4_load32(p) + ip4_load32(p + 4) +
                   ip4_load32(p + 8) + ip4_load32(p + 12) + ip4_load32(p + 16);

    for (unsigned i = IP4_BYTES; i < hdr_len; i += 4)
        sum += ip4_load32(p + i);
    return sum;
}

/* A one's complement sum is all ones when the number is a multiple of 0xffff
 * (and not 0, which the version rules out): one multiplication instead of the
 * folding. */
static inline bool ip4_csum_ok(const uint8_t *p, unsigned hdr_len)
{
    return ip4_add_words(p, hdr_len) % 0xffff == 0;
}

/* The sum as 16 bits, in the order in which it was added up. */
static inline uint16_t ip4_fold(uint64_t sum)
{
    uint32_t half;

    sum = (sum & 0xffffffff) + (sum >> 32);
    half = (uint32_t)sum + (uint32_t)(sum >> 32);
    half = (half & 0xffff) + (half >> 16);
    return (uint16_t)(half + (half >> 16));
}

/* A header without options, its checksum filled in. */
static inline void ip4_emit(uint8_t out[IP4_BYTES], const struct ip4_hdr *h)
{
    uint16_t sum;

    out[0] = 0x45;
    out[1] = h->tos;
    put_be16(out + 2, h->total_len);
    put_be16(out + 4, h->id);
    put_be16(out + 6, h->frag);
    out[8] = h->ttl;
    out[9] = h->proto;
    put_be16(out + 10, 0);
    put_be32(out + 12, h->src);
    put_be32(out + 16, h->dst);
    sum = (uint16_t)~ip4_fold(ip4_add_words(out, IP4_BYTES));
    memcpy(out + 10, &sum, 2); /* in the order in which it was summed */
}

enum ip4_options {
    IP4_OPTIONS_SKIP, /* nothing in them that we act on */
    IP4_OPTIONS_BAD,  /* lengths that cannot be */
    IP4_OPTIONS_ROUTE /* a source route */
};

/* Looks through the options of a header, `in` being just these. */
enum ip4_options ip4_options(struct span in);

/* Addresses as classes say (host order). */
static inline bool ip4_is_multicast(uint32_t a)
{
    return a >> 28 == 14;
}

static inline bool ip4_is_loopback(uint32_t a)
{
    return a >> 24 == 127;
}

static inline bool ip4_is_link_local(uint32_t a)
{
    return a >> 16 == 0xa9fe;
}

/* Could be the address of one host: RFC 1122 3.2.1.3. */
static inline bool ip4_is_unicast(uint32_t a)
{
    return a >> 24 != 0 && a >> 28 < 14;
}

#endif
