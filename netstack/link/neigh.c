/* SPDX-License-Identifier: ISC */
/*
 * neigh.c - see neigh.h.
 */
#include "neigh.h"

/* Which state may follow which; asserted where the state is assigned. */
static const uint8_t may_follow[] = {
#define TO(s) (1 << NEIGH_##s)
    [NEIGH_FREE] = TO(INCOMPLETE) | TO(STALE),
    [NEIGH_INCOMPLETE] = TO(REACHABLE) | TO(STALE) | TO(FREE),
    [NEIGH_REACHABLE] = TO(REACHABLE) | TO(STALE) | TO(DELAY) | TO(PROBE),
    [NEIGH_STALE] = TO(STALE) | TO(DELAY) | TO(REACHABLE),
    [NEIGH_DELAY] = TO(DELAY) | TO(PROBE) | TO(REACHABLE) | TO(STALE),
    [NEIGH_PROBE] = TO(PROBE) | TO(REACHABLE) | TO(STALE) | TO(FREE),
#undef TO
};

static void enter(struct neigh *n, enum neigh_state state, ns_t deadline)
{
    ASSERT(may_follow[n->state] >> state & 1);
    n->state = state;
    n->asked = 0;
    n->reachable_until = 0;
    n->deadline = deadline;
}

static void reachable(struct neigh *n, const struct neigh_params *p, ns_t now)
{
    enter(n, NEIGH_REACHABLE, NS_NEVER);
    n->reachable_until = now + p->reachable_ns;
}

static void set_mac(struct neigh *n, mac_t mac)
{
    mac_put(n->eth, mac);
}

bool neigh_on_use(struct neigh *n, const struct neigh_params *p, ns_t now,
                  struct neigh_act *act)
{
    *act = (struct neigh_act){0};
    switch (n->state) {
    case NEIGH_FREE:
        enter(n, NEIGH_INCOMPLETE, now + p->retrans_ns);
        n->asked = 1;
        act->ask = NEIGH_ASK_ALL;
        return false;
    case NEIGH_INCOMPLETE:
        return false;
    case NEIGH_REACHABLE: /* time passes silently: it was stale by now */
        if (now < n->reachable_until)
            return true;
        enter(n, NEIGH_DELAY, now + NEIGH_DELAY_NS);
        return true;
    case NEIGH_STALE:
        enter(n, NEIGH_DELAY, now + NEIGH_DELAY_NS);
        return true;
    case NEIGH_DELAY:
    case NEIGH_PROBE:
        return true;
    }
    return false;
}

struct neigh_act neigh_on_advert(struct neigh *n, const struct neigh_advert *a,
                                 const struct neigh_params *p, ns_t now)
{
    struct neigh_act act = {0};
    bool changes = a->mac != 0 && a->mac != neigh_mac(n);

    if (n->state == NEIGH_FREE)
        return act;
    if (n->state == NEIGH_INCOMPLETE) {
        if (a->mac == 0)
            return act;
        set_mac(n, a->mac);
        act.flush = true;
        n->router = a->router;
        if (a->solicited)
            reachable(n, p, now);
        else
            enter(n, NEIGH_STALE, NS_NEVER);
        return act;
    }
    if (changes && !a->override_) { /* I of 7.2.5: doubt, but keep it */
        if (n->state == NEIGH_REACHABLE)
            enter(n, NEIGH_STALE, NS_NEVER);
        return act;
    }
    if (changes)
        set_mac(n, a->mac);
    if (a->solicited)
        reachable(n, p, now);
    else if (changes)
        enter(n, NEIGH_STALE, NS_NEVER);
    act.not_router = n->router && !a->router;
    n->router = a->router;
    return act;
}

struct neigh_act neigh_on_sight(struct neigh *n, mac_t mac)
{
    struct neigh_act act = {.flush = n->state == NEIGH_INCOMPLETE};

    if (n->state > NEIGH_INCOMPLETE && neigh_mac(n) == mac)
        return act;
    set_mac(n, mac);
    enter(n, NEIGH_STALE, NS_NEVER);
    return act;
}

void neigh_on_confirm(struct neigh *n, const struct neigh_params *p, ns_t now)
{
    if (n->state > NEIGH_INCOMPLETE)
        reachable(n, p, now);
}

struct neigh_act neigh_on_doubt(struct neigh *n, const struct neigh_params *p,
                                ns_t now)
{
    if (n->state != NEIGH_REACHABLE || now >= n->reachable_until)
        return (struct neigh_act){0};
    enter(n, NEIGH_PROBE, now + p->retrans_ns);
    n->asked = 1;
    return (struct neigh_act){.ask = NEIGH_ASK_IT};
}

struct neigh_act neigh_on_timer(struct neigh *n, const struct neigh_params *p,
                                ns_t now)
{
    struct neigh_act act = {0};

    if (now < n->deadline)
        return act;
    if (n->state == NEIGH_DELAY)
        enter(n, NEIGH_PROBE, now);
    if (n->state == NEIGH_PROBE && n->asked < NEIGH_UNICAST_MAX)
        act.ask = NEIGH_ASK_IT;
    else if (n->state == NEIGH_INCOMPLETE && n->asked < NEIGH_MULTICAST_MAX)
        act.ask = NEIGH_ASK_ALL;
    else {
        enter(n, NEIGH_FREE, NS_NEVER);
        act.lost = true;
        return act;
    }
    n->asked++;
    n->deadline = now + p->retrans_ns;
    return act;
}
