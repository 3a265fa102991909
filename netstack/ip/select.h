/* SPDX-License-Identifier: ISC */
/*
 * select.h - which address to use, of ours and of theirs: RFC 6724.
 */
#ifndef IP_SELECT_H
#define IP_SELECT_H

#include "addr.h"

struct ip_path;

/* Sets path->src to the best of the NIC's addresses for path->dst behind `hop`
 * (RFC 6724 5).  False: it has none that will do. */
bool select_source(const struct net *, const struct nif *, struct ip_path *,
                   const struct ipaddr *hop);
/* RFC 4007 9: what is sent from a link-local address does not leave the link,
 * so no router will pass it on. */
bool select_stays_behind(const struct ip_path *, const struct ipaddr *hop);
/* How good a destination is, by the path that was found to it; the best has
 * the highest (RFC 6724 6).  What cannot be reached would have 0. */
uint32_t select_rank(struct net *, const struct ip_path *);
/* The bit that stands for a router in ifaddr.advertised_by. */
uint64_t select_router_bit(const struct net *, const struct ipaddr *router);

#endif
