/* SPDX-License-Identifier: ISC */
/*
 * plpmtu.c - the path MTU as TCP itself finds it: RFC 4821 and RFC 8899 where
 * ICMP does not get through, RFC 5927 7 where it may be forged.
 *
 * Segments that time out twice in a row while full-sized fall back to a size
 * that nearly all paths carry.  From there a single larger segment is tried
 * from time to time, with enough behind it that its loss is seen by SACK or
 * duplicate ACKs; it says nothing of congestion, so the window is kept.
 */
#include "shell.h"

enum {
    BASE4 = 1024,   /* RFC 4821 7.2 */
    BASE6 = 1220,   /* 1280 less headers */
    BLACK_HOLE = 2, /* timeouts in a row */
    SEARCH_END = 8, /* bytes; closer is not worth a loss */
    FOLLOWERS = 3,  /* segments behind a probe: TCP_DUP_THRESH */
    PROVEN = 3      /* segments acknowledged: ICMP must wait, see below */
};
#define PROBE_FIRST (5 * NS_PER_SEC)   /* after a black hole was found */
#define PROBE_NEXT  (1 * NS_PER_SEC)   /* while the search goes on */
#define PROBE_AGAIN (600 * NS_PER_SEC) /* RFC 8899 5.1.1: PMTU_RAISE_TIMER */

static uint16_t ts_bytes(const struct conn *c)
{
    return c->tcb.ts_ok ? TCP_TS_BYTES : 0;
}

static uint16_t base_of(const struct conn *c)
{
    return (uint16_t)((c->path.v4 ? BASE4 : BASE6) - ts_bytes(c));
}

static void fall_back(struct conn *c)
{
    struct tcb *t = &c->tcb;

    if (t->mss > c->pl_top)
        c->pl_top = t->mss;
    c->pl_hi = c->pl_top;
    c->pl_at = c->tcp->now + PROBE_FIRST;
    tcp_on_mss(t, (uint16_t)(base_of(c) + ts_bytes(c)), c->tcp->now);
    conn_read_caps(c);
    c->tcp->count.pmtu_black_holes++;
}

void pl_lost(struct conn *c)
{
    struct tcb *t = &c->tcb;

    c->pl_hi = (uint16_t)(c->pl_len - 1);
    c->pl_len = 0;
    c->pl_at = c->tcp->now + PROBE_NEXT;
    if (t->cc.ssthresh < c->pl_cwnd)
        t->cc.ssthresh = c->pl_cwnd;
    c->tcp->count.pmtu_probes_lost++;
}

void pl_acked(struct conn *c)
{
    if (seq_lt(c->tcb.snd_una, c->pl_seq + c->pl_len))
        return;
    c->tcb.mss = c->pl_len;
    c->pl_len = 0;
    c->pl_at = c->tcp->now + PROBE_NEXT;
    if (c->tcb.mss >= c->pl_top)
        c->pl_hi = 0; /* as it was: over */
    conn_read_caps(c);
    c->tcp->count.pmtu_raised++;
}

void pl_on_timeout(struct conn *c)
{
    struct tcb *t = &c->tcb;

    if (c->icmp_mtu) {
        uint16_t mtu = c->icmp_mtu;

        c->icmp_mtu = 0;
        if (seq_le(t->snd_una, c->icmp_seq)) {
            conn_narrow(c, mtu);
            return;
        }
    }
    if (c->pl_len)
        pl_lost(c);
    if (t->backoff >= BLACK_HOLE && t->state >= TCP_ESTABLISHED &&
        t->snd_nxt - t->snd_una >= t->mss && t->mss > base_of(c))
        fall_back(c);
}

/* The size to try, as payload of a segment; 0: none now. */
static uint16_t candidate(struct conn *c)
{
    uint32_t lo = c->tcb.mss, hi = c->pl_hi,
             path = (uint32_t)tcp_path_mss(&c->path) - ts_bytes(c);

    if (hi > path)
        hi = path;
    if (hi < lo + SEARCH_END) {
        c->pl_hi = c->pl_top;
        c->pl_at = c->tcp->now + PROBE_AGAIN;
        return 0;
    }
    /* First what was good once: perhaps it was no black hole. */
    return (uint16_t)(hi == c->pl_top ? hi : (lo + hi + 1) / 2);
}

/* Whether a probe and its followers can go at once. */
static bool has_room(const struct tcb *t, uint32_t size)
{
    uint32_t flight = t->snd_nxt - t->snd_una;
    uint32_t want = size + FOLLOWERS * (uint32_t)t->mss;

    return t->ca == TCP_CA_OPEN && t->snd_end - t->snd_nxt >= want &&
           (int32_t)(t->snd_end - t->snd_nxt) > 0 && !t->todo &&
           t->cc.cwnd >= flight + want && t->snd_wnd >= flight + want;
}

uint16_t pl_size(struct conn *c)
{
    uint16_t size;

    if (c->pl_len || c->tcp->now < c->pl_at || !(size = candidate(c)) ||
        !has_room(&c->tcb, size))
        return 0;
    return size;
}

void pl_sent(struct conn *c, const struct tcp_seg *s)
{
    c->pl_len = (uint16_t)s->len;
    c->pl_seq = s->seq;
    c->pl_cwnd = c->tcb.cc.cwnd;
    c->tcp->count.pmtu_probes++;
}

/* RFC 5927 7.2: what contradicts the ACKs of segments of this size waits for
 * the timeout that must follow if it is true. */
bool pl_believes(struct conn *c, uint16_t mtu, uint32_t seq)
{
    const struct tcb *t = &c->tcb;
    uint32_t proven = t->snd_una - c->pl_mark;

    if (t->state < TCP_ESTABLISHED || proven < PROVEN * (uint32_t)t->mss ||
        proven > UINT32_MAX - CC_CWND_MAX) /* the mark is not reached yet */
        return true;
    c->icmp_mtu = mtu;
    c->icmp_seq = seq;
    c->tcp->count.pmtu_delayed++;
    return false;
}
