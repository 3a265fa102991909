/* SPDX-License-Identifier: ISC */
/*
 * ra.h - router discovery and stateless configuration (RFC 4861 6.3,
 * RFC 4862 5.5, RFC 4191, RFC 8106) on one NIC.
 */
#ifndef IP_RA_H
#define IP_RA_H

#include "../wire/ndp.h"

struct net;
struct nif;
struct ip_rx;

enum {
    SLAAC_ADDRS_MAX = 4, /* made from advertised prefixes; more are ignored */
    RA_ROUTES_MAX = 8    /* on-link prefixes and routes of RFC 4191, a NIC */
};
/* RFC 7559: solicit for ever, ever more slowly, until a router answers. */
#define RS_FIRST_NS   (50 * NS_PER_MS) /* at random: RFC 4861 6.3.7 says 1 s */
#define RS_INITIAL_NS (4 * NS_PER_SEC)
#define RS_MAX_NS     (3600 * NS_PER_SEC)

#define REDIRECT_NS (600 * NS_PER_SEC) /* then the router is asked again */

struct ra {
    ns_t next_rs;  /* NS_NEVER: a router has answered */
    ns_t interval; /* 0: none sent yet */
    uint32_t reachable_ms;
    bool autoconf; /* take addresses and name servers from routers... */
    bool routers;  /* ...and the routers themselves */
};

void ra_start(struct net *, struct nif *, ns_t now);
/* A valid advertisement from the router `from`. */
void ra_input(struct net *, struct nif *, const struct ndp_msg *,
              const struct ipaddr *from, ns_t now);
/* A redirect from `from`; false when it must not be believed. */
bool ra_redirect(struct net *, struct nif *, const struct ndp_msg *,
                 const struct ipaddr *from, ns_t now);
ns_t ra_tick(struct net *, struct nif *, ns_t now);

#endif
