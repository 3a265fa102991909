/* SPDX-License-Identifier: ISC */
/*
 * client.h - the DHCPv4 client of a NIC: core.h with packets around it.
 */
#ifndef DHCP_CLIENT_H
#define DHCP_CLIENT_H

#include "../ip/ip.h"
#include "core.h"

struct net;
struct nif;

struct dhcp_client {
    struct dhcp core;
    bool said_wait;
    struct dhcp4_reply applied; /* whose routes and servers are in force */
};

void dhcp_client_start(struct net *, struct nif *, ns_t now);
void dhcp_client_link_up(struct net *, struct nif *, ns_t now);
/* Gives the lease back; false when there was none. */
bool dhcp_client_stop(struct net *, struct nif *, ns_t now);
/* A UDP datagram to the client's port.  Does not take rx->pkt. */
void dhcp_input(struct net *, const struct ip_rx *, uint32_t at, uint32_t n,
                ns_t now);
ns_t dhcp_tick(struct net *, struct nif *, ns_t now);

/* Duplicate detection of the leased address has ended. */
void dhcp_addr_ready(struct net *, struct nif *, ns_t now);
void dhcp_addr_conflict(struct net *, struct nif *, ns_t now);

/* Whether answers may come to an address that is not ours yet. */
bool dhcp_wants_any(const struct nif *);

#endif
