/* SPDX-License-Identifier: ISC */
/*
 * net.h - the whole stack as one machine without I/O.
 *
 * Frames in, frames out, one deadline.  boot/ joins it to the NICs and the
 * loop; a test, a simulation or a fuzzer joins it to another net.  What an
 * application calls (tcp_listen and so on) is in <billet/net.h>.
 *
 * A turn is: net_input for each NIC, net_tick, net_dispatch, [timers, tasks],
 * net_output.  Nothing calls the application but net_dispatch; and net_input,
 * the hook of one that is a router (<billet/forward.h>).
 */
#ifndef NETSTACK_NET_H
#define NETSTACK_NET_H

#include <base/pool.h>
#include <billet/app.h>
#include <billet/net.h>
#include <billet/netif.h>

enum {
    NET_VLANS_MAX = 8,
    NET_NETIFS_MAX = APP_NETS_MAX + NET_VLANS_MAX,
    NET_EXTRA_MAX = 6 /* static addresses beyond the first of each family */
};

/* RFC 3168 for TCP: when the peer asks, also asking, or never. */
enum net_ecn { TCP_ECN_PASSIVE, TCP_ECN_ON, TCP_ECN_OFF };

enum net_when { NET_NEVER, NET_FALLBACK, NET_ALWAYS };

struct net_config {
    uint8_t seed[32]; /* for every secret of the stack; see lib/base/rng.h */
    const struct rng_feed *feed;  /* for fresh ones; NULL: a run repeats */
    struct limits limits;         /* no zeros: boot has filled the defaults */
    struct pool *pkts;            /* struct pkt */
    struct block_pool *tx_blocks; /* send queues, copies, control packets */
    struct pool *rx_blocks;       /* only looked at, to know when memory is
                                   * scarce (architecture, 6) */
    struct arena *arena;
    struct clock *clock;     /* set by time servers; NULL: none is asked */
    const char *ntp;         /* servers, or "off"; NULL: those of DHCP */
    uint64_t wall_ns;        /* at `now` of creation; 0: unknown */
    uint32_t tcp_per_source; /* connections, and half-open entries, that one
                              * address (or IPv6 /64) may hold; 0: nearly all
                              * and half: tcp/source.c */
    uint8_t tcp_congestion;  /* enum cc_kind; 0 is CUBIC */
    uint8_t tcp_ecn;         /* enum net_ecn */
    const char *hostname;    /* for DHCP; NULL: none */
    bool mdns;               /* answer to that name by multicast DNS */
};

/* How one network is to be configured; boot makes it from the keys. */
struct netif_config {
    bool dhcp4; /* else static4 when its prefix is not 0 */
    struct net_addr static4;
    uint32_t last4; /* DHCP: the address of before a restart; 0: unknown */
    bool inform4;   /* static4: ask DHCP for all but the address */
    struct ipaddr gateway4; /* all zero: none (or DHCP's) */
    bool auto6;             /* SLAAC, and DHCPv6 as routers say; a
                             * link-local address in any case... */
    bool none6;             /* ...unless this is set: no IPv6 at all */
    bool dhcp6;             /* DHCPv6 in any case, not as routers say */
    struct net_addr static6;
    struct ipaddr gateway6;
    struct ipaddr dns[3]; /* all zero: from DHCP, or RDNSS */
    unsigned ndns;
    const char *search; /* domains, or "none"; NULL: as learnt */
    /* RFC 7217's secret: with it, IPv6 addresses stay the same over restarts
     * and tell nothing about the machine.  All zero: they stay the same, but
     * who knows the MAC address can work them out. */
    uint8_t stable_secret[16];
    struct net_addr extra[NET_EXTRA_MAX]; /* of either family */
    unsigned nextra;
    enum net_when link_local4; /* an address of 169.254/16, RFC 3927: as long
                                * as DHCP gives none, or in any case */
    bool full_probe4;          /* RFC 5227's own waits, 6 s in all */
    uint32_t metric; /* of two routes alike, the NIC with the lower one */
    bool temporary6; /* RFC 8981: for connections that we open */
};

/* Memory that net_new() takes from the arena for such limits. */
size_t net_bytes(const struct limits *);

/* NULL when the arena is too small.  `*c` is copied; what it points to stays.
 */
struct net *net_new(const struct net_config *c, ns_t now);

/* Adds a NIC: frames for it carry its index, which counts from 1.  Addresses
 * are acquired from now on.  The netif stays the caller's. */
uint8_t net_add(struct net *, struct netif *, const struct netif_config *,
                ns_t now);

/* A sub-interface of NIC `parent` for what carries the 802.1Q tag `vid`, 1 to
 * 4094; `name` stays the caller's.  Frames go in and out by the parent.
 * Returns its index, 0 when there is one for that tag or no room. */
uint8_t net_add_vlan(struct net *, uint8_t parent, uint16_t vid,
                     const char *name, const struct netif_config *, ns_t now);

/* A static route; `via` is a router on the NIC's own network.  False: the table
 * is full. */
bool net_add_route(struct net *, uint8_t netif, const struct net_addr *prefix,
                   const struct ipaddr *via);

/* Consumes every frame in the queue; each has pkt.netif set. */
void net_input(struct net *, struct pktq *frames, ns_t now);
/* Runs due timers.  Nothing calls the application from here, either. */
void net_tick(struct net *, ns_t now);
/* Delivers queued events to their owners: the only upcall there is.  Returns
 * how many were delivered. */
unsigned net_dispatch(struct net *, ns_t now);
/* Appends up to `max` frames to send on `netif`.  Returns how many. */
unsigned net_output(struct net *, uint8_t netif, struct pktq *frames,
                    unsigned max, ns_t now);
/* Its generators are seeded by their feed, now. */
void net_renew(struct net *);

/* Time has gone by outside that is not in `now`: leases may have ended, routers
 * gone, and what time servers have said is of another time. */
void net_slept(struct net *, ns_t now);

/* The end of all connections: each step but the last of `how`. */
bool net_down(struct net *, enum net_down how, ns_t now);
/* The end, in order: gives back what was lent to us.  True when there are
 * frames that say so, for which some turns should still be taken. */
bool net_stop(struct net *, ns_t now);
/* Whether `netif` takes no more frames just now and its driver will say when it
 * does.  While none takes any, net_deadline() is not about what waits for them.
 */
void net_hold(struct net *, uint8_t netif, bool);
/* When net_tick() or net_output() next has work; NS_NEVER if not. */
ns_t net_deadline(const struct net *);

/* Whether an application has anything open: a listener, a bound port, a
 * stream, a question to DNS. */
bool net_in_use(const struct net *);
/* So many streams and questions to DNS do not count there: they serve the
 * machine, not the application. */
void net_aside(struct net *, unsigned n);

/* Something the owner of the machine wants to read in the log. */
enum net_note_kind {
    NET_ADDR_ADDED, /* addr/prefix on netif, from `origin` */
    NET_ADDR_LOST,
    NET_ADDR_CONFLICT, /* someone else has it; not used */
    NET_GATEWAY,       /* addr is the default router */
    NET_DNS_SERVER,
    NET_DHCP_WAIT, /* no DHCP server has answered so far */
    NET_NAMESERVER_SILENT,
    NET_TIME_SERVER,
    NET_TIME_SET, /* by addr; the clock was behind by off_ns */
    NET_NAME      /* origin: "web.local", which multicast DNS answers to */
};
struct net_note {
    enum net_note_kind kind;
    uint8_t netif, prefix_bits;
    struct ipaddr addr;
    const char *origin; /* "dhcp", "static", "slaac", "link-local" */
    int64_t off_ns;
    uint32_t seconds; /* lease or lifetime; UINT32_MAX: for ever */
};
/* The oldest note not yet read; false when there is none.  A ring of 16: the
 * oldest is lost first. */
bool net_note(struct net *, struct net_note *);

/* A number for the whole state, the same for the same state; not quick. */
uint64_t net_state(struct net *);

/* The time the stack was last told, for calls that bring none. */
ns_t net_now(const struct net *);

/* TCP's part of the stack, for tcp_listen() and the like. */
struct tcp;
struct tcp *net_tcp(struct net *);

/* Shows the counters of the stack and of each NIC added so far. */
void net_metrics(struct net *, struct metrics *);

#endif
