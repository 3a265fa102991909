/* SPDX-License-Identifier: ISC */
/*
 * cc.c - what all congestion control algorithms share: the windows to begin
 * with, slow start by bytes (RFC 5681, RFC 3465), its end by HyStart++ (RFC
 * 9406), and the way back from a loss that was none.
 */
#include "cc.h"

/* RFC 9406 4.3. */
enum {
    HS_SAMPLES = 8,
    HS_CSS_DIVISOR = 4,
    HS_CSS_ROUNDS = 5,
    HS_RTT_MIN = 4 * NS_PER_MS >> 10, /* bounds of the threshold */
    HS_RTT_MAX = 16 * NS_PER_MS >> 10
};

static uint32_t initial_window(uint32_t mss)
{
    uint32_t most = CC_INITIAL_SEGMENTS * mss;
    uint32_t bytes = CC_INITIAL_BYTES > 2 * mss ? CC_INITIAL_BYTES : 2 * mss;

    return most < bytes ? most : bytes;
}

const struct cc_ops *cc_ops_of(const struct cc *c)
{
    static const struct cc_ops *const all[CC_KINDS] = {
        [CC_CUBIC] = &cc_cubic, [CC_NEWRENO] = &cc_newreno};

    return all[c->kind];
}

void cc_init(struct cc *c, uint8_t kind, uint32_t mss, bool syn_lost)
{
    *c = (struct cc){.cwnd = syn_lost ? mss : initial_window(mss),
                     .ssthresh = CC_CWND_MAX,
                     .kind = kind};
}

/* The round trip grew by an eighth since the round before: a queue fills. */
static bool is_slower(uint32_t rtt, uint32_t than)
{
    uint32_t by = than / 8;

    if (by < HS_RTT_MIN)
        by = HS_RTT_MIN;
    if (by > HS_RTT_MAX)
        by = HS_RTT_MAX;
    return than && rtt >= than + by;
}

/* True: the last round of conservative slow start is over. */
static bool next_round(struct hystart *h, uint32_t nxt)
{
    bool jitter = 2 * h->slow <= h->parts;
    bool over = h->css_rounds && !jitter && ++h->css_rounds > HS_CSS_ROUNDS;

    if (jitter)
        h->css_rounds = 0;
    if (!h->css_rounds)
        h->last_min = h->min;
    h->window_end = nxt;
    h->min = h->part_min = 0;
    h->samples = 0;
    h->parts = h->slow = 0;
    return over;
}

/* The queue is half as long as the path at its shortest: no jitter, and too
 * long for what of RFC 9406's five rounds is left. */
static bool is_full(const struct hystart *h)
{
    uint32_t by = h->last_min / 2;

    return h->min >= h->last_min + (by > HS_RTT_MAX ? by : HS_RTT_MAX);
}

static uint32_t less(uint32_t min, uint32_t rtt)
{
    return min && min < rtt ? min : rtt;
}

/* RFC 9406 4.2, for the first slow start alone.  Returns whether the window
 * grows slowly.  A round's minimum is that of its beginning, when the queue of
 * the round before has drained; so it is not that but each HS_SAMPLES of them
 * that are compared, else a window would be sent twice before it is noticed. */
static bool conservative(struct cc *c, const struct cc_ack *a)
{
    struct hystart *h = &c->hs;

    if (((int32_t)(a->una - h->window_end) >= 0 || !h->window_end) &&
        next_round(h, a->nxt)) {
        c->ssthresh = c->cwnd;
        return true;
    }
    if (!a->rtt)
        return h->css_rounds;
    h->min = less(h->min, a->rtt);
    h->part_min = less(h->part_min, a->rtt);
    if (++h->samples < HS_SAMPLES)
        return h->css_rounds;
    h->parts++;
    if (is_slower(h->part_min, h->last_min)) {
        h->slow++;
        if (!h->css_rounds)
            h->css_rounds = 1;
        else if (is_full(h))
            c->ssthresh = c->cwnd;
    }
    h->samples = 0;
    h->part_min = 0;
    return h->css_rounds;
}

static void slow_start(struct cc *c, const struct cc_ack *a)
{
    uint32_t most = CC_SLOW_START_SEGMENTS * a->mss;
    uint32_t by = a->acked < most ? a->acked : most;

    if (c->ssthresh == CC_CWND_MAX && conservative(c, a))
        by /= HS_CSS_DIVISOR;
    c->cwnd += by;
}

/* A window that was not used says nothing about the path: it does not grow
 * (RFC 7661 has the reasons). */
void cc_on_ack(struct cc *c, const struct cc_ack *a)
{
    if (c->cwnd >= CC_CWND_MAX)
        return;
    if (c->cwnd < c->ssthresh) {
        if (a->flight >= c->cwnd / 2)
            slow_start(c, a);
    } else if (a->flight + a->mss >= c->cwnd) {
        cc_ops_of(c)->avoid(c, a);
    } else {
        c->cubic.epoch = 0; /* RFC 9438 4.2: time without data is not growth */
    }
}

static void lower(struct cc *c, uint32_t mss, uint32_t flight)
{
    c->was.cwnd = c->cwnd;
    c->was.ssthresh = c->ssthresh;
    c->was.cubic = c->cubic;
    c->saved = true;
    c->ssthresh = cc_ops_of(c)->reduced(c, mss, flight);
    if (c->ssthresh < 2 * mss)
        c->ssthresh = 2 * mss;
    c->acked = 0;
}

void cc_on_loss(struct cc *c, uint32_t mss, uint32_t flight)
{
    lower(c, mss, flight);
    c->cwnd = c->ssthresh;
}

void cc_on_timeout(struct cc *c, uint32_t mss, uint32_t flight)
{
    lower(c, mss, flight);
    c->cwnd = mss;
    c->cubic.w_max =
        0; /* RFC 9438 4.8: a new curve from where slow start ends */
}

void cc_undo(struct cc *c)
{
    if (!c->saved)
        return;
    c->saved = false;
    if (c->cwnd < c->was.cwnd)
        c->cwnd = c->was.cwnd;
    c->ssthresh = c->was.ssthresh;
    c->cubic = c->was.cubic;
}

void cc_idle(struct cc *c, uint32_t mss)
{
    uint32_t restart = initial_window(mss);

    if (c->cwnd > restart)
        c->cwnd = restart;
    c->acked = 0;
    c->cubic.epoch = 0;
}

void cc_recovered(struct cc *c, uint32_t mss, uint32_t flight)
{
    uint32_t now_in_flight = (flight > mss ? flight : mss) + mss;

    c->cwnd = c->ssthresh < now_in_flight ? c->ssthresh : now_in_flight;
    c->acked = 0;
}
