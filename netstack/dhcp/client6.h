/* SPDX-License-Identifier: ISC */
/*
 * client6.h - the DHCPv6 client of a NIC: core6.h with packets around it.
 */
#ifndef DHCP_CLIENT6_H
#define DHCP_CLIENT6_H

#include "../ip/ip.h"
#include "core6.h"

struct net;
struct nif;

/* Until our link-local address, which all is sent from, is ready. */
#define DHCP6_UNREADY_NS (200 * NS_PER_MS)

struct dhcp6_client {
    struct dhcp6 core;
    struct dhcp6_options applied; /* whose servers are in force */
};

/* `stateful`: addresses, too. */
void dhcp6_client_start(struct net *, struct nif *, bool stateful, ns_t now);
/* What the flags of a router advertisement ask for: RFC 4861 4.2. */
void dhcp6_client_on_ra(struct net *, struct nif *, bool managed, bool other,
                        ns_t now);
void dhcp6_client_link_up(struct net *, struct nif *, ns_t now);
/* Gives the addresses back; false when there were none. */
bool dhcp6_client_stop(struct net *, struct nif *, ns_t now);
/* A UDP datagram to the client's port.  Does not take rx->pkt. */
void dhcp6_input(struct net *, const struct ip_rx *, uint32_t at, uint32_t n,
                 ns_t now);
ns_t dhcp6_tick(struct net *, struct nif *, ns_t now);
/* Someone else has a leased address. */
void dhcp6_addr_conflict(struct net *, struct nif *, const struct ipaddr *,
                         ns_t now);

#endif
