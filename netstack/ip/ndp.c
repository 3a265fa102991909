/* SPDX-License-Identifier: ISC */
/*
 * ndp.c - neighbour discovery (RFC 4861) as input and output of the neighbour
 * cache; router advertisements go on to ra.c.
 */
#include "../wire/ndp.h"

#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"

static const struct ipaddr all_nodes = {{0xff, 2, [15] = 1}};
static const struct ipaddr all_routers = {{0xff, 2, [15] = 2}};

/* The `n` bytes of an ICMPv6 message at msg, whose checksum field is 0, as a
 * datagram; NULL when there is no packet. */
static struct pkt *datagram(struct net *net, uint8_t *msg, unsigned n,
                            const struct ipaddr *src, const struct ipaddr *dst)
{
    struct pkt *p = net_pkt(net);
    struct ip6_hdr h = {.src = *src,
                        .dst = *dst,
                        .payload_len = (uint16_t)n,
                        .next = IPPROTO_ICMP6,
                        .hop_limit = NDP_HOPS};
    uint64_t sum = ip_pseudo_sum(src, dst, false, IPPROTO_ICMP6, n);

    if (!p)
        return NULL;
    put_be16(msg + 2, (uint16_t)~csum_fold(csum_add(sum, msg, n, false)));
    memcpy(pkt_push(p, n), msg, n);
    ip6_emit(pkt_push(p, IP6_BYTES), &h);
    net->count.datagrams__ip6_out++;
    return p;
}

/* `mac` 0: to the group that dst is. */
static void send(struct net *net, struct nif *nif, uint8_t *msg, unsigned n,
                 const struct ipaddr *src, const struct ipaddr *dst, mac_t mac)
{
    struct pkt *p = datagram(net, msg, n, src, dst);

    if (p)
        link_send_to(net, nif, mac ? mac : group_mac(dst, false), ETH_IP6, p);
}

void ndp_send_ns(struct net *net, struct nif *nif, const struct ipaddr *from,
                 const struct ipaddr *target, mac_t to)
{
    struct ipaddr dst = to ? *target : group_of_node(target);
    uint8_t msg[NDP_NS_BYTES];
    unsigned n = ndp_ns_emit(msg, target, nif->mac);

    send(net, nif, msg, n, from, &dst, to);
}

void ndp_send_probe(struct net *net, struct nif *nif, const struct ifaddr *a)
{
    static const struct ipaddr unspecified;
    struct ipaddr dst = group_of_node(&a->addr);
    uint8_t msg[NDP_NS_BYTES + NDP_NONCE_BYTES];
    unsigned n = ndp_ns_emit(msg, &a->addr, 0);

    n += ndp_nonce_emit(msg + n, a->nonce);
    send(net, nif, msg, n, &unspecified, &dst, 0);
}

/* From an address that is past doubt with our link-layer address, else from
 * none without: RFC 4861 6.3.7, RFC 4429 3.2. */
void ndp_send_rs(struct net *net, struct nif *nif)
{
    static const struct ipaddr unspecified;
    struct ifaddr *from = addr_first(nif, false);
    uint8_t msg[NDP_RS_BYTES];
    unsigned n = ndp_rs_emit(msg, from ? nif->mac : 0);

    send(net, nif, msg, n, from ? &from->addr : &unspecified, &all_routers, 0);
}

/* RFC 4861 7.2.4; RFC 4429 3.3: an optimistic address does not override.  Who
 * asked us alone need not say its link-layer address: it is asked for that. */
static void answer(struct net *net, struct nif *nif, const struct ifaddr *a,
                   const struct ip_rx *rx, ns_t now)
{
    const struct ipaddr *asker = &rx->src;
    bool known = !ip6_is_unspecified(asker);
    uint8_t flags =
        (uint8_t)((known ? NDP_NA_SOLICITED : 0) |
                  (a->state == ADDR_OPTIMISTIC ? 0 : NDP_NA_OVERRIDE));
    struct neigh_slot *s = known ? neigh_find(net, nif->index, asker) : NULL;
    struct ip_path path = {.src = a->addr, .dst = *asker, .netif = nif->index};
    uint8_t msg[NDP_NS_BYTES];
    struct pkt *p;
    unsigned n;

    if (net->forward.ops)
        flags |= NDP_NA_ROUTER;
    n = ndp_na_emit(msg, &a->addr, nif->mac, flags);
    if (known && (!s || s->n.state <= NEIGH_INCOMPLETE)) {
        if (!rx->not_unicast && !ip_path_find(net, &path) &&
            (p = datagram(net, msg, n, &a->addr, asker)))
            link_send(net, &path, p, now);
        return;
    }
    send(net, nif, msg, n, &a->addr, known ? asker : &all_nodes,
         known ? neigh_mac(&s->n) : 0);
}

/* A message that shows the link-layer address of its sender. */
static void sighted(struct net *net, struct nif *nif, const struct ipaddr *who,
                    mac_t mac, ns_t now)
{
    struct neigh_slot *s = neigh_make(net, nif->index, who, now);

    if (s)
        neigh_apply(net, s, neigh_on_sight(&s->n, mac), now);
}

static bool lladdr_is_bad(const struct nif *nif, const struct ndp_msg *m)
{
    return m->has_lladdr &&
           (mac_is_group(m->lladdr) || m->lladdr == 0 || m->lladdr == nif->mac);
}

/* RFC 4861 7.1.1 and 7.2.3, RFC 4862 5.4.3. */
static bool ns_input(struct net *net, struct nif *nif, const struct ip_rx *rx,
                     const struct ndp_msg *m, ns_t now)
{
    struct ifaddr *a = addr_find_any(nif, &m->target);
    bool dad = ip6_is_unspecified(&rx->src);
    struct ipaddr group = group_of_node(&m->target);

    if (dad && (m->has_lladdr || !addr_same(&rx->dst, &group)))
        return false;
    if (!a || a->state == ADDR_DUPLICATE)
        return true;
    if (dad && a->state < ADDR_PREFERRED) {
        if (m->nonce && m->nonce == a->nonce)
            return true; /* our own, by a loop: RFC 7527 4.2 */
        addr_conflict(net, nif, a, now);
        return true;
    }
    if (a->state == ADDR_TENTATIVE)
        return true;
    if (m->has_lladdr)
        sighted(net, nif, &rx->src, m->lladdr, now);
    answer(net, nif, a, rx, now);
    return true;
}

/* RFC 4861 7.1.2 and 7.2.5, RFC 4862 5.4.4. */
static bool na_input(struct net *net, struct nif *nif, const struct ip_rx *rx,
                     const struct ndp_msg *m, ns_t now)
{
    struct ifaddr *a = addr_find_any(nif, &m->target);
    struct neigh_advert advert = {.mac = m->has_lladdr ? m->lladdr : 0,
                                  .solicited = m->solicited,
                                  .override_ = m->override_,
                                  .router = m->router};
    struct neigh_slot *s;

    if (m->solicited && rx->not_unicast)
        return false;
    if (a) {
        addr_conflict(net, nif, a, now);
        return true;
    }
    /* Nobody may confirm what was not asked. */
    s = neigh_find(net, nif->index, &m->target);
    if (!s)
        return true;
    if (s->n.asked == 0)
        advert.solicited = false;
    neigh_apply(net, s, neigh_on_advert(&s->n, &advert, &nif->neigh, now), now);
    return true;
}

/* RFC 4861 6.1.2. */
static bool ra_check(struct net *net, struct nif *nif, const struct ip_rx *rx,
                     const struct ndp_msg *m, ns_t now)
{
    struct neigh_slot *s;

    if (!ip6_is_link_local(&rx->src))
        return false;
    if (m->has_lladdr)
        sighted(net, nif, &rx->src, m->lladdr, now);
    s = neigh_find(net, nif->index, &rx->src);
    if (s)
        s->n.router = true;
    ra_input(net, nif, m, &rx->src, now);
    return true;
}

void ndp_input(struct net *net, struct ip_rx *rx, ns_t now)
{
    struct nif *nif = net_nif(net, rx->netif);
    const uint8_t *in = pkt_together(rx->pkt, rx->l4, rx->len, net->scratch);
    struct ndp_msg m;
    bool fine = false;

    /* RFC 6980 5: nothing of it ever comes in fragments. */
    if (rx->ttl == NDP_HOPS && in && !rx->fragmented &&
        ndp_parse(&m, (struct span){in, rx->len}) && !lladdr_is_bad(nif, &m)) {
        switch (m.type) {
        case NDP_NS:
            fine = ns_input(net, nif, rx, &m, now);
            break;
        case NDP_NA:
            fine = na_input(net, nif, rx, &m, now);
            break;
        case NDP_RA:
            fine = ra_check(net, nif, rx, &m, now);
            break;
        case NDP_REDIRECT:
            fine = ra_redirect(net, nif, &m, &rx->src, now);
            if (fine && m.has_lladdr)
                sighted(net, nif, &m.target, m.lladdr, now);
            break;
        default: /* a solicitation of routers: we are none */
            net->count.drops__icmp_ignored++;
            fine = true;
        }
    }
    net->count.drops__ndp += !fine;
    pkt_put(rx->pkt);
}
