/* SPDX-License-Identifier: ISC */
/*
 * next.c - what to send: lost data first, then new, then FIN, then bare ACKs.
 *
 * There is no Nagle algorithm (RFC 9293 SHLD-7 has it as "should"): all that
 * an application writes in one turn of the loop is gathered before this file
 * is asked, which is what Nagle's wait is for, and a turn does not wait.
 */
#include "core_int.h"

/* Receiver's silly window avoidance (RFC 9293 3.8.6.2.2): the right edge moves
 * in steps of a segment or half the buffer.  What was offered is kept open: a
 * scaled window is rounded down, but rcv_adv remembers (RFC 7323 2.4). */
static uint16_t offer(struct tcb *t)
{
    uint32_t room =
        t->rcv_limit > t->rcv_unread ? t->rcv_limit - t->rcv_unread : 0;
    uint32_t edge = t->rcv_nxt + (room >> t->rcv_wscale << t->rcv_wscale);
    uint32_t step = t->rcv_limit / 2, wnd;

    if (t->rcv_mss < step)
        step = t->rcv_mss;
    if (seq_lt(t->rcv_adv, edge) && edge - t->rcv_adv >= step)
        t->rcv_adv = edge;
    wnd = (t->rcv_adv - t->rcv_nxt) >> t->rcv_wscale;
    if (wnd > UINT16_MAX) {
        wnd = UINT16_MAX;
        t->rcv_adv = t->rcv_nxt + (wnd << t->rcv_wscale);
    }
    return (uint16_t)wnd;
}

/* Blocks that fit in beside the timestamp: see TCP_EMIT_MAX. */
static unsigned sack_blocks(const struct tcb *t)
{
    unsigned most = t->ts_ok ? 3 : 4;

    if (!t->sack_ok || !t->ooo)
        return 0;
    return t->ooo->nrecent < most ? t->ooo->nrecent : most;
}

static RARE void report(struct tcb *t, struct tcp_seg *out)
{
    unsigned n = 0, most = t->ts_ok ? 3 : 4;

    if (t->dsack_due && !out->len) {
        out->sack[n++] = t->dsack; /* RFC 2883 4: first */
    }
    t->dsack_due = false; /* at most once, lost or not */
    if (t->ooo && t->ooo->n)
        n += seq_set_report(t->ooo, out->sack + n,
                            sack_blocks(t) < most - n ? sack_blocks(t)
                                                      : most - n);
    out->nsack = (uint8_t)n;
}

/* Everything a segment other than a SYN says by the way. */
static inline bool finish(struct tcb *t, struct tcp_seg *out, ns_t now)
{
    out->flags |= t->ecn_echo ? TCP_ACK | TCP_ECE : TCP_ACK;
    out->ack = t->rcv_nxt;
    out->wnd = offer(t);
    out->opts = 0;
    out->nsack = 0;
    if (t->ts_ok) {
        out->opts = TCP_OPT_TS;
        out->tsval = tcp_tsval(t, now);
        out->tsecr = t->ts_recent;
    }
    if (t->dsack_due || (t->ooo && t->ooo->n))
        report(t, out);
    t->rcv_acked = t->rcv_nxt;
    t->ack_now = false;
    t->ack_at = NS_NEVER;
    return true;
}

static RARE bool next_syn(struct tcb *t, struct tcp_seg *out, ns_t now)
{
    bool both = t->state == TCP_SYN_RCVD;

    t->syn_pending = false;
    *out = (struct tcp_seg){.seq = t->iss,
                            .flags = TCP_SYN,
                            .wnd = tcp_syn_wnd(t->rcv_limit),
                            .opts = TCP_OPT_MSS,
                            .mss = t->rcv_mss_max,
                            .wscale = t->rcv_wscale,
                            .tsval = tcp_tsval(t, now)};
    if (!both && t->ecn_ask && !t->syn_rtx) /* 6.1.1.1: asked for once */
        out->flags |= TCP_ECN_FLAGS;
    if (both) {
        out->flags |= t->ecn_ok ? TCP_ACK | TCP_ECE : TCP_ACK;
        out->ack = t->rcv_acked = t->rcv_nxt;
        out->tsecr = t->ts_recent;
    }
    out->opts |= (uint8_t)((t->ts_ok ? TCP_OPT_TS : 0) |
                           (t->sack_ok ? TCP_OPT_SACK_OK : 0) |
                           (t->wscale_ok ? TCP_OPT_WSCALE : 0));
    t->rtt_timed = t->snd_nxt == t->iss; /* Karn: not when sent again */
    t->rtt_seq = t->iss;
    t->rtt_at = now;
    t->snd_nxt = t->iss + 1;
    tcp_arm_rtx(t, now);
    return true;
}

/* [seq, seq + n) once more; the FIN is the number after the last byte. */
static RARE bool resend(struct tcb *t, uint32_t seq, uint32_t n,
                        struct tcp_seg *out, ns_t now)
{
    uint32_t end = seq + n;

    out->seq = seq;
    out->flags = 0;
    out->len = n;
    if (seq_lt(t->snd_end, end)) {
        out->len--;
        out->flags = TCP_FIN;
    }
    if (seq_le(t->snd_end, end))
        out->flags |= TCP_PSH;
    if (seq_le(seq, t->rtt_seq) && seq_lt(t->rtt_seq, end))
        t->rtt_timed = false;
    rack_resent(t, seq, end, now);
    tcp_undo_resent(t, n, now);
    t->prr_out += n;
    tcp_arm_rtx(t, now);
    return finish(t, out, now);
}

static RARE bool next_lost(struct tcb *t, uint32_t max, bool any,
                           struct tcp_seg *out, ns_t now)
{
    uint32_t seq, n = tcp_next_lost(t, max, any, &seq);

    return n && resend(t, seq, n, out, now);
}

/* How much of `unsent` may go now.  Sender's silly window avoidance, RFC 9293
 * 3.8.6.2.1: whole segments, or all there is, or half of the largest window
 * the peer ever offered, or whatever fits when the override timer says so. */
static inline uint32_t may_send(const struct tcb *t, uint32_t unsent,
                                uint32_t max)
{
    uint32_t flight = tcp_flight(t), pipe = tcp_pipe(t), n = unsent;
    uint32_t wnd = t->snd_wnd > flight ? t->snd_wnd - flight : 0;
    uint32_t cwnd = t->cc.cwnd > pipe ? t->cc.cwnd - pipe : 0;

    if (n > max)
        n = max;
    if (n > wnd)
        n = wnd;
    if (n > cwnd)
        n = cwnd;
    if (n == unsent || n == max)
        return n;
    if (n >= t->mss)
        return n - n % t->mss;
    if (n == wnd && (n >= t->snd_wnd_max / 2 || t->probe_now))
        return n;
    return 0;
}

/* Nothing is in flight and the window lets nothing through: ask for it from
 * time to time (RFC 9293 3.8.6.1: MUST-35, MUST-36). */
static bool stuck(struct tcb *t, ns_t now)
{
    if (tcp_flight(t) == 0 && t->rtx_at == NS_NEVER) {
        t->probing = true;
        t->alive_at = now;
        tcp_arm_rtx(t, now);
    }
    return false;
}

/* One byte beyond the window.  It is not counted as sent: if the peer refuses
 * it, nothing is to be repaired. */
static RARE bool next_probe(struct tcb *t, uint32_t unsent, struct tcp_seg *out,
                            ns_t now)
{
    t->probe_now = false;
    out->seq = t->snd_nxt;
    out->len = unsent ? 1 : 0;
    out->flags = unsent ? TCP_PSH : TCP_FIN;
    if (!unsent) {
        t->fin_sent = true;
        t->snd_nxt++;
        t->probing = false;
    } else {
        t->probed = true;
    }
    return finish(t, out, now);
}

static inline void begin_flight(struct tcb *t, ns_t now)
{
    if (t->sent_at && now - t->sent_at > t->rto)
        cc_idle(&t->cc, t->mss);
    t->alive_at = now;
    if (t->probing) {
        t->probing = t->probe_now = false;
        t->backoff = 0;
        t->rtx_at = NS_NEVER;
    }
}

/* Sends `n` new bytes, and the FIN with or without them. */
static inline bool send_new(struct tcb *t, uint32_t n, bool fin,
                            struct tcp_seg *out, ns_t now)
{
    if (tcp_flight(t) == 0)
        begin_flight(t, now);
    if (!t->rtt_timed) {
        t->rtt_timed = true;
        t->rtt_seq = t->snd_nxt;
        t->rtt_at = now;
    }
    out->seq = t->snd_nxt;
    out->len = n;
    out->flags = fin ? TCP_FIN : 0;
    out->ect = n && t->ecn_ok; /* 6.1.4 to 6.1.6: new data alone */
    if (t->cwr_due && n) {
        t->cwr_due = false;
        out->flags |= TCP_CWR;
    }
    t->snd_nxt += n + fin;
    t->fin_sent = fin;
    t->probed = false;
    if (!seq_lt(t->snd_nxt, t->snd_end))
        out->flags |= TCP_PSH;
    t->sent_at = now;
    t->sent_flight = tcp_flight(t);
    t->prr_out += n;
    if (n + fin)
        rack_sent(t, now);
    /* A probe waits longer for a single segment: not any more. */
    if (t->rtx_at == NS_NEVER || t->timer == TCP_TIMER_TLP ||
        t->sent_flight - n <= t->mss)
        tcp_arm_rtx(t, now);
    return finish(t, out, now);
}

/* RFC 8985 7.3: new data if there is some, else the last segment again. */
static RARE bool next_tlp(struct tcb *t, uint32_t max, struct tcp_seg *out,
                          ns_t now)
{
    uint32_t flight = tcp_flight(t), n = t->snd_end - t->snd_nxt;
    uint32_t wnd = t->snd_wnd > flight ? t->snd_wnd - flight : 0;

    t->rack.tlp_due = false;
    if (!flight)
        return false;
    if (max > t->mss)
        max = t->mss;
    if (n > max)
        n = max;
    if (!t->fin_sent && n && n <= wnd) {
        send_new(t, n, false, out, now);
        tlp_sent(t, false);
    } else {
        n = flight < max ? flight : max;
        resend(t, t->snd_nxt - n, n, out, now);
        tlp_sent(t, true);
    }
    tcp_arm_rtx(t, now);
    return true;
}

/* What may go in this turn of `n` bytes. */
static __attribute__((noinline)) uint32_t paced(struct tcb *t, uint32_t unsent,
                                                uint32_t n, ns_t now)
{
    return tcp_pace(t, n, may_send(t, unsent, UINT32_MAX), now);
}

static bool next_new(struct tcb *t, uint32_t max, struct tcp_seg *out, ns_t now)
{
    uint32_t unsent, n;
    bool fin;

    if (t->fin_sent || (t->snd_nxt == t->snd_end && !t->fin_queued))
        return false;
    if (t->cwr_due && max > t->mss) /* a NIC would repeat it */
        max = t->mss;
    unsent = t->snd_end - t->snd_nxt;
    n = may_send(t, unsent, max);
    if (n && t->rack.min_rtt >= PACE_RTT_MIN && t->ca == TCP_CA_OPEN &&
        !(n = paced(t, unsent, n, now)))
        return false;
    fin = t->fin_queued && n == unsent && tcp_flight(t) + n < t->snd_wnd;
    if (n || fin)
        return send_new(t, n, fin, out, now);
    if (t->probe_now)
        return next_probe(t, unsent, out, now);
    return stuck(t, now);
}

/* RFC 9293 3.8.4: a number that the peer has acknowledged already, so that it
 * must answer. */
static RARE bool next_keep(struct tcb *t, struct tcp_seg *out, ns_t now)
{
    t->keep_now = false;
    out->seq = t->snd_nxt - 1;
    out->len = 0;
    out->flags = 0;
    return finish(t, out, now);
}

static bool next_ack(struct tcb *t, struct tcp_seg *out, ns_t now)
{
    if (t->dup_acks)
        t->dup_acks--;
    out->seq = t->snd_nxt;
    out->len = 0;
    out->flags = 0;
    return finish(t, out, now);
}

bool tcp_next(struct tcb *t, uint32_t max, struct tcp_seg *out, ns_t now)
{
    unsigned blocks;

    out->ect = false;
    if (t->state == TCP_DONE)
        return false;
    if (t->syn_pending)
        return next_syn(t, out, now);
    if (t->state >= TCP_ESTABLISHED) {
        blocks = t->ooo && t->ooo->n ? sack_blocks(t) : 0;
        if (blocks) /* SACK blocks take room from the payload: MUST-16 */
            max = t->mss - ((2u + 8 * blocks + 3) & ~3u);
        if (t->rack.tlp_due && next_tlp(t, max, out, now))
            return true;
        if (t->ca != TCP_CA_OPEN && next_lost(t, max, false, out, now))
            return true;
        if (next_new(t, max, out, now))
            return true;
        if (t->ca != TCP_CA_OPEN && next_lost(t, max, true, out, now))
            return true;
        if (t->keep_now)
            return next_keep(t, out, now);
    }
    if (t->ack_now || t->dup_acks)
        return next_ack(t, out, now);
    return false;
}
