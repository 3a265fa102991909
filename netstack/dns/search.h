/* SPDX-License-Identifier: ISC */
/*
 * search.h - the search list: domains that are tried behind a short name.
 *
 * They come from --search, from DHCP (options 15 and 119), or from routers
 * (RFC 8106 5.2).  Where there are static ones, no others are taken.
 */
#ifndef DNS_SEARCH_H
#define DNS_SEARCH_H

#include "../ip/addr.h"
#include "../wire/dns.h"

enum {
    DNS_SEARCH_MAX = 6, /* domains; beyond: refused */
    DNS_DOMAIN_MAX = 64 /* bytes of one in wire form; longer: refused */
};

struct dns_domain {
    uint8_t netif, origin, n;
    uint8_t b[DNS_DOMAIN_MAX];
    ns_t until;
};

struct dns_search {
    bool fixed; /* the configuration has said it all */
    unsigned n;
    struct dns_domain domain[DNS_SEARCH_MAX];
};

/* Learns a domain or renews it; `until` in the past forgets it. */
void dns_search_learnt(struct net *, uint8_t netif, const struct dns_name *,
                       enum origin, ns_t until);
void dns_search_clear(struct net *, uint8_t netif, enum origin);
/* "a.example,b.example", or "none", which keeps others from being learnt.
 * False when one cannot be a domain; `net` may be NULL, to check only. */
bool dns_search_static(struct net *, uint8_t netif, struct span text);
/* When the next one expires. */
ns_t dns_search_tick(struct net *, ns_t now);

/* The name to ask as the `i`th for what was typed (RFC 1535 6): with a dot in
 * it as it is first, else in each domain first.  False: that was all. */
bool dns_search_name(const struct dns_search *, const struct dns_name *typed,
                     bool absolute, unsigned i, struct dns_name *out);

#endif
