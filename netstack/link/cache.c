/* SPDX-License-Identifier: ISC */
/*
 * cache.c - the bounded table of neighbours.
 *
 * When it is full, the least useful entry of a few makes room: first those who
 * only spoke to us or never answered, the oldest of them, then those not used
 * lately, and so on.  A gateway that is reachable is never evicted, so a flood
 * cannot cut us off.
 */
#include "../stack.h"

/* Who was not sent to for so long, and is not known to be reachable, is
 * forgotten: what a flood of strangers left goes by itself. */
#define NEIGH_UNUSED (60 * NS_PER_SEC)
#define NEIGH_SWEEP  (15 * NS_PER_SEC)

static unsigned wanted(const struct limits *l)
{
    unsigned n = l->tcp_conns / 2;

    return n < NEIGHS_MIN ? NEIGHS_MIN : n > NEIGHS_MAX ? NEIGHS_MAX : n;
}

/* When the slot may go if nothing happens; a gateway stays as long as it is
 * one, and who has something to wait for is looked at again later. */
static ns_t unused_at(const struct neigh_slot *s)
{
    ns_t at = s->used + NEIGH_UNUSED;

    if (!s->netif || s->gateway)
        return NS_NEVER;
    if (s->n.deadline != NS_NEVER && s->n.deadline > at)
        at = s->n.deadline;
    return s->n.reachable_until > at ? s->n.reachable_until : at;
}

static void sweep(struct timer *t, ns_t now)
{
    struct net *net = CONTAINER(t, struct net, cache.sweep);
    struct neigh_cache *c = &net->cache;
    ns_t next = NS_NEVER;

    for (unsigned i = 0; i < c->fresh; i++) {
        ns_t at = unused_at(&c->slot[i]);

        if (at <= now && c->slot[i].n.deadline == NS_NEVER)
            neigh_forget(net, &c->slot[i]);
        else if (at < next)
            next = at;
    }
    if (next != NS_NEVER)
        wheel_set(&net->wheel, t,
                  next > now + NEIGH_SWEEP ? next : now + NEIGH_SWEEP);
}

size_t neigh_cache_bytes(const struct limits *l)
{
    return wanted(l) * sizeof(struct neigh_slot) + table_bytes(wanted(l)) + 32;
}

bool neigh_cache_init(struct net *net, const struct limits *l)
{
    struct neigh_cache *c = &net->cache;
    unsigned n = wanted(l);
    void *entries;

    c->slot = arena_try(net->config.arena, n * sizeof(struct neigh_slot), 16);
    entries = arena_try(net->config.arena, table_bytes(n), 16);
    if (!c->slot || !entries)
        return false;
    memset(c->slot, 0, n * sizeof(struct neigh_slot));
    table_init(&c->index, entries, n);
    c->n = n;
    c->free = NEIGH_UNKNOWN;
    c->sweep.fire = sweep;
    c->waiting_max = net->config.pkts->count / 8;
    return true;
}

static uint32_t hash(const struct net *net, uint8_t netif,
                     const struct ipaddr *a)
{
    uint8_t key[17];

    memcpy(key, a->b, 16);
    key[16] = netif;
    return (uint32_t)siphash13(&net->hash_key, key, sizeof(key));
}

struct neigh_slot *neigh_find(struct net *net, uint8_t netif,
                              const struct ipaddr *a)
{
    struct neigh_cache *c = &net->cache;
    uint32_t h = hash(net, netif, a), at;

    for (uint32_t i = table_first(&c->index, h, &at); i != TABLE_NONE;
         i = table_next(&c->index, h, &at))
        if (c->slot[i].netif == netif && ipaddr_eq(&c->slot[i].n.addr, a))
            return &c->slot[i];
    return NULL;
}

void neigh_forget(struct net *net, struct neigh_slot *s)
{
    struct neigh_cache *c = &net->cache;
    uint32_t i = (uint32_t)(s - c->slot);

    while (s->waiting.head) {
        c->waiting--;
        net_drop(net, pktq_pop(&s->waiting), neighbour_queue);
    }
    wheel_clear(&net->wheel, &s->timer);
    table_del(&c->index, s->hash, i);
    s->netif = 0;
    s->hint = (uint16_t)(s->hint + (1u << NEIGH_INDEX_BITS));
    if (s->hint >> NEIGH_INDEX_BITS == 0)
        net->path_gen++; /* the count of uses wrapped: no path may hold one */
    s->next_free = c->free;
    c->free = (uint16_t)i;
    c->in_use--;
}

enum { RANK_NEVER = 255 };

static unsigned rank(const struct neigh_slot *s, ns_t now)
{
    bool reachable = now < s->n.reachable_until;

    if (s->gateway)
        return reachable ? RANK_NEVER : 4;
    if (!s->sent_to || s->n.state == NEIGH_INCOMPLETE)
        return 0;
    if (s->n.state == NEIGH_DELAY || s->n.state == NEIGH_PROBE)
        return 2;
    return reachable ? 3 : 1;
}

static bool evict(struct net *net, ns_t now)
{
    struct neigh_cache *c = &net->cache;
    struct neigh_slot *worst = NULL;
    unsigned worst_rank = RANK_NEVER;

    for (unsigned i = 0; i < c->n && (i < NEIGH_EVICT_LOOK || !worst); i++) {
        struct neigh_slot *s = &c->slot[c->hand];
        unsigned r = rank(s, now);

        c->hand = (c->hand + 1) % c->n;
        if (r < worst_rank ||
            (worst && r == worst_rank && s->used < worst->used)) {
            worst = s;
            worst_rank = r;
        }
    }
    if (!worst)
        return false;
    neigh_forget(net, worst);
    net->count.neighbours_evicted++;
    return true;
}

bool neigh_drop_waiting(struct net *net, struct neigh_slot *s)
{
    struct neigh_cache *c = &net->cache;

    for (unsigned i = 0; !s->waiting.head && i < NEIGH_EVICT_LOOK; i++) {
        c->hand = (c->hand + 1) % c->n;
        s = &c->slot[c->hand];
    }
    if (!s->waiting.head)
        return false;
    c->waiting--;
    net_drop(net, pktq_pop(&s->waiting), neighbour_queue);
    return true;
}

static void fire(struct timer *t, ns_t now)
{
    struct neigh_slot *s = CONTAINER(t, struct neigh_slot, timer);
    struct net *net = s->net;

    neigh_apply(net, s,
                neigh_on_timer(&s->n, &net_nif(net, s->netif)->neigh, now),
                now);
}

struct neigh_slot *neigh_make(struct net *net, uint8_t netif,
                              const struct ipaddr *a, ns_t now)
{
    struct neigh_cache *c = &net->cache;
    struct neigh_slot *s = neigh_find(net, netif, a);
    uint16_t i;

    if (s)
        return s;
    if (c->free == NEIGH_UNKNOWN && c->fresh == c->n && !evict(net, now))
        return NULL;
    if (c->free != NEIGH_UNKNOWN) {
        i = c->free;
        c->free = c->slot[i].next_free;
    } else {
        i = c->fresh++;
        c->slot[i].hint = i;
    }
    s = &c->slot[i];
    *s = (struct neigh_slot){.hint = s->hint,
                             .netif = netif,
                             .hash = hash(net, netif, a),
                             .used = now,
                             .timer.fire = fire,
                             .net = net,
                             .n = {.addr = *a, .deadline = NS_NEVER}};
    eth_emit(s->n.eth,
             &(struct eth_hdr){.src = net_nif(net, netif)->mac,
                               .type = ipaddr_is_v4(a) ? ETH_IP4 : ETH_IP6});
    s->gateway = route_is_gateway(net, netif, a);
    if (!table_put(&c->index, s->hash, i))
        return NULL; /* cannot be: the index has room for every slot */
    c->in_use++;
    if (!timer_is_set(&c->sweep))
        wheel_set(&net->wheel, &c->sweep, now + NEIGH_UNUSED);
    return s;
}

void neigh_mark_gateways(struct net *net)
{
    struct neigh_cache *c = &net->cache;

    for (unsigned i = 0; i < c->fresh; i++)
        if (c->slot[i].netif)
            c->slot[i].gateway =
                route_is_gateway(net, c->slot[i].netif, &c->slot[i].n.addr);
}

void neigh_rearm(struct net *net, struct neigh_slot *s)
{
    wheel_set(&net->wheel, &s->timer, s->n.deadline);
}
