/* SPDX-License-Identifier: ISC */
/*
 * core_int.h - what the files of the core share, and nobody else includes.
 */
#ifndef TCP_CORE_INT_H
#define TCP_CORE_INT_H

#include "core.h"

/* One segment on its way through RFC 9293 3.10.7. */
struct arrival {
    struct tcb *t;
    const struct tcp_seg *s;
    ns_t now;
    enum tcp_room room;
    /* What is left of the segment once it is cut to the window. */
    bool fin;
    uint32_t seq, off, len;
    uint32_t rtt; /* that the segment tells, of 1024 ns; 0: does not */
    struct tcp_act act;
};

static inline uint32_t tcp_flight(const struct tcb *t)
{
    return t->snd_nxt - t->snd_una;
}

/* RFC 6298 5.5, bounded. */
static inline ns_t tcp_rto_now(const struct tcb *t)
{
    ns_t rto = t->rto << t->backoff;

    return rto < TCP_RTO_MAX ? rto : TCP_RTO_MAX;
}

/* Starts the retransmission timer; it ends at the user's timeout at last. */
void tcp_arm_rtx(struct tcb *, ns_t now);

/* Ends the connection for the owner. */
static inline void tcp_finish(struct tcb *t, struct tcp_act *act, enum err why)
{
    t->state = TCP_DONE;
    t->rtx_at = t->ack_at = NS_NEVER;
    t->keep_idle = 0;
    act->events |= STREAM_CLOSED;
    act->error = (uint8_t)why;
}

/* The segment goes no further. */
static inline bool tcp_dropped(struct arrival *a, enum tcp_drop why)
{
    a->act.drop = (uint8_t)why;
    return false;
}

/* An ACK that a stranger may have asked for: RFC 5961 7 wants these limited,
 * and per connection, so that nobody can count them from the side. */
void tcp_challenge(struct arrival *);

/* open.c */
void tcp_in_syn_sent(struct arrival *);
void tcp_established(struct arrival *);
/* core.c: the sixth and seventh step. */
bool tcp_take_text(struct arrival *);
void tcp_take_fin(struct arrival *);
void tcp_keep_ts(struct arrival *);
/* ack.c: the fifth step. */
bool tcp_check_ack(struct arrival *);
void tcp_advance(struct arrival *, uint32_t ack);
void tcp_grow(struct arrival *, uint32_t acked, uint32_t flight);

/* recover.c */
uint32_t tcp_pipe(const struct tcb *);
/* Takes in SACK blocks; returns how many bytes they newly report. */
uint32_t tcp_take_sack(struct arrival *);
void tcp_on_dup_ack(struct arrival *);
void tcp_on_advance(struct arrival *, uint32_t acked);
void tcp_enter_loss(struct tcb *, bool congested, ns_t now);
/* The next range to retransmit, [*seq, *seq + returned); 0 if there is none.
 * First what is lost; `any`: also what merely may be (NextSeg rules 3, 4). */
uint32_t tcp_next_lost(struct tcb *, uint32_t max, bool any, uint32_t *seq);

/* rtt.c */
void tcp_rtt_sample(struct tcb *, ns_t rtt);
void tcp_rtt_on_ack(struct arrival *, uint32_t ack);

#endif
