/* SPDX-License-Identifier: ISC */
/*
 * loss_case.h - segments in flight, and what the peer acknowledges of them.
 */
#ifndef LOSS_CASE_H
#define LOSS_CASE_H

#include "core_rig.h"

static struct seq_set board;

enum { SEGS = 10 };

/* Segment n of what is in flight: [seg(n), seg(n + 1)). */
static inline uint32_t seg(uint32_t n)
{
    return ISS + 1 + n * MSS;
}

/* SEGS segments in flight, and more to send. */
static inline struct tcb in_flight(bool sack)
{
    struct tcb t = at_rest();

    seq_set_clear(&board);
    t.sack_ok = sack;
    t.board = sack ? &board : NULL;
    t.snd_wnd = t.snd_wnd_max = 60000;
    tcp_on_write(&t, 50 * MSS);
    ck_assert_uint_eq(drain(&t, T0), SEGS);
    return t;
}

/* An ACK of seg(n), with SACK of segments [from, to). */
static inline struct tcp_act sacked(struct tcb *t, uint32_t n, uint32_t from,
                                    uint32_t to)
{
    return on(t, T0, TCP_ACK, .ack = seg(n), .wnd = 60000, .nsack = 1,
              .sack = {{seg(from), seg(to)}});
}

static inline struct tcp_act plain(struct tcb *t, uint32_t n)
{
    return on(t, T0, TCP_ACK, .ack = seg(n), .wnd = 60000);
}

/* The timeout, after the probe. */
static inline struct tcp_act expire(struct tcb *t)
{
    struct tcp_act a;

    for (int i = 0; i < 3; i++) {
        a = tcp_on_timer(t, t->rtx_at);
        if (a.rtx_timeout)
            break;
        drain(t, T0);
    }
    ck_assert(a.rtx_timeout);
    return a;
}

#endif
