/* SPDX-License-Identifier: ISC */
/*
 * cc.c - what all congestion control algorithms share.
 */
#include "cc.h"

static uint32_t initial_window(uint32_t mss)
{
    uint32_t most = CC_INITIAL_SEGMENTS * mss;
    uint32_t bytes = CC_INITIAL_BYTES > 2 * mss ? CC_INITIAL_BYTES : 2 * mss;

    return most < bytes ? most : bytes;
}

const struct cc_ops *cc_ops_of(const struct cc *c)
{
    static const struct cc_ops *const all[CC_KINDS] = {[CC_NEWRENO] =
                                                           &cc_newreno};

    return all[c->kind];
}

void cc_init(struct cc *c, uint8_t kind, uint32_t mss, bool syn_lost)
{
    *c = (struct cc){.cwnd = syn_lost ? mss : initial_window(mss),
                     .ssthresh = CC_CWND_MAX,
                     .kind = kind};
}

void cc_idle(struct cc *c, uint32_t mss)
{
    uint32_t restart = initial_window(mss);

    if (c->cwnd > restart)
        c->cwnd = restart;
    c->acked = 0;
}

void cc_recovered(struct cc *c, uint32_t mss, uint32_t flight)
{
    uint32_t now_in_flight = (flight > mss ? flight : mss) + mss;

    c->cwnd = c->ssthresh < now_in_flight ? c->ssthresh : now_in_flight;
    c->acked = 0;
}
