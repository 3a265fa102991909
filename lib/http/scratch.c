/* SPDX-License-Identifier: ISC */
/*
 * scratch.c - a few large buffers for many connections.
 *
 * Who sends a head in pieces or reads its answers slowly needs one for a
 * while.  When all are held, the next one waits; whoever has held one longest,
 * and longer than HTTP_GRACE, loses it with its connection.  So a crowd of slow
 * clients gets in the way of each other, and of nobody else.
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

/* Waits its turn; the timer is for when nobody gives one back. */
static void starve(struct http_exchange *x)
{
    struct http *h = x->server;
    ns_t since = h->oldest ? h->oldest->since : loop_now(h->loop);

    if (!x->starved) {
        h->m.scratch_waits++;
        conn_unlist(x);
        conn_list(&h->starved, x);
        x->starved = true;
    }
    if (!timer_is_set(&h->starved_timer))
        timer_set(h->loop, &h->starved_timer, since + HTTP_GRACE);
}

bool scratch_take(struct http_exchange *x)
{
    struct http *h = x->server;
    ns_t now = loop_now(h->loop);
    struct http_scratch *s;

    if (x->scratch)
        return true;
    if (h->scratches.in_use == h->scratches.count &&
        now - h->oldest->since >= HTTP_GRACE) {
        h->m.evicted++;
        conn_end(h->oldest->holder);
    }
    s = pool_get(&h->scratches);
    if (!s) {
        starve(x);
        return false;
    }
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
    pool_put(&h->scratches, s);
    wake_starved(h);
}

void scratch_retry(struct timer *t, ns_t now)
{
    struct http *h = CONTAINER(t, struct http, starved_timer);

    (void)now;
    wake_starved(h);
}
