/* SPDX-License-Identifier: ISC */
/* What the memory plan counts is what a stack and its pools then take: at every
 * size of memory, not only at the floors and at the wish. */
#include <base/pool.h>
#include <net.h>
#include <plan.h>
#include <stdlib.h>

#include "../lib/suite.h"

enum { SHIFTS = 4, STEP = 262144, MOST = 32 << 20 };

static size_t no_nics(unsigned n, unsigned ring)
{
    (void)n;
    (void)ring;
    return 0;
}

static bool fits(const struct plan *p, uint8_t *memory)
{
    struct pool pkts;
    struct block_pool rx, tx;
    struct arena a;
    struct net_config c = {.limits = p->limits,
                           .pkts = &pkts,
                           .tx_blocks = &tx,
                           .rx_blocks = &rx.blocks,
                           .arena = &a};

    arena_init(&a, (struct mspan){memory, p->need});
    (void)arena_try(&a, p->limits.arena_bytes, 64); /* the application's */
    return pool_init(&pkts, "pkts", &a, sizeof(struct pkt), p->pkts, 64) &&
           block_pool_init(&rx, "rx", &a, 2048, p->limits.rx_blocks) &&
           block_pool_init(&tx, "tx", &a, 4096, p->limits.tx_blocks) &&
           net_new(&c, 1) != NULL;
}

static void sweep(const struct limits *wish)
{
    const struct plan_costs costs = {net_bytes, no_nics};
    struct plan p;
    unsigned n = 0;

    ck_assert(!plan_make(&p, wish, 1, 0, &costs));
    for (size_t have = p.least; have < MOST; have += STEP, n++) {
        size_t shift = n % SHIFTS * 1040;
        uint8_t *memory;

        ck_assert(plan_make(&p, wish, 1, have, &costs));
        memory = malloc(p.need + shift);
        ck_assert_ptr_nonnull(memory);
        ck_assert_msg(fits(&p, memory + shift), "at %zu bytes, %u connections",
                      have, p.limits.tcp_conns);
        free(memory);
    }
    ck_assert_uint_gt(n, 16);
}

START_TEST(test_a_server_fits_at_every_size)
{
    sweep(&(struct limits){.tcp_conns = 1056, .tcp_listeners = 1});
}
END_TEST

START_TEST(test_thousands_of_connections_fit_at_every_size)
{
    sweep(&(struct limits){.tcp_conns = 4352,
                           .tcp_half_open = 1024,
                           .rx_blocks = 4096,
                           .tx_blocks = 2048});
}
END_TEST

RUN_CASES("fits", TEST(test_a_server_fits_at_every_size),
          TEST(test_thousands_of_connections_fit_at_every_size))
