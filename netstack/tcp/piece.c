/* SPDX-License-Identifier: ISC */
/*
 * piece.c - small things that queues are made of, kept at hand.
 *
 * The core takes a segment's payload before the queues do, and what it has
 * taken it will acknowledge.  So all that may be wanted is made sure of before
 * the core is asked; from then on nothing can fail.
 */
#include "shell.h"

bool pieces_ready(struct tcp *tcp, unsigned n)
{
    while (tcp->nspare < n) {
        struct piece *p =
            tcp->nspare < PIECES_SPARE ? pool_get(&tcp->pieces) : NULL;

        if (!p)
            return false;
        p->next = tcp->spare;
        tcp->spare = p;
        tcp->nspare++;
    }
    return true;
}

struct piece *piece_take(struct tcp *tcp)
{
    struct piece *p = tcp->spare;

    ASSERT(p);
    tcp->spare = p->next;
    tcp->nspare--;
    p->next = NULL;
    return p;
}

/* A few are kept, for the next segment will want them. */
void piece_drop(struct tcp *tcp, struct piece *p)
{
    buf_drop(p->buf);
    if (tcp->nspare >= PIECES_SPARE / 8) {
        pool_put(&tcp->pieces, p);
        return;
    }
    p->next = tcp->spare;
    tcp->spare = p;
    tcp->nspare++;
}

struct seq_set *set_get(struct tcp *tcp)
{
    struct seq_set *s = pool_get(&tcp->sets);

    if (s)
        seq_set_clear(s);
    return s;
}
