/* SPDX-License-Identifier: ISC */
/*
 * network.h - what a platform says of our networks, until it is known which
 * NIC is which: from NoCloud's network-config (versions 1 and 2) and from
 * OpenStack's network_data.json.
 */
#ifndef PLATFORM_NETWORK_H
#define PLATFORM_NETWORK_H

#include <billet/net.h>
#include <platform/settings.h>
#include <proto/json.h>

enum {
    NETWORKS_MAX = 8, /* beyond: left off */
    NETWORK_NAME_BYTES = 40,
    NETWORK_ADDRS_MAX = 4, /* of a family; beyond: left off, likewise below */
    NETWORK_DNS_MAX = 3,
    NETWORK_SEARCH_MAX = 6
};

/* Texts with commas between, made of what was parsed. */
struct network_list {
    unsigned n;
    char text[256];
};

struct network {
    char name[NETWORK_NAME_BYTES]; /* what the platform calls it */
    uint8_t mac[6];
    bool has_mac, dhcp4, dhcp6, auto6;
    struct network_list ipv4, ipv6, dns, search;
    struct ipaddr gateway4, gateway6; /* all zero: none */
};

struct networks {
    unsigned n;
    struct network net[NETWORKS_MAX];
    struct network_list dns, search; /* of all of them */
    unsigned ignored;                /* bonds, bridges, tunnels... */
    enum settings_source source;
};

/* A member of `n` that is of that name; made if there is none.  NULL: there is
 * no room. */
struct network *network_named(struct networks *, struct span name);

/* What is none is left off. */
void network_mac(struct network *, struct span text);
void network_address(struct network *, struct span text, struct span netmask);
void network_gateway(struct network *, struct span text);
/* A route to `to`: only the default one is taken. */
void network_route(struct network *, struct span to, struct span netmask,
                   struct span via);
void network_dns(struct network_list *, struct span text);
void network_search(struct network_list *, struct span text);

/* NULL, or what is wrong, with its line in s->why. */
MUST_USE bool network_config(struct networks *, struct settings *s,
                             struct span text);
MUST_USE bool network_json(struct networks *, struct span text);

struct network_nic {
    const char *name; /* in the manifest */
    uint8_t mac[6];
};
/* Keys for the NICs: by MAC, those without one in order.  *left says how many
 * networks have no NIC.  False: no room; s->why. */
MUST_USE bool network_keys(const struct networks *, struct settings *s,
                           const struct network_nic *, unsigned n,
                           unsigned *left);

#endif
