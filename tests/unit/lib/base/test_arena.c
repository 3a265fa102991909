/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/pool.h>
#include <billet/app.h>

static uint8_t memory[4096] __attribute__((aligned(64)));

static struct arena fresh(size_t n)
{
    struct arena a;

    arena_init(&a, (struct mspan){memory, n});
    return a;
}

START_TEST(test_try_aligns_and_counts_the_padding)
{
    struct arena a = fresh(64);

    ck_assert_ptr_eq(arena_try(&a, 1, 1), memory);
    ck_assert_ptr_eq(arena_try(&a, 8, 16), memory + 16);
    ck_assert_ptr_eq(arena_try(&a, 40, 8), memory + 24);
    ck_assert_ptr_null(arena_try(&a, 1, 1));
}
END_TEST

START_TEST(test_try_refuses_sizes_that_would_wrap)
{
    struct arena a = fresh(64);

    ck_assert_ptr_null(arena_try(&a, SIZE_MAX, 1));
    ck_assert_ptr_null(arena_try(&a, SIZE_MAX - 8, 16));
    ck_assert_ptr_nonnull(arena_try(&a, 64, 1));
}
END_TEST

START_TEST(test_try_that_fails_takes_nothing)
{
    struct arena a = fresh(64);

    (void)arena_try(&a, 1, 1);
    ck_assert_ptr_null(arena_try(&a, 64, 64));
    ck_assert_ptr_eq(arena_try(&a, 1, 1), memory + 1);
}
END_TEST

START_TEST(test_alloc_zeroes)
{
    struct arena a = fresh(64);
    uint8_t *p;

    memory[3] = 1;
    p = arena_alloc(&a, 8, 1);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_uint_eq(p[i], 0);
}
END_TEST

START_TEST(test_sealed_arena_gives_nothing)
{
    struct arena a = fresh(64);

    arena_seal(&a);
    ck_assert_ptr_null(arena_try(&a, 1, 1));
}
END_TEST

START_TEST(test_alloc_from_a_sealed_arena_panics)
{
    struct arena a = fresh(64);

    arena_seal(&a);
    arena_alloc(&a, 1, 1);
}
END_TEST

START_TEST(test_alloc_beyond_the_end_panics)
{
    struct arena a = fresh(64);

    arena_alloc(&a, 65, 1);
}
END_TEST

RUN_TESTS("arena",
          PANICS(test_alloc_from_a_sealed_arena_panics,
                 test_alloc_beyond_the_end_panics),
          test_try_aligns_and_counts_the_padding,
          test_try_refuses_sizes_that_would_wrap,
          test_try_that_fails_takes_nothing, test_alloc_zeroes,
          test_sealed_arena_gives_nothing)
