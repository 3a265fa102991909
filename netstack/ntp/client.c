/* SPDX-License-Identifier: ISC */
/*
 * client.c - see client.h.
 */
#include "../pieces.h"
#include "../stack.h"

METRICS_TABLE(ntp, NTP_METRICS);

static bool same_server(const struct ntp_server *s, uint8_t netif,
                        const struct ipaddr *addr)
{
    return s->peer.used && addr_same(&s->addr, addr) &&
           (s->netif == netif || !ip6_is_link_local(addr));
}

static void add_server(struct net *net, uint8_t netif,
                       const struct ipaddr *addr, enum origin origin)
{
    struct ntp *t = &net->ntp;
    struct ntp_server *s = NULL;

    for (unsigned i = NTP_SERVERS_MAX; i-- > 0;)
        if (same_server(&t->server[i], netif, addr))
            return;
        else if (!t->server[i].peer.used)
            s = &t->server[i];
    if (!s || !net->config.clock)
        return;
    *s = (struct ntp_server){
        .addr = *addr, .netif = netif, .origin = (uint8_t)origin};
    ntp_peer_start(&s->peer, net->now, rng_u32(&net->rng));
    t->n++;
    net_wake_at(net, s->peer.next);
    net_say(net, &(struct net_note){
                     .kind = NET_TIME_SERVER, .netif = netif, .addr = *addr});
}

void ntp_server_learnt(struct net *net, uint8_t netif,
                       const struct ipaddr *addr, enum origin origin)
{
    if (!net->ntp.fixed)
        add_server(net, netif, addr, origin);
}

void ntp_servers_clear(struct net *net, uint8_t netif, enum origin origin)
{
    for (unsigned i = 0; i < NTP_SERVERS_MAX; i++) {
        struct ntp_server *s = &net->ntp.server[i];

        if (s->peer.used && s->netif == netif && s->origin == origin) {
            *s = (struct ntp_server){0};
            net->ntp.n--;
        }
    }
}

static struct span until_comma(struct span *rest)
{
    const uint8_t *at = memchr(rest->p, ',', rest->n);
    struct span head = *rest;

    head.n = at ? (size_t)(at - rest->p) : rest->n;
    rest->p += head.n + (at != NULL);
    rest->n -= head.n + (at != NULL);
    return head;
}

bool ntp_static(struct net *net, struct span text)
{
    unsigned n = 0;

    if (net)
        net->ntp.fixed = true;
    if (span_eq(text, SPAN("off")))
        return true;
    while (text.n > 0) {
        struct span one = until_comma(&text);
        struct dns_name name;
        struct ipaddr addr;

        if (n++ == NTP_SERVERS_MAX || one.n > NTP_NAME_MAX ||
            !(ipaddr_parse(&addr, one) || dns_name_from(&name, one)))
            return false;
        if (net) {
            struct ntp_name *x = &net->ntp.name[net->ntp.names++];

            *x = (struct ntp_name){.net = net, .open = true};
            memcpy(x->text, one.p, one.n);
            net_wake_at(net, net->now);
        }
    }
    return n > 0;
}

/* Many servers may stand behind a name; one place is left for each name that
 * is not known yet. */
static void resolved(enum err err, const struct ipaddr *addr, unsigned n,
                     void *user)
{
    struct ntp_name *x = user;
    struct ntp *t = &x->net->ntp;
    unsigned room = NTP_SERVERS_MAX - t->n + 1;
    ns_t wait = NTP_ASK_AGAIN_NS << (x->tries < 9 ? x->tries : 9);

    x->asking = false;
    x->tries++;
    if (err || n == 0) {
        x->next = x->net->now + wait;
        net_wake_at(x->net, x->next);
        return;
    }
    for (unsigned i = 0; i < t->names; i++)
        room -= t->name[i].open && room > 0;
    x->open = false;
    for (unsigned i = 0; i < n && i < room; i++)
        add_server(x->net, 0, &addr[i], ORIGIN_STATIC);
}

static void ask_name(struct net *net, struct ntp_name *x, ns_t now)
{
    x->asking = true;
    if (dns_resolve(net, x->text, resolved, x)) {
        x->asking = false; /* too many questions are open */
        x->next = now + NTP_ASK_AGAIN_NS;
    }
}

static void ask(struct net *net, struct ntp_server *s, ns_t now)
{
    struct endpoint to = {.addr = s->addr, .port = NTP_PORT};
    uint8_t msg[NTP_BYTES];
    uint64_t cookie;

    if (ip6_is_link_local(&s->addr))
        to.netif = s->netif;
    s->peer.waiting = false;
    s->port = udp_free_port(net);
    rng_bytes(&net->rng, &cookie, sizeof(cookie));
    ntp_emit(msg, cookie);
    if (s->port == 0 || udp_send_from(net, s->port, NULL, &to,
                                      (struct span){msg, sizeof(msg)})) {
        ntp_peer_unsent(&s->peer, now);
        return;
    }
    net->ntp.count.asked++;
    ntp_peer_asked(&s->peer, cookie, net->ntp.state.poll, now,
                   rng_u32(&net->rng));
}

ns_t ntp_tick(struct net *net, ns_t now)
{
    struct ntp *t = &net->ntp;
    ns_t due = NS_NEVER;

    for (unsigned i = 0; i < t->names; i++) {
        struct ntp_name *x = &t->name[i];

        if (x->open && !x->asking && now >= x->next)
            ask_name(net, x, now);
        if (x->open && !x->asking && x->next < due)
            due = x->next;
    }
    for (unsigned i = 0; t->n && i < NTP_SERVERS_MAX; i++) {
        struct ntp_server *s = &t->server[i];

        if (!s->peer.used)
            continue;
        if (now >= s->peer.next)
            ask(net, s, now);
        due = s->peer.next < due ? s->peer.next : due;
    }
    return due;
}

void ntp_restart(struct net *net, ns_t now)
{
    struct ntp *t = &net->ntp;

    t->state.synced = false;
    for (unsigned i = 0; i < NTP_SERVERS_MAX; i++)
        if (t->server[i].peer.used)
            ntp_peer_start(&t->server[i].peer, now, rng_u32(&net->rng));
}

bool ntp_has_port(const struct net *net, uint16_t port)
{
    const struct ntp *t = &net->ntp;

    for (unsigned i = 0; t->n && i < NTP_SERVERS_MAX; i++)
        if (t->server[i].peer.waiting && t->server[i].port == port)
            return true;
    return false;
}

/* Before the clock is set for the first time, every server has had its say,
 * or two questions' time for it. */
static bool all_heard(const struct ntp *t)
{
    for (unsigned i = 0; i < t->names; i++)
        if (t->name[i].open && t->name[i].tries == 0)
            return false;
    for (unsigned i = 0; i < NTP_SERVERS_MAX; i++) {
        const struct ntp_peer *p = &t->server[i].peer;

        if (p->used && !p->denied && p->nsamples == 0 &&
            p->burst > NTP_BURST - 2)
            return false;
    }
    return true;
}

static void show(struct ntp *t, const struct ntp_choice *c)
{
    int64_t us = t->state.error / 1000;

    t->count.offset_microseconds__behind = us > 0 ? (uint64_t)us : 0;
    t->count.offset_microseconds__ahead = us < 0 ? (uint64_t)-us : 0;
    t->count.bound_microseconds = c->bound / 1000;
    t->count.servers_agreeing = c->servers;
    t->count.stratum = t->server[c->best].peer.stratum + 1u;
}

static void set_clock(struct net *net, ns_t now)
{
    struct ntp *t = &net->ntp;
    struct clock *clock = net->config.clock;
    struct ntp_peer peer[NTP_SERVERS_MAX];
    struct ntp_choice c;

    if (!t->state.synced && !all_heard(t))
        return;
    for (unsigned i = 0; i < NTP_SERVERS_MAX; i++)
        peer[i] = t->server[i].peer;
    if (!ntp_choose(peer, NTP_SERVERS_MAX, clock->freq_ppb, now, &c)) {
        t->count.servers_agreeing = 0;
        return;
    }
    if (ntp_discipline(&t->state, &c, clock, now)) {
        t->count.jumps++;
        net_say(net, &(struct net_note){.kind = NET_TIME_SET,
                                        .netif = t->server[c.best].netif,
                                        .addr = t->server[c.best].addr,
                                        .off_ns = t->state.error});
    }
    for (unsigned i = 0; t->state.spikes == 1 && i < NTP_SERVERS_MAX; i++) {
        ntp_peer_burst(&t->server[i].peer, now); /* is that really so? */
        net_wake_at(net, t->server[i].peer.next);
    }
    show(t, &c);
}

void ntp_input(struct net *net, const struct ip_rx *rx, uint16_t from,
               uint16_t port, uint32_t at, uint32_t n, ns_t now)
{
    struct ntp *t = &net->ntp;
    const uint8_t *in = pkt_together(rx->pkt, at, n, net->scratch);
    struct ntp_packet k;

    for (unsigned i = 0; i < NTP_SERVERS_MAX; i++) {
        struct ntp_server *s = &t->server[i];

        if (!same_server(s, rx->netif, &rx->src) || s->port != port ||
            from != NTP_PORT || !in || !ntp_parse(&k, (struct span){in, n}))
            continue;
        switch (ntp_on_packet(&s->peer, &k, now)) {
        case NTP_SAMPLE:
            t->count.answers__good++;
            set_clock(net, now);
            return;
        case NTP_KISSED:
            t->count.answers__kiss++;
            return;
        case NTP_BAD:
            t->count.answers__bad++;
            return;
        case NTP_STRAY:
            break;
        }
    }
    t->count.answers__stray++;
}

static void refresh(void *user)
{
    struct ntp *t = user;
    unsigned poll = t->state.poll;

    t->count.servers = t->n;
    t->count.poll_seconds = UINT64_C(1)
                            << (poll > NTP_POLL_MIN ? poll : NTP_POLL_MIN);
    if (!t->state.synced)
        t->count.stratum = NTP_STRATUM_MAX + 1;
}

void ntp_show(struct net *net, struct metrics *m)
{
    metrics_add_computed(m, &ntp_metrics_group,
                         (const uint64_t *)&net->ntp.count, refresh, &net->ntp);
}
