/* SPDX-License-Identifier: ISC */
/*
 * ra_case.h - what a router of IPv6 says to the stack on the bench.
 */
#ifndef RA_CASE_H
#define RA_CASE_H

#include "rig.h"

#include <wire/ndp.h>

#define S NS_PER_SEC

static struct out o;
static struct ipaddr router, all_nodes;

/* A router advertisement being written: its fixed part, then options. */
static struct out ra;

static inline void begin_ra(uint16_t lifetime_s)
{
    router = rig_addr("fe80::1");
    all_nodes = rig_addr("ff02::1");
    memset(&ra, 0, 16);
    ra.n = 16;
    ra.b[0] = NDP_RA;
    ra.b[4] = 61;
    put_be16(ra.b + 6, lifetime_s);
}

static inline void add_prefix(const char *prefix, uint8_t bits, uint8_t flags,
                              uint32_t valid, uint32_t preferred)
{
    struct ipaddr a = rig_addr(prefix);
    uint8_t opt[32] = {3, 4, bits, flags};

    put_be32(opt + 4, valid);
    put_be32(opt + 8, preferred);
    memcpy(opt + 16, a.b, 16);
    put_bytes(&ra, opt, sizeof(opt));
}

static inline void send_ra(struct rig *r)
{
    o.n = 0;
    put_ndp(&o, &router, &all_nodes, ra.b, ra.n);
    rig_in(r, &o);
}

#endif
