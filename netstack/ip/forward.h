/* SPDX-License-Identifier: ISC */
/*
 * forward.h - forwarding inside of the stack: its state, its entries.
 *
 * The rest of the stack reaches it through `ops` alone, so that an image whose
 * application is no router does not hold it.
 */
#ifndef IP_FORWARD_H
#define IP_FORWARD_H

#include <billet/forward.h>

#include "ip.h"

struct nif;

enum { FORWARD_WAYS = 16 /* found last; another takes the place */ };

enum forward_end {
    FORWARD_TAKEN, /* the packet is gone: on its way, or dropped */
    FORWARD_OURS,  /* for an address of ours, whatever NIC has it */
    FORWARD_HOST   /* none of a router's business */
};

struct forward_ops {
    /* A datagram came in, checked as a host checks it. */
    enum forward_end (*input)(struct net *, struct ip_rx *, unsigned flags,
                              ns_t now);
    /* The next hop of a packet with PKT_FORWARDED did not answer. */
    void (*lost)(struct net *, const struct pkt *, ns_t now);
};

struct forward {
    const struct forward_ops *ops; /* NULL: no router */
    struct net_forward config;
    struct ip_path way[FORWARD_WAYS];
};

/* What the hook is shown of rx. */
enum forward_known {
    FORWARD_PLAIN,
    FORWARD_OBSCURE,     /* its headers are not understood to the end */
    FORWARD_SOURCE_ROUTE /* it wants to go by others first */
};
enum forward_known forward_describe(struct forward_pkt *, const struct ip_rx *);

/* Where bytes [at, at+n) of the packet lie, to be written to: who forwards a
 * packet is its only owner.  NULL when they are not together. */
uint8_t *forward_bytes(struct pkt *, uint32_t at, uint32_t n);

/* A path that ip_send() takes as it is; false: there is none. */
bool forward_way(struct net *, struct ip_path *, const struct ipaddr *dst);
/* Answers in the name of the destination.  Does not take rx->pkt. */
void forward_reset(struct net *, const struct ip_rx *, ns_t now);

/* Sends rx's datagram, which starts at its packet's first byte: checksums
 * completed, segments cut, fragments made, as the way and its NIC want it.
 * Takes rx->pkt. */
void forward_emit(struct net *, struct ip_path *way, struct ip_rx *, ns_t now);
/* Bytes of IP that the largest piece of it needs on a wire; 0: what it says of
 * merged segments cannot be. */
uint32_t forward_needs(const struct ip_rx *);

#endif
