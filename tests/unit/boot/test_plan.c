/* SPDX-License-Identifier: ISC */
/* The memory plan: floors, wishes and everything between. */
#include <base/pool.h>
#include <plan.h>
#include <stdlib.h>

#include "../lib/suite.h"

static size_t no_stack(const struct limits *l)
{
    (void)l;
    return 0;
}

/* As a stack does: so much for each connection. */
static size_t stack(const struct limits *l)
{
    return (size_t)l->tcp_conns * 600 + (size_t)l->tcp_half_open * 128;
}

static size_t nics(unsigned n, unsigned ring)
{
    return 5000 + n * ring * 300;
}

static const struct plan_costs costs = {stack, nics};

static const struct limits big = {.tcp_conns = 4096,
                                  .tcp_half_open = 1024,
                                  .rx_blocks = 8192,
                                  .tx_blocks = 4096,
                                  .conn_bytes = 200};

START_TEST(test_zeros_take_the_defaults)
{
    struct limits l = plan_defaults(&(struct limits){.tcp_conns = 7});

    ck_assert_uint_eq(l.tcp_conns, 7);
    ck_assert_uint_eq(l.tcp_half_open, 256);
    ck_assert_uint_eq(l.fiber_stack, 16384);
    ck_assert_uint_eq(l.conn_bytes, 0);
}
END_TEST

START_TEST(test_much_memory_gives_the_wish)
{
    struct plan p;

    ck_assert(plan_make(&p, &big, 1, (size_t)1 << 30, &costs));
    ck_assert_uint_eq(p.limits.tcp_conns, 4096);
    ck_assert_uint_eq(p.limits.rx_blocks, 8192);
    ck_assert_uint_eq(p.limits.tx_blocks, 4096);
    ck_assert_uint_eq(p.ring, 256);
}
END_TEST

START_TEST(test_every_size_gets_the_most_that_fits)
{
    struct plan p, more;
    uint32_t conns = 0;

    ck_assert(!plan_make(&p, &big, 1, 0, &costs));
    ck_assert_uint_gt(p.least, 0);
    for (size_t have = p.least; have < 64u << 20; have += 65536) {
        ck_assert(plan_make(&p, &big, 1, have, &costs));
        ck_assert_uint_le(p.need, have);
        ck_assert_uint_ge(p.limits.tcp_conns, conns);
        ck_assert_uint_ge(p.limits.tcp_conns, 64);
        ck_assert_uint_ge(p.limits.rx_blocks, 2 * p.ring);
        conns = p.limits.tcp_conns;
        ck_assert(plan_make(&more, &big, 1, have + (1u << 20), &costs));
        ck_assert_uint_ge(more.need, p.need);
    }
    ck_assert_uint_eq(conns, 4096);
}
END_TEST

START_TEST(test_one_byte_less_than_the_floors_is_refused)
{
    struct plan p;
    size_t least;

    ck_assert(!plan_make(&p, &big, 1, 1, &costs));
    least = p.least;
    ck_assert(plan_make(&p, &big, 1, least, &costs));
    ck_assert(!plan_make(&p, &big, 1, least - 1, &costs));
    ck_assert_uint_eq(p.least, least);
}
END_TEST

/* Every size of memory in between gets rings and pools that fit. */
START_TEST(test_rings_and_packets_are_counted)
{
    struct plan with, without;

    for (size_t have = 2u << 20; have < 8u << 20; have += 65536) {
        size_t fixed;

        ck_assert(plan_make(&with, &big, 2, have, &costs));
        fixed = with.need - nics(2, with.ring);
        ck_assert_uint_ge(fixed,
                          with.pkts * (sizeof(struct pkt) + 63) / 64 * 64 +
                              block_pool_bytes(2048, with.limits.rx_blocks) +
                              block_pool_bytes(4096, with.limits.tx_blocks) +
                              stack(&with.limits));
    }
    ck_assert(plan_make(&without, &big, 0, (size_t)1 << 30,
                        &(struct plan_costs){.services = stack}));
}
END_TEST

START_TEST(test_no_network_counts_no_packets)
{
    struct plan with, without;

    ck_assert(plan_make(&with, &big, 1, (size_t)1 << 30,
                        &(struct plan_costs){no_stack, nics}));
    ck_assert(plan_make(&without, &big, 0, (size_t)1 << 30,
                        &(struct plan_costs){no_stack, nics}));
    ck_assert_uint_lt(without.need, 200000);
    ck_assert_uint_gt(with.need, 30u << 20);
}
END_TEST

START_TEST(test_a_wish_below_the_floor_is_kept)
{
    struct limits small = {.tcp_conns = 4, .rx_blocks = 130, .tx_blocks = 8};
    struct plan p;

    ck_assert(plan_make(&p, &small, 1, (size_t)1 << 30, &costs));
    ck_assert_uint_eq(p.limits.tcp_conns, 4);
    ck_assert_uint_eq(p.limits.tx_blocks, 8);
}
END_TEST

RUN_CASES("plan", TEST(test_zeros_take_the_defaults),
          TEST(test_much_memory_gives_the_wish),
          TEST(test_every_size_gets_the_most_that_fits),
          TEST(test_one_byte_less_than_the_floors_is_refused),
          TEST(test_rings_and_packets_are_counted),
          TEST(test_no_network_counts_no_packets),
          TEST(test_a_wish_below_the_floor_is_kept))
