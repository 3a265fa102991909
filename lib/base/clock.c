/* SPDX-License-Identifier: ISC */
/*
 * clock.c - see clock.h.
 */
#include "clock.h"

/* A stretch of time times parts in 10^9, without a product beyond 64 bits for
 * centuries. */
static int64_t parts(ns_t length, int64_t ppb)
{
    return (int64_t)(length / NS_PER_SEC) * ppb +
           (int64_t)(length % NS_PER_SEC) * ppb / (int64_t)NS_PER_SEC;
}

/* What of the slew is done after so long. */
static int64_t slewed(const struct clock *c, ns_t length)
{
    int64_t most = parts(length, CLOCK_SLEW_PPB);

    if (c->slew < 0)
        return -c->slew > most ? -most : c->slew;
    return c->slew > most ? most : c->slew;
}

uint64_t clock_wall_ns(const struct clock *c, ns_t now)
{
    ns_t length = now - c->at;

    if (c->wall == 0)
        return 0;
    return c->wall + length +
           (uint64_t)(parts(length, c->freq_ppb) + slewed(c, length));
}

void clock_set(struct clock *c, uint64_t wall, ns_t now)
{
    c->wall = wall;
    c->at = now;
    c->slew = 0;
}

/* From here on it is counted anew. */
static void rebase(struct clock *c, ns_t now)
{
    uint64_t wall = clock_wall_ns(c, now);

    c->slew -= slewed(c, now - c->at);
    c->wall = wall;
    c->at = now;
}

void clock_slew(struct clock *c, int64_t offset, ns_t now)
{
    rebase(c, now);
    c->slew = offset;
}

void clock_freq(struct clock *c, int64_t ppb, ns_t now)
{
    rebase(c, now);
    if (ppb > CLOCK_FREQ_MAX_PPB)
        ppb = CLOCK_FREQ_MAX_PPB;
    if (ppb < -CLOCK_FREQ_MAX_PPB)
        ppb = -CLOCK_FREQ_MAX_PPB;
    c->freq_ppb = (int32_t)ppb;
}
