/* SPDX-License-Identifier: ISC */
/*
 * pmtu.h - paths that are narrower than the NIC (RFC 1191, RFC 8201).
 */
#ifndef IP_PMTU_H
#define IP_PMTU_H

#include <billet/net.h>

struct net;

enum {
    PMTU_MAX = 64,   /* paths; the one that expires first makes room */
    PMTU_MIN4 = 576, /* no path is taken to be narrower */
    PMTU_MIN6 = 1280 /* RFC 8201 4 */
};
#define PMTU_LIFE_NS (600 * NS_PER_SEC) /* RFC 1191 6.3: then try again */

struct pmtu {
    struct {
        struct ipaddr dst;
        ns_t until;
        uint16_t mtu; /* 0: free */
    } path[PMTU_MAX];
    unsigned n; /* in use */
};

/* What is known of the path, else `otherwise`. */
uint16_t pmtu_find(const struct net *, const struct ipaddr *dst,
                   uint16_t otherwise);
/* Forgets what has expired; returns when it is to be called again. */
ns_t pmtu_tick(struct net *, ns_t now);

#endif
