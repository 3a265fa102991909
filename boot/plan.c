/* SPDX-License-Identifier: ISC */
/*
 * plan.c - see plan.h.
 *
 * Between the floor and the wish every scalable limit moves together, in
 * STEPS steps, so that a machine in between gets a balanced share of each.
 */
#include "plan.h"

#include <base/pool.h>

enum {
    STEPS = 64,
    CONNS_FLOOR = 64,
    HALF_OPEN_FLOOR = 64,
    RX_BLOCKS_FLOOR = 160,
    TX_BLOCKS_FLOOR = 80,
    PKTS_MIN = 144, /* a batch in, a full small ring out, and a few queued */
    PKTS_MAX = 768,
    RING_MIN = 64,
    RING_MAX = 256,
    RX_BLOCK_BYTES = 2048,
    TX_BLOCK_BYTES = 4096,
    PKT_ALIGN = 64,     /* as start.c makes the pool */
    SLACK_BYTES = 32768 /* alignment, and what boot itself takes */
};

struct limits plan_defaults(const struct limits *wish)
{
    static const struct limits def = {.tcp_conns = 256,
                                      .tcp_half_open = 256,
                                      .tcp_listeners = 8,
                                      .tcp_rcvbuf = 4 << 20,
                                      .tcp_sndbuf = 4 << 20,
                                      .rx_blocks = 4096,
                                      .tx_blocks = 2048,
                                      .udp_binds = 8,
                                      .fibers = 4,
                                      .fiber_stack = 16384,
                                      .arena_bytes = 65536};
    struct limits l = *wish;

#define DEFAULT(field) l.field = l.field ? l.field : def.field
    DEFAULT(tcp_conns);
    DEFAULT(tcp_half_open);
    DEFAULT(tcp_listeners);
    DEFAULT(tcp_rcvbuf);
    DEFAULT(tcp_sndbuf);
    DEFAULT(rx_blocks);
    DEFAULT(tx_blocks);
    DEFAULT(udp_binds);
    DEFAULT(fibers);
    DEFAULT(fiber_stack);
    DEFAULT(arena_bytes);
#undef DEFAULT
    return l;
}

/* Between floor and wish; a wish below the floor is its own floor. */
static uint32_t between(uint32_t floor, uint32_t wish, unsigned step)
{
    if (wish <= floor)
        return wish;
    return floor + (uint32_t)((uint64_t)(wish - floor) * step / STEPS);
}

static uint32_t clamp(uint32_t v, uint32_t low, uint32_t high)
{
    return v < low ? low : v > high ? high : v;
}

static size_t plan_bytes(const struct plan *p, unsigned nics,
                         const struct plan_costs *costs)
{
    const struct limits *l = &p->limits;
    size_t n = SLACK_BYTES + l->arena_bytes + costs->services(l);

    if (nics == 0)
        return n;
    n += (size_t)l->tcp_conns * l->conn_bytes;
    n += pool_bytes_aligned(sizeof(struct pkt), p->pkts, PKT_ALIGN);
    n += block_pool_bytes(RX_BLOCK_BYTES, l->rx_blocks);
    n += block_pool_bytes(TX_BLOCK_BYTES, l->tx_blocks);
    return n + costs->nics(nics, p->ring);
}

static void plan_at(struct plan *p, const struct limits *wish, unsigned step,
                    unsigned nics, const struct plan_costs *costs)
{
    struct limits *l = &p->limits;

    *l = *wish;
    l->tcp_conns = between(CONNS_FLOOR, wish->tcp_conns, step);
    l->tcp_half_open = between(HALF_OPEN_FLOOR, wish->tcp_half_open, step);
    l->rx_blocks = between(RX_BLOCKS_FLOOR, wish->rx_blocks, step);
    l->tx_blocks = between(TX_BLOCKS_FLOOR, wish->tx_blocks, step);
    p->pkts = clamp(l->rx_blocks / 2, PKTS_MIN, PKTS_MAX);
    p->ring = RING_MAX;
    while (p->ring > RING_MIN && p->ring > l->rx_blocks / 2)
        p->ring /= 2;
    p->need = plan_bytes(p, nics, costs);
}

bool plan_make(struct plan *p, const struct limits *wish, unsigned nics,
               size_t available, const struct plan_costs *costs)
{
    struct limits full = plan_defaults(wish);
    unsigned low = 0, high = STEPS;

    plan_at(p, &full, 0, nics, costs);
    p->least = p->need;
    if (p->least > available)
        return false;
    while (low < high) { /* the largest step that fits */
        unsigned mid = (low + high + 1) / 2;
        struct plan tried = *p;

        plan_at(&tried, &full, mid, nics, costs);
        if (tried.need <= available)
            low = mid;
        else
            high = mid - 1;
    }
    plan_at(p, &full, low, nics, costs);
    return true;
}
