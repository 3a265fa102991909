/* SPDX-License-Identifier: ISC */
/*
 * cache.h - the neighbours that are known, in bounded memory, and sending to
 * them.
 */
#ifndef LINK_CACHE_H
#define LINK_CACHE_H

#include <base/table.h>
#include <base/wheel.h>
#include <billet/netif.h>

#include "../wire/arp.h"
#include "neigh.h"

struct net;
struct nif;
struct ip_path;
struct arp_msg;
struct ip_rx;

enum {
    NEIGHS_MIN = 64, /* the cache's size follows limits.tcp_conns */
    NEIGHS_MAX = 1000,
    NEIGH_WAITING_MAX = 8, /* packets for one address: the oldest is dropped */
    NEIGH_EVICT_LOOK = 32, /* entries looked at to find the least useful */

    /* ip_path.neighbour: an index in 10 bits, a count of the slot's uses in 6;
     * when that wraps, path_gen moves on.  And three that are no entry: */
    NEIGH_INDEX_BITS = 10,
    NEIGH_SELF = 0xfffd,
    NEIGH_GROUP = 0xfffe,
    NEIGH_UNKNOWN = 0xffff
};

struct neigh_slot {
    struct neigh n; /* first: its first field is the hot one */
    uint16_t hint;  /* what a path must hold to mean this use of the slot */
    uint16_t next_free;
    uint8_t netif;          /* 0: the slot is free */
    bool sent_to;           /* else known only because it spoke to us */
    bool gateway;           /* a route leads through it */
    struct ipaddr ask_from; /* who wanted it first: RFC 4861 7.2.2 */
    uint32_t hash;
    ns_t used;
    struct pktq waiting;
    struct timer timer;
    struct net *net;
};

struct neigh_cache {
    struct neigh_slot *slot;
    unsigned n, in_use, hand;
    unsigned waiting, waiting_max; /* packets, in all slots */
    uint16_t free;                 /* list of slots; NEIGH_UNKNOWN: none */
    uint16_t fresh;                /* slots from here on were never used */
    struct timer sweep;            /* set while a slot may become unused */
    struct table index;
};

size_t neigh_cache_bytes(const struct limits *);
bool neigh_cache_init(struct net *, const struct limits *);

/* NULL when it is not known. */
struct neigh_slot *neigh_find(struct net *, uint8_t netif,
                              const struct ipaddr *);
/* Found, or made; NULL when no entry may be evicted. */
struct neigh_slot *neigh_make(struct net *, uint8_t netif,
                              const struct ipaddr *, ns_t now);
/* Drops the packet that has waited longest for it, else one of another entry.
 * False when none was found. */
bool neigh_drop_waiting(struct net *, struct neigh_slot *);
/* Drops what waits for it and frees the slot. */
void neigh_forget(struct net *, struct neigh_slot *);
/* Tells every entry whether it still is a gateway. */
void neigh_mark_gateways(struct net *);

/* The entry that the path's hint means, if frames can go to it at once. */
static inline struct neigh_slot *neigh_ready(struct neigh_cache *c,
                                             uint16_t hint, ns_t now)
{
    struct neigh_slot *s = &c->slot[hint & ((1u << NEIGH_INDEX_BITS) - 1)];

    return hint < NEIGH_SELF && s->hint == hint && now < s->n.reachable_until
               ? s
               : NULL;
}

/* Takes an IP packet and queues it for the NIC, behind an Ethernet header. */
void link_send(struct net *, struct ip_path *, struct pkt *, ns_t now);
/* Takes a whole frame. */
void link_queue(struct net *, struct nif *, struct pkt *);
/* The same to a given station. */
void link_send_to(struct net *, struct nif *, mac_t dst, uint16_t type,
                  struct pkt *);

/* The Ethernet header is checked and `at` is behind it.  Takes the packet. */
void arp_input(struct net *, struct nif *, struct pkt *, uint32_t at, ns_t now);
/* sender 0: a probe (RFC 5227); sender == target: an announcement.  `to`
 * MAC_BROADCAST: everyone. */
void arp_send(struct net *, struct nif *, const struct arp_msg *, mac_t to);

/* Carries out what the machine of an entry asks for. */
void neigh_apply(struct net *, struct neigh_slot *, struct neigh_act, ns_t now);
/* An entry's machine has run: sets its timer. */
void neigh_rearm(struct net *, struct neigh_slot *);

#endif
