/* SPDX-License-Identifier: ISC */
/*
 * ack.c - the fifth step of 3.10.7.4: the ACK field.
 */
#include "core_int.h"

/* The window may grow; `flight` says whether it was made use of. */
void tcp_grow(struct arrival *a, uint32_t acked, uint32_t flight)
{
    struct tcb *t = a->t;
    struct cc_ack ack = {.mss = t->mss,
                         .acked = acked,
                         .flight = flight,
                         .una = t->snd_una,
                         .nxt = t->snd_nxt,
                         .rtt = a->rtt,
                         .srtt = t->srtt8 >> 3,
                         .now = a->now};

    cc_on_ack(&t->cc, &ack);
}

/* What the peer acknowledges has arrived: SND.UNA moves on. */
void tcp_advance(struct arrival *a, uint32_t ack)
{
    struct tcb *t = a->t;
    uint32_t acked = ack - t->snd_una;
    bool again = t->ca == TCP_CA_RECOVERY && t->partial;

    tcp_rtt_on_ack(a, ack);
    if (t->rack.tlp_out)
        tlp_on_ack(a, ack);
    if (t->ca == TCP_CA_OPEN && !seq_lt(t->snd_nxt, ack))
        rack_arrived(a, t->snd_una, ack);
    t->snd_una = ack;
    if (seq_lt(t->snd_nxt, ack)) { /* the probe's byte was taken */
        t->snd_nxt = ack;
        t->probed = t->probing = false;
        t->backoff = 0;
    }
    a->act.acked = acked;
    if (t->fin_sent && ack == t->snd_nxt)
        a->act.acked--;
    t->alive_at = a->now;
    if (t->ca == TCP_CA_OPEN) {
        rack_cut(t);
        t->dups = 0;
        t->stale_dups = false;
        tcp_grow(a, acked, t->sent_flight);
    } else {
        tcp_on_advance(a, acked);
    }
    /* RFC 6298 5.2, 5.3; from the second partial ACK on without SACK, the
     * timer runs on (RFC 6582 3.2, step 3). */
    if (t->snd_una == t->snd_nxt)
        t->rtx_at = NS_NEVER;
    else if (!again || t->ca != TCP_CA_RECOVERY)
        tcp_arm_rtx(t, a->now);
}

/* SND.UNA =< SEG.ACK =< SND.NXT, and the segment is newer than the one that
 * said so last.  Returns whether the offer changed. */
static bool update_window(struct arrival *a)
{
    struct tcb *t = a->t;
    const struct tcp_seg *s = a->s;
    uint32_t wnd = (uint32_t)s->wnd << t->snd_wscale, before = t->snd_wnd;

    if (!seq_lt(t->snd_wl1, s->seq) &&
        !(t->snd_wl1 == s->seq && seq_le(t->snd_wl2, s->ack)))
        return false;
    t->snd_wnd = wnd;
    t->snd_wl1 = s->seq;
    t->snd_wl2 = s->ack;
    if (wnd > t->snd_wnd_max)
        t->snd_wnd_max = wnd;
    return wnd != before;
}

/* RFC 5681 2 "duplicate acknowledgment"; with SACK it is one that reports
 * something new (RFC 6675 2). */
static void take_duplicate(struct arrival *a, bool window_moved)
{
    struct tcb *t = a->t;
    const struct tcp_seg *s = a->s;
    uint32_t sacked = tcp_take_sack(a);

    if (t->rack.tlp_out)
        tlp_on_ack(a, s->ack);
    if (t->snd_una == t->snd_nxt)
        return;
    if (t->sack_ok && t->board) {
        if (sacked)
            tcp_on_dup_ack(a);
        return;
    }
    if (!s->len && !(s->flags & TCP_FIN) && !window_moved)
        tcp_on_dup_ack(a);
}

/* RFC 5961 5: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT, or it is a guess. */
static bool believable(struct arrival *a)
{
    struct tcb *t = a->t;
    uint32_t ack = a->s->ack;

    if (seq_lt(t->snd_nxt + t->probed, ack)) {
        tcp_challenge(a);
        return tcp_dropped(a, TCP_DROP_ack_unsent);
    }
    if (seq_lt(ack, t->snd_una - t->snd_wnd_max)) {
        tcp_challenge(a);
        return tcp_dropped(a, TCP_DROP_ack_old);
    }
    return true;
}

static bool handshake_acked(struct arrival *a)
{
    struct tcb *t = a->t;

    if (t->snd_nxt != t->iss && a->s->ack == t->iss + 1) {
        tcp_established(a);
        return true;
    }
    a->act.reset = true;
    return tcp_dropped(a, TCP_DROP_handshake);
}

/* What an acknowledged FIN of ours means.  False: the connection is over. */
static bool after_fin_acked(struct arrival *a)
{
    struct tcb *t = a->t;

    if (!t->fin_sent || t->snd_una != t->snd_nxt)
        return true;
    switch (t->state) {
    case TCP_FIN_WAIT_1:
        t->state = TCP_FIN_WAIT_2;
        return true;
    case TCP_CLOSING:
        t->state = TCP_TIME_WAIT;
        return true;
    case TCP_LAST_ACK:
        tcp_finish(t, &a->act, E_CLOSED);
        return false;
    default:
        return true;
    }
}

/* RFC 3168 6.1.2: a mark counts as a loss, once in a round trip. */
static void take_echo(struct arrival *a)
{
    struct tcb *t = a->t;

    if (seq_lt(t->snd_una, t->ecn_end) || t->snd_una == t->snd_nxt)
        return;
    t->ecn_end = t->snd_nxt;
    t->cwr_due = true;
    if (t->ca >= TCP_CA_RECOVERY)
        return; /* it is smaller already */
    cc_on_loss(&t->cc, t->mss, tcp_flight(t));
    t->cc.saved = false;
}

bool tcp_check_ack(struct arrival *a)
{
    struct tcb *t = a->t;
    uint32_t ack = a->s->ack;
    bool moved;

    if (!(a->s->flags & TCP_ACK))
        return tcp_dropped(a, TCP_DROP_no_ack);
    if (t->state == TCP_SYN_RCVD)
        return handshake_acked(a);
    if (!believable(a))
        return false;
    if (t->probing || t->snd_wnd == 0)
        t->alive_at = a->now; /* MUST-37: it answers, so the window may stay
                               * closed for ever */
    if (seq_lt(ack, t->snd_una))
        return true; /* old; the text may be new */
    moved = update_window(a);
    a->fack = t->rack.fack;
    if (a->s->flags & TCP_ECE && t->ecn_ok)
        take_echo(a);
    if (ack == t->snd_una) {
        take_duplicate(a, moved);
        return true;
    }
    if (a->s->nsack)
        tcp_take_sack(a);
    tcp_advance(a, ack);
    return after_fin_acked(a);
}
