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
    uint32_t delivered; /* bytes that have arrived, as it says */
    uint32_t fack;      /* RACK.fack before it */
    bool orig;          /* some of them, sent once, during a timeout */
    bool dsack;         /* it reports a duplicate */
    uint32_t rtt;       /* that the segment tells, of 1024 ns; 0: does not */
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
    t->pace_at = 0;
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
uint32_t tcp_unsacked(const struct tcb *, uint32_t a, uint32_t b);
/* A hole from `seq` on, below `end`; 0 if there is none. */
uint32_t tcp_hole(const struct tcb *, uint32_t *seq, uint32_t end);
/* Time for another look: what RACK found lost. */
void tcp_on_reo_timer(struct tcb *, struct tcp_act *, ns_t now);
void tcp_on_dup_ack(struct arrival *);
void tcp_on_advance(struct arrival *, uint32_t acked);
void tcp_enter_loss(struct tcb *, bool congested, ns_t now);
/* The next range to retransmit, [*seq, *seq + returned); 0 if there is none.
 * First what is lost; `any`: also what merely may be (NextSeg rules 3, 4). */
uint32_t tcp_next_lost(struct tcb *, uint32_t max, bool any, uint32_t *seq);

/* undo.c */
void tcp_undo_arm(struct tcb *);
void tcp_undo_resent(struct tcb *, uint32_t n, ns_t now);
/* Whether the segment proves that nothing had been lost. */
bool tcp_undo_on_advance(struct arrival *, uint32_t acked);
bool tcp_undo_on_dsack(struct arrival *, struct seq_range);
/* Without a timestamp to tell; `orig`: what was sent once has arrived. */
bool tcp_frto(struct arrival *, bool orig);
void tcp_undone(struct arrival *);

/* rack.c */
void rack_sent(struct tcb *, ns_t now);
void rack_resent(struct tcb *, uint32_t seq, uint32_t end, ns_t now);
void rack_arrived(struct arrival *, uint32_t start, uint32_t end);
void rack_cut(struct tcb *);
void rack_detect(struct tcb *, ns_t now);
uint32_t rack_lost_again(const struct tcb *);
uint32_t rack_next_again(struct tcb *, uint32_t max, uint32_t *seq);
void rack_on_dsack(struct tcb *);
void rack_recovered(struct tcb *);

/* pace.c */
/* How many of the next `n` bytes, of `all` that the windows let through, may
 * leave in this turn; 0: none before pace_at. */
uint32_t tcp_pace(struct tcb *, uint32_t n, uint32_t all, ns_t now);
/* Below 4 ms nothing waits: a timer is too coarse, and queues are short. */
enum { PACE_RTT_MIN = 4 * NS_PER_MS >> 10 };

/* tlp.c */
ns_t tlp_wait(const struct tcb *);
void tlp_sent(struct tcb *, bool again);
void tlp_on_ack(struct arrival *, uint32_t ack);

/* rtt.c */
void tcp_rtt_sample(struct tcb *, ns_t rtt);
void tcp_rtt_on_ack(struct arrival *, uint32_t ack);

#endif
