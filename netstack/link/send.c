/* SPDX-License-Identifier: ISC */
/*
 * send.c - from an IP packet to a frame: the next hop's address, looked for
 * when it is not known.
 */
#include "../stack.h"
#include "../tcp/tcp.h"
#include "../wire/icmp6.h"
#include "vlan.h"

void link_queue(struct net *net, struct nif *nif, struct pkt *p)
{
    if (nif->out.count >= net->out_max) {
        net_drop(net, p, tx_full);
        return;
    }
    if (nif->vid) {
        vlan_send(net, nif, p);
        return;
    }
    p->netif = nif->index;
    pktq_push(&nif->out, p);
}

void link_send_to(struct net *net, struct nif *nif, mac_t dst, uint16_t type,
                  struct pkt *p)
{
    eth_emit(pkt_push(p, ETH_BYTES),
             &(struct eth_hdr){.dst = dst, .src = nif->mac, .type = type});
    link_queue(net, nif, p);
}

static void flush(struct net *net, struct neigh_slot *s)
{
    struct nif *nif = net_nif(net, s->netif);
    struct pkt *p;

    while ((p = pktq_pop(&s->waiting))) {
        net->cache.waiting--;
        memcpy(pkt_push(p, ETH_BYTES), s->n.eth, ETH_BYTES);
        link_queue(net, nif, p);
    }
}

/* Tells TCP that a segment of its did not get anywhere. */
static void report(struct net *net, const struct pkt *p, uint8_t netif,
                   ns_t now)
{
    struct ip_error e = {.kind = IP_ERR_UNREACH, .netif = netif};
    struct span in = {p->hdr + PKT_HDR_MAX - p->hdr_len, p->hdr_len};
    struct ip4_hdr h4;
    struct ip6_hdr h6;
    uint32_t l4;

    if (ip4_parse(&h4, in)) {
        e.v4 = true;
        e.proto = h4.proto;
        e.src = ip4_addr(h4.src);
        e.dst = ip4_addr(h4.dst);
        l4 = h4.hdr_len;
    } else if (ip6_parse(&h6, in)) {
        e.proto = h6.next;
        e.src = h6.src;
        e.dst = h6.dst;
        l4 = IP6_BYTES;
    } else {
        return;
    }
    if (e.proto == IPPROTO_TCP_ && pkt_copy(p, l4, e.quoted, 8))
        tcp_icmp(net->tcp, &e, now);
}

static void lost(struct net *net, struct neigh_slot *s, ns_t now)
{
    struct pktq waiting = s->waiting;
    uint8_t netif = s->netif;
    struct ipaddr addr = s->n.addr;
    bool gateway = s->gateway;
    struct pkt *p;

    net->count.neighbours_lost++;
    net->cache.waiting -= waiting.count;
    s->waiting = (struct pktq){0};
    neigh_forget(net, s);
    if (gateway)
        route_gateway_lost(net, netif, &addr);
    while ((p = pktq_pop(&waiting))) {
        if (p->flags & PKT_FORWARDED && net->forward.ops)
            net->forward.ops->lost(net, p, now);
        else
            report(net, p, netif, now);
        net_drop(net, p, neighbour_silent);
    }
}

static void ask_arp(struct net *net, struct neigh_slot *s, enum neigh_ask ask)
{
    struct nif *nif = net_nif(net, s->netif);
    struct arp_msg m = {.op = ARP_REQUEST,
                        .sender_mac = nif->mac,
                        .sender = ip4_of(&s->ask_from),
                        .target = ip4_of(&s->n.addr)};
    struct ifaddr *from = addr_find(nif, &s->ask_from);

    if (!from && (from = addr_first(nif, true)))
        m.sender = ip4_of(&from->addr);
    if (!from)
        return; /* without an address of ours there is no one to answer to */
    arp_send(net, nif, &m,
             ask == NEIGH_ASK_IT ? neigh_mac(&s->n) : MAC_BROADCAST);
}

static void ask_ndp(struct net *net, struct neigh_slot *s, enum neigh_ask ask)
{
    struct nif *nif = net_nif(net, s->netif);
    struct ifaddr *from = addr_find(nif, &s->ask_from);

    /* RFC 4429 3.2: an optimistic address must not ask. */
    if (!from || from->state == ADDR_OPTIMISTIC)
        from = addr_first(nif, false);
    if (!from)
        return;
    ndp_send_ns(net, nif, &from->addr, &s->n.addr,
                ask == NEIGH_ASK_IT ? neigh_mac(&s->n) : 0);
}

RARE void neigh_apply(struct net *net, struct neigh_slot *s,
                      struct neigh_act act, ns_t now)
{
    if (act.lost) {
        lost(net, s, now);
        return;
    }
    neigh_rearm(net, s);
    if (act.flush)
        flush(net, s);
    if (s->gateway && now < s->n.reachable_until)
        route_gateway_found(net, s->netif, &s->n.addr);
    if (act.not_router)
        route_gateway_gone(net, s->netif, &s->n.addr);
    if (act.ask == NEIGH_ASK_NOBODY)
        return;
    if (ipaddr_is_v4(&s->n.addr))
        ask_arp(net, s, act.ask);
    else
        ask_ndp(net, s, act.ask);
}

static void wait_for(struct net *net, struct neigh_slot *s, struct pkt *p)
{
    struct neigh_cache *c = &net->cache;

    if ((s->waiting.count == NEIGH_WAITING_MAX ||
         c->waiting >= c->waiting_max) &&
        !neigh_drop_waiting(net, s)) {
        net_drop(net, p, neighbour_queue);
        return;
    }
    c->waiting++;
    pktq_push(&s->waiting, p);
}

static mac_t mac_of_group(const struct ip_path *path)
{
    uint32_t a = be32(path->dst.b + 12);

    return path->v4 && !ip4_is_multicast(a) ? MAC_BROADCAST
                                            : group_mac(&path->dst, path->v4);
}

/* A packet to ourselves becomes one that was received: its headers move from
 * pkt.hdr into a block. */
static void to_self(struct net *net, struct nif *nif, struct pkt *p)
{
    struct block *b;

    if (net->self.count >= net->out_max || p->nfrags == PKT_FRAGS_MAX ||
        !(b = block_get(net->config.tx_blocks))) {
        net_drop(net, p, no_memory);
        return;
    }
    memset(pkt_push(p, ETH_BYTES), 0, ETH_BYTES);
    memcpy(b->data, p->hdr + PKT_HDR_MAX - p->hdr_len, p->hdr_len);
    memmove(&p->frag[1], &p->frag[0], p->nfrags * sizeof(p->frag[0]));
    p->frag[0] = (struct frag){.buf = &b->buf, .p = b->data, .len = p->hdr_len};
    p->nfrags++;
    p->hdr_len = 0;
    p->netif = nif->index;
    if (p->flags & PKT_CSUM_PARTIAL)
        p->flags = (uint16_t)((p->flags | PKT_CSUM_GOOD) & ~PKT_CSUM_PARTIAL);
    pktq_push(&net->self, p);
}

static struct neigh_slot *find_slot(struct net *net, struct ip_path *path,
                                    ns_t now)
{
    struct neigh_slot *s =
        &net->cache.slot[path->neighbour & ((1u << NEIGH_INDEX_BITS) - 1)];
    struct ipaddr hop;

    if (path->neighbour < NEIGH_SELF && s->hint == path->neighbour && s->netif)
        return s;
    if (!route_next_hop(net, path, &hop))
        return NULL;
    s = neigh_make(net, path->netif, &hop, now);
    if (s)
        path->neighbour = s->hint;
    return s;
}

static RARE void send_slowly(struct net *net, struct ip_path *path,
                             struct pkt *p, ns_t now)
{
    struct nif *nif = net_nif(net, path->netif);
    struct neigh_slot *s;
    struct neigh_act act;

    if (path->neighbour == NEIGH_GROUP) {
        link_send_to(net, nif, mac_of_group(path), path->v4 ? ETH_IP4 : ETH_IP6,
                     p);
        return;
    }
    if (path->neighbour == NEIGH_SELF) {
        to_self(net, nif, p);
        return;
    }
    s = find_slot(net, path, now);
    if (!s) {
        net_drop(net, p, neighbour_queue);
        return;
    }
    if (!s->sent_to)
        s->ask_from = path->src;
    s->sent_to = true;
    s->used = now;
    if (neigh_on_use(&s->n, &nif->neigh, now, &act)) {
        memcpy(pkt_push(p, ETH_BYTES), s->n.eth, ETH_BYTES);
        link_queue(net, nif, p);
    } else {
        wait_for(net, s, p);
    }
    neigh_apply(net, s, act, now);
}

void link_send(struct net *net, struct ip_path *path, struct pkt *p, ns_t now)
{
    struct neigh_slot *s = neigh_ready(&net->cache, path->neighbour, now);

    if (!s) {
        send_slowly(net, path, p, now);
        return;
    }
    s->used = now;
    memcpy(pkt_push(p, ETH_BYTES), s->n.eth, ETH_BYTES);
    link_queue(net, net_nif(net, path->netif), p);
}
