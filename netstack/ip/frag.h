/* SPDX-License-Identifier: ISC */
/*
 * frag.h - reassembly (RFC 791 3.2, RFC 815, RFC 8200 4.5) in bounded memory.
 *
 * Fragments are copied into blocks at their place in the datagram, so however
 * small they are, a datagram costs its length at most.  Any overlap but an
 * exact repetition ends the datagram (RFC 5722, here for IPv4 as well).
 */
#ifndef IP_FRAG_H
#define IP_FRAG_H

#include <base/pool.h>
#include <billet/app.h>

#include "ip.h"

enum {
    DGRAMS_MAX = 16,      /* at once; the oldest makes room */
    DGRAMS_OF_SOURCE = 4, /* of these from one source; its oldest makes room */
    FRAGS_MAX = 64,       /* of one datagram; more: it is dropped */
    FRAG_ROOM = 128,      /* for the headers, before the first byte */
    FRAG_BLOCKS = 17      /* 64 KiB and the headers, in 4 KiB blocks */
};
#define FRAG_LIFE_NS (60 * NS_PER_SEC) /* RFC 8200 4.5, RFC 1122 3.3.2 */

struct frag_span {
    uint16_t from, to;
};

struct dgram {
    bool used, bad; /* bad: had an overlap; what still comes is dropped */
    bool v4, have_last, not_unicast;
    uint8_t proto, netif, tos, ttl;
    uint8_t ecn; /* the codepoints that came, a bit for each */
    struct ipaddr src, dst;
    uint32_t id;
    uint32_t total, have; /* bytes of payload; total as far as is known */
    uint32_t hdr_len;     /* of the first fragment; 0: it has not come */
    uint32_t first_len;   /* its payload, to quote */
    ns_t until;
    unsigned nspans;
    struct frag_span span[FRAGS_MAX]; /* ordered */
    struct block *block[FRAG_BLOCKS];
};

struct frags {
    struct dgram *dgram; /* DGRAMS_MAX of them */
    unsigned in_use, blocks, blocks_max;
};

size_t frags_bytes(void);
bool frags_init(struct net *);
/* Drops what is too old; returns when it is to be called again. */
ns_t frags_tick(struct net *, ns_t now);

#endif
