/* SPDX-License-Identifier: ISC */
/*
 * servers.c - which name servers there are; and what was heard from them, the
 * cache.
 */
#include "../stack.h"

bool dns_server_is(const struct dns_server *s, uint8_t netif,
                   const struct ipaddr *addr)
{
    return addr_same(&s->addr, addr) &&
           (s->netif == netif || !ip6_is_link_local(addr));
}

void dns_server_learnt(struct net *net, uint8_t netif,
                       const struct ipaddr *addr, enum origin origin,
                       ns_t until)
{
    struct dns *d = &net->dns;
    unsigned i;

    for (i = 0; i < d->nservers; i++)
        if (dns_server_is(&d->server[i], netif, addr)) {
            if (d->server[i].origin == origin)
                d->server[i].until = until;
            net_wake_at(net, net->now);
            return;
        }
    if (until <= net->now || (origin != ORIGIN_STATIC && d->nservers &&
                              d->server[0].origin == ORIGIN_STATIC))
        return;
    if (d->nservers == DNS_SERVERS_MAX) {
        net->count.full__name_servers++;
        return;
    }
    for (i = d->nservers++; i > 0 && d->server[i - 1].origin > origin; i--)
        d->server[i] = d->server[i - 1];
    d->server[i] = (struct dns_server){.addr = *addr,
                                       .netif = netif,
                                       .origin = (uint8_t)origin,
                                       .until = until};
    net_say(net, &(struct net_note){
                     .kind = NET_DNS_SERVER, .netif = netif, .addr = *addr});
    net_wake_at(net, net->now); /* questions may have waited for it */
}

static void remove_server(struct dns *d, unsigned i)
{
    d->nservers--;
    memmove(&d->server[i], &d->server[i + 1],
            (d->nservers - i) * sizeof(d->server[0]));
}

void dns_servers_clear(struct net *net, uint8_t netif, enum origin origin)
{
    struct dns *d = &net->dns;

    for (unsigned i = d->nservers; i-- > 0;)
        if (d->server[i].netif == netif && d->server[i].origin == origin)
            remove_server(d, i);
}

ns_t dns_servers_tick(struct net *net, ns_t now)
{
    struct dns *d = &net->dns;
    ns_t due = NS_NEVER;

    for (unsigned i = d->nservers; i-- > 0;) {
        if (now >= d->server[i].until)
            remove_server(d, i);
        else if (d->server[i].until < due)
            due = d->server[i].until;
    }
    return due;
}

void dns_servers_silent(struct net *net)
{
    for (unsigned i = 0; i < net->dns.nservers; i++) {
        struct dns_server *s = &net->dns.server[i];

        if (s->said_silent)
            continue;
        s->said_silent = true;
        net_say(net, &(struct net_note){.kind = NET_NAMESERVER_SILENT,
                                        .netif = s->netif,
                                        .addr = s->addr});
    }
}

static struct dns_cached *find(struct dns *d, const struct dns_name *name,
                               uint16_t type)
{
    struct dns_name have;

    for (unsigned i = 0; i < DNS_CACHE_MAX; i++) {
        struct dns_cached *c = &d->cache[i];

        if (c->n != name->n || c->n == 0 || c->type != type)
            continue;
        have.n = c->n;
        memcpy(have.b, c->name, c->n);
        if (dns_name_eq(&have, name))
            return c;
    }
    return NULL;
}

bool dns_cache_get(struct net *net, const struct dns_name *name, uint16_t type,
                   struct dns_answer *a)
{
    const struct dns_cached *c = find(&net->dns, name, type);

    if (!c || net->now >= c->until) {
        net->count.dns_cache__miss++;
        return false;
    }
    if (c->count)
        net->count.dns_cache__hit++;
    else
        net->count.dns_cache__negative++;
    *a = (struct dns_answer){.n = c->count, .bytes = c->bytes};
    memcpy(a->data, c->data, c->bytes);
    return true;
}

void dns_cache_put(struct net *net, const struct dns_name *name, uint16_t type,
                   const struct dns_answer *a)
{
    struct dns *d = &net->dns;
    struct dns_cached *c = find(d, name, type);
    uint32_t most = a->n ? DNS_TTL_MAX_S : DNS_NEGATIVE_MAX_S;
    uint32_t ttl = a->ttl_s < most ? a->ttl_s : most;

    if (name->n > DNS_CACHE_NAME_MAX || a->bytes > DNS_CACHE_DATA_MAX ||
        a->truncated || (a->n == 0 && a->ttl_s == 0))
        return;
    for (unsigned i = 0; !c && i < DNS_CACHE_MAX; i++)
        if (d->cache[i].n == 0 || net->now >= d->cache[i].until)
            c = &d->cache[i];
    if (!c) {
        c = &d->cache[0];
        for (unsigned i = 1; i < DNS_CACHE_MAX; i++)
            if (d->cache[i].until < c->until)
                c = &d->cache[i];
        net->count.dns_cache_evicted++;
    }
    c->n = name->n;
    c->type = type;
    memcpy(c->name, name->b, name->n);
    c->count = a->n;
    c->bytes = a->bytes;
    memcpy(c->data, a->data, a->bytes);
    c->until =
        net->now + (ttl > DNS_TTL_MIN_S ? ttl : DNS_TTL_MIN_S) * NS_PER_SEC;
}
