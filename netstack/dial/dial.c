/* SPDX-License-Identifier: ISC */
/*
 * dial.c - happy eyeballs with the resolver and TCP around core.h.
 *
 * The stack finds all of this through the hooks that the first call sets, so
 * an image that does not dial names does not hold it.
 */
#include <base/fmt.h>
#include <billet/stream.h>

#include "../stack.h"
#include "core.h"

static void unlink_dial(struct happy_eyeballs *d)
{
    struct happy_eyeballs **at = &d->net->dials;

    while (*at && *at != d)
        at = &(*at)->next;
    if (*at)
        *at = d->next;
}

/* Every attempt ends, but the one that was won. */
static void drop_attempts(struct happy_eyeballs *d, const struct stream *won)
{
    for (unsigned i = 0; i < d->n; i++) {
        struct stream *s = d->tries[i].s;

        d->tries[i].s = NULL;
        if (s && s != won)
            stream_release(s);
    }
}

static void won(struct happy_eyeballs *d, struct stream *s, unsigned events)
{
    d->over = true;
    unlink_dial(d);
    dns_cancel(d->net, d);
    drop_attempts(d, s);
    s->on_event = NULL;
    d->fn(OK, s, d, d->user);
    if (s->on_event)
        s->on_event(s, events, s->user);
}

static void advance(struct happy_eyeballs *d);

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct happy_eyeballs *d = user;
    unsigned i = 0;

    if (!(events & STREAM_CLOSED)) {
        if (events & STREAM_OPEN)
            won(d, s, events);
        return;
    }
    while (d->tries[i].s != s)
        i++;
    dial_on_failed(d, &d->tries[i], s->error ? s->error : E_CLOSED,
                   d->net->now);
    stream_release(s);
    advance(d);
}

/* Starts what is due.  The end is told by dial_dispatch(). */
static void advance(struct happy_eyeballs *d)
{
    ns_t now = d->net->now;
    struct dial_try *t;

    while ((t = dial_next(d, now))) {
        struct endpoint to = {.addr = t->addr, .port = d->port};
        enum err err = tcp_connect(d->net, &to, &t->s);

        if (err) {
            dial_on_failed(d, t, err, now);
        } else {
            t->s->on_event = on_event;
            t->s->user = d;
        }
    }
    net_wake_at(d->net, dial_failed(d, now) ? now : dial_deadline(d));
}

static ns_t tick(struct net *net, ns_t now)
{
    ns_t due = NS_NEVER;

    (void)now;
    for (struct happy_eyeballs *d = net->dials; d; d = d->next) {
        advance(d);
        if (!d->over && dial_deadline(d) < due)
            due = dial_deadline(d);
    }
    return due;
}

/* Each callback may dial anew or cancel others: the list is begun again. */
static unsigned dispatch(struct net *net)
{
    struct happy_eyeballs *d = net->dials;
    unsigned n = 0;

    while (d) {
        if (!d->over) {
            d = d->next;
            continue;
        }
        unlink_dial(d);
        dns_cancel(net, d);
        drop_attempts(d, NULL);
        d->fn(d->err, NULL, d, d->user);
        d = net->dials;
        n++;
    }
    return n;
}

static void on_early(enum err err, const struct ipaddr *a, unsigned n,
                     void *user)
{
    struct happy_eyeballs *d = user;

    (void)err;
    dial_on_addrs(d, a, n, false, d->net->now);
    advance(d);
}

static void on_resolved(enum err err, const struct ipaddr *a, unsigned n,
                        void *user)
{
    struct happy_eyeballs *d = user;

    if (err && d->n == 0)
        d->err = err;
    dial_on_addrs(d, a, n, true, d->net->now);
    advance(d);
}

enum err happy_eyeballs_dial(struct net *net, struct happy_eyeballs *d,
                             const char *name, uint16_t port, dial_fn *fn,
                             void *user)
{
    enum err err = port ? OK : E_INVAL;

    if (err || (err = dns_resolve_early(net, name, on_early, on_resolved, d)))
        return err;
    dial_begin(d, net->now);
    d->net = net;
    d->port = port;
    d->fn = fn;
    d->user = user;
    d->next = net->dials;
    net->dials = d;
    net->dial_tick = tick;
    net->dial_dispatch = dispatch;
    net_wake_at(net, d->ends_at);
    return OK;
}

void happy_eyeballs_cancel(struct happy_eyeballs *d)
{
    if (!d->net)
        return;
    d->over = true;
    unlink_dial(d);
    dns_cancel(d->net, d);
    drop_attempts(d, NULL);
}

void happy_eyeballs_text(char *out, size_t size, const struct happy_eyeballs *d)
{
    size_t at = 0;

    *out = 0;
    for (unsigned i = 0; i < d->n && d->tries[i].tried; i++) {
        char addr[IPADDR_TEXT_BYTES];

        ipaddr_format(addr, &d->tries[i].addr);
        at +=
            fmt(out + at, size - at, "%s%s: %s", at ? "; " : "", addr,
                d->tries[i].err ? err_name(d->tries[i].err) : "not waited for");
    }
}
