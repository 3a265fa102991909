/* SPDX-License-Identifier: ISC */
/*
 * world.c - virtual time.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

enum {
    SETTLE_S = 60,
    QUIET_S = 1800,      /* longer than any TIME-WAIT or last retransmission */
    IDLE_S = 600,        /* and then, for this long... */
    IDLE_WAKES_MAX = 200 /* ...a host may wake up so often, for its leases */
};

void world_open(struct world *w, const struct lan_quality *q, uint64_t seed)
{
    *w = (struct world){.now = NS_PER_SEC, .seed = seed};
    lan_open(&w->link, q, seed ^ UINT64_C(0x6c696e6b));
}

void world_close(struct world *w)
{
    for (unsigned i = 0; i < w->nodes; i++)
        node_free(w->node[i]);
    lan_close(&w->link);
}

struct node *world_add(struct world *w, const struct node_config *c)
{
    uint8_t index = (uint8_t)(w->nodes + 1);
    struct node *n;

    ck_assert_uint_lt(w->nodes, WORLD_NODES_MAX);
    n = node_new(&w->link, c, index, w->seed * 31 + index, w->now);
    w->node[w->nodes++] = n;
    return n;
}

void world_at(struct world *w, ns_t in, void (*run)(struct world *, void *),
              void *arg)
{
    ck_assert_uint_lt(w->actions, WORLD_ACTIONS_MAX);
    w->action[w->actions++] =
        (struct action){.at = w->now + in, .run = run, .arg = arg};
}

/* Applications were called from outside of a turn: by a test or an action. */
static void poke_all(struct world *w)
{
    for (unsigned i = 0; i < w->nodes; i++)
        w->node[i]->poked = true;
}

static void run_actions(struct world *w)
{
    for (unsigned i = 0; i < w->actions;) {
        struct action a = w->action[i];

        if (a.at > w->now) {
            i++;
            continue;
        }
        memmove(&w->action[i], &w->action[i + 1],
                (--w->actions - i) * sizeof(a));
        a.run(w, a.arg);
        poke_all(w);
    }
}

static ns_t next_event(const struct world *w)
{
    ns_t next = lan_deadline(&w->link);

    for (unsigned i = 0; i < w->nodes; i++) {
        ns_t at = node_deadline(w->node[i]);

        next = at < next ? at : next;
    }
    for (unsigned i = 0; i < w->actions; i++)
        if (w->action[i].at < next)
            next = w->action[i].at;
    return next;
}

/* Whether a host has a reason to turn: none other is good enough, so that a
 * stack which forgets to ask for a wake-up is caught. */
static bool awake(struct node *n, ns_t now)
{
    bool due = node_deadline(n) <= now;

    n->wakes += due;
    return due || n->poked || nic_pending(&n->nic);
}

static void turn_all(struct world *w)
{
    for (unsigned i = 0; i < w->nodes; i++) {
        struct node *n = w->node[i];
        unsigned spins = 0;

        if (!awake(n, w->now))
            continue;
        n->poked = false;
        while (node_turn(n, w->now))
            ck_assert_msg(++spins < WORLD_SPIN_MAX, "host %u spins at %llu ns",
                          n->index, (unsigned long long)w->now);
    }
}

static void check_link(const struct world *w)
{
    ck_assert_msg(w->link.fault[0] == 0, "on the wire: %s", w->link.fault);
}

bool world_run(struct world *w, ns_t most, bool (*done)(void *), void *arg)
{
    ns_t end = most == NS_NEVER ? NS_NEVER : w->now + most;
    unsigned same = 0;

    poke_all(w);
    for (;;) {
        ns_t next;

        lan_deliver(&w->link, w->now);
        run_actions(w);
        turn_all(w);
        check_link(w);
        if (done && done(arg))
            return true;
        next = next_event(w);
        if (next > end || next == NS_NEVER) {
            w->now = end == NS_NEVER ? w->now : end;
            return false;
        }
        same = next <= w->now ? same + 1 : 0;
        ck_assert_msg(same < WORLD_SPIN_MAX,
                      "a deadline in the past stays there, at %llu ns",
                      (unsigned long long)w->now);
        if (next > w->now)
            w->now = next;
    }
}

static bool settled(void *arg)
{
    const struct world *w = arg;
    struct ipaddr a;

    for (unsigned i = 0; i < w->nodes; i++) {
        const struct node *n = w->node[i];

        if ((n->wants4 && !node_addr(n, true, &a)) ||
            (n->wants6 && !node_addr(n, false, &a)))
            return false;
    }
    return true;
}

void world_settle(struct world *w)
{
    ck_assert_msg(world_run(w, SETTLE_S * NS_PER_SEC, settled, w),
                  "a host has no address after %d s", SETTLE_S);
}

static const char *holds(const struct world *w)
{
    if (w->link.first)
        return "frames in flight";
    for (unsigned i = 0; i < w->nodes; i++) {
        const char *what = node_holds(w->node[i]);

        if (what)
            return what;
    }
    return NULL;
}

static bool nothing_held(void *arg)
{
    struct world *w = arg;

    for (unsigned i = 0; i < w->nodes; i++)
        nic_reclaim(&w->node[i]->nic, w->now);
    return holds(w) == NULL;
}

const char *world_quiet(struct world *w)
{
    uint64_t wakes[WORLD_NODES_MAX];

    /* Probes of neighbours come and go; a moment without anything is enough,
     * for what leaks never comes back. */
    world_run(w, QUIET_S * NS_PER_SEC, NULL, NULL);
    if (!world_run(w, 60 * NS_PER_SEC, nothing_held, w))
        return holds(w);
    for (unsigned i = 0; i < w->nodes; i++)
        wakes[i] = w->node[i]->wakes;
    world_run(w, IDLE_S * NS_PER_SEC, NULL, NULL);
    for (unsigned i = 0; i < w->nodes; i++)
        if (w->node[i]->wakes - wakes[i] > IDLE_WAKES_MAX)
            return "a timer without a reason";
    return NULL;
}

uint64_t world_hash(const struct world *w)
{
    return w->link.hash;
}
