/* SPDX-License-Identifier: ISC */
/*
 * route_keys.h - what the keys say of VLANs, routes and metrics.
 */
#ifndef BOOT_ROUTE_KEYS_H
#define BOOT_ROUTE_KEYS_H

#include <billet/app.h>
#include <net.h>

enum { IFACE_NAME_BYTES = APP_NAME_BYTES + 8 /* "uplink.4094" */ };

/* Every interface of the stack, by its index less one: NICs, then VLANs. */
struct ifaces {
    unsigned n;
    char name[NET_NETIFS_MAX][IFACE_NAME_BYTES];
    struct net_addr static4[NET_NETIFS_MAX], static6[NET_NETIFS_MAX];
};

/* Notes the next interface: its name, and what its addresses are to be. */
void ifaces_add(struct ifaces *, const char *name, const struct netif_config *);

uint32_t route_keys_metric(const struct keys *, const char *name);

/* The `i`-th tag that network `name` is to have a sub-interface for; 0: there
 * are no more. */
unsigned route_keys_vlan(const struct keys *, const char *name, unsigned i);

/* Adds the routes that are given.  E_INVAL, and the log says why, when one
 * leads nowhere, or a key is for a sub-interface that is not there. */
MUST_USE enum err route_keys_up(struct env *, const struct ifaces *);

#endif
