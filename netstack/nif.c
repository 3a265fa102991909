/* SPDX-License-Identifier: ISC */
/*
 * nif.c - a NIC joins the stack, with the addresses and routes that it was
 * given and all that looks for more.
 */
#include "link/vlan.h"
#include "net.h"
#include "pieces.h"
#include "stack.h"

static void add_static(struct net *net, struct nif *nif,
                       const struct net_addr *wanted,
                       const struct ipaddr *gateway, ns_t now)
{
    struct ifaddr a = {.addr = wanted->addr,
                       .bits = wanted->prefix_bits,
                       .origin = ORIGIN_STATIC,
                       .preferred_until = NS_NEVER,
                       .valid_until = NS_NEVER};
    struct route r = {.via = *gateway,
                      .has_via = true,
                      .netif = nif->index,
                      .origin = ORIGIN_STATIC,
                      .pref = NDP_PREF_HIGH,
                      .until = NS_NEVER};

    if (a.bits)
        (void)addr_add(net, nif, &a, now); /* the table is empty yet */
    if (addr_is_zero(gateway))
        return;
    r.bits = (uint8_t)addr_bits16(gateway, 0);
    r.dst = addr_prefix(gateway, r.bits);
    (void)route_add(net, &r);
}

static void add_extra(struct net *net, struct nif *nif, bool v4, ns_t now)
{
    static const struct ipaddr none;
    const struct netif_config *c = &nif->config;

    for (unsigned i = 0; i < c->nextra; i++)
        if (ipaddr_is_v4(&c->extra[i].addr) == v4)
            add_static(net, nif, &c->extra[i], &none, now);
}

static void start4(struct net *net, struct nif *nif, ns_t now)
{
    const struct netif_config *c = &nif->config;

    if (c->dhcp4 || (c->inform4 && c->static4.prefix_bits))
        dhcp_client_start(net, nif, now);
    add_static(net, nif, &c->static4, &c->gateway4, now);
    add_extra(net, nif, true, now);
}

static void start6(struct net *net, struct nif *nif, ns_t now)
{
    static const struct ipaddr link_local = {{0xfe, 0x80}};
    const struct netif_config *c = &nif->config;
    struct ifaddr a = {.addr = addr_stable(nif, &link_local, 0),
                       .bits = 64,
                       .origin = ORIGIN_LINK_LOCAL,
                       .preferred_until = NS_NEVER,
                       .valid_until = NS_NEVER};
    struct route r = {.dst = link_local,
                      .bits = 64,
                      .netif = nif->index,
                      .origin = ORIGIN_LINK_LOCAL,
                      .pref = NDP_PREF_MEDIUM,
                      .until = NS_NEVER};

    nif->ra.next_rs = NS_NEVER;
    if (c->none6)
        return;
    (void)route_add(net, &r);
    (void)addr_add(net, nif, &a, now);
    add_static(net, nif, &c->static6, &c->gateway6, now);
    if (c->dhcp6)
        dhcp6_client_start(net, nif, true, now);
    add_extra(net, nif, false, now);
    nif->ra.autoconf = c->auto6;
    nif->ra.routers = addr_is_zero(&c->gateway6);
    if (nif->ra.autoconf || nif->ra.routers)
        ra_start(net, nif, now);
}

/* RFC 4861 6.3.2: between a half and one and a half times the base. */
static struct neigh_params neigh_params(struct net *net)
{
    return (struct neigh_params){
        .reachable_ns =
            NEIGH_REACHABLE_NS / 2 +
            rng_below(&net->rng, NEIGH_REACHABLE_NS / NS_PER_MS) * NS_PER_MS,
        .retrans_ns = NEIGH_RETRANS_NS};
}

bool net_add_route(struct net *net, uint8_t netif,
                   const struct net_addr *prefix, const struct ipaddr *via)
{
    unsigned bits = addr_bits16(&prefix->addr, prefix->prefix_bits);

    return route_add(net, &(struct route){.dst = prefix->addr,
                                          .bits = (uint8_t)bits,
                                          .via = *via,
                                          .has_via = true,
                                          .netif = netif,
                                          .origin = ORIGIN_STATIC,
                                          .pref = NDP_PREF_HIGH,
                                          .until = NS_NEVER});
}

static struct nif *add(struct net *net, struct netif *dev,
                       const struct netif_config *c, ns_t now)
{
    struct nif *nif = &net->nif[net->nnifs];

    ASSERT(net->nnifs < NET_NETIFS_MAX);
    net->now = now;
    *nif = (struct nif){.dev = dev,
                        .index = (uint8_t)++net->nnifs,
                        .mac = mac_get(dev->mac),
                        .mtu4 = dev->mtu,
                        .mtu6 = dev->mtu,
                        .hop_limit6 = 64,
                        .none6 = c->none6,
                        .in_flags = nif->in_flags,
                        .link_was_up = dev->link_up,
                        .neigh = neigh_params(net),
                        .config = *c};
    memcpy(&nif->stable_key, c->stable_secret, sizeof(nif->stable_key));
    return nif;
}

static uint8_t begin(struct net *net, struct nif *nif, ns_t now)
{
    const struct netif_config *c = &nif->config;

    for (unsigned i = 0; i < c->ndns; i++)
        dns_server_learnt(net, nif->index, &c->dns[i], ORIGIN_STATIC, NS_NEVER);
    if (c->search)
        (void)dns_search_static(net, 0, span_of(c->search));
    groups_start(nif);
    link_local4_start(net, nif, now);
    start4(net, nif, now);
    start6(net, nif, now);
    mdns_add(net, nif);
    return nif->index;
}

uint8_t net_add(struct net *net, struct netif *dev,
                const struct netif_config *c, ns_t now)
{
    return begin(net, add(net, dev, c, now), now);
}

uint8_t net_add_vlan(struct net *net, uint8_t parent, uint16_t vid,
                     const char *name, const struct netif_config *c, ns_t now)
{
    const struct netif *carrier = net_nif(net, parent)->dev;
    struct netif *dev;
    struct nif *nif;

    ASSERT(parent > 0 && parent <= net->nnifs && vid > 0 && vid < ETH_VID);
    ASSERT(!net_nif(net, parent)->vid);
    if (vlan_find(net, parent, vid) || net->nnifs == NET_NETIFS_MAX ||
        net->nvlans == NET_VLANS_MAX)
        return 0;
    dev = &net->vlan_dev[net->nvlans++];
    *dev = (struct netif){.name = name,
                          .kind = "802.1Q",
                          .link_up = carrier->link_up,
                          .mtu = carrier->mtu,
                          .caps = carrier->caps,
                          .tso_max = carrier->tso_max};
    memcpy(dev->mac, carrier->mac, sizeof(dev->mac));
    nif = add(net, dev, c, now);
    nif->parent = parent;
    nif->vid = vid;
    return begin(net, nif, now);
}
