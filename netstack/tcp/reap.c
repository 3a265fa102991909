/* SPDX-License-Identifier: ISC */
/*
 * reap.c - who goes when memory is out.
 *
 * A peer may keep its window closed for as long as it likes, and what we have
 * for it stays with us.  That is right (RFC 9293 3.8.6.1: MUST-37), until there
 * is no memory left for others: then such a connection is ended (RFC 6429 3),
 * that one of a few looked at which holds most.
 */
#include "shell.h"

enum {
    REAP_LOOK = 64,    /* connections looked at in one go... */
    REAP_SLOTS = 1024, /* ...in so many places of the table at most */
    REAP_TIMEOUTS = 3, /* retransmissions in vain, after which one is stuck */
    RX_BLOCK_BYTES = 2048
};

/* Or its peer has had its window closed for so long. */
#define REAP_PATIENCE (50 * NS_PER_MS)

static bool stuck(const struct conn *c)
{
    const struct tcb *t = &c->tcb;

    if (c->on & IN_CALL || !c->tx)
        return false;
    if (!t->probing)
        return t->backoff >= REAP_TIMEOUTS;
    return t->backoff ||
           c->tcp->now + t->rto >= t->rtx_at + (ns_t)REAP_PATIENCE;
}

static uint64_t held(const struct conn *c)
{
    return (uint64_t)(c->tcb.snd_end - c->tcb.snd_una) +
           (uint64_t)c->nrx * RX_BLOCK_BYTES;
}

/* By the table, for what is not in it may be in the pool. */
bool conn_reap(struct tcp *tcp)
{
    struct conn *worst = NULL;

    for (unsigned i = 0, conns = 0; i < REAP_SLOTS && conns < REAP_LOOK; i++) {
        const struct table_entry *e =
            &tcp->table.entry[tcp->reap_hand++ & tcp->table.mask];
        struct conn *c;

        if (!e->index_plus_1 || e->index_plus_1 > tcp->half_from)
            continue;
        conns++;
        c = conn_at(tcp, e->index_plus_1 - 1);
        if (stuck(c) && (!worst || held(c) > held(worst)))
            worst = c;
    }
    if (!worst)
        return false;
    tcp->count.reaped++;
    conn_abort(worst, E_FULL);
    return true;
}
