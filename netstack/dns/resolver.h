/* SPDX-License-Identifier: ISC */
/*
 * resolver.h - the stub resolver: core.h with servers, packets and a cache
 * around it.  What applications call, dns_resolve(), is in <billet/net.h>.
 */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include "../ip/addr.h"
#include "core.h"
#include "search.h"

struct ip_rx;

enum {
    DNS_QUESTIONS_MAX = 8,  /* open at once; beyond: E_FULL */
    DNS_CACHE_MAX = 16,     /* names; the one that expires first makes room */
    DNS_CACHE_NAME_MAX = 64 /* in wire form; longer ones are not kept */
};

#define DNS_UNSENT_NS (100 * NS_PER_MS) /* until it is tried again */

struct dns_server {
    struct ipaddr addr;
    uint8_t netif, origin;
    ns_t until;
    bool said_silent;
};

struct dns_slot {
    dns_fn *fn; /* NULL: the slot is free */
    void *user;
    bool done;
    enum err err;
    struct dns_answer answer;
    struct dns_question q;
};

struct dns_cached {
    uint8_t n, naddrs; /* of the name; 0: free */
    uint8_t name[DNS_CACHE_NAME_MAX];
    struct ipaddr addr[DNS_ADDRS_MAX]; /* none: there is no such name */
    ns_t until;
};

struct dns {
    struct dns_server server[DNS_SERVERS_MAX];
    struct dns_search search;
    unsigned nservers, open;
    bool any_done;
    struct dns_slot slot[DNS_QUESTIONS_MAX];
    struct dns_cached cache[DNS_CACHE_MAX];
};

/* Servers of DHCP come before those of routers; where there is a static one,
 * neither is taken. */
void dns_server_learnt(struct net *, uint8_t netif, const struct ipaddr *,
                       enum origin, ns_t until);
void dns_servers_clear(struct net *, uint8_t netif, enum origin);

/* Whether a question waits for answers at that port. */
bool dns_has_port(struct net *, uint16_t port);
/* A UDP datagram to such a port.  Does not take rx->pkt. */
void dns_input(struct net *, const struct ip_rx *, uint16_t from, uint16_t port,
               uint32_t at, uint32_t n, ns_t now);
ns_t dns_tick(struct net *, ns_t now);
unsigned dns_dispatch(struct net *);
bool dns_in_use(const struct net *);

#endif
