/* SPDX-License-Identifier: ISC */
/*
 * stop.c - who wants to know of the end, and how far along they are.
 */
#include "loop_impl.h"

void loop_on_stop(struct loop *l, struct stop *s)
{
    s->next = l->stops;
    l->stops = s;
    if (l->stopping)
        s->begin(s, l->now);
}

bool loop_stopping(const struct loop *l)
{
    return l->stopping;
}

void loop_stop(struct loop *l, ns_t now)
{
    l->now = now;
    l->stopping = true;
    for (struct stop *s = l->stops; s; s = s->next)
        s->begin(s, now);
}

bool loop_stop_busy(const struct loop *l)
{
    for (const struct stop *s = l->stops; s; s = s->next)
        if (s->busy && s->busy(s))
            return true;
    return false;
}
