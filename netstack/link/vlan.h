/* SPDX-License-Identifier: ISC */
/*
 * vlan.h - 802.1Q sub-interfaces: a tag taken off, a tag put on.
 */
#ifndef LINK_VLAN_H
#define LINK_VLAN_H

#include <billet/pkt.h>

struct net;
struct nif;

/* The sub-interface of NIC `parent` for the tag; NULL if none. */
struct nif *vlan_find(struct net *, uint8_t parent, unsigned vid);
/* A tagged frame, its source address checked.  Takes the packet. */
void vlan_input(struct net *, struct nif *, struct pkt *, ns_t now);
/* A whole frame of a sub-interface, to its parent.  Takes the packet. */
void vlan_send(struct net *, struct nif *, struct pkt *);

#endif
