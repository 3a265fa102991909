/* SPDX-License-Identifier: ISC */
/*
 * neigh.h - one neighbour: RFC 4861 7.3.2's machine, for NDP and ARP alike.
 *
 * Pure: it is told what happened and answers what to do.  For ARP (RFC 1122
 * 2.3.2.1, unicast poll) a reply to our own request is a solicited advert.
 */
#ifndef LINK_NEIGH_H
#define LINK_NEIGH_H

#include "../wire/eth.h"
#include <billet/net.h>

enum {
    NEIGH_MULTICAST_MAX = 3, /* RFC 4861 10: then it is unreachable */
    NEIGH_UNICAST_MAX = 3    /* then its address is looked for afresh */
};
#define NEIGH_DELAY_NS     (5 * NS_PER_SEC)
#define NEIGH_REACHABLE_NS (30 * NS_PER_SEC)
#define NEIGH_RETRANS_NS   NS_PER_SEC

enum neigh_state {
    NEIGH_FREE,
    NEIGH_INCOMPLETE, /* asked; packets wait */
    NEIGH_REACHABLE,
    NEIGH_STALE, /* address known, not tried lately */
    NEIGH_DELAY, /* used since; the transport may yet confirm it */
    NEIGH_PROBE  /* asked by unicast; packets go on */
};

struct neigh {
    ns_t reachable_until; /* in REACHABLE; else 0, so that one comparison
                           * tells the fast path */
    enum neigh_state state;
    uint8_t asked;   /* solicitations sent in this state */
    bool router;     /* it said so: the R flag */
    uint8_t eth[14]; /* the header of a frame to it */
    ns_t deadline;   /* of neigh_on_timer(); NS_NEVER */
    struct ipaddr addr;
};

struct neigh_params {
    ns_t reachable_ns; /* randomised already: RFC 4861 6.3.4 */
    ns_t retrans_ns;
};

/* What the caller must do. */
enum neigh_ask { NEIGH_ASK_NOBODY, NEIGH_ASK_ALL, NEIGH_ASK_IT };
struct neigh_act {
    enum neigh_ask ask;
    bool flush;      /* its address is known: send what waits */
    bool lost;       /* it does not answer: drop what waits, forget it */
    bool not_router; /* it was a router and is none any more */
};

/* A packet is to go to it; false when it has to wait. */
bool neigh_on_use(struct neigh *, const struct neigh_params *, ns_t now,
                  struct neigh_act *);

struct neigh_advert {
    mac_t mac; /* 0: not said */
    bool solicited, override_, router;
};
/* RFC 4861 7.2.5. */
struct neigh_act neigh_on_advert(struct neigh *, const struct neigh_advert *,
                                 const struct neigh_params *, ns_t now);

/* Its address was seen in a message of its own: a solicitation, an ARP
 * request.  RFC 4861 7.2.3. */
struct neigh_act neigh_on_sight(struct neigh *, mac_t mac);

/* Packets of ours reach it: RFC 4861 7.3.1. */
void neigh_on_confirm(struct neigh *, const struct neigh_params *, ns_t now);

/* Another claims its address, unasked: look whether it is still there. */
struct neigh_act neigh_on_doubt(struct neigh *, const struct neigh_params *,
                                ns_t now);

struct neigh_act neigh_on_timer(struct neigh *, const struct neigh_params *,
                                ns_t now);

static inline mac_t neigh_mac(const struct neigh *n)
{
    return mac_get(n->eth);
}

#endif
