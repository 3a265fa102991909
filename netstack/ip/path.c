/* SPDX-License-Identifier: ISC */
/*
 * path.c - the way to a destination: NIC, source address, MTU, next hop.
 */
#include "../stack.h"

_Static_assert((int)NEIGH_GROUP == (int)IP_PATH_GROUP, "ip.h promises it");

/* The NIC that has this address of ours; NULL if none. */
static struct nif *owner(struct net *net, const struct ipaddr *addr,
                         uint8_t netif)
{
    for (unsigned i = 1; i <= net->nnifs; i++)
        if ((!netif || netif == i) && addr_find(net_nif(net, i), addr))
            return net_nif(net, i);
    return NULL;
}

bool ip_is_ours(struct net *net, uint8_t netif, const struct ipaddr *a)
{
    return owner(net, a, net->forward.ops ? 0 : netif) != NULL;
}

static bool is_loopback(const struct ipaddr *a)
{
    return ipaddr_is_v4(a) ? ip4_is_loopback(ip4_of(a)) : ip6_is_loopback(a);
}

/* To an address of ours: never on a wire. */
static bool find_self(struct net *net, struct ip_path *path)
{
    struct nif *nif = owner(net, &path->dst, path->netif);

    if (!nif && is_loopback(&path->dst) && net->nnifs > 0)
        nif = net_nif(net, path->netif ? path->netif : 1);
    if (!nif)
        return false;
    if (addr_is_zero(&path->src))
        path->src = path->dst;
    path->netif = nif->index;
    path->neighbour = NEIGH_SELF;
    path->mtu = path->v4 ? nif->mtu4 : nif->mtu6;
    return true;
}

static bool is_group(const struct net *net, const struct ip_path *path)
{
    uint32_t v4 = ip4_of(&path->dst);

    if (!path->v4)
        return ip6_is_multicast(&path->dst);
    if (v4 == UINT32_MAX || ip4_is_multicast(v4))
        return true;
    for (unsigned i = 0; i < net->nnifs; i++)
        if ((!path->netif || path->netif == i + 1) &&
            addr_is_broadcast(&net->nif[i], v4))
            return true;
    return false;
}

/* Broadcast and multicast go out where they are told, else where an address
 * of the family is; a directed broadcast where its network is. */
static struct nif *group_nif(struct net *net, const struct ip_path *path)
{
    const struct route *r = route_find(net, &path->dst, path->netif);

    if (path->netif)
        return net_nif(net, path->netif);
    if (r)
        return net_nif(net, r->netif);
    for (unsigned i = 0; i < net->nnifs; i++)
        if (addr_first(&net->nif[i], path->v4))
            return &net->nif[i];
    return NULL;
}

/* RFC 1122 3.3.4.2: what a host says as one of its addresses goes out where
 * that address is, so that an answer leaves by the NIC that was asked.  A
 * router goes by the table, and so only as long as that is as good. */
static const struct route *route_for(struct net *net,
                                     const struct ip_path *path)
{
    const struct route *any = route_find(net, &path->dst, path->netif), *own;
    struct nif *nif;

    if (path->netif || net->nnifs == 1 || addr_is_zero(&path->src))
        return any;
    nif = owner(net, &path->src, 0);
    own = nif ? route_find(net, &path->dst, nif->index) : NULL;
    if (!net->forward.ops || (own && any && own->bits == any->bits))
        return own;
    return any;
}

static enum err find_way(struct net *net, struct ip_path *path,
                         struct ipaddr *hop, bool group)
{
    const struct route *r;
    struct nif *nif;

    *hop = path->dst;
    if (group) {
        nif = group_nif(net, path);
        if (!nif)
            return E_UNREACH;
        path->netif = nif->index;
        return OK;
    }
    r = route_for(net, path);
    if (!r)
        return E_UNREACH;
    path->netif = r->netif;
    if (r->has_via)
        *hop = r->via;
    return OK;
}

/* Who opens a connection is heard of again at once: the way that was found for
 * the same ends a moment ago is still right while path_gen is the same. */
static bool find_again(const struct net *net, struct ip_path *path)
{
    const struct ip_path *last = &net->last_way;

    if (last->gen != net->path_gen || path->netif ||
        !addr_same(&last->dst, &path->dst) ||
        !addr_same(&last->src, &path->src))
        return false;
    path->gen = last->gen;
    path->neighbour = last->neighbour;
    path->mtu = last->mtu;
    path->netif = last->netif;
    path->v4 = last->v4;
    path->flow = last->flow;
    return true;
}

/* RFC 6437 3: hard to guess, and the same as long as the ends are. */
static uint32_t flow_of(const struct net *net, const struct ip_path *path)
{
    struct ipaddr ends[2] = {path->src, path->dst};

    return (uint32_t)siphash13(&net->id_key, ends, sizeof(ends));
}

static enum err find_anew(struct net *net, struct ip_path *path)
{
    struct neigh_slot *s;
    struct ipaddr hop;
    struct nif *nif;
    enum err err;
    bool group;

    path->v4 = ipaddr_is_v4(&path->dst);
    path->gen = 0; /* until it is found */
    if (path->netif > net->nnifs || addr_is_zero(&path->dst))
        return E_UNREACH;
    if (find_self(net, path)) {
        path->gen = net->path_gen;
        return OK;
    }
    group = is_group(net, path);
    if ((err = find_way(net, path, &hop, group)))
        return err;
    nif = net_nif(net, path->netif);
    if (addr_is_zero(&path->src) ? !select_source(net, nif, path, &hop)
                                 : !ip_is_ours(net, nif->index, &path->src))
        return E_UNREACH;
    if (select_stays_behind(path, &hop))
        return E_UNREACH;
    path->mtu = path->v4 ? nif->mtu4 : nif->mtu6;
    if (group && path->ttl == 0 && ipaddr_is_group(&path->dst))
        path->ttl = 1; /* RFC 1112 6.1: who wants it further says so */
    if (!group)
        path->mtu = pmtu_find(net, &path->dst, path->mtu);
    s = group ? NULL : neigh_find(net, nif->index, &hop);
    path->neighbour = group ? NEIGH_GROUP : s ? s->hint : NEIGH_UNKNOWN;
    path->flow = path->v4 ? 0 : flow_of(net, path);
    path->gen = net->path_gen;
    return OK;
}

enum err ip_path_find(struct net *net, struct ip_path *path)
{
    bool given = !path->netif && !addr_is_zero(&path->src);
    uint8_t netif = path->netif;
    enum err err;

    if (find_again(net, path))
        return OK;
    err = find_anew(net, path);
    if (err)
        path->netif = netif; /* as it was told */
    if (!err && given && path->neighbour != NEIGH_UNKNOWN)
        net->last_way = *path;
    return err;
}

uint32_t ip_path_caps(const struct net *net, const struct ip_path *path,
                      uint32_t *tso_max)
{
    const struct netif *dev;

    *tso_max = 0;
    if (path->netif == 0 || path->netif > net->nnifs)
        return 0;
    if (path->neighbour == NEIGH_SELF)
        return NETIF_TX_CSUM;
    dev = net->nif[path->netif - 1].dev;
    *tso_max = dev->tso_max;
    return dev->caps;
}

void ip_path_confirm(struct net *net, const struct ip_path *path, ns_t now)
{
    struct neigh_slot *s;

    if (path->neighbour >= NEIGH_SELF || path->gen != net->path_gen)
        return;
    s = &net->cache.slot[path->neighbour & ((1u << NEIGH_INDEX_BITS) - 1)];
    if (s->hint != path->neighbour || s->n.state <= NEIGH_INCOMPLETE)
        return;
    if (s->n.state == NEIGH_REACHABLE) {
        s->n.reachable_until = now + net_nif(net, s->netif)->neigh.reachable_ns;
        return;
    }
    neigh_on_confirm(&s->n, &net_nif(net, s->netif)->neigh, now);
    neigh_rearm(net, s);
}
