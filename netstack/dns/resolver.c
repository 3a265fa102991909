/* SPDX-License-Identifier: ISC */
/*
 * resolver.c - see resolver.h.
 */
#include "../pieces.h"
#include "../stack.h"

static bool same_server(const struct dns_server *s, uint8_t netif,
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
        if (same_server(&d->server[i], netif, addr)) {
            if (d->server[i].origin == origin)
                d->server[i].until = until;
            net_wake_at(net, net->now);
            return;
        }
    if (d->nservers == DNS_SERVERS_MAX || until <= net->now ||
        (origin != ORIGIN_STATIC && d->nservers &&
         d->server[0].origin == ORIGIN_STATIC))
        return;
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

/* RFC 6724 6, rules 1, 2, 5 and 6: what can be reached from an address of its
 * own kind first, what cannot be reached last; IPv6 before IPv4, which is the
 * order they come in. */
static void order(struct net *net, struct dns_answer *a)
{
    struct ipaddr sorted[DNS_ADDRS_MAX];
    unsigned quality[DNS_ADDRS_MAX], n = 0;

    for (unsigned i = 0; i < a->n; i++) {
        struct ip_path path = {.dst = a->addr[i]};

        quality[i] = ip_path_find(net, &path) ? 0 : ip_path_quality(&path);
    }
    for (unsigned q = IP_PATH_QUALITIES; q-- > 0;)
        for (unsigned i = 0; i < a->n; i++)
            if (quality[i] == q)
                sorted[n++] = a->addr[i];
    memcpy(a->addr, sorted, a->n * sizeof(sorted[0]));
}

static struct dns_cached *cached(struct dns *d, const struct dns_name *name)
{
    struct dns_name have;

    for (unsigned i = 0; i < DNS_CACHE_MAX; i++) {
        struct dns_cached *c = &d->cache[i];

        if (c->n != name->n || c->n == 0)
            continue;
        have.n = c->n;
        memcpy(have.b, c->name, c->n);
        if (dns_name_eq(&have, name))
            return c;
    }
    return NULL;
}

static void remember(struct dns *d, const struct dns_name *name,
                     const struct dns_answer *a, ns_t now)
{
    struct dns_cached *c = cached(d, name);
    uint32_t most = a->n ? DNS_TTL_MAX_S : DNS_NEGATIVE_MAX_S;
    uint32_t ttl = a->ttl_s < most ? a->ttl_s : most;

    if (name->n > DNS_CACHE_NAME_MAX || (a->n == 0 && a->ttl_s == 0))
        return;
    for (unsigned i = 0; !c && i < DNS_CACHE_MAX; i++)
        if (d->cache[i].n == 0)
            c = &d->cache[i];
    if (!c) {
        c = &d->cache[0];
        for (unsigned i = 1; i < DNS_CACHE_MAX; i++)
            if (d->cache[i].until < c->until)
                c = &d->cache[i];
    }
    c->n = name->n;
    memcpy(c->name, name->b, name->n);
    c->naddrs = (uint8_t)a->n;
    memcpy(c->addr, a->addr, a->n * sizeof(a->addr[0]));
    c->until = now + (ttl > DNS_TTL_MIN_S ? ttl : DNS_TTL_MIN_S) * NS_PER_SEC;
}

/* The callback runs from dns_dispatch(), never from where it became known. */
static void finish(struct net *net, struct dns_slot *s, enum err err,
                   const struct dns_answer *a)
{
    s->done = true;
    s->err = err;
    s->answer = *a;
    net->dns.any_done = true;
}

static enum err send(struct net *net, struct dns_slot *s, unsigned half,
                     unsigned server)
{
    const struct dns_server *to = &net->dns.server[server];
    const struct dns_half *h = &s->q.half[half];
    uint8_t msg[DNS_QUERY_MAX];
    unsigned n = dns_query_emit(msg, h->id, &s->q.name, h->type);
    struct endpoint remote = {.addr = to->addr, .port = DNS_PORT};

    if (ip6_is_link_local(&to->addr))
        remote.netif = to->netif;

    net->count.dns_queries++;
    return udp_send_from(net, h->port, NULL, &remote, (struct span){msg, n});
}

/* Sends what is to be sent, and ends what is over. */
static void advance(struct net *net, struct dns_slot *s, ns_t now)
{
    struct dns_answer a;
    unsigned half, server;
    enum err err;

    while (dns_next(&s->q, net->dns.nservers, now, &half, &server))
        if (send(net, s, half, server)) {
            /* At start our address may still be on its way. */
            dns_unsent(&s->q, half);
            net_wake_at(net, now + DNS_UNSENT_NS);
            break;
        }
    if (dns_done(&s->q, &err, &a)) {
        if (err == OK || err == E_NOENT)
            remember(&net->dns, &s->q.name, &a, now);
        order(net, &a);
        finish(net, s, err, &a);
    }
    net_wake_at(net, s->q.deadline);
}

static void silent(struct net *net)
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

ns_t dns_tick(struct net *net, ns_t now)
{
    struct dns *d = &net->dns;
    ns_t due = dns_search_tick(net, now);

    for (unsigned i = d->nservers; i-- > 0;) {
        if (now >= d->server[i].until)
            remove_server(d, i);
        else if (d->server[i].until < due)
            due = d->server[i].until;
    }
    for (unsigned i = 0; d->open && i < DNS_QUESTIONS_MAX; i++) {
        struct dns_slot *s = &d->slot[i];

        if (!s->fn || s->done)
            continue;
        dns_on_time(&s->q, d->nservers, now);
        advance(net, s, now);
        if (s->done && s->err == E_TIMEOUT)
            silent(net);
        if (!s->done && s->q.deadline < due)
            due = s->q.deadline;
    }
    return due;
}

static struct dns_slot *find_port(struct net *net, uint16_t port,
                                  unsigned *half)
{
    for (unsigned i = 0; net->dns.open && i < DNS_QUESTIONS_MAX; i++) {
        struct dns_slot *s = &net->dns.slot[i];

        for (*half = 0; s->fn && !s->done && *half < 2; ++*half)
            if (s->q.half[*half].port == port)
                return s;
    }
    return NULL;
}

bool dns_has_port(struct net *net, uint16_t port)
{
    unsigned half;

    return find_port(net, port, &half) != NULL;
}

void dns_input(struct net *net, const struct ip_rx *rx, uint16_t from,
               uint16_t port, uint32_t at, uint32_t n, ns_t now)
{
    struct dns *d = &net->dns;
    const uint8_t *in = pkt_together(rx->pkt, at, n, net->scratch);
    struct dns_server *server = NULL;
    unsigned half;
    struct dns_slot *s = find_port(net, port, &half);

    for (unsigned i = 0; i < d->nservers; i++)
        if (same_server(&d->server[i], rx->netif, &rx->src))
            server = &d->server[i];
    if (!in || !s || !server || from != DNS_PORT ||
        !dns_on_message(&s->q, half, (struct span){in, n}, d->nservers, now)) {
        net->count.drops__dns++;
        return;
    }
    server->said_silent = false;
    advance(net, s, now);
}

unsigned dns_dispatch(struct net *net)
{
    unsigned n = 0;

    if (!net->dns.any_done)
        return 0;
    net->dns.any_done = false;
    for (unsigned i = 0; i < DNS_QUESTIONS_MAX; i++) {
        struct dns_slot *s = &net->dns.slot[i];
        struct dns_slot was = *s;

        if (!s->fn || !s->done)
            continue;
        s->fn = NULL; /* free before the call, which may ask anew */
        s->done = false;
        net->dns.open--;
        was.fn(was.err, was.answer.addr, was.err ? 0 : was.answer.n, was.user);
        n++;
    }
    return n;
}

bool dns_in_use(const struct net *net)
{
    return net->dns.open > 0;
}

/* Answers that need nobody else: an address in text form, this host's own
 * name (RFC 6761 6.3), and what is remembered. */
static bool answer_at_once(struct net *net, struct dns_slot *s,
                           struct span text, const struct dns_name *name)
{
    struct dns_name local;
    struct dns_answer a = {0};
    struct dns_cached *c;

    if (ipaddr_parse(&a.addr[0], text)) {
        a.n = 1;
    } else if (dns_name_from(&local, SPAN("localhost")) &&
               dns_name_eq(name, &local)) {
        a.addr[0].b[15] = 1;
        a.addr[1] = ip4_addr(UINT32_C(0x7f000001));
        a.n = 2;
    } else if ((c = cached(&net->dns, name)) && net->now < c->until) {
        a.n = c->naddrs;
        memcpy(a.addr, c->addr, a.n * sizeof(a.addr[0]));
        order(net, &a);
    } else {
        return false;
    }
    finish(net, s, a.n ? OK : E_NOENT, &a);
    return true;
}

enum err dns_resolve(struct net *net, const char *text, dns_fn *fn, void *user)
{
    struct dns *d = &net->dns;
    struct dns_name name = {0};
    struct ipaddr literal;
    struct dns_slot *s = NULL;
    uint16_t ids[2], ports[2];

    if (!ipaddr_parse(&literal, span_of(text)) &&
        !dns_name_from(&name, span_of(text)))
        return E_INVAL;
    for (unsigned i = 0; !s && i < DNS_QUESTIONS_MAX; i++)
        if (!d->slot[i].fn)
            s = &d->slot[i];
    if (!s)
        return E_FULL;
    s->fn = fn;
    s->user = user;
    s->done = false;
    d->open++;
    if (answer_at_once(net, s, span_of(text), &name))
        return OK;
    for (unsigned i = 0; i < 2; i++) {
        ids[i] = (uint16_t)rng_u32(&net->rng);
        ports[i] = udp_free_port(net);
    }
    dns_ask(&s->q, &name, ids, ports, net->now);
    advance(net, s, net->now);
    return OK;
}
