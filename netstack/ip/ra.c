/* SPDX-License-Identifier: ISC */
/*
 * ra.c - see ra.h.
 */
#include "../stack.h"

enum {
    TWO_HOURS_S = 7200,
    REACHABLE_MAX_MS = 3600000, /* RFC 4861 6.2.1 */
    RETRANS_MIN_MS = 100,       /* less would be a flood of our own */
    RETRANS_MAX_MS = 60000
};

static ns_t until(uint32_t seconds, ns_t now)
{
    return seconds == UINT32_MAX ? NS_NEVER : now + seconds * NS_PER_SEC;
}

void ra_start(struct net *net, struct nif *nif, ns_t now)
{
    nif->ra.interval = 0;
    nif->ra.next_rs = now + rng_below(&net->rng, (uint32_t)RS_FIRST_NS);
    net_wake_at(net, nif->ra.next_rs);
}

ns_t ra_tick(struct net *net, struct nif *nif, ns_t now)
{
    struct ra *ra = &nif->ra;
    ns_t jitter;

    if (now < ra->next_rs)
        return ra->next_rs;
    ndp_send_rs(net, nif);
    ra->interval = ra->interval == 0 ? RS_INITIAL_NS : ra->interval * 2;
    if (ra->interval > RS_MAX_NS)
        ra->interval = RS_MAX_NS;
    /* RFC 7559 2 takes RFC 3315 14's RAND: a tenth more or less. */
    jitter = ra->interval / 10;
    ra->next_rs = now + ra->interval - jitter +
                  rng_below(&net->rng, (uint32_t)(2 * jitter / 1000)) * 1000;
    return ra->next_rs;
}

/* RFC 4861 6.3.4, the times: Reachable is drawn anew when its base changes. */
static void take_times(struct net *net, struct nif *nif,
                       const struct ndp_msg *m)
{
    if (m->hop_limit)
        nif->hop_limit6 = m->hop_limit;
    if (m->reachable_ms && m->reachable_ms <= REACHABLE_MAX_MS &&
        m->reachable_ms != nif->ra.reachable_ms) {
        nif->ra.reachable_ms = m->reachable_ms;
        nif->neigh.reachable_ns =
            (m->reachable_ms / 2 + rng_below(&net->rng, m->reachable_ms + 1)) *
            NS_PER_MS;
    }
    if (m->retrans_ms >= RETRANS_MIN_MS && m->retrans_ms <= RETRANS_MAX_MS)
        nif->neigh.retrans_ns = m->retrans_ms * NS_PER_MS;
    if (m->mtu >= IP6_MTU_MIN && m->mtu <= nif->dev->mtu &&
        m->mtu != nif->mtu6) {
        nif->mtu6 = (uint16_t)m->mtu;
        net->path_gen++;
    }
}

static unsigned routes_of_ra(const struct net *net, const struct nif *nif)
{
    unsigned n = 0;

    for (unsigned i = 0; i < net->routes.n; i++) {
        const struct route *r = &net->routes.route[i];

        n += r->netif == nif->index && r->origin == ORIGIN_RA && r->bits != 0;
    }
    return n;
}

/* Adds, renews or (lifetime 0) removes a route. */
static void set_route(struct net *net, const struct nif *nif, struct route r,
                      uint32_t lifetime_s, ns_t now)
{
    r.netif = nif->index;
    r.origin = ORIGIN_RA;
    r.dst = addr_prefix(&r.dst, r.bits);
    r.until = until(lifetime_s, now);
    if (lifetime_s == 0)
        route_del(net, &r);
    else if (r.bits == 0 || route_has(net, &r) ||
             routes_of_ra(net, nif) < RA_ROUTES_MAX)
        route_add(net, &r);
    else
        net->count.full__routes++;
}

static void take_router(struct net *net, struct nif *nif,
                        const struct ndp_msg *m, const struct ipaddr *from,
                        ns_t now)
{
    struct route r = {.via = *from, .has_via = true, .pref = m->pref};

    if (m->lifetime_s &&
        route_defaults(net, nif->index, ORIGIN_RA) >= DEFAULT_ROUTERS_MAX &&
        !route_is_gateway(net, nif->index, from)) {
        net->count.full__routers++;
        return;
    }
    set_route(net, nif, r, m->lifetime_s, now);
    route_gateway_found(net, nif->index, from);
    if (m->lifetime_s)
        nif->ra.next_rs = NS_NEVER; /* RFC 7559 2.1 */
}

/* RFC 4862 5.5.3: an address from a prefix, or its lifetimes renewed. */
static void take_autonomous(struct net *net, struct nif *nif,
                            const struct ndp_prefix *x, uint64_t router,
                            ns_t now)
{
    struct ifaddr *made, a = {.origin = ORIGIN_RA,
                              .bits = 64,
                              .preferred_until = until(x->preferred_s, now),
                              .valid_until = until(x->valid_s, now)};
    unsigned n = 0;

    if (x->bits != 64 || x->preferred_s > x->valid_s || !nif->ra.autoconf)
        return;
    for (unsigned i = 0; i < nif->naddrs; i++) {
        struct ifaddr *old = &nif->addr[i];

        if (old->state == ADDR_NONE || old->origin != ORIGIN_RA ||
            old->temporary)
            continue;
        n++;
        if (!addr_in_prefix(&old->addr, &x->addr, 64))
            continue;
        a.addr = old->addr;
        /* (e) 2: a forged advertisement cannot end it within two hours. */
        if (x->valid_s < TWO_HOURS_S && a.valid_until < old->valid_until) {
            ns_t least = now + TWO_HOURS_S * NS_PER_SEC;

            a.valid_until = old->valid_until < least ? old->valid_until : least;
        }
        addr_add(net, nif, &a, now);
        old->advertised_by |= router;
        temporary_renew(net, nif, old, now);
        return;
    }
    if (x->valid_s == 0)
        return;
    if (n >= SLAAC_ADDRS_MAX) {
        net->count.full__addresses++;
        return;
    }
    a.addr = addr_stable(nif, &x->addr, 0);
    a.advertised_by = router;
    if ((made = addr_add(net, nif, &a, now)))
        temporary_renew(net, nif, made, now);
}

static void take_prefix(struct net *net, struct nif *nif,
                        const struct ndp_prefix *x, uint64_t router, ns_t now)
{
    struct route r = {.dst = x->addr, .bits = x->bits, .pref = NDP_PREF_MEDIUM};

    if (ip6_is_link_local(&x->addr) || ip6_is_multicast(&x->addr) ||
        x->bits == 0 || ipaddr_is_v4(&x->addr))
        return;
    if (x->on_link)
        set_route(net, nif, r, x->valid_s, now);
    if (x->autonomous)
        take_autonomous(net, nif, x, router, now);
}

static void take_route(struct net *net, struct nif *nif,
                       const struct ndp_route *x, const struct ipaddr *from,
                       ns_t now)
{
    struct route r = {.dst = x->prefix,
                      .bits = x->bits,
                      .via = *from,
                      .has_via = true,
                      .pref = x->pref};

    if (ip6_is_link_local(&x->prefix) || ip6_is_multicast(&x->prefix) ||
        ipaddr_is_v4(&x->prefix))
        return;
    set_route(net, nif, r, x->lifetime_s, now);
}

/* RFC 8106 5.2: domains one behind the other, then zeros. */
static void take_search(struct net *net, struct nif *nif,
                        const struct ndp_msg *m, ns_t now)
{
    struct dns_name name;
    size_t at = 0;

    while (at < m->search.n && dns_name_read(&name, m->search, &at) &&
           name.n > 1)
        dns_search_learnt(net, nif->index, &name, ORIGIN_RA,
                          until(m->search_s, now));
}

void ra_input(struct net *net, struct nif *nif, const struct ndp_msg *m,
              const struct ipaddr *from, ns_t now)
{
    take_times(net, nif, m);
    if (nif->ra.routers) {
        take_router(net, nif, m, from, now);
        for (unsigned i = 0; i < m->nroutes; i++)
            take_route(net, nif, &m->route[i], from, now);
    }
    dhcp6_client_on_ra(net, nif, m->managed, m->other, now);
    for (unsigned i = 0; i < m->nprefixes; i++)
        take_prefix(net, nif, &m->prefix[i], select_router_bit(net, from), now);
    for (unsigned i = 0; i < m->nservers && nif->ra.autoconf; i++)
        dns_server_learnt(net, nif->index, &m->server[i], ORIGIN_RA,
                          until(m->server_s[i], now));
    if (nif->ra.autoconf)
        take_search(net, nif, m, now);
}

/* RFC 4861 8.1 and 8.3: the first hop for a destination may name a better one,
 * or say that the destination is on the link. */
bool ra_redirect(struct net *net, struct nif *nif, const struct ndp_msg *m,
                 const struct ipaddr *from, ns_t now)
{
    const struct route *r = route_find(net, &m->dest, nif->index);
    bool on_link = addr_same(&m->target, &m->dest);
    struct route better = {.dst = m->dest,
                           .bits = 128,
                           .via = m->target,
                           .has_via = !on_link,
                           .pref = NDP_PREF_MEDIUM};

    if (!ip6_is_link_local(from) || ip6_is_multicast(&m->dest) ||
        ipaddr_is_v4(&m->dest) || (!on_link && !ip6_is_link_local(&m->target)))
        return false;
    if (!nif->ra.routers || !r || !r->has_via || !addr_same(&r->via, from))
        return false;
    if (on_link)
        better.via = (struct ipaddr){{0}};
    set_route(net, nif, better, (uint32_t)(REDIRECT_NS / NS_PER_SEC), now);
    return true;
}
