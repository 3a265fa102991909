/* SPDX-License-Identifier: ISC */
/*
 * sets.h - sets of records as bits, for the two halves of core.h.
 */
#ifndef MDNS_SETS_H
#define MDNS_SETS_H

#include "core.h"

enum {
    RESPONSE = 0x8000,
    AUTHORITATIVE = 0x8400,
    OPCODE_OR_RCODE = 0x780f,
    MORE = 0x0200,   /* TC: more known answers follow: 7.2 */
    TOP_BIT = 0x8000 /* of a class: QU (5.4), or cache-flush (10.2) */
};

_Static_assert(MDNS_ALL <= 32, "sets are bits");

static inline uint32_t bit(unsigned set)
{
    return UINT32_C(1) << set;
}

/* The sets of the services that `each` (bits of enum mdns_set) says. */
static inline uint32_t of_services(const struct mdns *m, unsigned each)
{
    uint32_t all = 0;

    for (unsigned i = 0; i < m->nservices; i++)
        all |= (uint32_t)each << (MDNS_SERVICE + i * MDNS_SERVICE_SETS);
    return all;
}

static inline uint32_t all_sets(const struct mdns *m)
{
    return bit(MDNS_SERVICE) - 1 + of_services(m, 15);
}

/* Those that nobody else may have under the same name. */
static inline uint32_t probed_sets(const struct mdns *m)
{
    return bit(MDNS_A) | bit(MDNS_AAAA) |
           of_services(m, 1u << MDNS_SRV | 1u << MDNS_TXT);
}

/* The header of a message. */
struct dns_out mdns_begin(uint8_t out[MDNS_OUT_MAX], uint16_t id,
                          uint16_t flags);
/* Answers, and what else will be wanted; nothing when there is no answer. */
size_t mdns_finish(const struct mdns *, const struct mdns_addrs *here,
                   uint32_t sets, uint32_t ttl, bool flush, struct dns_out *);

#endif
