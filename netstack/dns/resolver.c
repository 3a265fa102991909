/* SPDX-License-Identifier: ISC */
/*
 * resolver.c - see resolver.h.
 */
#include "../pieces.h"
#include "../stack.h"

/* The callback runs from dns_dispatch(), never from where it became known. */
static void finish(struct net *net, struct dns_slot *s, enum err err)
{
    s->done = true;
    s->err = err;
    net->dns.any_done = true;
}

/* Who is asked for the slot's name. */
static struct dns_server *servers(struct dns *d, const struct dns_slot *s,
                                  unsigned *n)
{
    *n = s->local ? 1 : d->nservers;
    return s->local ? &d->group : d->server;
}

static enum err send(struct net *net, struct dns_slot *s, unsigned half)
{
    struct dns_half *h = &s->q.half[half];
    unsigned n;
    const struct dns_server *all = servers(&net->dns, s, &n);
    const struct dns_server *to = &all[h->server % n];
    bool tcp = h->state == DNS_BY_TCP;
    uint16_t port = tcp ? 0 : udp_free_port(net);
    uint8_t msg[DNS_QUERY_MAX], bits[32];
    struct endpoint remote = {.addr = to->addr, .port = DNS_PORT};
    struct span out = {.p = msg};

    rng_bytes(&net->rng, bits, sizeof(bits));
    out.n = dns_make(&s->q, half, all, (uint16_t)rng_u32(&net->rng), port, bits,
                     msg);
    if (s->local) {
        msg[2] = 0; /* 6762 18.6: recursion is not for the group */
        return mdns_ask(net, port, out);
    }
    if (ip6_is_link_local(&to->addr))
        remote.netif = to->netif;
    s->to[half] = to->addr;
    if (tcp) {
        net->count.dns_queries__tcp++;
        return dns_tcp_send(net, s, half, &remote, out);
    }
    net->count.dns_queries__udp++;
    return udp_send_from(net, port, NULL, &remote, out);
}

void dns_begin(struct net *net, struct dns_slot *s, const struct dns_name *name,
               const uint16_t type[2])
{
    struct dns_answer a = {.n = 0};

    dns_ask(&s->q, name, type, net->now);
    s->q.patient = s->by.early != NULL;
    s->local = dns_name_within(name, "local");
    for (unsigned i = 0; i < s->q.n; i++)
        if ((s->local && !net->mdns.on) ||
            dns_cache_get(net, name, type[i], &a))
            dns_known(&s->q, i, &a);
}

static RARE void tell_early(struct net *net, struct dns_slot *s)
{
    bool one = s->q.half[0].state == DNS_ANSWERED && s->q.half[0].answer.n;
    bool other = s->q.half[1].state == DNS_ANSWERED && s->q.half[1].answer.n;

    if (s->by.early && one != other)
        s->early_due = net->dns.any_done = true;
}

/* The name was looked for in vain: the next of the search list.  False: that
 * was all. */
static bool search_on(struct net *net, struct dns_slot *s)
{
    const uint16_t type[2] = {s->q.half[0].type,
                              s->q.n == 2 ? s->q.half[1].type : 0};
    struct dns_name name;

    if (!s->by.fn || !dns_search_name(&net->dns.search, &s->typed, s->absolute,
                                      ++s->step, &name))
        return false;
    dns_begin(net, s, &name, type);
    return true;
}

void dns_advance(struct net *net, struct dns_slot *s)
{
    struct dns_server *all;
    unsigned half, n;
    enum err err;

    do {
        all = servers(&net->dns, s, &n);
        while (dns_next(&s->q, all, n, net->now, &half)) {
            enum err failed = send(net, s, half);

            if (failed && failed != E_FULL &&
                s->q.half[half].state == DNS_BY_TCP) {
                dns_on_tcp_failed(&s->q, half, all, n, net->now);
            } else if (failed) {
                /* At start our address may still be on its way. */
                dns_unsent(&s->q, half);
                net_wake_at(net, net->now + DNS_UNSENT_NS);
                break;
            }
        }
        if (!dns_done(&s->q, &err)) {
            tell_early(net, s);
            net_wake_at(net, dns_deadline(&s->q));
            return;
        }
        if (s->local && err == E_TIMEOUT)
            err = E_NOENT; /* in a group nobody says that there is none */
    } while (err == E_NOENT && search_on(net, s));
    finish(net, s, err);
}

ns_t dns_tick(struct net *net, ns_t now)
{
    struct dns *d = &net->dns;
    ns_t due = dns_servers_tick(net, now), next = dns_search_tick(net, now);

    due = next < due ? next : due;
    for (unsigned i = 0; d->open && i < DNS_QUESTIONS_MAX; i++) {
        struct dns_slot *s = &d->slot[i];
        struct dns_server *all;
        unsigned n;

        if (!s->used || s->done)
            continue;
        all = servers(d, s, &n);
        dns_on_time(&s->q, all, n, now);
        dns_advance(net, s);
        if (s->done && s->err == E_TIMEOUT) {
            net->count.dns_timeouts++;
            dns_servers_silent(net);
        }
        next = dns_deadline(&s->q);
        if (!s->done && next < due)
            due = next;
    }
    dns_tcp_sweep(net);
    return due;
}

static struct dns_slot *find_port(struct net *net, uint16_t port,
                                  unsigned *half)
{
    for (unsigned i = 0; port && net->dns.open && i < DNS_QUESTIONS_MAX; i++) {
        struct dns_slot *s = &net->dns.slot[i];

        for (*half = 0; s->used && !s->done && *half < s->q.n; ++*half)
            if (s->q.half[*half].state == DNS_BY_UDP && s->q.asked &&
                s->q.half[*half].port == port)
                return s;
    }
    return NULL;
}

bool dns_has_port(struct net *net, uint16_t port)
{
    unsigned half;

    return find_port(net, port, &half) != NULL;
}

static enum dns_heard take(struct net *net, struct dns_slot *s, unsigned half,
                           const struct ip_rx *rx, struct span msg)
{
    struct dns *d = &net->dns;

    if (s->local) /* 6762 6, 11, 18.11 */
        return mdns_is_from_here(net, rx) && msg.n > 3 && !(msg.p[3] & 15)
                   ? dns_on_message(&s->q, half, msg, &d->group, 1, net->now)
                   : DNS_NOT_OURS;
    for (unsigned i = 0; i < d->nservers; i++)
        if (dns_server_is(&d->server[i], rx->netif, &rx->src)) {
            enum dns_heard heard = dns_on_message(&s->q, half, msg, d->server,
                                                  d->nservers, net->now);

            if (heard == DNS_HEARD)
                d->server[i].said_silent = false;
            return heard;
        }
    return DNS_NOT_OURS;
}

void dns_remember(struct net *net, const struct dns_question *q, unsigned half)
{
    const struct dns_half *h = &q->half[half];

    if (h->state == DNS_ANSWERED)
        dns_cache_put(net, &q->name, h->type, &h->answer);
}

void dns_input(struct net *net, const struct ip_rx *rx, uint16_t from,
               uint16_t port, uint32_t at, uint32_t n, ns_t now)
{
    const uint8_t *in = pkt_together(rx->pkt, at, n, net->scratch);
    enum dns_heard heard = DNS_NOT_OURS;
    unsigned half;
    struct dns_slot *s = find_port(net, port, &half);

    (void)now;
    if (in && s && from == (s->local ? MDNS_PORT : DNS_PORT) &&
        (s->local || addr_same(&s->to[half], &rx->src)))
        heard = take(net, s, half, rx, (struct span){in, n});
    if (heard == DNS_NOT_OURS) {
        net->count.drops__dns++;
        return;
    }
    net->count.dns_other_case += heard == DNS_OTHER_CASE;
    dns_remember(net, &s->q, half);
    dns_advance(net, s);
}
