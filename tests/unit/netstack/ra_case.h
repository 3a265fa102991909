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

/* The address below that prefix, if there is one. */
static inline struct ifaddr *addr_below(struct rig *r, const char *prefix)
{
    struct ipaddr p = rig_addr(prefix);
    struct nif *nif = &r->net->nif[0];

    for (unsigned i = 0; i < nif->naddrs; i++)
        if (nif->addr[i].state != ADDR_NONE &&
            addr_in_prefix(&nif->addr[i].addr, &p, 64))
            return &nif->addr[i];
    return NULL;
}

static inline const struct rig_frame *next_ndp(struct rig *r, uint8_t type)
{
    const struct rig_frame *f;

    while ((f = rig_next(r)))
        if (be16(f->b + 12) == ETH_IP6 && f->b[20] == IPPROTO_ICMP6 &&
            f->b[54] == type) {
            ck_assert(frame_is_sound(f));
            ck_assert_uint_eq(f->b[21], NDP_HOPS);
            return f;
        }
    return NULL;
}

static inline void claim(struct rig *r, const struct ipaddr *target,
                         bool advert)
{
    static const struct ipaddr unspecified;
    struct ipaddr group = rig_addr("ff02::1:ff00:0");
    uint8_t b[NDP_NS_BYTES];

    memcpy(group.b + 13, target->b + 13, 3);
    o.n = 0;
    if (advert)
        put_ndp(&o, target, &all_nodes, b,
                ndp_na_emit(b, target, PEER_MAC, NDP_NA_OVERRIDE));
    else
        put_ndp(&o, &unspecified, &group, b, ndp_ns_emit(b, target, 0));
    rig_in(r, &o);
}

#endif
