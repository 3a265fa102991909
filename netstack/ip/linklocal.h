/* SPDX-License-Identifier: ISC */
/*
 * linklocal.h - an IPv4 address of 169.254/16 (RFC 3927), as long as there is
 * no routable one.  Probing, announcing and defending it is addr.h's.
 */
#ifndef IP_LINKLOCAL_H
#define IP_LINKLOCAL_H

#include <billet/base.h>

struct net;
struct nif;

enum { LL4_CONFLICTS_MAX = 10 }; /* then one try in LL4_RATE_NS: 2.2.1 */
#define LL4_RATE_NS (60 * NS_PER_SEC)
#define LL4_WAIT_NS (10 * NS_PER_SEC) /* DHCP's time to answer first */

struct link_local4 {
    ns_t at; /* of the next try, if one is due at all */
    uint8_t conflicts;
};

void link_local4_start(struct net *, struct nif *, ns_t now);
/* Someone else has the address that was tried; it is gone from the NIC. */
void link_local4_conflict(struct net *, struct nif *, ns_t now);
ns_t link_local4_tick(struct net *, struct nif *, ns_t now);

#endif
