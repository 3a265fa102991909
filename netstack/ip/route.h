/* SPDX-License-Identifier: ISC */
/*
 * route.h - where to send: the routing table, longest prefix first.
 */
#ifndef IP_ROUTE_H
#define IP_ROUTE_H

#include "addr.h"

struct ip_path;

enum {
    ROUTES_MAX = 32,        /* more are refused */
    DEFAULT_ROUTERS_MAX = 4 /* of one NIC, learnt from advertisements */
};

/*
 * Of several routes the longest prefix counts, then the NIC with the lower
 * netif_config.metric, then the router that is preferred, then the NIC that was
 * added first; and of these the first whose link is up and whose router
 * answers.
 */
/* Both families in one table: IPv4 prefixes stand below ::ffff:0:0/96. */
struct route {
    struct ipaddr dst, via;
    uint8_t bits; /* of the 16 bytes of dst */
    uint8_t netif;
    uint8_t origin; /* enum origin */
    uint8_t pref;   /* enum ndp_pref */
    bool has_via;   /* else the destination is on the link */
    bool lost;      /* the gateway did not answer when last tried */
    ns_t until;
};

struct routes {
    struct route route[ROUTES_MAX]; /* best first */
    unsigned n;
};

/* Adds it, or renews the one to the same destination by the same way.  False
 * when the table is full. */
bool route_add(struct net *, const struct route *);
bool route_has(const struct net *, const struct route *);
/* Removes the one with the same destination, NIC, gateway and origin. */
void route_del(struct net *, const struct route *);
/* Removes all of one origin on one NIC. */
void routes_clear(struct net *, uint8_t netif, enum origin);
/* Removes what has expired; returns when it is to be called again. */
ns_t routes_tick(struct net *, ns_t now);

bool route_is_gateway(const struct net *, uint8_t netif, const struct ipaddr *);
/* It does not answer: others are preferred until it does. */
void route_gateway_lost(struct net *, uint8_t netif, const struct ipaddr *);
void route_gateway_found(struct net *, uint8_t netif, const struct ipaddr *);
/* It says that it is no router any more: RFC 4861 7.2.5. */
void route_gateway_gone(struct net *, uint8_t netif, const struct ipaddr *);
unsigned route_defaults(const struct net *, uint8_t netif, enum origin);

/* The best route to `dst`, on `netif` unless 0.  NULL: none. */
const struct route *route_find(const struct net *, const struct ipaddr *dst,
                               uint8_t netif);
/* Whether a datagram for it, come in by `netif`, is for us: a host has the
 * addresses of the one NIC there (RFC 1122 3.3.4.2, the strong model), a router
 * all it has anywhere (RFC 1812 5.2.3). */
bool ip_is_ours(struct net *, uint8_t netif, const struct ipaddr *);
/* To whom to send for a path that was found.  False: no route any more. */
bool route_next_hop(const struct net *, const struct ip_path *,
                    struct ipaddr *hop);

#endif
