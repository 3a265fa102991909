/* SPDX-License-Identifier: ISC */
/*
 * net.c - the stack as one machine: its turn, its deadline.
 */
#include "net.h"

#include "ip/input.h"
#include "link/ether.h"
#include "stack.h"
#include "tcp/tcp.h"

enum {
    TIMERS_MAX = 256, /* fired in one turn; the rest in the next */
    SELF_MAX = 64     /* packets to ourselves taken in one turn */
};

void net_renew(struct net *net)
{
    rng_renew(&net->rng);
    tcp_renew(net->tcp);
}

void net_input(struct net *net, struct pktq *frames, ns_t now)
{
    struct pkt *p;

    net->now = now;
    while ((p = pktq_pop(frames))) {
        if (p->netif == 0 || p->netif > net->nnifs)
            net_drop(net, p, not_ours);
        else
            ether_input(net, net_nif(net, p->netif), p, now);
    }
}

/* What we sent to ourselves arrives in the next turn, so that two ends of one
 * connection here take turns, too. */
static RARE void take_self(struct net *net, ns_t now)
{
    struct pkt *p;

    for (unsigned i = 0; i < SELF_MAX && (p = pktq_pop(&net->self)); i++) {
        struct nif *nif = net_nif(net, p->netif);

        if (p->frag[0].p[ETH_BYTES] >> 4 == 4)
            ip4_input(net, nif, p, ETH_BYTES, IP_IN_SELF, now);
        else
            ip6_input(net, nif, p, ETH_BYTES, IP_IN_SELF, now);
    }
}

static ns_t earlier(ns_t a, ns_t b)
{
    return a < b ? a : b;
}

void net_tick(struct net *net, ns_t now)
{
    net->now = now;
    if (net->self.head)
        take_self(net, now);
    for (unsigned i = 1; i <= net->nnifs; i++) {
        struct nif *nif = net_nif(net, i);

        if (nif->vid)
            nif->dev->link_up = net_nif(net, nif->parent)->dev->link_up;
        if (nif->dev->link_up != nif->link_was_up) {
            nif->link_was_up = nif->dev->link_up;
            net->path_gen++;       /* by another NIC, if there is a way */
            net_wake_at(net, now); /* some look at it then */
            if (nif->link_was_up)
                net_link_up(net, nif, now);
        }
    }
    if (now >= net->due)
        net_slow_tick(net, now);
    if (net->wheel.count)
        wheel_turn(&net->wheel, now, TIMERS_MAX);
    tcp_tick(net->tcp, now);
}

bool net_down(struct net *net, enum net_down how, ns_t now)
{
    net->now = now;
    return tcp_down(net->tcp, how, now);
}

unsigned net_dispatch(struct net *net, ns_t now)
{
    unsigned n;

    net->now = now;
    n = tcp_dispatch(net->tcp, now) + udp_dispatch(net) + dns_dispatch(net);
    return net->dials ? n + net->dial_dispatch(net) : n;
}

unsigned net_output(struct net *net, uint8_t netif, struct pktq *frames,
                    unsigned max, ns_t now)
{
    struct nif *nif = net_nif(net, netif);
    unsigned n = 0;
    struct pkt *p;

    ASSERT(netif > 0 && netif <= net->nnifs);
    net->now = now;
    if (nif->out.count < max)
        tcp_output(net->tcp, max - nif->out.count, now);
    if (nif->out.count <= max) {
        n = nif->out.count;
        pktq_join(frames, &nif->out);
        return n;
    }
    while (n < max && (p = pktq_pop(&nif->out))) {
        pktq_push(frames, p);
        n++;
    }
    return n;
}

void net_hold(struct net *net, uint8_t netif, bool held)
{
    bool all = true;

    if (net_nif(net, netif)->held == held)
        return;
    net_nif(net, netif)->held = held;
    for (unsigned i = 0; i < net->nnifs; i++)
        all &= net->nif[i].held || net->nif[i].vid; /* by its parent */
    tcp_hold(net->tcp, all);
}

ns_t net_deadline(const struct net *net)
{
    ns_t due = earlier(net->due, tcp_next_deadline(net->tcp));

    if (net->self.head || net->udp.waiting || net->dns.any_done)
        return net->now;
    for (unsigned i = 0; i < net->nnifs; i++)
        if (net->nif[i].out.head && !net->nif[i].held)
            return net->now;
    return net->wheel.count ? earlier(due, wheel_deadline(&net->wheel)) : due;
}

bool net_in_use(const struct net *net)
{
    return tcp_in_use(net->tcp) + net->udp.bound + net->dns.open > net->aside ||
           net->dials;
}

void net_aside(struct net *net, unsigned n)
{
    net->aside = n;
}

ns_t net_now(const struct net *net)
{
    return net->now;
}

struct tcp *net_tcp(struct net *net)
{
    return net->tcp;
}

struct pkt *net_pkt(struct net *net)
{
    struct pkt *p = pkt_get(net->config.pkts);

    net->count.drops__no_memory += p == NULL;
    return p;
}

bool net_pkt_append(struct net *net, struct pkt *p, const uint8_t *from,
                    size_t n)
{
    while (n > 0) {
        struct block *b = block_get(net->config.tx_blocks);
        uint32_t part;
        bool added;

        if (!b) {
            net->count.drops__no_memory++;
            return false;
        }
        part = b->size < n ? b->size : (uint32_t)n;
        memcpy(b->data, from, part);
        added = pkt_add_frag(p, &b->buf, b->data, part);
        buf_drop(&b->buf); /* the packet has a reference of its own */
        if (!added)
            return false;
        from += part;
        n -= part;
    }
    return true;
}
