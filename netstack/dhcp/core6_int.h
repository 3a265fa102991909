/* SPDX-License-Identifier: ISC */
/*
 * core6_int.h - between the files of the DHCPv6 machine: core6.c (what is
 * sent, and when) and reply6.c (what is believed).
 */
#ifndef DHCP_CORE6_INT_H
#define DHCP_CORE6_INT_H

#include "core6.h"

static inline ns_t min_ns(ns_t a, ns_t b)
{
    return a < b ? a : b;
}

static inline ns_t after(ns_t now, uint32_t seconds)
{
    return seconds == UINT32_MAX ? NS_NEVER : now + seconds * NS_PER_SEC;
}

/* The one place that changes the state; time goes on at `next`. */
void dhcp6_enter(struct dhcp6 *, enum dhcp6_state, ns_t next);
/* A new exchange, with an identifier of its own. */
void dhcp6_begin(struct dhcp6 *, enum dhcp6_state, ns_t when, uint32_t random);
void dhcp6_transmit(struct dhcp6 *, ns_t now, uint32_t random);
void dhcp6_solicit(struct dhcp6 *, ns_t when, uint32_t random);
/* Solicits anew; whatever addresses there were are not ours any more. */
enum dhcp6_event dhcp6_lose(struct dhcp6 *, ns_t when, uint32_t random);
/* Until the lease wants to be renewed. */
void dhcp6_bound(struct dhcp6 *);
/* A DECLINE was heard, or is taken to be. */
enum dhcp6_event dhcp6_declined(struct dhcp6 *, ns_t now, uint32_t random);
struct dhcp6_lease *dhcp6_find(struct dhcp6 *, const struct ipaddr *);
void dhcp6_forget(struct dhcp6 *, const struct dhcp6_lease *);

#endif
