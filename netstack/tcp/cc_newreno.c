/* SPDX-License-Identifier: ISC */
/*
 * cc_newreno.c - slow start and congestion avoidance as in RFC 5681, counting
 * bytes (RFC 3465), for one ACK may stand for many segments.
 */
#include "cc.h"

static uint32_t half_of(uint32_t flight, uint32_t mss)
{
    return flight / 2 > 2 * mss ? flight / 2 : 2 * mss;
}

static void slow_start(struct cc *c, uint32_t mss, uint32_t acked)
{
    uint32_t most = CC_SLOW_START_SEGMENTS * mss;

    c->cwnd += acked < most ? acked : most;
}

/* A window that was not used says nothing about the path: it does not grow
 * (RFC 7661 has the reasons). */
static void newreno_ack(struct cc *c, uint32_t mss, uint32_t acked,
                        uint32_t flight, ns_t now)
{
    (void)now;
    if (c->cwnd >= CC_CWND_MAX)
        return;
    if (c->cwnd < c->ssthresh) {
        if (flight >= c->cwnd / 2)
            slow_start(c, mss, acked);
        return;
    }
    if (flight + mss < c->cwnd)
        return;
    c->acked += acked;
    if (c->acked >= c->cwnd) {
        c->acked -= c->cwnd;
        c->cwnd += mss;
    }
}

static void newreno_loss(struct cc *c, uint32_t mss, uint32_t flight, ns_t now)
{
    (void)now;
    c->ssthresh = half_of(flight, mss);
    c->cwnd = c->ssthresh;
    c->acked = 0;
}

static void newreno_timeout(struct cc *c, uint32_t mss, uint32_t flight,
                            ns_t now)
{
    (void)now;
    c->ssthresh = half_of(flight, mss);
    c->cwnd = mss;
    c->acked = 0;
}

const struct cc_ops cc_newreno = {.name = "newreno",
                                  .ack = newreno_ack,
                                  .loss = newreno_loss,
                                  .timeout = newreno_timeout};
