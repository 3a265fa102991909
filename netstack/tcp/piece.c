/* SPDX-License-Identifier: ISC */
/*
 * piece.c - small things that queues are made of, kept at hand.
 *
 * The core takes a segment's payload before the queues do, and what it has
 * taken it will acknowledge.  So all that may be wanted is made sure of before
 * the core is asked; from then on nothing can fail.
 */
#include "shell.h"

bool pieces_make_ready(struct tcp *tcp, unsigned n)
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

struct seq_set *set_get(struct tcp *tcp)
{
    struct seq_set *s = pool_get(&tcp->sets);

    if (s)
        seq_set_clear(s);
    return s;
}
