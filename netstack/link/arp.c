/* SPDX-License-Identifier: ISC */
/*
 * arp.c - ARP (RFC 826) as input and output of the neighbour cache, and the
 * claims to our own addresses that it carries (RFC 5227).
 */
#include "../pieces.h"
#include "../stack.h"

void arp_send(struct net *net, struct nif *nif, const struct arp_msg *m,
              mac_t to)
{
    struct pkt *p = net_pkt(net);

    if (!p)
        return;
    arp_emit(pkt_push(p, ARP_BYTES), m);
    if (ip4_is_link_local(m->sender))
        to = MAC_BROADCAST; /* RFC 3927 2.5: so that conflicts show */
    link_send_to(net, nif, to, ETH_ARP, p);
}

/* RFC 5227 2.1.1 and 2.4: whether this is someone's claim to an address that
 * we have, or are about to have. */
static bool conflicts(struct net *net, struct nif *nif, const struct arp_msg *m,
                      ns_t now)
{
    struct ipaddr sender = ip4_addr(m->sender), target = ip4_addr(m->target);
    struct ifaddr *a = addr_find_any(nif, &sender);

    if (!a && m->sender == 0 && m->op == ARP_REQUEST) {
        a = addr_find_any(nif, &target);
        if (a && a->state != ADDR_TENTATIVE)
            a = NULL; /* a probe for what we have: the answer tells it */
    }
    if (!a)
        return false;
    addr_conflict(net, nif, a, now);
    return true;
}

/* What a message says about its sender, to the entry of that address.
 * `answer`: it is a reply to us, and we have asked. */
static struct neigh_act take(struct neigh *n, mac_t mac, bool answer,
                             const struct neigh_params *p, ns_t now)
{
    bool same = n->state > NEIGH_INCOMPLETE && neigh_mac(n) == mac;

    if (answer && (same || n->state == NEIGH_INCOMPLETE))
        return neigh_on_advert(n,
                               &(struct neigh_advert){.mac = mac,
                                                      .solicited = true,
                                                      .override_ = true},
                               p, now);
    if (same || n->state == NEIGH_PROBE)
        return (struct neigh_act){0};
    /* Whoever answers at this moment is not pushed aside by a mere claim: he
     * is asked again, and only his silence lets the other in. */
    if (now < n->reachable_until)
        return neigh_on_doubt(n, p, now);
    return neigh_on_sight(n, mac);
}

/* RFC 826 "Packet Reception": what is known of the sender is renewed; an entry
 * is made only for one that wants to talk to us. */
static void learn(struct net *net, struct nif *nif, const struct arp_msg *m,
                  bool to_us, ns_t now)
{
    struct ipaddr sender = ip4_addr(m->sender);
    struct neigh_slot *s = neigh_find(net, nif->index, &sender);
    bool answer;

    if (!s && to_us && m->op == ARP_REQUEST)
        s = neigh_make(net, nif->index, &sender, now);
    if (!s)
        return;
    answer = m->op == ARP_REPLY && to_us && s->n.asked > 0;
    neigh_apply(net, s, take(&s->n, m->sender_mac, answer, &nif->neigh, now),
                now);
}

static bool sane(const struct nif *nif, const struct arp_msg *m)
{
    if (mac_is_group(m->sender_mac) || m->sender_mac == 0 ||
        m->sender_mac == nif->mac)
        return false;
    return m->sender == 0 ||
           (ip4_is_unicast(m->sender) && !ip4_is_loopback(m->sender));
}

void arp_input(struct net *net, struct nif *nif, struct pkt *p, uint32_t at,
               ns_t now)
{
    uint8_t room[ARP_BYTES];
    const uint8_t *in =
        pkt_together(p, at, ARP_BYTES, (struct mspan){room, sizeof(room)});
    struct arp_msg m;
    struct ipaddr target;
    struct ifaddr *ours;

    if (!in || !arp_parse(&m, (struct span){in, ARP_BYTES}) || !sane(nif, &m)) {
        net_drop(net, p, arp);
        return;
    }
    if (!conflicts(net, nif, &m, now)) {
        target = ip4_addr(m.target);
        ours = addr_find(nif, &target);
        if (m.sender != 0)
            learn(net, nif, &m, ours != NULL, now);
        if (ours && m.op == ARP_REQUEST)
            arp_send(net, nif,
                     &(struct arp_msg){.op = ARP_REPLY,
                                       .sender_mac = nif->mac,
                                       .sender = m.target,
                                       .target_mac = m.sender_mac,
                                       .target = m.sender},
                     m.sender_mac);
    }
    pkt_put(p);
}
