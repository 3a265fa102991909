/* SPDX-License-Identifier: ISC */
/*
 * test_seqset.c - sets of sequence numbers, against a map of bits.
 */
#include "tcp_suite.h"

#include <stdlib.h>
#include <tcp/seqset.h>

#define R(a, b) ((struct seq_range){a, b})

START_TEST(test_ranges_merge)
{
    struct seq_set s = {0};

    ck_assert(seq_set_add(&s, R(10, 20)));
    ck_assert(seq_set_add(&s, R(30, 40)));
    ck_assert_uint_eq(s.n, 2);
    ck_assert(seq_set_add(&s, R(20, 30))); /* touches both */
    ck_assert_uint_eq(s.n, 1);
    ck_assert_uint_eq(s.r[0].start, 10);
    ck_assert_uint_eq(s.r[0].end, 40);
}
END_TEST

START_TEST(test_latest_is_reported_first_and_once)
{
    struct seq_set s = {0};
    struct seq_range out[4];

    for (uint32_t i = 0; i < 6; i++)
        (void)!seq_set_add(&s, R(100 * i + 50, 100 * i + 60));
    ck_assert_uint_eq(seq_set_report(&s, out, 4), 4);
    ck_assert_uint_eq(out[0].start, 550);
    ck_assert_uint_eq(out[3].start, 250);
    (void)!seq_set_add(&s, R(360, 370));
    ck_assert_uint_eq(seq_set_report(&s, out, 4), 4);
    ck_assert_uint_eq(out[0].start, 350);
    ck_assert_uint_eq(out[0].end, 370);
    ck_assert_uint_eq(out[1].start, 550);
    ck_assert_uint_eq(out[2].start, 450);
}
END_TEST

START_TEST(test_full_set_takes_only_what_touches)
{
    struct seq_set s = {0};

    for (uint32_t i = 0; i < SEQ_SET_MAX; i++)
        ck_assert(seq_set_add(&s, R(20 * i, 20 * i + 10)));
    ck_assert(!seq_set_add(&s, R(1000, 1001)));
    ck_assert(seq_set_add(&s, R(10, 20)));
    ck_assert_uint_eq(s.n, SEQ_SET_MAX - 1);
    ck_assert(seq_set_add(&s, R(1000, 1001)));
}
END_TEST

START_TEST(test_empty_set)
{
    struct seq_set s = {0};
    struct seq_range out[4];

    ck_assert_uint_eq(seq_set_find(&s, 5), SEQ_SET_NONE);
    ck_assert_uint_eq(seq_set_bytes(&s, 0, 100), 0);
    ck_assert_uint_eq(seq_set_gap(&s, 7), 7);
    ck_assert_uint_eq(seq_set_after(&s, 7, 100), 100);
    ck_assert_uint_eq(seq_set_report(&s, out, 4), 0);
    seq_set_cut(&s, 50);
    ck_assert_uint_eq(s.n, 0);
}
END_TEST

enum { SPAN = 600 };

/* One assertion for all, for there are many. */
static bool agree(const struct seq_set *s, const bool *map, uint32_t base)
{
    uint32_t sum = 0, gap = SPAN;
    bool ok = true;

    for (unsigned i = 0; i + 1 < s->n; i++) /* sorted, apart */
        ok &= seq_lt(s->r[i].end, s->r[i + 1].start);
    for (uint32_t i = SPAN; i-- != 0;) {
        gap = map[i] ? gap : i;
        ok &= (seq_set_find(s, base + i) != SEQ_SET_NONE) == map[i];
        ok &= seq_set_gap(s, base + i) == base + gap;
        sum += map[i];
    }
    return ok && seq_set_bytes(s, base, base + SPAN) == sum;
}

/* Random operations, around the wrap of the numbers too. */
START_TEST(test_set_is_a_set)
{
    uint32_t base = _i % 2 ? 5000 : UINT32_MAX - SPAN / 2;
    bool map[SPAN + 1] = {0};
    struct seq_set s = {0};

    srand((unsigned)_i);
    for (int step = 0; step < 300; step++) {
        uint32_t a = (uint32_t)rand() % (SPAN - 12),
                 n = 1 + (uint32_t)rand() % 12;

        if (rand() % 40 == 0) {
            seq_set_cut(&s, base + a);
            memset(map, 0, a * sizeof(map[0]));
        } else if (seq_set_add(&s, R(base + a, base + a + n))) {
            for (uint32_t i = a; i < a + n; i++)
                map[i] = true;
        } else {
            ck_assert_uint_eq(s.n, SEQ_SET_MAX);
        }
        ck_assert(agree(&s, map, base));
    }
}
END_TEST

TCP_SUITE("seqset", TEST(test_ranges_merge),
          TEST(test_latest_is_reported_first_and_once),
          TEST(test_full_set_takes_only_what_touches), TEST(test_empty_set),
          LOOP(test_set_is_a_set, 0, 20))
