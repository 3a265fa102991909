/* SPDX-License-Identifier: ISC */
/*
 * ether.h - where a received frame enters the stack.
 */
#ifndef LINK_ETHER_H
#define LINK_ETHER_H

#include <billet/pkt.h>

struct net;
struct nif;

/* Takes the packet. */
void ether_input(struct net *, struct nif *, struct pkt *, ns_t now);

#endif
