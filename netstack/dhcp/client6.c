/* SPDX-License-Identifier: ISC */
/*
 * client6.c - see client6.h.
 */
#include "../pieces.h"
#include "../stack.h"
#include "learn.h"

void dhcp6_client_start(struct net *net, struct nif *nif, bool stateful,
                        ns_t now)
{
    uint8_t duid[DUID_BYTES];
    struct span name = {0};

    duid_emit(duid, net->nif[0].mac);
    if (net->config.hostname)
        name = span_of(net->config.hostname);
    dhcp6_start(&nif->dhcp6.core, duid, iaid_of(nif->mac, nif->index), name,
                stateful, now, rng_u32(&net->rng));
    net_wake_at(net, dhcp6_deadline(&nif->dhcp6.core));
}

void dhcp6_client_on_ra(struct net *net, struct nif *nif, bool managed,
                        bool other, ns_t now)
{
    enum dhcp6_state s = nif->dhcp6.core.state;

    if (!nif->config.auto6)
        return; /* the configuration has decided */
    if (managed && (s == DHCP6_OFF || s >= DHCP6_INFORMING))
        dhcp6_client_start(net, nif, true, now);
    else if (other && s == DHCP6_OFF)
        dhcp6_client_start(net, nif, false, now);
}

/* Every message goes to all servers and relays, from the link-local address:
 * RFC 8415 16.13 and 18.2. */
static void send(struct net *net, struct nif *nif, const struct ipaddr *from,
                 const struct dhcp6_message *m)
{
    static const struct ipaddr servers = {
        {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}};
    struct endpoint to = {
        .addr = servers, .port = DHCP6_SERVER_PORT, .netif = nif->index};
    uint8_t msg[DHCP6_OUT_MAX];
    unsigned n = dhcp6_emit(msg, m);

    /* What cannot be sent is as if it were lost on the way. */
    (void)udp_send_from(net, DHCP6_CLIENT_PORT, from, &to,
                        (struct span){msg, n});
}

static void undo(struct net *net, struct nif *nif)
{
    learn_clear(net, nif, ORIGIN_DHCP6);
    nif->dhcp6.applied = (struct dhcp6_options){0};
}

static void apply(struct net *net, struct nif *nif)
{
    const struct dhcp6_options *o = &nif->dhcp6.core.options;

    if (memcmp(o, &nif->dhcp6.applied, sizeof(*o)) == 0)
        return;
    undo(net, nif);
    for (unsigned i = 0; i < o->ndns; i++)
        dns_server_learnt(net, nif->index, &o->dns[i], ORIGIN_DHCP6, NS_NEVER);
    learn_time(net, nif, o->ntp, o->nntp, ORIGIN_DHCP6);
    learn_domains(net, nif, (struct span){o->search, o->nsearch}, ORIGIN_DHCP6);
    nif->dhcp6.applied = *o;
}

static bool leased(const struct dhcp6 *d, const struct ipaddr *a)
{
    for (unsigned i = 0; i < d->naddrs; i++)
        if (addr_same(&d->addr[i].addr, a))
            return true;
    return false;
}

/* The NIC has what is leased, and nothing else from DHCP.  An address brings
 * no route: which prefixes are on the link, routers say (RFC 5942 4). */
static void take_addresses(struct net *net, struct nif *nif, ns_t now)
{
    const struct dhcp6 *d = &nif->dhcp6.core;

    for (unsigned i = 0; i < nif->naddrs; i++) {
        struct ifaddr *a = &nif->addr[i];

        if (a->state != ADDR_NONE && a->origin == ORIGIN_DHCP6 &&
            !leased(d, &a->addr))
            addr_remove(net, nif, a, now);
    }
    for (unsigned i = 0; i < d->naddrs; i++) {
        struct ifaddr a = {.addr = d->addr[i].addr,
                           .origin = ORIGIN_DHCP6,
                           .bits = 128,
                           .preferred_until = d->addr[i].preferred_until,
                           .valid_until = d->addr[i].valid_until};

        struct ifaddr *had = addr_find_any(nif, &a.addr);

        if (!had || had->origin == ORIGIN_DHCP6) /* else it is ours anyhow */
            (void)addr_add(net, nif, &a, now);
    }
}

static void follow(struct net *net, struct nif *nif, enum dhcp6_event e,
                   ns_t now)
{
    struct dhcp6 *d = &nif->dhcp6.core;
    struct ifaddr *from = addr_first(nif, false);
    struct dhcp6_message m;

    switch (e) {
    case DHCP6_ADDRS:
        take_addresses(net, nif, now);
        apply(net, nif);
        break;
    case DHCP6_LOST:
        undo(net, nif);
        take_addresses(net, nif, now);
        break;
    case DHCP6_OPTIONS:
        apply(net, nif);
        break;
    case DHCP6_STRAY:
        net->count.drops__dhcp++;
        break;
    case DHCP6_NOTHING:
        break;
    }
    while (from && dhcp6_next(d, now, &m))
        send(net, nif, &from->addr, &m);
    net_wake_at(net, from ? dhcp6_deadline(d) : now + DHCP6_UNREADY_NS);
}

void dhcp6_client_link_up(struct net *net, struct nif *nif, ns_t now)
{
    follow(net, nif,
           dhcp6_on_link_up(&nif->dhcp6.core, now, rng_u32(&net->rng)), now);
}

bool dhcp6_client_stop(struct net *net, struct nif *nif, ns_t now)
{
    bool held = dhcp6_release(&nif->dhcp6.core, rng_u32(&net->rng));

    follow(net, nif, held ? DHCP6_LOST : DHCP6_NOTHING, now);
    return held;
}

void dhcp6_addr_conflict(struct net *net, struct nif *nif,
                         const struct ipaddr *a, ns_t now)
{
    dhcp6_on_conflict(&nif->dhcp6.core, a, now, rng_u32(&net->rng));
    follow(net, nif, DHCP6_NOTHING, now);
}

void dhcp6_input(struct net *net, const struct ip_rx *rx, uint32_t at,
                 uint32_t n, ns_t now)
{
    struct nif *nif = net_nif(net, rx->netif);
    const uint8_t *in = pkt_together(rx->pkt, at, n, net->scratch);
    struct dhcp6 *d = &nif->dhcp6.core;
    struct dhcp6_reply r;

    if (!in || rx->not_unicast ||
        !dhcp6_parse(&r, (struct span){in, n}, d->iaid)) {
        net->count.drops__dhcp++;
        return;
    }
    follow(net, nif, dhcp6_on_reply(d, &r, now, rng_u32(&net->rng)), now);
}

ns_t dhcp6_tick(struct net *net, struct nif *nif, ns_t now)
{
    struct dhcp6 *d = &nif->dhcp6.core;

    if (now < dhcp6_deadline(d))
        return dhcp6_deadline(d);
    if (!addr_first(nif, false))
        return now + DHCP6_UNREADY_NS;
    follow(net, nif, dhcp6_on_time(d, now, rng_u32(&net->rng)), now);
    return dhcp6_deadline(d);
}
