/* SPDX-License-Identifier: ISC */
/*
 * recover.c - what is lost, what has left the network, what to send again.
 *
 * With SACK this is RFC 6675; without, RFC 6582.  After a timeout both send
 * again from SND.UNA on in slow start, skipping what SACK has reported.  The
 * congestion window is cc.c's; here only `pipe` is kept, the bytes thought to
 * be on their way, so that rules like PRR or RACK change this file alone.
 */
#include "core_int.h"

static bool has_board(const struct tcb *t)
{
    return t->board && t->board->n;
}

/* Which of the two rules is followed.  The board is lent with the first SACK
 * block, and taken back only when nothing is missing. */
static bool uses_sack(const struct tcb *t)
{
    return t->sack_ok && t->board;
}

static uint32_t unsacked(const struct tcb *t, uint32_t a, uint32_t b)
{
    if (!seq_lt(a, b))
        return 0;
    return b - a - (has_board(t) ? seq_set_bytes(t->board, a, b) : 0);
}

/* SetPipe(): what is not SACKed and not lost, and what was sent again. */
uint32_t tcp_pipe(const struct tcb *t)
{
    uint32_t pipe;

    if (t->ca == TCP_CA_OPEN)
        return tcp_flight(t);
    pipe = unsacked(t, seq_max(t->snd_una, t->lost_below), t->snd_nxt) +
           unsacked(t, t->snd_una, t->high_rxt);
    return pipe - (t->inflate < pipe ? t->inflate : pipe);
}

/* IsLost() for all at once: below the result, what is not SACKed has
 * DupThresh ranges or more than (DupThresh - 1) * SMSS bytes SACKed above. */
static uint32_t sack_lost_below(const struct tcb *t)
{
    uint32_t bytes = 0;

    for (unsigned i = t->board->n; i-- != 0;) {
        const struct seq_range *r = &t->board->r[i];

        bytes += r->end - r->start;
        if (t->board->n - i >= TCP_DUP_THRESH ||
            bytes > (TCP_DUP_THRESH - 1u) * t->mss)
            return r->start;
    }
    return t->snd_una;
}

static void update_lost(struct tcb *t)
{
    if (has_board(t))
        t->lost_below = seq_max(t->lost_below, sack_lost_below(t));
    t->lost_below = seq_max(t->lost_below, t->snd_una);
    t->high_rxt = seq_max(t->high_rxt, t->snd_una);
}

static void disorder(struct tcb *t)
{
    t->ca = TCP_CA_DISORDER;
    t->lost_below = t->high_rxt = t->snd_una;
    t->inflate = 0;
    t->dups = 0;
}

/* A block must lie within what is outstanding; older ones are duplicates that
 * the peer reports (RFC 2883), newer ones are lies. */
uint32_t tcp_take_sack(struct arrival *a)
{
    struct tcb *t = a->t;
    uint32_t before, una = t->snd_una;

    if (!a->s->nsack || !t->sack_ok || !t->board)
        return 0;
    if (seq_lt(una, a->s->ack))
        una = a->s->ack;
    before = seq_set_bytes(t->board, una, t->snd_nxt);
    for (unsigned i = 0; i < a->s->nsack; i++) {
        struct seq_range r = a->s->sack[i];

        if (seq_lt(t->snd_nxt, r.end) || !seq_lt(r.start, r.end)) {
            a->act.bad_sack = true;
            continue;
        }
        if (seq_lt(una, r.start)) /* SND.UNA itself cannot have arrived */
            (void)seq_set_add(t->board, r);
    }
    before = seq_set_bytes(t->board, una, t->snd_nxt) - before;
    if (before && t->ca == TCP_CA_OPEN)
        disorder(t);
    return before;
}

/* The first segment is lost, for that is why we are in recovery. */
static void first_is_lost(struct tcb *t)
{
    uint32_t end = seq_min(t->snd_una + t->mss, t->snd_nxt);

    t->lost_below = seq_max(t->lost_below, end);
}

static void enter_recovery(struct arrival *a)
{
    struct tcb *t = a->t;

    t->ca = TCP_CA_RECOVERY;
    t->recover = t->snd_nxt;
    t->high_rxt = t->snd_una;
    t->rtx_now = true;
    t->rescue_ok = true;
    t->partial = false;
    t->inflate = uses_sack(t) ? 0 : TCP_DUP_THRESH * (uint32_t)t->mss;
    first_is_lost(t);
    cc_on_loss(&t->cc, t->mss, tcp_flight(t));
    a->act.fast_rtx = true;
}

/* RFC 6675 5 (1)-(4), RFC 5681 3.2, limited transmit (RFC 3042). */
void tcp_on_dup_ack(struct arrival *a)
{
    struct tcb *t = a->t;

    if (t->ca == TCP_CA_OPEN)
        disorder(t);
    update_lost(t);
    if (t->dups < UINT8_MAX)
        t->dups++;
    if (t->ca == TCP_CA_LOSS)
        return;
    if (t->ca == TCP_CA_RECOVERY) {
        if (!uses_sack(t))
            t->inflate += t->mss;
        return;
    }
    if (!uses_sack(t))
        t->inflate = t->dups * (uint32_t)t->mss;
    if (seq_lt(t->snd_una, t->lost_below) ||
        (t->dups >= TCP_DUP_THRESH && (uses_sack(t) || !t->stale_dups)))
        enter_recovery(a);
}

static void leave(struct tcb *t)
{
    t->ca = has_board(t) ? TCP_CA_DISORDER : TCP_CA_OPEN;
    t->dups = 0;
    t->inflate = 0;
    t->rtx_now = false;
    t->lost_below = t->high_rxt = t->snd_una;
}

/* RFC 6582 3.2 step 3 without SACK: the next hole starts at SND.UNA. */
static void partial_ack(struct arrival *a, uint32_t acked)
{
    struct tcb *t = a->t;

    if (uses_sack(t))
        return;
    t->inflate -= acked < t->inflate ? acked : t->inflate;
    if (acked >= t->mss)
        t->inflate += t->mss;
    t->rtx_now = true;
    t->partial = true;
    first_is_lost(t);
}

static void advance_in_recovery(struct arrival *a, uint32_t acked)
{
    struct tcb *t = a->t;

    if (seq_lt(t->snd_una, t->recover)) {
        partial_ack(a, acked);
        return;
    }
    leave(t);
    cc_recovered(&t->cc, t->mss, tcp_flight(t));
    t->stale_dups = true;
}

void tcp_on_advance(struct arrival *a, uint32_t acked)
{
    struct tcb *t = a->t;

    if (t->board) {
        /* SND.UNA reported as received, but not acknowledged: the peer has
         * thrown away what it had (RFC 2018 8).  Nothing it said counts. */
        seq_set_cut(t->board, t->snd_una);
        if (t->board->n && t->board->r[0].start == t->snd_una)
            seq_set_clear(t->board);
    }
    update_lost(t);
    switch (t->ca) {
    case TCP_CA_DISORDER:
        leave(t);
        tcp_grow(a, acked, t->sent_flight);
        if (t->ca == TCP_CA_DISORDER)
            update_lost(t);
        if (seq_lt(t->snd_una, t->lost_below))
            enter_recovery(a);
        break;
    case TCP_CA_RECOVERY:
        advance_in_recovery(a, acked);
        break;
    default: /* TCP_CA_LOSS: slow start goes on through the repair */
        tcp_grow(a, acked, t->cc.cwnd);
        if (!seq_lt(t->snd_una, t->recover)) {
            leave(t);
            t->stale_dups = true;
        }
    }
}

void tcp_enter_loss(struct tcb *t, bool congested, ns_t now)
{
    (void)now;
    if (congested && t->ca != TCP_CA_LOSS)
        cc_on_timeout(&t->cc, t->mss, tcp_flight(t));
    else if (congested)
        t->cc.cwnd = t->mss;
    /* A second timeout: do not trust what SACK said (RFC 2018 8). */
    if (t->board && t->backoff)
        seq_set_clear(t->board);
    t->ca = TCP_CA_LOSS;
    t->recover = t->lost_below = t->snd_nxt;
    t->high_rxt = t->snd_una;
    t->inflate = 0;
    t->dups = 0;
    t->rtx_now = true;
    t->rescue_ok = false;
    t->rtt_timed = false; /* Karn */
}

/* NextSeg() rule 4: the last segment, once, when all before it is repaired. */
static uint32_t rescue(struct tcb *t, uint32_t max, uint32_t *seq)
{
    uint32_t n;

    if (!t->rescue_ok || !has_board(t) || t->ca != TCP_CA_RECOVERY)
        return 0;
    t->rescue_ok = false;
    n = unsacked(t, t->high_rxt, t->recover);
    if (n > max)
        n = max;
    if (!n || seq_set_bytes(t->board, t->recover - n, t->recover))
        return 0;
    *seq = t->recover - n;
    return n;
}

/* RFC 6675 5 (C.2): a rescue does not count as having come this far. */
static uint32_t sent_again(struct tcb *t, uint32_t seq, uint32_t n)
{
    if (n)
        t->high_rxt = seq_max(t->high_rxt, seq + n);
    return n;
}

/* A hole from `seq` on, below `end`; 0 if there is none. */
static uint32_t hole(const struct tcb *t, uint32_t *seq, uint32_t end)
{
    if (!has_board(t))
        return seq_lt(*seq, end) ? end - *seq : 0;
    *seq = seq_set_gap(t->board, *seq);
    if (!seq_lt(*seq, end))
        return 0;
    return seq_set_after(t->board, *seq, end) - *seq;
}

uint32_t tcp_next_lost(struct tcb *t, uint32_t max, bool any, uint32_t *seq)
{
    uint32_t pipe, n, one = max < t->mss ? max : t->mss;

    *seq = t->snd_una;
    if (t->rtx_now) {
        t->rtx_now = false;
        n = hole(t, seq, t->snd_nxt);
        return sent_again(t, *seq, n < one ? n : one);
    }
    pipe = tcp_pipe(t);
    if (pipe + t->mss > t->cc.cwnd)
        return 0;
    if (max > t->cc.cwnd - pipe)
        max = (t->cc.cwnd - pipe) / t->mss * t->mss;
    *seq = t->high_rxt;
    n = hole(t, seq, t->lost_below);
    if (!n && any && has_board(t) && t->ca == TCP_CA_RECOVERY) {
        *seq = t->high_rxt;
        n = hole(t, seq, t->board->r[t->board->n - 1].start);
        max = one;
        if (!n)
            return rescue(t, max, seq);
    }
    return sent_again(t, *seq, n < max ? n : max);
}
