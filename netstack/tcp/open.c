/* SPDX-License-Identifier: ISC */
/*
 * open.c - the two ways a connection begins, and SYN-SENT (RFC 9293
 * 3.10.7.3).
 */
#include "core_int.h"

uint8_t tcp_wscale_for(uint32_t rcv_limit)
{
    uint8_t shift = 0;

    while (shift < TCP_WSCALE_MAX && rcv_limit >> shift > UINT16_MAX)
        shift++;
    return shift;
}

static void begin(struct tcb *t, const struct tcp_open *o, ns_t now)
{
    *t = (struct tcb){.iss = o->iss,
                      .snd_una = o->iss,
                      .snd_nxt = o->iss,
                      .snd_end = o->iss + 1,
                      .rcv_limit = o->rcv_limit,
                      .rcv_wscale = tcp_wscale_for(o->rcv_limit),
                      .ts_offset = o->ts_offset,
                      .ts_ok = o->ts,
                      .sack_ok = o->sack,
                      .wscale_ok = o->wscale,
                      .ecn_ok = o->ecn,
                      .ecn_ask = o->ecn_ask,
                      .mss = o->mss,
                      .mss_default = o->mss_default,
                      .rcv_mss = o->mss_default,
                      .rcv_mss_max = o->mss,
                      .cc = {.kind = o->cc},
                      .rto = TCP_RTO_INITIAL,
                      .rtx_at = NS_NEVER,
                      .ack_at = NS_NEVER,
                      .alive_at = now,
                      .heard_at = now};
}

void tcp_active(struct tcb *t, const struct tcp_open *o, ns_t now)
{
    begin(t, o, now);
    t->state = TCP_SYN_SENT;
    t->syn_pending = true;
}

/* What both SYNs offer is on (RFC 7323 2.2, 3.2; RFC 2018 2). */
static void agree(struct tcb *t, const struct tcp_synced *p, ns_t now)
{
    uint16_t peer = p->peer_mss ? p->peer_mss : t->mss_default;

    t->irs = p->irs;
    t->rcv_nxt = t->rcv_acked = p->irs + 1 + p->data;
    t->rcv_unread = p->data;
    t->rcv_adv = t->rcv_nxt + p->wnd;
    t->ts_ok = t->ts_ok && p->ts;
    t->sack_ok = t->sack_ok && p->sack;
    t->wscale_ok = t->wscale_ok && p->wscale;
    t->ecn_ok = t->ecn_ok && p->ecn;
    t->snd_wscale = t->wscale_ok ? p->snd_wscale : 0;
    if (!t->wscale_ok)
        t->rcv_wscale = 0;
    t->ts_recent = p->ts_recent;
    t->ts_recent_s = (uint32_t)(now >> 30);
    if (peer < TCP_MSS_FLOOR)
        peer = TCP_MSS_FLOOR;
    if (peer < t->mss)
        t->mss = peer;
    if (t->ts_ok)
        t->mss = (uint16_t)(t->mss - TCP_TS_BYTES);
    if (t->rcv_mss > t->rcv_mss_max)
        t->rcv_mss = t->rcv_mss_max;
}

void tcp_passive(struct tcb *t, const struct tcp_open *o,
                 const struct tcp_synced *p, ns_t now)
{
    begin(t, o, now);
    t->state = TCP_SYN_RCVD;
    t->snd_nxt = o->iss + 1;
    agree(t, p, now);
    t->syn_rtx = p->resent;
    t->rtt_timed = !p->resent && p->sent_at;
    t->rtt_seq = o->iss;
    t->rtt_at = p->sent_at;
    tcp_arm_rtx(t, now);
}

/* Our SYN is acknowledged by a->s: RFC 9293 3.10.7.3 fourth, 3.10.7.4 fifth. */
void tcp_established(struct arrival *a)
{
    struct tcb *t = a->t;
    bool scaled = !(a->s->flags & TCP_SYN);

    tcp_rtt_on_ack(a, a->s->ack);
    t->snd_una = t->iss + 1;
    t->snd_wl1 = a->s->seq;
    t->snd_wl2 = a->s->ack;
    t->snd_wnd = (uint32_t)a->s->wnd << (scaled ? t->snd_wscale : 0);
    t->snd_wnd_max = t->snd_wnd;
    t->state = t->fin_queued ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED;
    t->syn_pending = false;
    t->rtx_at = NS_NEVER;
    t->backoff = 0;
    t->alive_at = a->now;
    t->rack.fack = t->rack.end = t->rack.dsack_end = t->snd_una;
    t->ecn_end = t->recover = t->high_rxt = t->lost_below = t->snd_una;
    if (t->syn_rtx && !t->srtt8)
        t->rto = TCP_RTO_AFTER_SYN;
    cc_init(&t->cc, t->cc.kind, t->mss, t->syn_rtx);
    a->act.events |= STREAM_OPEN;
    if (t->rcv_unread)
        a->act.events |= STREAM_READABLE;
}

/* Takes the peer's SYN into a connection that is opening actively. */
static void take_syn(struct arrival *a)
{
    struct tcb *t = a->t;
    const struct tcp_seg *s = a->s;
    struct tcp_synced p = {.irs = s->seq,
                           .ts_recent = s->opts & TCP_OPT_TS ? s->tsval : 0,
                           .peer_mss = s->opts & TCP_OPT_MSS ? s->mss : 0,
                           .snd_wscale =
                               s->opts & TCP_OPT_WSCALE ? s->wscale : 0,
                           .ts = s->opts & TCP_OPT_TS,
                           .sack = s->opts & TCP_OPT_SACK_OK,
                           .wscale = s->opts & TCP_OPT_WSCALE,
                           .wnd = tcp_syn_wnd(t->rcv_limit)};

    /* RFC 3168 6.1.1: both bits ask, ECE alone grants. */
    p.ecn = (s->flags & TCP_ECN_FLAGS) ==
            (s->flags & TCP_ACK ? TCP_ECE : TCP_ECN_FLAGS);
    if (s->flags & TCP_ACK)
        p.ecn = p.ecn && t->ecn_ask;
    agree(t, &p, a->now);
    a->seq = s->seq + 1;
    a->len = s->len < p.wnd ? s->len : p.wnd;
    a->fin = s->flags & TCP_FIN && a->len == s->len;
}

/* Fourth, check the SYN bit.  Text on the SYN is taken (MUST-... 3.10.7.3) but
 * not shown before the connection is open. */
static void syn_in_syn_sent(struct arrival *a)
{
    struct tcb *t = a->t;

    take_syn(a);
    if (a->s->flags & TCP_ACK) {
        tcp_established(a);
        t->ack_now = true;
        if (tcp_take_text(a))
            tcp_take_fin(a);
        return;
    }
    /* Both sides opened at once: MUST-10. */
    t->state = TCP_SYN_RCVD;
    t->syn_pending = true;
    tcp_take_text(a);
    a->act.events = 0;
    t->ack_at = NS_NEVER; /* the SYN-ACK acknowledges */
    t->ack_now = false;
    t->dup_acks = 0;
}

RARE void tcp_in_syn_sent(struct arrival *a)
{
    struct tcb *t = a->t;
    const struct tcp_seg *s = a->s;
    bool acks = s->flags & TCP_ACK;

    /* First, check the ACK bit: nothing but the SYN has been sent. */
    if (acks && (s->ack != t->iss + 1 || t->snd_nxt == t->iss)) {
        a->act.reset = !(s->flags & TCP_RST);
        tcp_dropped(a, TCP_DROP_handshake);
        return;
    }
    /* Second, check the RST bit. */
    if (s->flags & TCP_RST) {
        if (acks)
            tcp_finish(t, &a->act, E_REFUSED);
        else
            tcp_dropped(a, TCP_DROP_handshake);
        return;
    }
    if (s->flags & TCP_SYN)
        syn_in_syn_sent(a);
    else
        tcp_dropped(a, TCP_DROP_handshake);
}
