/* SPDX-License-Identifier: ISC */
/*
 * calls.c - the owner's calls (RFC 9293 3.10.2 to 3.10.5), timers (3.10.8),
 * and what the path has to say.
 */
#include "core_int.h"

static ns_t patience(const struct tcb *t)
{
    if (t->state <= TCP_SYN_RCVD)
        return TCP_SYN_TIMEOUT;
    return t->user_timeout ? t->user_timeout : TCP_USER_TIMEOUT;
}

void tcp_arm_rtx(struct tcb *t, ns_t now)
{
    ns_t end = t->alive_at + patience(t), wait = tcp_rto_now(t), tlp;

    t->timer = TCP_TIMER_RTO;
    if (t->rack.wait) {
        if ((ns_t)t->rack.wait << 10 < wait) {
            wait = (ns_t)t->rack.wait << 10;
            t->timer = TCP_TIMER_REO;
        }
    } else if ((tlp = tlp_wait(t)) < wait) {
        wait = tlp;
        t->timer = TCP_TIMER_TLP;
    }
    t->rtx_at = now + wait;
    if (end < t->rtx_at && now < end)
        t->rtx_at = end;
}

void tcp_on_write(struct tcb *t, uint32_t n)
{
    t->snd_end += n;
}

/* The peer hears of new room when it is worth a segment of its own: two
 * segments, or half the buffer.  An ACK that is due anyway will say it. */
bool tcp_on_read(struct tcb *t, uint32_t n)
{
    int32_t gain;

    t->rcv_unread -= n;
    gain = (int32_t)(t->rcv_nxt + t->rcv_limit - t->rcv_unread - t->rcv_adv);
    if (gain < 2 * t->rcv_mss && gain < (int32_t)(t->rcv_limit / 2))
        return false;
    if (t->ack_now || t->state > TCP_FIN_WAIT_2 || t->state < TCP_ESTABLISHED)
        return false;
    t->ack_now = true;
    return true;
}

void tcp_on_shutdown(struct tcb *t)
{
    if (t->fin_queued || t->state == TCP_DONE)
        return;
    t->fin_queued = true;
    if (t->state == TCP_ESTABLISHED)
        t->state = TCP_FIN_WAIT_1;
    else if (t->state == TCP_CLOSE_WAIT)
        t->state = TCP_LAST_ACK;
    /* SYN-SENT, SYN-RECEIVED: queued until established, as 3.10.4 has it. */
}

void tcp_make_rst(const struct tcb *t, struct tcp_seg *out, ns_t now)
{
    *out = (struct tcp_seg){
        .seq = t->snd_nxt, .ack = t->rcv_nxt, .flags = TCP_RST | TCP_ACK};
    if (t->ts_ok) { /* RFC 7323 3.2: SHOULD */
        out->opts = TCP_OPT_TS;
        out->tsval = tcp_tsval(t, now);
        out->tsecr = t->ts_recent;
    }
}

/* RFC 9293 3.10.5. */
bool tcp_on_abort(struct tcb *t)
{
    uint8_t was = t->state;

    t->state = TCP_DONE;
    t->rtx_at = t->ack_at = NS_NEVER;
    t->pace_at = 0;
    t->keep_idle = 0;
    return was != TCP_SYN_SENT && was != TCP_DONE && was != TCP_CLOSING &&
           was != TCP_LAST_ACK && was != TCP_TIME_WAIT;
}

void tcp_on_mss(struct tcb *t, uint16_t mss, ns_t now)
{
    if (t->ts_ok && tcp_synchronized(t))
        mss = (uint16_t)(mss - TCP_TS_BYTES);
    if (mss < TCP_MSS_FLOOR)
        mss = TCP_MSS_FLOOR;
    if (mss >= t->mss)
        return;
    t->mss = mss;
    if (t->state >= TCP_ESTABLISHED && tcp_flight(t)) {
        tcp_enter_loss(t, false, now);
        if (t->cc.cwnd < mss)
            t->cc.cwnd = mss;
    }
}

RARE void tcp_set_user_timeout(struct tcb *t, ns_t timeout, ns_t now)
{
    t->user_timeout = timeout;
    if (t->rtx_at != NS_NEVER && t->alive_at + patience(t) < t->rtx_at)
        t->rtx_at = t->alive_at + patience(t);
    if (t->rtx_at < now)
        t->rtx_at = now;
}

void tcp_forget_ooo(struct tcb *t)
{
    if (t->ooo)
        seq_set_clear(t->ooo);
}

/* The timer was RACK's.  What is left of the timeout begins anew, which makes
 * it later by a round trip at most. */
static void early_due(struct tcb *t, struct tcp_act *act, ns_t now)
{
    if (t->timer == TCP_TIMER_TLP) {
        t->rack.tlp_due = act->probe = true;
        t->rack.tlp_out = true; /* none after it */
    } else {
        tcp_on_reo_timer(t, act, now);
    }
    tcp_arm_rtx(t, now);
}

/* The retransmission timer: RFC 6298 5.4 to 5.7, or the window probe's. */
static void rtx_due(struct tcb *t, struct tcp_act *act, ns_t now)
{
    if (now - t->alive_at >= patience(t)) {
        tcp_finish(t, act, E_TIMEOUT);
        return;
    }
    if (t->timer != TCP_TIMER_RTO && tcp_flight(t)) {
        early_due(t, act, now);
        return;
    }
    if (t->state <= TCP_SYN_RCVD) {
        t->syn_pending = true;
        t->syn_rtx++;
    } else if (t->probing) {
        t->probe_now = true;
    } else if (tcp_flight(t)) {
        tcp_enter_loss(t, true, now);
    } else {
        t->rtx_at = NS_NEVER;
        return;
    }
    act->rtx_timeout = !t->probing;
    if (t->backoff < TCP_BACKOFF_MAX)
        t->backoff++;
    tcp_arm_rtx(t, now);
}

/* Keepalive: RFC 9293 3.8.4, off by default (MUST-25), only in silence with
 * nothing in flight, and one lost answer means nothing (MUST-26). */
static void keep_due(struct tcb *t, struct tcp_act *act, ns_t now)
{
    if (t->state < TCP_ESTABLISHED || tcp_flight(t) || t->probing) {
        t->heard_at = now; /* other timers watch the peer now */
        t->keep_probes = 0;
        return;
    }
    if (t->keep_probes == TCP_KEEP_PROBES) {
        tcp_finish(t, act, E_TIMEOUT);
        return;
    }
    t->keep_probes++;
    t->keep_now = true;
}

struct tcp_act tcp_on_timer(struct tcb *t, ns_t now)
{
    struct tcp_act act = {0};

    if (t->ack_at <= now) {
        t->ack_at = NS_NEVER;
        t->ack_now = true;
    }
    if (t->pace_at <= now)
        t->pace_at = 0;
    if (t->rtx_at <= now)
        rtx_due(t, &act, now);
    if (t->state != TCP_DONE && t->keep_idle && tcp_deadline_of(t) <= now &&
        t->rtx_at > now)
        keep_due(t, &act, now);
    return act;
}
