/* SPDX-License-Identifier: ISC */
/*
 * core.c - see core.h.
 */
#include "core.h"

#include <string.h>

void dial_begin(struct happy_eyeballs *d, ns_t now)
{
    if (d->delay == 0)
        d->delay = DIAL_ATTEMPT_NS;
    else if (d->delay < DIAL_DELAY_MIN_NS)
        d->delay = DIAL_DELAY_MIN_NS;
    else if (d->delay > DIAL_DELAY_MAX_NS)
        d->delay = DIAL_DELAY_MAX_NS;
    d->ends_at = now + (d->timeout ? d->timeout : DIAL_TIMEOUT_NS);
    d->next_at = NS_NEVER;
    d->n = 0;
    d->resolved = d->over = false;
    d->err = E_NOENT;
}

static unsigned tried(const struct happy_eyeballs *d)
{
    unsigned i = 0;

    while (i < d->n && d->tries[i].tried)
        i++;
    return i;
}

static bool is_in(const struct happy_eyeballs *d, const struct ipaddr *a)
{
    for (unsigned i = 0; i < d->n; i++)
        if (ipaddr_eq(&d->tries[i].addr, a))
            return true;
    return false;
}

/* RFC 8305 4: families take turns, after the one that was tried last. */
void dial_on_addrs(struct happy_eyeballs *d, const struct ipaddr *addr,
                   unsigned n, bool all, ns_t now)
{
    unsigned before = tried(d);
    bool v4;

    d->resolved = all;
    if (n == 0)
        return;
    d->n = before;
    v4 = before ? !ipaddr_is_v4(&d->tries[before - 1].addr)
                : ipaddr_is_v4(&addr[0]);
    for (unsigned k = 0; k < n && d->n < DIAL_TRIES_MAX; k++) {
        const struct ipaddr *best = NULL;

        for (unsigned i = 0; i < n; i++) {
            bool fits = ipaddr_is_v4(&addr[i]) == v4;

            if ((!best || (fits && ipaddr_is_v4(best) != v4)) &&
                !is_in(d, &addr[i]))
                best = &addr[i];
        }
        if (!best)
            break;
        d->tries[d->n++] = (struct dial_try){.addr = *best};
        v4 = !v4;
    }
    if (before == 0 && !all && ipaddr_is_v4(&addr[0]))
        d->next_at = now + DIAL_RESOLUTION_NS;
    else if (before == 0)
        d->next_at = now;
}

struct dial_try *dial_next(struct happy_eyeballs *d, ns_t now)
{
    unsigned i = tried(d);

    if (d->over || i == d->n || now < d->next_at)
        return NULL;
    d->tries[i].tried = true;
    d->next_at = now + d->delay;
    return &d->tries[i];
}

void dial_on_failed(struct happy_eyeballs *d, struct dial_try *t, enum err err,
                    ns_t now)
{
    t->s = NULL;
    t->err = d->err = err;
    d->next_at = now;
}

bool dial_failed(struct happy_eyeballs *d, ns_t now)
{
    bool trying = false;

    if (d->over)
        return true;
    for (unsigned i = 0; i < d->n; i++)
        trying |= d->tries[i].s != NULL;
    if (now >= d->ends_at) {
        d->err = E_TIMEOUT;
        for (unsigned i = 0; i < d->n; i++)
            if (d->tries[i].s)
                d->tries[i].err = E_TIMEOUT;
    } else if (trying || !d->resolved || tried(d) < d->n) {
        return false;
    }
    d->over = true;
    return true;
}

ns_t dial_deadline(const struct happy_eyeballs *d)
{
    return tried(d) < d->n && d->next_at < d->ends_at ? d->next_at : d->ends_at;
}
