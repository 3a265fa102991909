/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <entropy/health.h>
#include <math.h>

static const struct health_cut half = {9, 71}; /* a byte of 4 bits */

/* SP 800-90B 4.4.1: 1 + ceil(-log2(alpha) / H), alpha = 2^-30. */
static unsigned repeats_for(double h)
{
    return 1 + (unsigned)ceil(30 / h);
}

/* SP 800-90B 4.4.2: 1 + the smallest k with P(X <= k) >= 1 - alpha, X binomial
 * of 512 and 2^-H.  Summed from the far end, where the terms are small. */
static unsigned most_for(double h)
{
    long double p = powl(2, -(long double)h), tail = 0;
    unsigned k = HEALTH_WINDOW;

    for (;; k--) {
        long double term = expl(lgammal(HEALTH_WINDOW + 1) - lgammal(k + 1) -
                                lgammal(HEALTH_WINDOW - k + 1) + k * logl(p) +
                                (HEALTH_WINDOW - k) * logl(1 - p));

        if (tail + term > powl(2, -30))
            return 1 + k;
        tail += term;
    }
}

/* The numbers in entropy.c, from their definitions. */
START_TEST(test_the_cut_offs_are_sp_800_90b_s)
{
    ck_assert_uint_eq(repeats_for(4), 9);
    ck_assert_uint_eq(most_for(4), 71);
    ck_assert_uint_eq(repeats_for(32), 2);
    ck_assert_uint_eq(most_for(32), 2);
    ck_assert_uint_eq(repeats_for(1.0 / 8), 241);
    ck_assert_uint_eq(most_for(1.0 / 8), 502);
}
END_TEST

/* At which sample, counted from 1, does it alarm?  0: not within `n`. */
static unsigned alarm_at(uint64_t (*source)(unsigned), unsigned n)
{
    struct health h = {0};

    for (unsigned i = 0; i < n; i++)
        if (!health_test(&h, &half, source(i)))
            return i + 1;
    return 0;
}

static uint64_t zeros(unsigned i)
{
    (void)i;
    return 0;
}

static uint64_t stuck_later(unsigned i)
{
    return i < 700 ? i : 3;
}

START_TEST(test_a_stuck_source_is_found_at_the_cut_off)
{
    ck_assert_uint_eq(alarm_at(zeros, 100), 9);
    ck_assert_uint_eq(alarm_at(stuck_later, 1000), 700 + 9);
}
END_TEST

static uint64_t nearly_stuck(unsigned i)
{
    return i % 8 == 7 ? i : 5;
}

static uint64_t every_seventh(unsigned i)
{
    return i % 7 == 0 ? 77 : i;
}

/* Never nine in a row; but 71 of the first of a window, all in it. */
START_TEST(test_a_biased_source_is_found_by_proportion)
{
    ck_assert_uint_eq(alarm_at(nearly_stuck, HEALTH_WINDOW), 81);
    ck_assert_uint_eq(alarm_at(every_seventh, HEALTH_WINDOW), 70 * 7 + 1);
}
END_TEST

static uint64_t every_eighth(unsigned i)
{
    return i % 8 == 0 ? 77 : i;
}

static uint64_t eight_in_a_row(unsigned i)
{
    return i / 8;
}

/* One less than each cut-off passes, for ever: windows do not add up. */
START_TEST(test_what_is_within_the_claim_passes)
{
    ck_assert_uint_eq(alarm_at(every_eighth, 100000), 0);
    ck_assert_uint_eq(alarm_at(eight_in_a_row, 100000), 0);
}
END_TEST

RUN_TESTS("health", PANICS(), test_the_cut_offs_are_sp_800_90b_s,
          test_a_stuck_source_is_found_at_the_cut_off,
          test_a_biased_source_is_found_by_proportion,
          test_what_is_within_the_claim_passes)
