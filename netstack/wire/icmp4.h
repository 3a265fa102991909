/* SPDX-License-Identifier: ISC */
/*
 * icmp4.h - ICMP messages (RFC 792, RFC 1191).  No state.
 */
#ifndef WIRE_ICMP4_H
#define WIRE_ICMP4_H

#include "ip4.h"

enum {
    ICMP_BYTES = 8,       /* type, code, checksum, four bytes that depend */
    ICMP_QUOTE_L4 = 8,    /* bytes of transport header in a quote */
    ICMP4_DGRAM_MAX = 576 /* of an error with its quote: RFC 1812 4.3.2.3 */
};

enum icmp4_type {
    ICMP4_ECHO_REPLY = 0,
    ICMP4_UNREACH = 3,
    ICMP4_REDIRECT = 5,
    ICMP4_ECHO = 8,
    ICMP4_TIME = 11,
    ICMP4_PARAM = 12
};

enum icmp4_code {
    ICMP4_CODE_NET = 0,
    ICMP4_CODE_HOST = 1,
    ICMP4_CODE_PROTO = 2,
    ICMP4_CODE_PORT = 3,
    ICMP4_CODE_TOO_BIG = 4,
    ICMP4_CODE_ADMIN_NET = 9,
    ICMP4_CODE_ADMIN_HOST = 10,
    ICMP4_CODE_ADMIN = 13,
    ICMP4_CODE_TTL = 0,
    ICMP4_CODE_REASSEMBLY = 1
};

struct icmp_hdr {
    uint8_t type, code;
    uint16_t csum;
    uint32_t rest;
};

static inline bool icmp_parse(struct icmp_hdr *h, struct span in)
{
    if (in.n < ICMP_BYTES)
        return false;
    *h = (struct icmp_hdr){.type = in.p[0],
                           .code = in.p[1],
                           .csum = be16(in.p + 2),
                           .rest = be32(in.p + 4)};
    return true;
}

static inline void icmp_emit(uint8_t out[ICMP_BYTES], const struct icmp_hdr *h)
{
    out[0] = h->type;
    out[1] = h->code;
    put_be16(out + 2, h->csum);
    put_be32(out + 4, h->rest);
}

/* The packet an error is about: its header and what follows it. */
struct icmp4_quote {
    struct ip4_hdr ip;
    uint8_t l4[ICMP_QUOTE_L4];
};

/* `in` is what follows the ICMP header.  False when the quote is cut before
 * the eighth transport byte, or is of a fragment that is not the first. */
bool icmp4_quote_parse(struct icmp4_quote *, struct span in);

static inline bool icmp4_is_error(uint8_t type)
{
    return type == ICMP4_UNREACH || type == ICMP4_REDIRECT || type == 4 ||
           type == ICMP4_TIME || type == ICMP4_PARAM;
}

#endif
