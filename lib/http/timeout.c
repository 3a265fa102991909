/* SPDX-License-Identifier: ISC */
/*
 * timeout.c - how long a client may take, for each state it can be slow in.
 *
 * One timer a connection.  It is not moved when the deadline moves away, which
 * happens on each request: it fires, sees that it is early, and is set again.
 */
#include "http_impl.h"

void conn_until(struct http_exchange *x, ns_t deadline)
{
    x->deadline = deadline;
    if (!timer_is_set(&x->timer) || x->timer.deadline > deadline)
        timer_set(x->server->loop, &x->timer, deadline);
}

void conn_progress(struct http_exchange *x, size_t n, ns_t timeout)
{
    ns_t most = loop_now(x->server->loop) + timeout;
    ns_t earned = n * (NS_PER_SEC / HTTP_RATE_BYTES);

    ns_t paid = x->deadline + earned < most ? x->deadline + earned : most;

    if (paid > x->deadline)
        x->deadline = paid;
}

/* The client is told, in so far as there is room to tell it. */
bool conn_give_up(struct http_exchange *x, unsigned status)
{
    conn_gone(x);
    if (!reply_room(x)) {
        conn_end(x);
        return false;
    }
    if (x->state == CONN_READING)
        conn_clear(x);
    conn_enter(x, CONN_HANDLING);
    x->keep = false;
    x->given_up = true;
    http_reply_page(x, status, SPAN(""));
    return true;
}

static bool expire_at_rest(struct http_exchange *x)
{
    struct http *h = x->server;

    if (x->partial) {
        h->m.timeouts__header++;
        return conn_give_up(x, 408);
    }
    h->m.timeouts__idle++;
    conn_linger(x, HTTP_LINGER_SHORT);
    return true;
}

/* False: `x` is gone. */
static bool expire(struct http_exchange *x)
{
    struct http *h = x->server;

    switch ((enum http_conn_state)x->state) {
    case CONN_READING:
        return expire_at_rest(x);
    case CONN_WAITING:
        h->m.timeouts__reply++;
        return conn_give_up(x, 504);
    case CONN_TAKING:
        h->m.timeouts__body++;
        return conn_give_up(x, 408);
    case CONN_SENDING:
        (*(x->blocked_in ? &h->m.timeouts__body : &h->m.timeouts__write))++;
        break;
    case CONN_SKIPPING:
        h->m.timeouts__body++;
        conn_linger(x, HTTP_LINGER_SHORT);
        return true;
    default:
        break;
    }
    conn_end(x);
    return false;
}

void conn_timeout(struct timer *t, ns_t now)
{
    struct http_exchange *x = CONTAINER(t, struct http_exchange, timer);

    if (now < x->deadline)
        timer_set(x->server->loop, t, x->deadline);
    else if (expire(x))
        conn_run(x);
}
