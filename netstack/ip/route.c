/* SPDX-License-Identifier: ISC */
/*
 * route.c - see route.h.
 */
#include "../stack.h"

static bool same_way(const struct route *a, const struct route *b)
{
    return a->bits == b->bits && a->netif == b->netif &&
           a->origin == b->origin && a->has_via == b->has_via &&
           addr_same(&a->dst, &b->dst) && addr_same(&a->via, &b->via);
}

/* The table has changed: paths are found anew. */
static void changed(struct net *net)
{
    net->path_gen++;
    neigh_mark_gateways(net);
}

static void remove_at(struct net *net, unsigned i)
{
    struct routes *t = &net->routes;

    t->n--;
    memmove(&t->route[i], &t->route[i + 1], (t->n - i) * sizeof(struct route));
}

static bool is_better(struct net *net, const struct route *a,
                      const struct route *b)
{
    uint32_t ma = net_nif(net, a->netif)->config.metric,
             mb = net_nif(net, b->netif)->config.metric;

    if (a->bits != b->bits)
        return a->bits > b->bits;
    if (ma != mb)
        return ma < mb;
    return a->pref != b->pref ? a->pref > b->pref : a->netif < b->netif;
}

static void insert(struct net *net, const struct route *r)
{
    struct routes *t = &net->routes;
    unsigned i = t->n++;

    for (; i > 0 && is_better(net, r, &t->route[i - 1]); i--)
        t->route[i] = t->route[i - 1];
    t->route[i] = *r;
}

bool route_add(struct net *net, const struct route *r)
{
    struct routes *t = &net->routes;
    struct route fresh = *r;

    fresh.dst = addr_prefix(&r->dst, r->bits);
    net_wake_at(net, r->until);
    for (unsigned i = 0; i < t->n; i++)
        if (same_way(&t->route[i], &fresh)) {
            if (t->route[i].pref == r->pref) {
                t->route[i].until = r->until;
                return true;
            }
            fresh.lost = t->route[i].lost;
            remove_at(net, i);
            break;
        }
    if (t->n == ROUTES_MAX) {
        net->count.full__routes++;
        return false;
    }
    insert(net, &fresh);
    changed(net);
    if (r->has_via && r->bits == addr_bits16(&r->via, 0))
        net_say(net, &(struct net_note){.kind = NET_GATEWAY,
                                        .netif = r->netif,
                                        .addr = r->via});
    return true;
}

bool route_has(const struct net *net, const struct route *r)
{
    for (unsigned i = 0; i < net->routes.n; i++)
        if (same_way(&net->routes.route[i], r))
            return true;
    return false;
}

void route_del(struct net *net, const struct route *r)
{
    struct routes *t = &net->routes;

    for (unsigned i = 0; i < t->n; i++)
        if (same_way(&t->route[i], r)) {
            remove_at(net, i);
            changed(net);
            return;
        }
}

void routes_clear(struct net *net, uint8_t netif, enum origin origin)
{
    struct routes *t = &net->routes;

    for (unsigned i = t->n; i-- > 0;)
        if (t->route[i].netif == netif && t->route[i].origin == origin)
            remove_at(net, i);
    changed(net);
}

ns_t routes_tick(struct net *net, ns_t now)
{
    struct routes *t = &net->routes;
    ns_t due = NS_NEVER;
    unsigned before = t->n;

    for (unsigned i = t->n; i-- > 0;) {
        if (now >= t->route[i].until)
            remove_at(net, i);
        else if (t->route[i].until < due)
            due = t->route[i].until;
    }
    if (t->n != before)
        changed(net);
    return due;
}

static bool leads(const struct route *r, uint8_t netif, const struct ipaddr *a)
{
    return r->has_via && r->netif == netif && addr_same(&r->via, a);
}

bool route_is_gateway(const struct net *net, uint8_t netif,
                      const struct ipaddr *a)
{
    for (unsigned i = 0; i < net->routes.n; i++)
        if (leads(&net->routes.route[i], netif, a))
            return true;
    return false;
}

static void mark(struct net *net, uint8_t netif, const struct ipaddr *a,
                 bool lost)
{
    for (unsigned i = 0; i < net->routes.n; i++) {
        struct route *r = &net->routes.route[i];

        if (leads(r, netif, a) && r->lost != lost) {
            r->lost = lost;
            net->path_gen++;
        }
    }
}

void route_gateway_lost(struct net *net, uint8_t netif, const struct ipaddr *a)
{
    mark(net, netif, a, true);
}

void route_gateway_found(struct net *net, uint8_t netif, const struct ipaddr *a)
{
    mark(net, netif, a, false);
}

void route_gateway_gone(struct net *net, uint8_t netif, const struct ipaddr *a)
{
    struct routes *t = &net->routes;

    for (unsigned i = t->n; i-- > 0;)
        if (t->route[i].origin == ORIGIN_RA && leads(&t->route[i], netif, a))
            remove_at(net, i);
    changed(net);
}

unsigned route_defaults(const struct net *net, uint8_t netif, enum origin o)
{
    unsigned n = 0;

    for (unsigned i = 0; i < net->routes.n; i++) {
        const struct route *r = &net->routes.route[i];

        n += r->netif == netif && r->origin == o && r->bits == 0;
    }
    return n;
}

const struct route *route_find(const struct net *net, const struct ipaddr *dst,
                               uint8_t netif)
{
    const struct route *best = NULL;
    bool v4 = ipaddr_is_v4(dst);

    for (unsigned i = 0; i < net->routes.n; i++) {
        const struct route *r = &net->routes.route[i];

        if ((netif && r->netif != netif) || ipaddr_is_v4(&r->dst) != v4 ||
            !addr_in_prefix(dst, &r->dst, r->bits))
            continue;
        if (!best)
            best = r;
        else if (r->bits != best->bits && best->origin != ORIGIN_RA)
            break; /* RFC 4191 3.2: a living router before a longer prefix */
        if (!r->lost && net->nif[r->netif - 1].link_was_up)
            return r;
    }
    return best;
}

bool route_next_hop(const struct net *net, const struct ip_path *path,
                    struct ipaddr *hop)
{
    const struct route *r = route_find(net, &path->dst, path->netif);

    if (!r)
        return false;
    *hop = r->has_via ? r->via : path->dst;
    return true;
}
