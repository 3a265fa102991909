/* SPDX-License-Identifier: ISC */
/*
 * search.c - see search.h.
 */
#include "search.h"

#include "../stack.h"

static bool same(const struct dns_domain *d, const struct dns_name *name)
{
    struct dns_name have = {.n = d->n};

    memcpy(have.b, d->b, d->n);
    return dns_name_eq(&have, name);
}

static void forget(struct dns_search *s, unsigned i)
{
    s->n--;
    memmove(&s->domain[i], &s->domain[i + 1], (s->n - i) * sizeof(*s->domain));
}

void dns_search_learnt(struct net *net, uint8_t netif,
                       const struct dns_name *name, enum origin origin,
                       ns_t until)
{
    struct dns_search *s = &net->dns.search;
    struct dns_domain *d;
    unsigned i;

    if (name->n <= 1 || name->n > DNS_DOMAIN_MAX ||
        (s->fixed && origin != ORIGIN_STATIC))
        return;
    for (i = 0; i < s->n; i++) {
        d = &s->domain[i];
        if (d->netif == netif && d->origin == origin && same(d, name)) {
            d->until = until;
            net_wake_at(net, until);
            return;
        }
    }
    if (until <= net->now)
        return;
    if (s->n == DNS_SEARCH_MAX) {
        net->count.full__domains++;
        return;
    }
    for (i = s->n++; i > 0 && s->domain[i - 1].origin > origin; i--)
        s->domain[i] = s->domain[i - 1];
    d = &s->domain[i];
    d->netif = netif;
    d->origin = (uint8_t)origin;
    d->n = name->n;
    memcpy(d->b, name->b, name->n);
    d->until = until;
    net_wake_at(net, until);
}

void dns_search_clear(struct net *net, uint8_t netif, enum origin origin)
{
    struct dns_search *s = &net->dns.search;

    for (unsigned i = s->n; i-- > 0;)
        if (s->domain[i].netif == netif && s->domain[i].origin == origin)
            forget(s, i);
}

bool dns_search_static(struct net *net, uint8_t netif, struct span text)
{
    struct dns_name name;
    unsigned n = 0;

    if (net)
        net->dns.search.fixed = true;
    if (span_eq(text, SPAN("none")))
        return true;
    do {
        const uint8_t *comma = text.n ? memchr(text.p, ',', text.n) : NULL;
        struct span one = {text.p, comma ? (size_t)(comma - text.p) : text.n};

        if (n++ == DNS_SEARCH_MAX || !dns_name_from(&name, one) ||
            name.n > DNS_DOMAIN_MAX)
            return false;
        if (net)
            dns_search_learnt(net, netif, &name, ORIGIN_STATIC, NS_NEVER);
        text.p += one.n + (comma != NULL);
        text.n -= one.n + (comma != NULL);
        if (!comma)
            return true;
    } while (true);
}

ns_t dns_search_tick(struct net *net, ns_t now)
{
    struct dns_search *s = &net->dns.search;
    ns_t due = NS_NEVER;

    for (unsigned i = s->n; i-- > 0;) {
        if (now >= s->domain[i].until)
            forget(s, i);
        else if (s->domain[i].until < due)
            due = s->domain[i].until;
    }
    return due;
}

bool dns_search_name(const struct dns_search *s, const struct dns_name *typed,
                     bool absolute, unsigned i, struct dns_name *out)
{
    bool dotted = typed->b[0] + 2u < typed->n; /* more than one label */
    unsigned n = absolute ? 0 : s->n;

    if (i > n)
        return false;
    *out = *typed;
    if (dotted ? i-- == 0 : i == n)
        return true;
    if (typed->n - 1u + s->domain[i].n > DNS_NAME_MAX)
        return true; /* too long with it: the same again does no harm */
    memcpy(out->b + typed->n - 1, s->domain[i].b, s->domain[i].n);
    out->n = (uint8_t)(typed->n - 1u + s->domain[i].n);
    return true;
}
