/* SPDX-License-Identifier: ISC */
/*
 * ether.h - where a received frame enters the stack.
 */
#ifndef LINK_ETHER_H
#define LINK_ETHER_H

#include <billet/pkt.h>

#include "../wire/eth.h"

struct net;
struct nif;

/* Takes the packet. */
void ether_input(struct net *, struct nif *, struct pkt *, ns_t now);
/* The same for what was in a tag: the header is at `at`, the source checked. */
void ether_deliver(struct net *, struct nif *, struct pkt *, mac_t dst,
                   uint16_t type, uint32_t at, ns_t now);

#endif
