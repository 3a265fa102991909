/* SPDX-License-Identifier: ISC */
/*
 * learn.h - what servers of both families tell, given to who wants to know.
 */
#ifndef DHCP_LEARN_H
#define DHCP_LEARN_H

#include "../ip/addr.h"

/* Domains to search, in DNS wire form, one behind the other. */
void learn_domains(struct net *, struct nif *, struct span, enum origin);
/* Time servers. */
void learn_time(struct net *, struct nif *, const struct ipaddr *, unsigned n,
                enum origin);
/* Forgets all that such a server has told. */
void learn_clear(struct net *, struct nif *, enum origin);

#endif
