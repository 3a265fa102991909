/* SPDX-License-Identifier: ISC */
/*
 * recover.c - what is lost, what has left the network, what to send again.
 *
 * With SACK it is RACK that finds what is lost (rack.c), pipe is RFC 6675's and
 * the window PRR's (RFC 6937); without, this is RFC 6582.  After a timeout both
 * send again from SND.UNA on in slow start, skipping what SACK has reported.
 * The congestion window is cc.c's; here only `pipe` is kept, the bytes thought
 * to be on their way, so that rules like PRR or RACK change this file alone.
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

uint32_t tcp_unsacked(const struct tcb *t, uint32_t a, uint32_t b)
{
    if (!seq_lt(a, b))
        return 0;
    return b - a - (has_board(t) ? seq_set_bytes(t->board, a, b) : 0);
}

/* SetPipe(): what is not SACKed and not lost, and what was sent again. */
uint32_t tcp_pipe(const struct tcb *t)
{
    uint32_t pipe, left;

    if (t->ca == TCP_CA_OPEN)
        return tcp_flight(t);
    pipe = tcp_unsacked(t, seq_max(t->snd_una, t->lost_below), t->snd_nxt) +
           tcp_unsacked(t, t->snd_una, t->high_rxt);
    left = t->inflate + (t->rack.nresent ? rack_lost_again(t) : 0);
    return pipe - (left < pipe ? left : pipe);
}

static void update_lost(struct tcb *t, ns_t now)
{
    t->lost_below = seq_max(t->lost_below, t->snd_una);
    t->high_rxt = seq_max(t->high_rxt, t->snd_una);
    if (uses_sack(t) && t->ca != TCP_CA_OPEN)
        rack_detect(t, now);
}

static void disorder(struct tcb *t)
{
    t->ca = TCP_CA_DISORDER;
    t->lost_below = t->high_rxt = t->snd_una;
    t->inflate = 0;
    t->dups = 0;
}

/* RFC 2883 4: the first block may report what came twice. */
static bool take_dsack(struct arrival *a)
{
    const struct seq_range *r = a->s->sack;

    if (!(seq_lt(r[0].start, a->s->ack) ||
          (a->s->nsack > 1 && seq_le(r[1].start, r[0].start) &&
           seq_le(r[0].end, r[1].end))) ||
        !seq_lt(r[0].start, r[0].end) || seq_lt(a->t->snd_nxt, r[0].end))
        return false;
    a->dsack = true;
    rack_on_dsack(a->t);
    if (tcp_undo_on_dsack(a, r[0]))
        tcp_undone(a);
    return true;
}

/* A block must lie within what is outstanding; newer ones are lies. */
static void take_block(struct arrival *a, struct seq_range r, uint32_t una)
{
    struct tcb *t = a->t;
    uint32_t from;

    if (seq_lt(t->snd_nxt, r.end) || !seq_lt(r.start, r.end)) {
        a->act.bad_sack = true;
        return;
    }
    if (!seq_lt(una, r.start)) /* SND.UNA itself cannot have arrived */
        return;
    from = seq_set_gap(t->board, r.start);
    if (!seq_lt(from, r.end) || !seq_set_add(t->board, r))
        return;
    if (seq_lt(t->high_rxt, r.end) && seq_le(r.end, t->recover))
        a->orig = true;
    rack_arrived(a, from, r.end);
}

/* The board and RACK learn of all blocks.  Returns what is new, in bytes. */
uint32_t tcp_take_sack(struct arrival *a)
{
    struct tcb *t = a->t;
    uint32_t before, una = t->snd_una;

    if (!a->s->nsack || !t->sack_ok)
        return 0;
    (void)take_dsack(a);
    if (!t->board)
        return 0;
    if (seq_lt(una, a->s->ack))
        una = a->s->ack;
    before = seq_set_bytes(t->board, una, t->snd_nxt);
    for (unsigned i = 0; i < a->s->nsack; i++)
        take_block(a, a->s->sack[i], una);
    before = seq_set_bytes(t->board, una, t->snd_nxt) - before;
    if (before && t->ca == TCP_CA_OPEN)
        disorder(t);
    a->delivered += before;
    return before;
}

/* The first segment is lost, for that is why we are in recovery. */
static void first_is_lost(struct tcb *t)
{
    uint32_t end = seq_min(t->snd_una + t->mss, t->snd_nxt);

    t->lost_below = seq_max(t->lost_below, end);
}

static void enter_recovery(struct tcb *t, struct tcp_act *act)
{
    uint32_t flight = tcp_flight(t);

    if (t->pace_at) /* and what we hold back: the path would carry it */
        flight = seq_max(flight, t->sent_flight);
    t->ca = TCP_CA_RECOVERY;
    t->recover = t->snd_nxt;
    t->high_rxt = t->snd_una;
    t->rack.nresent = 0; /* a probe, if anything */
    t->rtx_now = true;
    t->rescue_ok = true;
    t->partial = false;
    t->inflate = uses_sack(t) ? 0 : TCP_DUP_THRESH * (uint32_t)t->mss;
    first_is_lost(t);
    tcp_undo_arm(t);
    t->prr_delivered = t->prr_out = 0;
    t->prr_flight = tcp_flight(t);
    cc_on_loss(&t->cc, t->mss, flight);
    act->fast_rtx = true;
}

/* Proportional rate reduction, RFC 6937 with SSRB where SND.UNA moved and CRB
 * where it did not: the window follows what arrives. */
static void reduce(struct arrival *a, bool moved)
{
    struct tcb *t = a->t;
    uint32_t pipe = tcp_pipe(t), goal = t->cc.ssthresh, may, limit;

    if (t->ca != TCP_CA_RECOVERY || !uses_sack(t) || !a->delivered)
        return;
    t->prr_delivered += a->delivered;
    if (pipe > goal) {
        may =
            (uint32_t)(((uint64_t)t->prr_delivered * goal + t->prr_flight - 1) /
                       t->prr_flight);
        limit = UINT32_MAX;
    } else {
        may = goal - pipe + t->prr_out;
        limit =
            t->prr_delivered > t->prr_out ? t->prr_delivered - t->prr_out : 0;
        if (moved && limit < a->delivered)
            limit = a->delivered;
        if (moved)
            limit += t->mss;
    }
    may = may > t->prr_out ? may - t->prr_out : 0;
    if (may > limit)
        may = limit;
    if (!t->prr_out && may < t->mss)
        may = t->mss; /* the first retransmission, at least */
    t->cc.cwnd = pipe + may > t->mss ? pipe + may : t->mss;
    a->delivered = 0;
}

/* RACK may have found something lost. */
static void act_on_lost(struct tcb *t, struct tcp_act *act)
{
    if (t->ca == TCP_CA_DISORDER && seq_lt(t->snd_una, t->lost_below))
        enter_recovery(t, act);
}

void tcp_on_reo_timer(struct tcb *t, struct tcp_act *act, ns_t now)
{
    if (t->ca == TCP_CA_OPEN || !uses_sack(t)) {
        t->rack.wait = 0;
        return;
    }
    update_lost(t, now);
    act_on_lost(t, act);
}

/* RFC 8985 with SACK, else RFC 5681 3.2; limited transmit (RFC 3042). */
void tcp_on_dup_ack(struct arrival *a)
{
    struct tcb *t = a->t;

    if (t->ca == TCP_CA_OPEN)
        disorder(t);
    if (t->dups < UINT8_MAX)
        t->dups++;
    update_lost(t, a->now);
    if (uses_sack(t)) {
        if (t->ca == TCP_CA_LOSS && t->frto && tcp_frto(a, a->orig))
            tcp_undone(a);
        act_on_lost(t, &a->act);
        reduce(a, false);
        if (t->rack.wait || t->timer == TCP_TIMER_REO)
            tcp_arm_rtx(t, a->now);
        return;
    }
    if (t->ca == TCP_CA_LOSS) {
        tcp_frto(a, false);
        return;
    }
    if (t->ca == TCP_CA_RECOVERY) {
        t->inflate += t->mss;
        return;
    }
    t->inflate = t->dups * (uint32_t)t->mss;
    if (t->dups >= TCP_DUP_THRESH && !t->stale_dups)
        enter_recovery(t, &a->act);
}

static void leave(struct tcb *t)
{
    t->ca = has_board(t) ? TCP_CA_DISORDER : TCP_CA_OPEN;
    t->dups = 0;
    t->inflate = 0;
    t->rtx_now = false;
    t->lost_below = t->high_rxt = t->snd_una;
    t->frto = TCP_FRTO_NONE;
    rack_recovered(t);
}

/* All is as it was before recovery began. */
void tcp_undone(struct arrival *a)
{
    struct tcb *t = a->t;

    cc_undo(&t->cc);
    a->act.spurious = true;
    t->undo = t->undo_ts_ok = false;
    if (t->ca != TCP_CA_LOSS) /* RTO: only late */
        t->rack.reordered = true;
    t->backoff = 0;
    if (t->ca >= TCP_CA_RECOVERY)
        leave(t);
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
    if (uses_sack(t))
        t->cc.cwnd = t->cc.ssthresh; /* RFC 6937: pipe is there already */
    else
        cc_recovered(&t->cc, t->mss, tcp_flight(t));
    leave(t);
    t->stale_dups = true;
}

/* The board up to SND.UNA; what of it had not been reported has arrived. */
static void cut_board(struct arrival *a, uint32_t acked)
{
    struct tcb *t = a->t;
    uint32_t from = t->snd_una - acked;
    bool hole = tcp_hole(t, &from, t->snd_una);

    a->delivered += tcp_unsacked(t, from, t->snd_una);
    if (hole)
        rack_arrived(a, from, t->snd_una);
    rack_cut(t);
    if (!t->board)
        return;
    /* SND.UNA reported as received, but not acknowledged: the peer has thrown
     * away what it had (RFC 2018 8).  Nothing it said counts. */
    seq_set_cut(t->board, t->snd_una);
    if (t->board->n && t->board->r[0].start == t->snd_una)
        seq_set_clear(t->board);
}

void tcp_on_advance(struct arrival *a, uint32_t acked)
{
    struct tcb *t = a->t;
    bool orig = a->orig || tcp_unsacked(t, t->high_rxt, t->snd_una);

    cut_board(a, acked);
    if (tcp_undo_on_advance(a, acked) ||
        (t->ca == TCP_CA_LOSS && t->frto && tcp_frto(a, orig)))
        tcp_undone(a);
    update_lost(t, a->now);
    switch (t->ca) {
    case TCP_CA_DISORDER:
        leave(t);
        tcp_grow(a, acked, t->sent_flight);
        if (t->ca != TCP_CA_DISORDER)
            break;
        update_lost(t, a->now);
        act_on_lost(t, &a->act);
        reduce(a, true);
        break;
    case TCP_CA_RECOVERY:
        advance_in_recovery(a, acked);
        reduce(a, true);
        break;
    case TCP_CA_LOSS: /* slow start goes on through the repair */
        tcp_grow(a, acked, t->cc.cwnd);
        if (!seq_lt(t->snd_una, t->recover)) {
            leave(t);
            t->stale_dups = true;
        }
        break;
    default: /* it was none */
        break;
    }
}

void tcp_enter_loss(struct tcb *t, bool congested, ns_t now)
{
    (void)now;
    t->undo = false;
    t->frto = TCP_FRTO_NONE;
    if (congested && t->ca != TCP_CA_LOSS) {
        cc_on_timeout(&t->cc, t->mss, tcp_flight(t));
        tcp_undo_arm(t);
        t->frto = TCP_FRTO_SENT;
    } else if (congested) {
        t->cc.cwnd = t->mss;
    }
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
    t->rack.nresent = 0;
    t->rack.wait = 0;
    t->rack.tlp_out = t->rack.tlp_due = false;
    t->rtt_timed = false; /* Karn */
}

/* NextSeg() rule 4: the last segment, once, when all before it is repaired. */
static uint32_t rescue(struct tcb *t, uint32_t max, uint32_t *seq)
{
    uint32_t n;

    if (!t->rescue_ok || !has_board(t) || t->ca != TCP_CA_RECOVERY)
        return 0;
    t->rescue_ok = false;
    n = tcp_unsacked(t, t->high_rxt, t->recover);
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

uint32_t tcp_hole(const struct tcb *t, uint32_t *seq, uint32_t end)
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
        n = tcp_hole(t, seq, t->snd_nxt);
        return sent_again(t, *seq, n < one ? n : one);
    }
    if (t->frto == TCP_FRTO_NEW) { /* RFC 5682 2.1 step 2b: new data first */
        if (!any || t->snd_nxt != t->recover)
            return 0;
        t->frto = TCP_FRTO_NONE; /* there is none */
    }
    pipe = tcp_pipe(t);
    if (pipe + t->mss > t->cc.cwnd)
        return 0;
    if (max > t->cc.cwnd - pipe)
        max = (t->cc.cwnd - pipe) / t->mss * t->mss;
    if (t->rack.nresent && (n = rack_next_again(t, max, seq)))
        return n;
    *seq = t->high_rxt;
    n = tcp_hole(t, seq, t->lost_below);
    if (!n)
        return any ? rescue(t, one, seq) : 0;
    return sent_again(t, *seq, n < max ? n : max);
}
