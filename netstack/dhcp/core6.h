/* SPDX-License-Identifier: ISC */
/*
 * core6.h - the DHCPv6 client's machine (RFC 8415 18.2), without I/O.
 *
 * A value: told of replies and of the time, it says what to send and what has
 * become of the addresses.  `random` is fresh entropy wherever it appears.
 * One IA_NA; prefixes are not asked for, RECONFIGURE is not agreed to.
 */
#ifndef DHCP_CORE6_H
#define DHCP_CORE6_H

#include "../wire/dhcp6.h"
#include "duid.h"

/* RFC 8415 7.6, but for the delay before the first message: a machine that
 * boots in a tenth of a second spreads over a tenth, not over a second. */
enum {
    DHCP6_REQ_TRIES = 10, /* then from the start */
    DHCP6_REL_TRIES = 4,  /* of DECLINE: then it is taken as heard */
    DHCP6_SOL_MAX_RT_S = 3600,
    DHCP6_INF_MAX_RT_S = 3600,
    DHCP6_MAX_RT_LEAST_S = 60, /* 21.24: other values are ignored */
    DHCP6_MAX_RT_MOST_S = 86400,
    DHCP6_REFRESH_S = 86400,
    DHCP6_REFRESH_LEAST_S = 600,
    DHCP6_T1_LEAST_S = 10 /* a server's T1 below is taken to be this long */
};
#define DHCP6_DELAY_NS    (100 * NS_PER_MS)
#define DHCP6_CONFIRM_NS  (10 * NS_PER_SEC)
#define DHCP6_DECLINED_NS (10 * NS_PER_SEC) /* before it begins anew */

enum dhcp6_state {
    DHCP6_OFF,
    DHCP6_SOLICITING,
    DHCP6_REQUESTING,
    DHCP6_BOUND,
    DHCP6_RENEWING,
    DHCP6_REBINDING,
    DHCP6_CONFIRMING, /* after a change of the link */
    DHCP6_DECLINING,  /* an address that another host has */
    DHCP6_INFORMING,  /* stateless: no addresses, all the rest */
    DHCP6_INFORMED
};

struct dhcp6_lease {
    struct ipaddr addr;
    ns_t preferred_until, valid_until;
};

struct dhcp6 {
    enum dhcp6_state state;
    bool send, release; /* dhcp6_next() has something */
    bool offered;       /* an advertisement is at hand: server, wish */
    uint8_t preference;
    uint8_t duid[DUID_BYTES];
    uint32_t iaid, xid, sol_max_rt_s, inf_max_rt_s;
    struct span hostname;
    unsigned tries;     /* in this exchange */
    ns_t rt;            /* until the last retransmission: section 15 */
    ns_t next, started; /* of this exchange */
    ns_t t1, t2, expires, give_up;
    struct dhcp6_duid server;
    unsigned naddrs, nwishes;
    struct dhcp6_lease addr[DHCP6_ADDRS_MAX];
    struct ipaddr wish[DHCP6_ADDRS_MAX]; /* offered; or to be declined */
    struct dhcp6_options options;        /* of the last reply */
};

enum dhcp6_event {
    DHCP6_NOTHING,
    DHCP6_ADDRS,   /* addr[] and options hold from now on */
    DHCP6_LOST,    /* no address may be used any more */
    DHCP6_OPTIONS, /* options hold from now on */
    DHCP6_STRAY    /* a reply that does not belong to anything we asked */
};

/* `stateful`: ask for addresses, too. */
void dhcp6_start(struct dhcp6 *, const uint8_t duid[DUID_BYTES], uint32_t iaid,
                 struct span hostname, bool stateful, ns_t now,
                 uint32_t random);
enum dhcp6_event dhcp6_on_link_up(struct dhcp6 *, ns_t now, uint32_t random);
enum dhcp6_event dhcp6_on_reply(struct dhcp6 *, const struct dhcp6_reply *,
                                ns_t now, uint32_t random);
enum dhcp6_event dhcp6_on_time(struct dhcp6 *, ns_t now, uint32_t random);
/* Someone else has one of our addresses: DECLINE. */
void dhcp6_on_conflict(struct dhcp6 *, const struct ipaddr *, ns_t now,
                       uint32_t random);
/* The end, in order: gives the addresses back and is off.  False when there
 * is none. */
bool dhcp6_release(struct dhcp6 *, uint32_t random);
/* What to send now; false: nothing.  What it points to is the machine's. */
bool dhcp6_next(struct dhcp6 *, ns_t now, struct dhcp6_message *);
ns_t dhcp6_deadline(const struct dhcp6 *);

#endif
