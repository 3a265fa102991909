/* SPDX-License-Identifier: ISC */
/*
 * client.c - see client.h.
 */
#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"
#include "../wire/ip4.h"
#include "../wire/udp.h"
#include "duid.h"
#include "learn.h"

void dhcp_client_start(struct net *net, struct nif *nif, ns_t now)
{
    const struct netif_config *c = &nif->config;
    uint8_t client[CLIENT_ID_BYTES];
    struct dhcp_who who = {
        .mac = nif->mac, .client = {client, sizeof(client)}, .last = c->last4};

    client_id_emit(client, net->nif[0].mac, iaid_of(nif->mac, nif->index));
    if (net->config.hostname)
        who.hostname = span_of(net->config.hostname);
    if (c->dhcp4) {
        dhcp_start(&nif->dhcp.core, &who, now, rng_u32(&net->rng));
    } else {
        who.last = ip4_of(&c->static4.addr);
        dhcp_inform(&nif->dhcp.core, &who, now, rng_u32(&net->rng));
    }
    net_wake_at(net, dhcp_deadline(&nif->dhcp.core));
}

bool dhcp_wants_any(const struct nif *nif)
{
    enum dhcp_state s = nif->dhcp.core.state;

    return s == DHCP_SELECTING || s == DHCP_REQUESTING || s == DHCP_REBOOTING;
}

/* From an address that may not be ours yet, so below ip_send(). */
static void broadcast(struct net *net, struct nif *nif, struct pkt *p,
                      uint32_t src)
{
    struct ip4_hdr h = {.src = src,
                        .dst = UINT32_MAX,
                        .total_len = (uint16_t)(p->len + IP4_BYTES),
                        .ttl = 64,
                        .proto = IPPROTO_UDP_};

    ip4_emit(pkt_push(p, IP4_BYTES), &h);
    net->count.datagrams__ip4_out++;
    link_send_to(net, nif, MAC_BROADCAST, ETH_IP4, p);
}

static void send(struct net *net, struct nif *nif, const struct dhcp_out *out,
                 ns_t now)
{
    uint8_t msg[DHCP4_OUT_MAX], *udp;
    unsigned n = dhcp4_emit(msg, &out->msg);
    struct ip_path path = {.src = ip4_addr(out->src),
                           .dst = ip4_addr(out->dst),
                           .netif = nif->index};
    struct udp_hdr h = {.src = DHCP4_CLIENT_PORT,
                        .dst = DHCP4_SERVER_PORT,
                        .len = (uint16_t)(UDP_BYTES + n)};
    struct pkt *p = net_pkt(net);
    uint64_t sum;

    if (!p)
        return;
    if (!net_pkt_append(net, p, msg, n)) {
        pkt_put(p);
        return;
    }
    udp = pkt_push(p, UDP_BYTES);
    udp_emit(udp, &h);
    sum = ip_pseudo_sum(&path.src, &path.dst, true, IPPROTO_UDP_, p->len);
    put_be16(udp + 6, (uint16_t)~csum_fold(pkt_sum(p, 0, p->len, sum)));
    if (out->dst == UINT32_MAX)
        broadcast(net, nif, p, out->src);
    else if (ip_path_find(net, &path))
        net_drop(net, p, no_route);
    else
        ip_send(net, &path, IPPROTO_UDP_, p, now);
}

static void take_routes(struct net *net, struct nif *nif,
                        const struct dhcp4_reply *l)
{
    struct route r = {.netif = nif->index,
                      .origin = ORIGIN_DHCP,
                      .pref = NDP_PREF_MEDIUM,
                      .until = NS_NEVER};
    struct ipaddr own = ip4_addr(l->yiaddr);
    unsigned own_bits = 96u + dhcp_mask_bits(l->mask, l->yiaddr);

    for (unsigned i = 0; i < l->nrouters; i++) {
        if (!ip4_is_unicast(l->router[i]))
            continue;
        r.dst = ip4_addr(l->router[i]);
        if (!addr_in_prefix(&r.dst, &own, own_bits)) {
            r.bits = 128; /* as with a mask of 32 bits: on the link even so */
            r.has_via = false;
            r.via = (struct ipaddr){{0}};
            route_add(net, &r);
        }
        if (l->has_routes) /* RFC 3442: then the router option counts not */
            continue;
        r.via = r.dst;
        r.dst = ip4_addr(0);
        r.bits = 96;
        r.has_via = true;
        route_add(net, &r);
    }
    for (unsigned i = 0; i < l->nroutes; i++) {
        const struct dhcp4_route *x = &l->route[i];

        r.dst = ip4_addr(x->dst);
        r.bits = (uint8_t)(96 + x->bits);
        r.has_via = x->via != 0;
        r.via = r.has_via ? ip4_addr(x->via) : (struct ipaddr){{0}};
        if (x->via == 0 || ip4_is_unicast(x->via))
            route_add(net, &r);
    }
}

static void undo(struct net *net, struct nif *nif)
{
    routes_clear(net, nif->index, ORIGIN_DHCP);
    learn_clear(net, nif, ORIGIN_DHCP);
    nif->mtu4 = nif->dev->mtu;
    nif->dhcp.applied = (struct dhcp4_reply){0};
}

static bool same_options(const struct dhcp4_reply *a,
                         const struct dhcp4_reply *b)
{
    return a->yiaddr == b->yiaddr && a->mask == b->mask && a->mtu == b->mtu &&
           a->nrouters == b->nrouters && a->nservers == b->nservers &&
           a->nroutes == b->nroutes && a->nntp == b->nntp &&
           a->nsearch == b->nsearch &&
           memcmp(a->ntp, b->ntp, sizeof(a->ntp)) == 0 &&
           memcmp(a->search, b->search, sizeof(a->search)) == 0 &&
           memcmp(a->router, b->router, sizeof(a->router)) == 0 &&
           memcmp(a->dns, b->dns, sizeof(a->dns)) == 0 &&
           memcmp(a->route, b->route, sizeof(a->route)) == 0;
}

/* What the lease says besides the address. */
static void apply(struct net *net, struct nif *nif)
{
    const struct dhcp4_reply *l = &nif->dhcp.core.lease;

    if (same_options(l, &nif->dhcp.applied))
        return;
    undo(net, nif);
    if (l->mtu >= PMTU_MIN4 && l->mtu <= nif->dev->mtu)
        nif->mtu4 = l->mtu;
    if (addr_is_zero(&nif->config.gateway4))
        take_routes(net, nif, l);
    for (unsigned i = 0; i < l->nservers; i++) {
        struct ipaddr server = ip4_addr(l->dns[i]);

        if (ip4_is_unicast(l->dns[i]))
            dns_server_learnt(net, nif->index, &server, ORIGIN_DHCP, NS_NEVER);
    }
    for (unsigned i = 0; i < l->nntp; i++) {
        struct ipaddr server = ip4_addr(l->ntp[i]);

        learn_time(net, nif, &server, 1, ORIGIN_DHCP);
    }
    learn_domains(net, nif, (struct span){l->search, l->nsearch}, ORIGIN_DHCP);
    nif->dhcp.applied = *l;
    net->path_gen++;
}

static void take_address(struct net *net, struct nif *nif, ns_t now)
{
    const struct dhcp *d = &nif->dhcp.core;
    struct ifaddr a = {.addr = ip4_addr(d->lease.yiaddr),
                       .origin = ORIGIN_DHCP,
                       .bits = dhcp_mask_bits(d->lease.mask, d->lease.yiaddr),
                       .preferred_until = d->expires,
                       .valid_until = d->expires};
    struct ifaddr *had = addr_find(nif, &a.addr);

    if (had && had->origin == ORIGIN_STATIC) {
        dhcp_addr_ready(net, nif, now);
        return;
    }
    addr_add(net, nif, &a, now);
}

static void drop_address(struct net *net, struct nif *nif, ns_t now)
{
    for (unsigned i = 0; i < nif->naddrs; i++)
        if (nif->addr[i].state != ADDR_NONE &&
            nif->addr[i].origin == ORIGIN_DHCP)
            addr_remove(net, nif, &nif->addr[i], now);
}

/* Carries out what the machine says, then sends what it wants sent. */
static void follow(struct net *net, struct nif *nif, enum dhcp_event e,
                   ns_t now)
{
    struct dhcp *d = &nif->dhcp.core;
    struct dhcp_out out;

    switch (e) {
    case DHCP_CHECK:
        take_address(net, nif, now);
        break;
    case DHCP_RENEWED:
        take_address(net, nif, now);
        apply(net, nif);
        break;
    case DHCP_INFORMED:
        apply(net, nif);
        break;
    case DHCP_LOST:
        undo(net, nif);
        drop_address(net, nif, now);
        break;
    case DHCP_STRAY:
        net->count.drops__dhcp++;
        break;
    case DHCP_NOTHING:
        break;
    }
    while (dhcp_next(d, now, &out))
        send(net, nif, &out, now);
    net_wake_at(net, dhcp_deadline(d));
    if (d->state == DHCP_SELECTING && d->tries > DHCP_WAIT_TRIES &&
        !nif->dhcp.said_wait) {
        nif->dhcp.said_wait = true;
        net_say(net,
                &(struct net_note){.kind = NET_DHCP_WAIT, .netif = nif->index});
    }
}

void dhcp_addr_ready(struct net *net, struct nif *nif, ns_t now)
{
    dhcp_on_checked(&nif->dhcp.core);
    apply(net, nif);
    follow(net, nif, DHCP_NOTHING, now);
}

void dhcp_addr_conflict(struct net *net, struct nif *nif, ns_t now)
{
    dhcp_on_conflict(&nif->dhcp.core, now);
    follow(net, nif, DHCP_LOST, now);
}

void dhcp_client_link_up(struct net *net, struct nif *nif, ns_t now)
{
    follow(net, nif, dhcp_on_link_up(&nif->dhcp.core, now, rng_u32(&net->rng)),
           now);
}

bool dhcp_client_stop(struct net *net, struct nif *nif, ns_t now)
{
    bool held = dhcp_release(&nif->dhcp.core);

    follow(net, nif, DHCP_NOTHING, now); /* from the address, so before... */
    if (held)
        follow(net, nif, DHCP_LOST, now);
    return held;
}

void dhcp_input(struct net *net, const struct ip_rx *rx, uint32_t at,
                uint32_t n, ns_t now)
{
    struct nif *nif = net_nif(net, rx->netif);
    const uint8_t *in = pkt_together(rx->pkt, at, n, net->scratch);
    struct dhcp4_reply r;

    if (nif->dhcp.core.state == DHCP_OFF || !in ||
        !dhcp4_parse(&r, (struct span){in, n})) {
        net->count.drops__dhcp++;
        return;
    }
    follow(net, nif,
           dhcp_on_reply(&nif->dhcp.core, &r, now, rng_u32(&net->rng)), now);
}

ns_t dhcp_tick(struct net *net, struct nif *nif, ns_t now)
{
    struct dhcp *d = &nif->dhcp.core;

    if (now >= dhcp_deadline(d))
        follow(net, nif, dhcp_on_time(d, now, rng_u32(&net->rng)), now);
    return dhcp_deadline(d);
}
