/* SPDX-License-Identifier: ISC */
/*
 * vlan.c - 802.1Q sub-interfaces (IEEE 802.1Q-2018 9.6).
 *
 * One tag.  A frame with two is not for a station, and is dropped.
 */
#include "vlan.h"

#include "../stack.h"
#include "ether.h"

struct nif *vlan_find(struct net *net, uint8_t parent, unsigned vid)
{
    for (unsigned i = 0; i < net->nnifs; i++)
        if (net->nif[i].vid == vid && net->nif[i].parent == parent)
            return &net->nif[i];
    return NULL;
}

void vlan_input(struct net *net, struct nif *nif, struct pkt *p, ns_t now)
{
    const uint8_t *frame = p->frag[0].p;
    unsigned vid;
    uint16_t type;

    if (p->frag[0].len < ETH_BYTES + ETH_VLAN_BYTES) {
        net_drop(net, p, frame_short);
        return;
    }
    vid = be16(frame + ETH_BYTES) & ETH_VID;
    type = be16(frame + ETH_BYTES + 2);
    if (be16(frame + 12) != ETH_VLAN || type == ETH_VLAN || type == ETH_QINQ) {
        net_drop(net, p, vlan_nested);
        return;
    }
    if (vid) { /* else a priority alone, and the NIC's own: 6.9.1 */
        nif = vlan_find(net, nif->index, vid);
        if (!nif) {
            net_drop(net, p, vlan);
            return;
        }
        p->netif = nif->index;
        nif->dev->counters.rx_frames++;
        nif->dev->counters.rx_bytes += p->len;
    }
    ether_deliver(net, nif, p, mac_get(frame), type, ETH_BYTES + ETH_VLAN_BYTES,
                  now);
}

/* The addresses move to the front, and what is told to the device about places
 * in the frame moves with them. */
void vlan_send(struct net *net, struct nif *nif, struct pkt *p)
{
    uint8_t *frame = pkt_push(p, ETH_VLAN_BYTES);

    memmove(frame, frame + ETH_VLAN_BYTES, 12);
    put_be16(frame + 12, ETH_VLAN);
    put_be16(frame + ETH_BYTES, nif->vid);
    p->csum_start = (uint16_t)(p->csum_start + ETH_VLAN_BYTES);
    p->gso_hdr = (uint16_t)(p->gso_hdr + ETH_VLAN_BYTES);
    nif->dev->counters.tx_frames++;
    nif->dev->counters.tx_bytes += p->len;
    link_queue(net, net_nif(net, nif->parent), p);
}
