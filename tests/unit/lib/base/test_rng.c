/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/rng.h>
#include <string.h>

static struct rng seeded(uint8_t first)
{
    uint8_t seed[32] = {first};
    struct rng r;

    rng_seed(&r, seed);
    return r;
}

/* RFC 8439 A.1, test vector 1: the first block under a key of zeros.  Its
 * first half became the next key, the second is what comes out first. */
START_TEST(test_the_keystream_is_chacha20)
{
    static const uint8_t half[32] = {
        0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0,
        0x3f, 0xb8, 0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18,
        0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86};
    static const uint8_t next_key[32] = {
        0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a,
        0xe5, 0x53, 0x86, 0xbd, 0x28, 0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d,
        0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7};
    struct rng r = seeded(0);
    uint8_t got[32];

    ck_assert_mem_eq(r.key, next_key, 32);
    rng_bytes(&r, got, 32);
    ck_assert_mem_eq(got, half, 32);
}
END_TEST

START_TEST(test_a_seed_repeats_its_run_in_any_portions)
{
    struct rng one = seeded(5), two = seeded(5);
    uint8_t a[1000], b[1000];

    rng_bytes(&one, a, sizeof(a));
    for (size_t at = 0, n = 1; at < sizeof(b); at += n, n = n % 37 + 1) {
        n = n < sizeof(b) - at ? n : sizeof(b) - at;
        rng_bytes(&two, b + at, n);
    }
    ck_assert_mem_eq(a, b, sizeof(a));
}
END_TEST

START_TEST(test_another_seed_gives_another_run)
{
    struct rng one = seeded(5), two = seeded(6);

    ck_assert_uint_ne(rng_u32(&one), rng_u32(&two));
}
END_TEST

START_TEST(test_what_was_given_out_is_nowhere_in_the_state)
{
    struct rng r = seeded(9);
    uint8_t got[600];

    rng_bytes(&r, got, sizeof(got));
    for (size_t i = 0; i + 8 <= sizeof(got); i++)
        ck_assert_ptr_null(memmem(&r, sizeof(r), got + i, 8));
}
END_TEST

START_TEST(test_below_stays_below_and_reaches_everything)
{
    static const uint32_t bounds[] = {1, 2, 3, 7, 100, 0x80000001, UINT32_MAX};
    struct rng r = seeded(1);
    unsigned seen[7] = {0};

    for (unsigned i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
        for (unsigned j = 0; j < 2000; j++)
            ck_assert_uint_lt(rng_below(&r, bounds[i]), bounds[i]);
    for (unsigned i = 0; i < 7000; i++)
        seen[rng_below(&r, 7)]++;
    for (unsigned i = 0; i < 7; i++)
        ck_assert(seen[i] > 850 && seen[i] < 1150);
}
END_TEST

START_TEST(test_below_zero_panics)
{
    struct rng r = seeded(1);

    rng_below(&r, 0);
}
END_TEST

/* A feed that counts, and gives another seed each time. */
static uint64_t epoch[2];
static unsigned fed;

static bool feed_seed(struct mspan out)
{
    memset(out.p, (int)++fed, out.n);
    return true;
}

static const struct rng_feed feed = {.epoch = epoch, .seed = feed_seed};

static struct rng fed_rng(void)
{
    struct rng r = seeded(3);

    fed = 0;
    rng_set_feed(&r, &feed);
    return r;
}

/* Two lives of one machine: the same until the epoch changes, then not. */
START_TEST(test_a_new_epoch_is_seen_by_the_next_byte)
{
    for (unsigned word = 0; word < 2; word++) {
        struct rng one = fed_rng(), two = one;

        ck_assert_uint_eq(rng_u32(&one), rng_u32(&two));
        epoch[word]++;
        ck_assert_uint_ne(rng_u32(&one), rng_u32(&two));
        ck_assert_uint_eq(fed, 2); /* once for each */
        ck_assert_uint_eq(one.restores, 1);
        rng_u32(&one);
        ck_assert_uint_eq(fed, 2); /* and no more in this epoch */
    }
}
END_TEST

START_TEST(test_a_feed_is_asked_each_four_kilobytes)
{
    struct rng r = fed_rng();
    uint8_t out[224 * 16];

    rng_bytes(&r, out, sizeof(out));
    ck_assert_uint_eq(fed, 0);
    rng_u32(&r);
    ck_assert_uint_eq(fed, 1);
    rng_bytes(&r, out, sizeof(out));
    ck_assert_uint_eq(fed, 2);
    ck_assert_uint_eq(r.restores, 0);
}
END_TEST

/* What others may know of the old key, or of the seed alone, is no help. */
START_TEST(test_a_renewal_keeps_what_was_there)
{
    struct rng one = seeded(1), two = seeded(2);

    rng_set_feed(&one, &feed);
    rng_set_feed(&two, &feed);
    fed = 0;
    rng_renew(&one);
    fed = 0;
    rng_renew(&two);
    ck_assert_uint_ne(rng_u32(&one), rng_u32(&two));
}
END_TEST

START_TEST(test_without_a_feed_nothing_is_asked)
{
    struct rng r = seeded(1), same = r;

    rng_renew(&r);
    epoch[0]++;
    ck_assert_uint_eq(rng_u32(&r), rng_u32(&same));
}
END_TEST

RUN_TESTS("rng", PANICS(test_below_zero_panics), test_the_keystream_is_chacha20,
          test_a_seed_repeats_its_run_in_any_portions,
          test_another_seed_gives_another_run,
          test_what_was_given_out_is_nowhere_in_the_state,
          test_below_stays_below_and_reaches_everything,
          test_a_new_epoch_is_seen_by_the_next_byte,
          test_a_feed_is_asked_each_four_kilobytes,
          test_a_renewal_keeps_what_was_there,
          test_without_a_feed_nothing_is_asked)
