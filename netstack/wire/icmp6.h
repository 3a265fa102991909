/* SPDX-License-Identifier: ISC */
/*
 * icmp6.h - ICMPv6 messages (RFC 4443) but those of neighbour discovery, which
 * are in ndp.h.  No state.
 */
#ifndef WIRE_ICMP6_H
#define WIRE_ICMP6_H

#include "icmp4.h"
#include "ip6.h"

enum icmp6_type {
    ICMP6_UNREACH = 1,
    ICMP6_TOO_BIG = 2,
    ICMP6_TIME = 3,
    ICMP6_PARAM = 4,
    ICMP6_ECHO = 128,
    ICMP6_ECHO_REPLY = 129,
    ICMP6_REDIRECT = 137
};

enum icmp6_code {
    ICMP6_CODE_NO_ROUTE = 0,
    ICMP6_CODE_ADMIN = 1,
    ICMP6_CODE_SCOPE = 2,
    ICMP6_CODE_ADDR = 3,
    ICMP6_CODE_PORT = 4,
    ICMP6_CODE_POLICY = 5,
    ICMP6_CODE_REJECT = 6,
    ICMP6_CODE_HOPS = 0,
    ICMP6_CODE_REASSEMBLY = 1,
    ICMP6_CODE_FIELD = 0,
    ICMP6_CODE_NEXT = 1,
    ICMP6_CODE_OPTION = 2,
    ICMP6_CODE_CHAIN = 3 /* RFC 7112 */
};

struct icmp6_quote {
    struct ip6_hdr ip;
    uint8_t proto; /* after the extension headers */
    uint8_t l4[ICMP_QUOTE_L4];
};

/* As icmp4_quote_parse(). */
bool icmp6_quote_parse(struct icmp6_quote *, struct span in);

static inline bool icmp6_is_error(uint8_t type)
{
    return type < 128;
}

#endif
