/* SPDX-License-Identifier: ISC */
/*
 * cc_cubic.c - CUBIC (RFC 9438), in integers: windows in bytes, time in
 * 1/1024 s, factors in 1/1024.
 */
#include "cc.h"

enum {
    C_1024 = 410,    /* C = 0.4 segments / s^3 */
    BETA_1024 = 717, /* 0.7 */
    /* What Reno adds for a window, to be as fast as with beta of 1/2. */
    ALPHA_1024 = 542,   /* 3 (1 - beta) / (1 + beta) */
    TIME_MAX = 1 << 17, /* 128 s from K: the curve is as steep as it gets */
    SHARES = 16         /* steps in which a window is acknowledged, for growth
                         * by whole bytes without rounding it away */
};

/* Digit by digit, base 2: 21 rounds. */
static uint32_t cube_root(uint64_t x)
{
    uint64_t y = 0;

    for (int s = 63; s >= 0; s -= 3) {
        uint64_t b;

        y *= 2;
        b = 3 * y * (y + 1) + 1;
        if (x >> s >= b) {
            x -= b << s;
            y++;
        }
    }
    return (uint32_t)y;
}

static uint64_t ticks(ns_t t)
{
    return t * 128 / (NS_PER_SEC / 8);
}

/* W_cubic(t) - W_max: figure 1. */
static uint64_t beyond(uint64_t dt, uint32_t mss)
{
    if (dt > TIME_MAX)
        dt = TIME_MAX;
    return ((dt * dt * dt >> 10) * C_1024 >> 20) * mss >> 10;
}

static uint64_t curve(const struct cubic *q, uint64_t t, uint32_t mss)
{
    uint64_t by;

    if (t >= q->k)
        return q->w_origin + beyond(t - q->k, mss);
    by = beyond(q->k - t, mss);
    return by < q->w_origin ? q->w_origin - by : 0;
}

static void begin_epoch(struct cc *c, const struct cc_ack *a)
{
    struct cubic *q = &c->cubic;

    q->epoch = a->now;
    q->w_est = c->cwnd;
    q->k = 0;
    q->w_origin = c->cwnd;
    if (c->cwnd >= q->w_max)
        return;
    q->w_origin = q->w_max;
    /* K = cbrt((W_max - cwnd) / C), figure 2. */
    q->k = cube_root((uint64_t)(q->w_max - c->cwnd) * (5ull << 29) / a->mss);
}

/* Figure 4: until it is where the loss was, then as Reno. */
static void grow_est(struct cubic *q, const struct cc *c, uint32_t acked,
                     uint32_t mss)
{
    uint64_t by = (uint64_t)acked * mss / c->cwnd;

    if (q->w_est < q->cwnd_prior)
        by = by * ALPHA_1024 >> 10;
    q->w_est += (uint32_t)by;
}

static void cubic_avoid(struct cc *c, const struct cc_ack *a)
{
    struct cubic *q = &c->cubic;
    uint64_t t, target, most = c->cwnd + (uint64_t)(c->cwnd / 2);
    uint32_t acked;

    c->acked += a->acked;
    if (c->acked < c->cwnd / SHARES)
        return;
    acked = c->acked < c->cwnd ? c->acked : c->cwnd;
    c->acked = 0;
    if (!q->epoch)
        begin_epoch(c, a);
    t = ticks(a->now - q->epoch);
    grow_est(q, c, acked, a->mss);
    if (q->w_est > c->cwnd && curve(q, t, a->mss) < q->w_est) {
        c->cwnd = q->w_est; /* 4.3: Reno would have more */
        return;
    }
    target = curve(q, t + ticks((ns_t)a->srtt << 10), a->mss);
    if (target > most)
        target = most;
    if (target > c->cwnd)
        c->cwnd += (uint32_t)((target - c->cwnd) * acked / c->cwnd);
}

/* 4.6, 4.7: who loses before it was where it lost last makes room sooner. */
static uint32_t cubic_reduced(struct cc *c, uint32_t mss, uint32_t flight)
{
    uint32_t now = flight < c->cwnd ? flight : c->cwnd;
    struct cubic *q = &c->cubic;

    (void)mss;
    q->epoch = 0;
    q->cwnd_prior = now;
    q->w_max = now < q->w_max
                   ? (uint32_t)((uint64_t)now * (1024 + BETA_1024) >> 11)
                   : now;
    return (uint32_t)((uint64_t)now * BETA_1024 >> 10);
}

const struct cc_ops cc_cubic = {
    .name = "cubic", .avoid = cubic_avoid, .reduced = cubic_reduced};
