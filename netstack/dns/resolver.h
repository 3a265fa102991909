/* SPDX-License-Identifier: ISC */
/*
 * resolver.h - the stub resolver: core.h with servers, packets and a cache
 * around it.  What applications call, dns_resolve() and dns_lookup(), is in
 * <billet/net.h>.
 */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include <billet/pkt.h>

#include "../ip/addr.h"
#include "core.h"
#include "search.h"

struct ip_rx;

enum {
    DNS_QUESTIONS_MAX = 8,   /* open at once; beyond: E_FULL */
    DNS_TCP_MAX = 4,         /* connections at once; beyond: a question waits */
    DNS_CACHE_MAX = 32,      /* the one that expires first makes room */
    DNS_CACHE_NAME_MAX = 64, /* in wire form; longer ones are not kept */
    DNS_CACHE_DATA_MAX = 160, /* longer answers are not kept */
    DNS_TTL_MIN_S = 5,        /* what is remembered, at least and at most... */
    DNS_TTL_MAX_S = 86400,
    DNS_NEGATIVE_MAX_S = 300 /* ...that there is nothing (RFC 2308 5) */
};

#define DNS_UNSENT_NS (100 * NS_PER_MS) /* until it is tried again */

/* Who is to be told: `fn` after dns_resolve(), `records` after dns_lookup(). */
struct dns_asker {
    void *user;
    dns_fn *fn;
    dns_fn *early; /* of the first family's addresses at once; or NULL */
    dns_records_fn *records;
};

struct dns_slot {
    struct dns_asker by;
    bool used, absolute, done, early_due;
    bool local;   /* its name ends in .local, now: RFC 6762 3 */
    uint8_t step; /* in the search list */
    enum err err;
    struct ipaddr to[2]; /* whom each half was sent to */
    struct dns_name typed;
    struct dns_question q;
};

struct dns_cached {
    uint8_t n, count; /* of the name, 0: free; of records, 0: there are none */
    uint16_t type, bytes;
    uint8_t name[DNS_CACHE_NAME_MAX];
    uint8_t data[DNS_CACHE_DATA_MAX];
    ns_t until;
};

/* One exchange over TCP. */
struct dns_tcp {
    struct net *net;
    struct stream *s;    /* NULL: free */
    struct block *block; /* what came, its length first */
    size_t have;
    struct dns_slot *slot;
    uint8_t half;
    uint16_t id; /* of the question, which may be another one by now */
};

struct dns {
    struct dns_server server[DNS_SERVERS_MAX];
    struct dns_server group; /* in place of them, for .local */
    struct dns_search search;
    unsigned nservers, open;
    bool any_done;
    struct dns_slot slot[DNS_QUESTIONS_MAX];
    struct dns_cached cache[DNS_CACHE_MAX];
    struct dns_tcp tcp[DNS_TCP_MAX];
};

/* Servers of DHCP come before those of routers; where there is a static one,
 * neither is taken. */
void dns_server_learnt(struct net *, uint8_t netif, const struct ipaddr *,
                       enum origin, ns_t until);
void dns_servers_clear(struct net *, uint8_t netif, enum origin);
ns_t dns_servers_tick(struct net *, ns_t now);
/* All of them fell silent: says so once. */
void dns_servers_silent(struct net *);
bool dns_server_is(const struct dns_server *, uint8_t netif,
                   const struct ipaddr *);

bool dns_cache_get(struct net *, const struct dns_name *, uint16_t type,
                   struct dns_answer *);
void dns_cache_put(struct net *, const struct dns_name *, uint16_t type,
                   const struct dns_answer *);

/* Sends a half's question to its server over TCP; E_FULL: later. */
enum err dns_tcp_send(struct net *, struct dns_slot *, unsigned half,
                      const struct endpoint *, struct span msg);
/* Ends the exchanges whose half does not wait for them any more. */
void dns_tcp_sweep(struct net *);
void dns_remember(struct net *, const struct dns_question *, unsigned half);
/* Asks anew; what is remembered need not be asked. */
void dns_begin(struct net *, struct dns_slot *, const struct dns_name *,
               const uint16_t type[2]);
/* Sends what is to be sent, and ends what is over. */
void dns_advance(struct net *, struct dns_slot *);

/* Whether a question waits for answers at that port. */
bool dns_has_port(struct net *, uint16_t port);
/* A UDP datagram to such a port.  Does not take rx->pkt. */
void dns_input(struct net *, const struct ip_rx *, uint16_t from, uint16_t port,
               uint32_t at, uint32_t n, ns_t now);
ns_t dns_tick(struct net *, ns_t now);
unsigned dns_dispatch(struct net *);
bool dns_in_use(const struct net *);

/* dns_resolve() that also tells of the first family's addresses when they are
 * there, and waits for the other as long as it takes. */
MUST_USE enum err dns_resolve_early(struct net *, const char *name,
                                    dns_fn *early, dns_fn *fn, void *user);

#endif
