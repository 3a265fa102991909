/* SPDX-License-Identifier: ISC */
/*
 * undo.c - recovery that was for nothing, and how that is found out: by the
 * timestamp that comes back (Eifel, RFC 3522), by DSACK (RFC 3708), by F-RTO
 * (RFC 5682).
 */
#include "core_int.h"

void tcp_undo_arm(struct tcb *t)
{
    t->undo = true;
    t->undo_ts_ok = false;
    t->undo_bytes = 0;
    t->undo_from = t->snd_una;
}

void tcp_undo_resent(struct tcb *t, uint32_t n, ns_t now)
{
    if (!t->undo)
        return;
    if (!t->undo_bytes && t->ts_ok) {
        t->undo_ts = tcp_tsval(t, now);
        t->undo_ts_ok = true;
    }
    t->undo_bytes += n;
}

/* RFC 3522 3.2: the first ACK that moves on answers the original. */
bool tcp_undo_on_advance(struct arrival *a, uint32_t acked)
{
    struct tcb *t = a->t;
    bool first = t->undo && t->undo_ts_ok &&
                 t->snd_una - acked == t->undo_from && t->ca >= TCP_CA_RECOVERY;

    if (!first || !(a->s->opts & TCP_OPT_TS))
        return false;
    t->undo_ts_ok = false;
    t->frto = TCP_FRTO_NONE; /* this was the better witness */
    return a->s->tsecr && seq_lt(a->s->tsecr, t->undo_ts);
}

/* All that was sent again had arrived before. */
bool tcp_undo_on_dsack(struct arrival *a, struct seq_range r)
{
    struct tcb *t = a->t;
    uint32_t n = r.end - r.start;

    if (!t->undo || !t->undo_bytes || seq_lt(r.start, t->undo_from))
        return false;
    t->undo_bytes = n < t->undo_bytes ? t->undo_bytes - n : 0;
    return t->undo_bytes == 0;
}

/* RFC 5682 2.1 and 3.1: `orig` says that the segment reports data that was not
 * sent again; the second time in a row, that is no echo of ours. */
bool tcp_frto(struct arrival *a, bool orig)
{
    struct tcb *t = a->t;
    bool was_new = t->frto == TCP_FRTO_NEW;

    t->frto = TCP_FRTO_NONE;
    if (was_new && !orig && t->cc.cwnd < 3u * t->mss)
        t->cc.cwnd = 3u * t->mss; /* 2.1 step 3a: two are new ones */
    if (was_new)
        return orig;
    if (a->s->ack != t->snd_una || t->snd_una == t->undo_from ||
        !seq_lt(t->snd_una, t->recover))
        return false;
    t->frto = TCP_FRTO_NEW;
    return false;
}
