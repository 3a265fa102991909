/* SPDX-License-Identifier: ISC */
/*
 * stack_rules.h - what holds for every connection after every step: how
 * sequence numbers lie to each other, that windows are what they may be, that
 * queues hold what the state machine counts, and that who waits has a timer.
 */
#ifndef STACK_RULES_H
#define STACK_RULES_H

#include <stdlib.h>
#include <tcp/shell.h>

#define RULE(claim) ((claim) ? (void)0 : abort())

static inline uint32_t rules_queued(const struct piece *p, uint32_t *n)
{
    uint32_t bytes = 0;

    for (*n = 0; p; p = p->next, ++*n)
        bytes += p->len;
    return bytes;
}

/* The sender: SND.UNA =< SND.NXT =< all that was written, FIN included. */
static inline void rules_sender(const struct conn *c)
{
    const struct tcb *t = &c->tcb;
    uint32_t end = t->snd_end + t->fin_sent, n;

    RULE(seq_le(t->snd_una, t->snd_nxt) && seq_le(t->snd_nxt, end));
    RULE(!t->fin_sent || t->fin_queued);
    if (t->state < TCP_ESTABLISHED || t->state == TCP_TIME_WAIT)
        return;
    /* what is not acknowledged is still there to be sent again */
    RULE(rules_queued(c->tx, &n) >= t->snd_end - t->snd_una ||
         t->snd_una == end);
    RULE(t->mss > 0 && t->cc.cwnd >= t->mss);
    /* nobody waits for an ACK without a timer */
    RULE(t->snd_una == t->snd_nxt || tcp_deadline_of(t) != NS_NEVER);
}

/* The receiver: a window never reaches back, nor beyond what is sane; what
 * waits to be read is what was counted. */
static inline void rules_receiver(const struct conn *c)
{
    const struct tcb *t = &c->tcb;
    uint32_t n;

    if (t->state < TCP_ESTABLISHED)
        return;
    RULE(seq_le(t->rcv_nxt, t->rcv_adv));
    RULE(t->rcv_adv - t->rcv_nxt <= 1u << 30);
    RULE(seq_le(t->rcv_acked, t->rcv_nxt));
    RULE(rules_queued(c->rx, &n) == t->rcv_unread && n == c->nrx);
    rules_queued(c->ooo, &n);
    RULE(n == c->nooo);
    for (unsigned i = 0; t->ooo && i < t->ooo->n; i++) {
        RULE(seq_lt(t->rcv_nxt, t->ooo->r[i].start));
        RULE(seq_lt(t->ooo->r[i].start, t->ooo->r[i].end));
        RULE(i == 0 || seq_lt(t->ooo->r[i - 1].end, t->ooo->r[i].start));
    }
}

static inline void rules_conn(struct conn *c, void *user)
{
    unsigned *conns = user;

    ++*conns;
    if (c->over || c->tcb.state == TCP_DONE)
        return;
    rules_sender(c);
    rules_receiver(c);
}

static inline void rules_check(struct tcp *tcp)
{
    unsigned conns = 0;

    conns_each(tcp, rules_conn, &conns);
    RULE(conns <= tcp->conns.in_use);
    RULE(tcp->table.count <=
         tcp->conns.in_use + tcp->halves.in_use + tcp->tws.in_use);
    RULE(tcp->pieces.in_use >= tcp->nspare);
}

#endif
