/* SPDX-License-Identifier: ISC */
/*
 * core.c - a segment arrives: RFC 9293 3.10.7.4, one function for each step.
 */
#include "core_int.h"

/* RFC 7323 5.5: 24 days, by the clock below. */
#define TS_VALID_S ((uint32_t)(24 * 24 * 3600 * NS_PER_SEC >> 30))

/* The PAWS clock needs no more than seconds: of 1.07 s, by a shift. */
static uint32_t coarse_s(ns_t now)
{
    return (uint32_t)(now >> 30);
}

void tcp_challenge(struct arrival *a)
{
    struct tcb *t = a->t;
    uint32_t s = coarse_s(a->now);

    if (s - t->challenge_s >= TCP_CHALLENGE_S) {
        t->challenge_s = s;
        t->challenges = 0;
    }
    if (t->challenges == TCP_CHALLENGE_MAX)
        return;
    t->challenges++;
    t->ack_now = true;
    a->act.challenged = true;
}

/* The peer is there, and not just someone who guesses its address. */
static void heard(struct arrival *a)
{
    a->t->heard_at = a->now;
    a->t->keep_probes = 0;
}

/* Its timestamp says that it is old; after 24 days nothing does. */
static bool is_older(const struct tcb *t, const struct tcp_seg *s, ns_t now)
{
    return seq_lt(s->tsval, t->ts_recent) &&
           coarse_s(now) - t->ts_recent_s <= TS_VALID_S;
}

/* RFC 7323 4.3: echo the timestamp of the first segment not acknowledged. */
void tcp_keep_ts(struct arrival *a)
{
    struct tcb *t = a->t;

    if (!t->ts_ok || !(a->s->opts & TCP_OPT_TS))
        return;
    if (!seq_le(a->s->seq, t->rcv_acked) || is_older(t, a->s, a->now))
        return;
    t->ts_recent = a->s->tsval;
    t->ts_recent_s = coarse_s(a->now);
}

/* RFC 7323 5.3 R1 (PAWS) and 3.2.  RST is exempt from both. */
static bool check_timestamp(struct arrival *a)
{
    struct tcb *t = a->t;
    const struct tcp_seg *s = a->s;

    if (!t->ts_ok || s->flags & TCP_RST)
        return true;
    if (!(s->opts & TCP_OPT_TS))
        return tcp_dropped(a, TCP_DROP_no_ts);
    if (!is_older(t, s, a->now))
        return true;
    if (s->len)
        t->ack_now = true;
    else
        tcp_challenge(a);
    return tcp_dropped(a, TCP_DROP_paws);
}

/* RFC 9293 3.4, table 6.  Wider in two places: a segment that covers the whole
 * window is cut, and a bare ACK right at the far edge is heard, for a sender
 * that filled the window while a segment was lost has no other number. */
static bool acceptable(const struct tcb *t, const struct tcp_seg *s,
                       uint32_t seg_len)
{
    uint32_t wnd = t->rcv_adv - t->rcv_nxt, from = s->seq - t->rcv_nxt;

    if (seg_len == 0)
        return from < wnd || from == 0 ||
               (from == wnd && (s->flags & ~TCP_ECN_FLAGS) == TCP_ACK);
    return seq_lt(s->seq, t->rcv_adv) && seq_lt(t->rcv_nxt, s->seq + seg_len);
}

/* Window closed: valid ACKs are to be heard even so (3.10.7.4, first). */
static bool is_probe(const struct arrival *a)
{
    return a->s->seq == a->t->rcv_nxt && a->t->rcv_adv == a->t->rcv_nxt &&
           !(a->s->flags & (TCP_SYN | TCP_RST));
}

/* RFC 2883: what came again is said once, by the next ACK. */
static void note_dsack(struct tcb *t, uint32_t start, uint32_t end)
{
    if (!t->sack_ok || !seq_lt(start, end))
        return;
    t->dsack = (struct seq_range){start, end};
    t->dsack_due = true;
}

static RARE bool refuse(struct arrival *a)
{
    const struct tcp_seg *s = a->s;

    if (s->flags & TCP_RST)
        return tcp_dropped(a, TCP_DROP_seq);
    if (seq_le(s->seq + s->len, a->t->rcv_nxt))
        note_dsack(a->t, s->seq, s->seq + s->len);
    if (s->len || s->flags & TCP_FIN)
        a->t->ack_now = true; /* it may be lost ACKs that made it come again */
    else
        tcp_challenge(a);
    return tcp_dropped(a, TCP_DROP_seq);
}

/* Leaves of the segment what lies inside the window. */
static void cut(struct arrival *a)
{
    struct tcb *t = a->t;
    uint32_t end = a->seq + a->len + a->fin;

    if (seq_lt(a->seq, t->rcv_nxt)) {
        a->off = t->rcv_nxt - a->seq;
        note_dsack(t, a->seq, t->rcv_nxt);
        a->len -= a->off;
        a->seq = t->rcv_nxt;
    }
    if (seq_lt(t->rcv_adv, end)) {
        uint32_t over = end - t->rcv_adv;

        a->len -= over - a->fin;
        a->fin = false;
    }
}

/* The peer's half of a simultaneous open: RFC 9293 3.5, figure 8, line 6.  Its
 * SYN is the one that we have; what counts is that it acknowledges ours. */
static bool crosses(const struct tcb *t, const struct tcp_seg *s)
{
    return t->state == TCP_SYN_RCVD &&
           (s->flags & ~TCP_ECN_FLAGS) == (TCP_SYN | TCP_ACK) &&
           s->seq == t->irs && s->len == 0 && s->ack == t->iss + 1;
}

/* First, check the sequence number. */
static bool check_sequence(struct arrival *a)
{
    const struct tcp_seg *s = a->s;
    uint32_t seg_len = s->len + !!(s->flags & TCP_FIN) + !!(s->flags & TCP_SYN);

    if (s->flags & TCP_RST) /* judged by its number alone: RFC 5961 3 */
        seg_len = 0;
    if (!check_timestamp(a))
        return false;
    a->seq = s->seq;
    a->len = s->len;
    a->fin = s->flags & TCP_FIN;
    if (crosses(a->t, s)) {
        a->t->ack_now = true;
        a->seq = a->t->rcv_nxt;
    } else if (!acceptable(a->t, s, seg_len)) {
        if (!is_probe(a))
            return refuse(a);
        a->t->ack_now = true;
        a->len = 0;
        a->fin = false;
    } else if (seg_len && !(s->flags & TCP_SYN)) {
        cut(a);
    }
    heard(a);
    tcp_keep_ts(a);
    return true;
}

/* Second, check the RST bit: RFC 5961 3. */
static RARE bool check_rst(struct arrival *a)
{
    struct tcb *t = a->t;

    if (!(a->s->flags & TCP_RST))
        return true;
    if (a->s->seq != t->rcv_nxt) {
        tcp_challenge(a);
        return tcp_dropped(a, TCP_DROP_rst_inexact);
    }
    switch (t->state) {
    case TCP_SYN_RCVD:
        tcp_finish(t, &a->act, E_REFUSED);
        break;
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
        tcp_finish(t, &a->act, E_CLOSED);
        break;
    default:
        tcp_finish(t, &a->act, E_RESET);
    }
    return false;
}

/* Fourth, check the SYN bit: RFC 5961 4. */
static bool check_syn(struct arrival *a)
{
    if (!(a->s->flags & TCP_SYN) || crosses(a->t, a->s))
        return true;
    tcp_challenge(a);
    return tcp_dropped(a, TCP_DROP_syn);
}

/* How large the peer's segments are, to know when two have come; merged ones
 * count as what our MSS lets each be at most. */
static void estimate_rcv_mss(struct tcb *t, uint32_t len)
{
    if (len > t->rcv_mss)
        t->rcv_mss = len < t->rcv_mss_max ? (uint16_t)len : t->rcv_mss_max;
}

static void take_in_order(struct arrival *a)
{
    struct tcb *t = a->t;

    a->act.take_off = a->off;
    a->act.take_len = a->len;
    a->act.take_seq = a->seq;
    a->act.events |= STREAM_READABLE;
    estimate_rcv_mss(t, a->len);
    t->rcv_nxt += a->len;
    t->rcv_unread += a->len;
    /* RFC 9293 MUST-58, SHLD-18: an ACK for every second full segment, the
     * others within TCP_DELACK. */
    if (t->rcv_nxt - t->rcv_acked >= 2u * t->rcv_mss)
        t->ack_now = true;
    else if (t->ack_at == NS_NEVER)
        t->ack_at = a->now + TCP_DELACK;
}

/* What was waiting behind the gap that has just been filled. */
static void close_gap(struct arrival *a)
{
    struct tcb *t = a->t;
    uint32_t next = seq_set_gap(t->ooo, t->rcv_nxt);

    t->ack_now = true; /* RFC 5681 4.2 */
    t->rcv_unread += next - t->rcv_nxt;
    t->rcv_nxt = next;
    seq_set_cut(t->ooo, next);
}

static void owe_dup_ack(struct tcb *t)
{
    if (t->dup_acks < TCP_ACKS_MAX)
        t->dup_acks++;
}

/* A segment ahead of its turn: kept if there is room, and reported at once
 * (RFC 5681 4.2, RFC 2018 4). */
static RARE void take_out_of_order(struct arrival *a)
{
    struct tcb *t = a->t;
    struct seq_range range = {.start = a->seq, .end = a->seq + a->len};

    owe_dup_ack(t);
    if (t->ooo && t->ooo->n &&
        seq_set_bytes(t->ooo, range.start, range.end) ==
            range.end - range.start)
        note_dsack(t, range.start, range.end);
    if (a->room != TCP_ROOM_ALL || !t->ooo || !seq_set_add(t->ooo, range)) {
        a->act.drop = TCP_DROP_ooo;
        return;
    }
    a->act.take_off = a->off;
    a->act.take_len = a->len;
    a->act.take_seq = a->seq;
    estimate_rcv_mss(t, a->len);
}

/* RFC 3168 6.1.3: the mark is echoed until the sender has said CWR; a segment
 * with both is one marked after that. */
static void take_ecn(struct arrival *a)
{
    struct tcb *t = a->t;

    if (a->s->flags & TCP_CWR)
        t->ecn_echo = false;
    if (a->s->ce) {
        t->ecn_echo = true;
        t->ack_now = true; /* RFC 8257 3.2 has why: the news is urgent */
    }
}

/* Sixth, check the URG bit: urgent data is data (RFC 6093 allows no more, and
 * the pointer is not even read).  Seventh, process the segment text. */
bool tcp_take_text(struct arrival *a)
{
    struct tcb *t = a->t;

    if (t->state > TCP_FIN_WAIT_2) {
        if (a->len)
            return tcp_dropped(a, TCP_DROP_after_fin);
        return true;
    }
    if (!a->len)
        return true;
    if (t->ecn_ok)
        take_ecn(a);
    if (a->seq != t->rcv_nxt) {
        take_out_of_order(a);
        return true;
    }
    if (a->room == TCP_ROOM_NONE)
        return tcp_dropped(a, TCP_DROP_memory);
    take_in_order(a);
    if (t->ooo && t->ooo->n)
        close_gap(a);
    return true;
}

/* A FIN whose number has not come yet is remembered: its payload may have been
 * kept, and the peer would have to send it for the FIN's sake alone. */
static bool fin_is_next(struct arrival *a)
{
    struct tcb *t = a->t;

    if (a->fin && a->seq + a->len != t->rcv_nxt &&
        seq_lt(t->rcv_nxt, a->seq + a->len)) {
        t->fin_early = true;
        t->fin_seq = a->seq + a->len;
        if (!a->len)
            owe_dup_ack(t);
        return false;
    }
    if (t->fin_early && seq_le(t->fin_seq, t->rcv_nxt)) {
        t->fin_early = false;
        return t->fin_seq == t->rcv_nxt;
    }
    return a->fin && a->seq + a->len == t->rcv_nxt;
}

/* Eighth, check the FIN bit. */
void tcp_take_fin(struct arrival *a)
{
    struct tcb *t = a->t;

    if (t->state > TCP_FIN_WAIT_2) {
        if (a->fin)
            t->ack_now = true;
        return;
    }
    if (!fin_is_next(a))
        return;
    t->rcv_nxt++;
    t->rcv_adv = seq_max(t->rcv_adv, t->rcv_nxt);
    t->ack_now = true;
    a->act.events |= STREAM_EOF;
    if (t->ooo)
        seq_set_clear(t->ooo);
    switch (t->state) {
    case TCP_FIN_WAIT_1: /* had our FIN been acked, check_ack had moved on */
        t->state = TCP_CLOSING;
        break;
    case TCP_FIN_WAIT_2:
        t->state = TCP_TIME_WAIT;
        t->rtx_at = NS_NEVER;
        break;
    default:
        t->state = TCP_CLOSE_WAIT;
    }
}

/* Header prediction: in the window, in order, nothing unusual anywhere. */
static bool is_plain(const struct tcb *t, const struct tcp_seg *s)
{
    if (t->state != TCP_ESTABLISHED || t->ca != TCP_CA_OPEN ||
        (s->flags & ~TCP_PSH) != TCP_ACK || s->nsack || s->ce ||
        s->seq != t->rcv_nxt || s->len > t->rcv_adv - t->rcv_nxt ||
        (t->ooo && t->ooo->n) || t->fin_early)
        return false;
    if (t->ts_ok && (s->opts != TCP_OPT_TS || seq_lt(s->tsval, t->ts_recent)))
        return false;
    return s->ack - t->snd_una <= tcp_flight(t) &&
           (s->len || s->ack != t->snd_una);
}

/* The same steps for a plain segment, without the questions. */
static void take_plain(struct arrival *a)
{
    struct tcb *t = a->t;
    const struct tcp_seg *s = a->s;
    uint32_t wnd = (uint32_t)s->wnd << t->snd_wscale;

    heard(a);
    tcp_keep_ts(a);
    t->snd_wl1 = s->seq;
    t->snd_wl2 = s->ack;
    t->snd_wnd = wnd;
    if (wnd > t->snd_wnd_max)
        t->snd_wnd_max = wnd;
    if (s->ack != t->snd_una)
        tcp_advance(a, s->ack);
    if (s->len) {
        a->seq = s->seq;
        a->len = s->len;
        take_in_order(a);
    }
}

struct tcp_act tcp_on_segment(struct tcb *t, const struct tcp_seg *s,
                              enum tcp_room room, ns_t now)
{
    struct arrival a = {.t = t, .s = s, .room = room, .now = now};

    if (is_plain(t, s) && (room != TCP_ROOM_NONE || !s->len))
        take_plain(&a);
    else if (t->state == TCP_SYN_SENT)
        tcp_in_syn_sent(&a);
    else if (t->state != TCP_DONE && check_sequence(&a) && check_rst(&a) &&
             check_syn(&a) && tcp_check_ack(&a) && tcp_take_text(&a))
        tcp_take_fin(&a);
    return a.act;
}
