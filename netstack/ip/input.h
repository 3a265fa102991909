/* SPDX-License-Identifier: ISC */
/*
 * input.h - the way of a received datagram through IP.
 */
#ifndef IP_INPUT_H
#define IP_INPUT_H

#include "../wire/ip6.h"
#include "ip.h"

struct net;
struct nif;

enum ip_in_flag {
    IP_IN_GROUP = 1, /* the frame was not sent to our MAC address alone */
    IP_IN_SELF = 2,  /* we sent it: no wire was involved */
    IP_IN_SEEN = 4   /* a router sees all that comes in: forward.h */
};

/* The IP header is expected at offset `at`.  Each takes the packet. */
void ip4_input(struct net *, struct nif *, struct pkt *, uint32_t at,
               unsigned flags, ns_t now);
void ip6_input(struct net *, struct nif *, struct pkt *, uint32_t at,
               unsigned flags, ns_t now);

/* A datagram for us, whole: to its protocol.  Takes rx->pkt. */
void ip_deliver(struct net *, struct ip_rx *, ns_t now);
/* The same from the header of type `next` at rx->l4 on, which may be an
 * extension header: after reassembly. */
void ip6_deliver_from(struct net *, struct ip_rx *, uint8_t next, ns_t now);

/* A fragment: rx describes the datagram as if it were whole, from the byte
 * behind the fragment's own headers on.  Take rx->pkt. */
void frag4_input(struct net *, struct ip_rx *, uint16_t id, uint16_t frag,
                 ns_t now);
void frag6_input(struct net *, struct ip_rx *, const struct ip6_walk *,
                 ns_t now);

#endif
