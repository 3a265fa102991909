/* SPDX-License-Identifier: ISC */
/*
 * cc_newreno.c - congestion avoidance as in RFC 5681, counting bytes (RFC
 * 3465), for one ACK may stand for many segments.
 */
#include "cc.h"

static void newreno_avoid(struct cc *c, const struct cc_ack *a)
{
    c->acked += a->acked;
    if (c->acked >= c->cwnd) {
        c->acked -= c->cwnd;
        c->cwnd += a->mss;
    }
}

static uint32_t newreno_reduced(struct cc *c, uint32_t mss, uint32_t flight)
{
    (void)c;
    (void)mss;
    return flight / 2;
}

const struct cc_ops cc_newreno = {
    .name = "newreno", .avoid = newreno_avoid, .reduced = newreno_reduced};
