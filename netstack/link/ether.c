/* SPDX-License-Identifier: ISC */
/*
 * ether.c - received frames: for us or not, and which protocol.
 */
#include "ether.h"

#include "../ip/input.h"
#include "../stack.h"
#include "vlan.h"

#define MAC_ALL_NODES UINT64_C(0x333300000001)
#define MAC_IP4_ALL   UINT64_C(0x01005e000001)

/* The groups that we belong to: all hosts, all nodes, and those of group.h. */
static RARE bool wants_group(const struct nif *nif, mac_t dst)
{
    return dst == MAC_BROADCAST || dst == MAC_ALL_NODES || dst == MAC_IP4_ALL ||
           group_has_mac(nif, dst);
}

void ether_deliver(struct net *net, struct nif *nif, struct pkt *p, mac_t dst,
                   uint16_t type, uint32_t at, ns_t now)
{
    unsigned flags = nif->in_flags | (dst == nif->mac ? 0u : IP_IN_GROUP);

    if (dst != nif->mac && !wants_group(nif, dst))
        net_drop(net, p, other_mac);
    else if (type == ETH_IP4)
        ip4_input(net, nif, p, at, flags, now);
    else if (type == ETH_IP6)
        ip6_input(net, nif, p, at, flags, now);
    else if (type == ETH_ARP)
        arp_input(net, nif, p, at, now);
    else
        net_drop(net, p, ethertype);
}

static RARE void not_ip(struct net *net, struct nif *nif, struct pkt *p,
                        uint16_t type, ns_t now)
{
    if (type == ETH_ARP)
        arp_input(net, nif, p, ETH_BYTES, now);
    else if (type == ETH_VLAN || type == ETH_QINQ)
        vlan_input(net, nif, p, now);
    else
        net_drop(net, p, ethertype);
}

static RARE void refuse(struct net *net, struct nif *nif, struct pkt *p,
                        ns_t now)
{
    struct eth_hdr h;

    if (p->nfrags == 0 ||
        !eth_parse(&h, (struct span){p->frag[0].p, p->frag[0].len}))
        net_drop(net, p, frame_short);
    else if (mac_is_group(h.src))
        net_drop(net, p, source_mac);
    else if (h.src == nif->mac)
        net_drop(net, p, own_mac);
    else if (h.type == ETH_VLAN) /* a group of a sub-interface, perhaps */
        vlan_input(net, nif, p, now);
    else
        net_drop(net, p, other_mac);
}

void ether_input(struct net *net, struct nif *nif, struct pkt *p, ns_t now)
{
    unsigned flags = nif->in_flags;
    struct eth_hdr h;

    if (p->nfrags == 0 ||
        !eth_parse(&h, (struct span){p->frag[0].p, p->frag[0].len}) ||
        (h.dst != nif->mac && !wants_group(nif, h.dst)) ||
        mac_is_group(h.src) || h.src == nif->mac) {
        refuse(net, nif, p, now);
        return;
    }
    if (h.dst != nif->mac)
        flags |= IP_IN_GROUP;
    if (h.type == ETH_IP4)
        ip4_input(net, nif, p, ETH_BYTES, flags, now);
    else if (h.type == ETH_IP6)
        ip6_input(net, nif, p, ETH_BYTES, flags, now);
    else
        not_ip(net, nif, p, h.type, now);
}
