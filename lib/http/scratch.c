/* SPDX-License-Identifier: ISC */
/*
 * scratch.c - a few large buffers for many connections.
 *
 * Who sends a head in pieces or reads its answers slowly needs one for a
 * while.  When all are held, the next one waits; whoever has held one longest,
 * and longer than HTTP_GRACE, loses it with its connection.  So a crowd of slow
 * clients gets in the way of each other, and of nobody else.  Heads that come
 * in pieces may hold some of them only: answers have the rest.
 */
#include "http_impl.h"

static void unlink_holder(struct http *h, struct http_scratch *s)
{
    *(s->older ? &s->older->newer : &h->oldest) = s->newer;
    *(s->newer ? &s->newer->older : &h->newest) = s->older;
}

static void link_newest(struct http *h, struct http_scratch *s)
{
    s->older = h->newest;
    s->newer = NULL;
    *(h->newest ? &h->newest->newer : &h->oldest) = s;
    h->newest = s;
}

static void list_first(struct http_list *l, struct http_exchange *x)
{
    x->prev = NULL;
    x->next = l->head;
    *(l->head ? &l->head->prev : &l->tail) = x;
    l->head = x;
    x->listed = true;
}

/* Waits its turn, an answer before all heads; the timer is for when nobody
 * gives one back before `next` has held its own long enough. */
static void starve(struct http_exchange *x, const struct http_scratch *next)
{
    struct http *h = x->server;
    ns_t since = next ? next->since : loop_now(h->loop);

    if (!x->starved) {
        h->m.scratch_waits++;
        conn_unlist(x);
        if (x->state == CONN_READING)
            conn_list(&h->starved, x);
        else
            list_first(&h->starved, x);
        x->starved = true;
    }
    if (!timer_is_set(&h->starved_timer))
        timer_set(h->loop, &h->starved_timer, since + HTTP_GRACE);
}

/* Whether there is none left for `x`; then, whose would be the next to go. */
static bool none_left(const struct http *h, bool gathers,
                      struct http_scratch **next)
{
    bool heads_full = gathers && h->gathering >= HTTP_SCRATCH_HEADS;

    *next = h->oldest;
    while (heads_full && *next && !(*next)->gathers)
        *next = (*next)->newer;
    return heads_full || h->scratches.in_use == h->scratches.count;
}

bool scratch_take(struct http_exchange *x)
{
    struct http *h = x->server;
    ns_t now = loop_now(h->loop);
    bool gathers = x->state == CONN_READING;
    struct http_scratch *s, *next;

    if (x->scratch)
        return true;
    if (none_left(h, gathers, &next) && now - next->since >= HTTP_GRACE) {
        h->m.evicted++;
        conn_end(next->holder);
    }
    s = none_left(h, gathers, &next) ? NULL : pool_get(&h->scratches);
    if (!s) {
        starve(x, next);
        return false;
    }
    s->gathers = gathers;
    h->gathering += gathers;
    if (x->starved)
        conn_unlist(x);
    s->holder = x;
    s->since = now;
    s->in_n = s->out_at = s->out_n = 0;
    link_newest(h, s);
    x->scratch = s;
    return true;
}

static void wake_starved(struct http *h)
{
    struct http_exchange *x = h->starved.head;

    if (x)
        conn_queue(x);
}

void scratch_put(struct http_exchange *x)
{
    struct http *h = x->server;
    struct http_scratch *s = x->scratch;

    if (!s)
        return;
    x->scratch = NULL;
    unlink_holder(h, s);
    h->gathering -= s->gathers;
    pool_put(&h->scratches, s);
    wake_starved(h);
}

void scratch_retry(struct timer *t, ns_t now)
{
    struct http *h = CONTAINER(t, struct http, starved_timer);

    (void)now;
    wake_starved(h);
}
