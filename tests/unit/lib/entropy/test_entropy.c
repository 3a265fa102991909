/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/rng.h>
#include <entropy/entropy.h>
#include <string.h>

static const struct span none;

/* Bytes that look random, other ones for each `first`. */
static struct span noise(size_t n, uint8_t first)
{
    static uint8_t bytes[8192];
    uint8_t seed[32] = {first};
    struct rng r;

    ASSERT(n <= sizeof(bytes));
    rng_seed(&r, seed);
    rng_bytes(&r, bytes, n);
    return (struct span){bytes, n};
}

static bool draws(struct entropy *e, uint8_t out[32])
{
    return entropy_draw(e, (struct mspan){out, 32}, none);
}

START_TEST(test_nothing_comes_out_before_there_is_enough)
{
    uint8_t out[32] = {7}, was[32] = {7};
    struct entropy e = {0};

    ck_assert(!draws(&e, out));
    ck_assert(entropy_add(&e, ENTROPY_CPU, noise(1016, 1)));
    ck_assert(!draws(&e, out)); /* the start-up test is not over */
    ck_assert_mem_eq(out, was, 32);
    ck_assert(entropy_add(&e, ENTROPY_CPU, noise(8, 2)));
    ck_assert_uint_eq(entropy_bits(&e, ENTROPY_CPU), 4096);
    ck_assert(draws(&e, out));
    ck_assert_mem_ne(out, was, 32);
}
END_TEST

START_TEST(test_a_seed_of_the_host_is_enough_alone)
{
    struct entropy e = {0};
    uint8_t out[32];

    ck_assert(entropy_add(&e, ENTROPY_HOST, noise(63, 1)));
    ck_assert(!draws(&e, out));
    memset(&e, 0, sizeof(e));
    ck_assert(entropy_add(&e, ENTROPY_HOST, noise(64, 1)));
    ck_assert_uint_eq(entropy_bits(&e, ENTROPY_HOST), 256);
    ck_assert(draws(&e, out));
}
END_TEST

/* A disk has the same one at each boot. */
START_TEST(test_a_seed_of_the_loader_is_stirred_in_but_not_counted)
{
    struct entropy one = {0}, two = {0};
    uint8_t a[32], b[32];

    ck_assert(entropy_add(&one, ENTROPY_LOADER, noise(4096, 1)));
    ck_assert(!draws(&one, a));
    entropy_add(&one, ENTROPY_HOST, noise(64, 2));
    entropy_add(&two, ENTROPY_HOST, noise(64, 2));
    ck_assert(draws(&one, a) && draws(&two, b));
    ck_assert_mem_ne(a, b, 32);
}
END_TEST

START_TEST(test_jitter_counts_an_eighth_of_a_bit_a_sample)
{
    struct entropy e = {0};
    uint8_t out[32];

    entropy_add(&e, ENTROPY_JITTER, noise(2040, 1));
    ck_assert_uint_eq(entropy_bits(&e, ENTROPY_JITTER), 255);
    ck_assert(!draws(&e, out));
    entropy_add(&e, ENTROPY_JITTER, noise(8, 2));
    ck_assert(draws(&e, out));
}
END_TEST

/* Sources that lie: each must be found within its start-up samples. */
static void fill_stuck(uint8_t *p, size_t n)
{
    memset(p, 0xff, n);
}

static void fill_biased(uint8_t *p, size_t n) /* four values of 256 */
{
    memcpy(p, noise(n, 3).p, n);
    for (size_t i = 0; i < n; i++)
        p[i] &= 3;
}

static void fill_one_word(uint8_t *p, size_t n) /* as one AMD's RDRAND did */
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(0x1d * (i % 8) + 3);
}

static void fill_two_words(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(0x1d * (i % 16) + 3);
}

static void fill_same_answer(uint8_t *p, size_t n) /* 64 bytes, each time */
{
    for (size_t i = 0; i < n; i += 64)
        memcpy(p + i, noise(64, 9).p, 64);
}

static void fill_counter(uint8_t *p, size_t n) /* high bytes hardly move */
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i % 8 < 2 ? i / 8 >> 8 * (i % 8) : 0);
}

START_TEST(test_sources_that_lie_are_shut_off)
{
    void (*const lies[])(uint8_t *, size_t) = {fill_stuck,       fill_biased,
                                               fill_one_word,    fill_two_words,
                                               fill_same_answer, fill_counter};
    uint8_t bytes[ENTROPY_STARTUP_BYTES], out[32];

    for (unsigned i = 0; i < ARRAY_LEN(lies); i++)
        for (unsigned s = ENTROPY_CPU; s <= ENTROPY_HOST; s++) {
            struct entropy e = {0};

            lies[i](bytes, sizeof(bytes));
            ck_assert(!entropy_add(&e, s, (struct span){bytes, sizeof(bytes)}));
            ck_assert_uint_eq(entropy_bits(&e, s), 0);
            ck_assert_uint_eq(e.count.failed_sources, 1);
            ck_assert(!draws(&e, out));
        }
}
END_TEST

static void fill_nearly_constant(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = i % 100 == 99 ? 41 : 40;
}

/* As a clock that counts instructions makes it. */
/* What rounding makes of a constant. */
static void fill_two_in_turn(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 3 / 7 - (i + 6) * 3 / 7);
}

START_TEST(test_jitter_without_jitter_is_shut_off)
{
    void (*const lies[])(uint8_t *, size_t) = {fill_stuck, fill_nearly_constant,
                                               fill_two_in_turn};
    uint8_t bytes[2048];

    for (unsigned i = 0; i < ARRAY_LEN(lies); i++) {
        struct entropy e = {0};

        lies[i](bytes, sizeof(bytes));
        ck_assert(!entropy_add(&e, ENTROPY_JITTER,
                               (struct span){bytes, sizeof(bytes)}));
        ck_assert(!e.ready);
    }
}
END_TEST

/* Counted once, believed never again, and what others gave still counts. */
START_TEST(test_a_source_that_failed_stays_off)
{
    struct entropy e = {0};
    uint8_t zeros[64] = {0}, out[32];

    ck_assert(entropy_add(&e, ENTROPY_CPU, noise(1024, 1)));
    ck_assert(!entropy_add(&e, ENTROPY_CPU, (struct span){zeros, 64}));
    ck_assert(!entropy_add(&e, ENTROPY_CPU, noise(8192, 2)));
    ck_assert_uint_eq(e.count.failed_sources, 1);
    ck_assert_uint_eq(entropy_bits(&e, ENTROPY_CPU), 0);
    ck_assert(draws(&e, out)); /* what came before the failure was good */
    ck_assert(entropy_add(&e, ENTROPY_DEVICE, noise(1024, 3)));
}
END_TEST

START_TEST(test_a_failed_source_leaves_the_boot_to_others)
{
    struct entropy e = {0};
    uint8_t zeros[1024] = {0}, out[32];

    ck_assert(!entropy_add(&e, ENTROPY_DEVICE, (struct span){zeros, 1024}));
    ck_assert(!draws(&e, out));
    ck_assert(entropy_add(&e, ENTROPY_HOST, noise(64, 1)));
    ck_assert(draws(&e, out));
}
END_TEST

/* One byte anywhere, from any source, makes all bytes other ones. */
START_TEST(test_everything_that_comes_in_matters)
{
    for (unsigned s = 0; s < ENTROPY_SOURCES; s++) {
        struct entropy one = {0}, two;
        uint8_t a[32], b[32], byte = 0;

        entropy_add(&one, ENTROPY_HOST, noise(64, 1));
        two = one;
        entropy_add(&one, s, (struct span){&byte, 1});
        byte = 1;
        entropy_add(&two, s, (struct span){&byte, 1});
        ck_assert(draws(&one, a) && draws(&two, b));
        ck_assert_mem_ne(a, b, 32);
    }
}
END_TEST

START_TEST(test_what_was_drawn_is_counted_until_the_next_seed)
{
    struct entropy e = {0};
    uint8_t out[32];

    entropy_add(&e, ENTROPY_HOST, noise(64, 1));
    ck_assert(draws(&e, out) && draws(&e, out));
    ck_assert_uint_eq(e.drawn, 64);
    ck_assert_uint_eq(e.count.reseeds, 1);
    entropy_add(&e, ENTROPY_JITTER, noise(64, 1));
    ck_assert_uint_eq(e.drawn, 0);
    ck_assert_uint_eq(e.count.reseeds, 2);
}
END_TEST

RUN_TESTS("entropy", PANICS(), test_nothing_comes_out_before_there_is_enough,
          test_a_seed_of_the_host_is_enough_alone,
          test_a_seed_of_the_loader_is_stirred_in_but_not_counted,
          test_jitter_counts_an_eighth_of_a_bit_a_sample,
          test_sources_that_lie_are_shut_off,
          test_jitter_without_jitter_is_shut_off,
          test_a_source_that_failed_stays_off,
          test_a_failed_source_leaves_the_boot_to_others,
          test_everything_that_comes_in_matters,
          test_what_was_drawn_is_counted_until_the_next_seed)
