/* SPDX-License-Identifier: ISC */
/*
 * source.c - how much one source holds: connections that it opened, half-open
 * entries.  A source is an IPv4 address or an IPv6 /64.
 *
 * Counters in buckets by a keyed hash: nothing to evict, nothing to search, and
 * as many buckets as there can be holders.  Two sources in one bucket share an
 * allowance; without the key nobody can choose to.
 */
#include "shell.h"

enum { SHARE_RESERVE = 64 }; /* 1/64 of all connections is for others */

static uint32_t buckets(const struct limits *l)
{
    uint32_t n = 256;

    while (n < l->tcp_conns + l->tcp_half_open)
        n *= 2;
    return n;
}

size_t sources_bytes(const struct limits *l)
{
    return buckets(l) * sizeof(struct tcp_source);
}

/* Enough for a load tester or everyone behind a NAT, and yet not all. */
static uint32_t default_share(uint32_t conns)
{
    return conns - conns / SHARE_RESERVE;
}

bool sources_init(struct tcp *tcp)
{
    const struct limits *l = &tcp->config.limits;
    uint32_t asked = tcp->config.tcp_per_source;

    tcp->sources = arena_try(tcp->config.arena, sources_bytes(l), 16);
    if (!tcp->sources)
        return false;
    memset(tcp->sources, 0, sources_bytes(l));
    tcp->source_shift = 64;
    for (uint32_t n = buckets(l); n > 1; n /= 2)
        tcp->source_shift--;
    tcp->source_conns = asked ? asked : default_share(l->tcp_conns);
    tcp->source_halves = asked ? asked : (l->tcp_half_open + 1) / 2;
    return true;
}

struct tcp_source *source_of(const struct tcp *tcp, const struct ipaddr *a)
{
    const struct siphash_key *key = &tcp->secrets.source;
    uint64_t prefix;

    memcpy(&prefix, a->b + (ipaddr_is_v4(a) ? 8 : 0), sizeof(prefix));
    /* Multiply-shift: universal, which is all that is wanted. */
    return &tcp->sources[((prefix ^ key->k0) * (key->k1 | 1)) >>
                         tcp->source_shift];
}
