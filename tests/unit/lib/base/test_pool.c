/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/pool.h>
#include <string.h>

static uint8_t memory[65536] __attribute__((aligned(4096)));
static struct arena arena;

static struct pool pool_of(uint32_t size, uint32_t count, uint32_t align)
{
    struct pool p;

    arena_init(&arena, (struct mspan){memory, sizeof(memory)});
    ck_assert(pool_init(&p, "test", &arena, size, count, align));
    return p;
}

START_TEST(test_get_until_empty_then_refuses_and_counts)
{
    struct pool p = pool_of(40, 3, 8);
    uint8_t *a = pool_get(&p), *b = pool_get(&p), *c = pool_get(&p);

    ck_assert_ptr_nonnull(a);
    ck_assert_int_ge(b - a, 40);
    ck_assert_int_ge(c - b, 40);
    ck_assert_ptr_null(pool_get(&p));
    ck_assert_uint_eq(p.refusals, 1);
    ck_assert_uint_eq(p.in_use, 3);
    ck_assert_uint_eq(p.high_water, 3);
}
END_TEST

START_TEST(test_last_in_is_first_out_and_high_water_stays)
{
    struct pool p = pool_of(40, 3, 8);
    void *a = pool_get(&p), *b = pool_get(&p);

    pool_put(&p, a);
    pool_put(&p, b);
    ck_assert_uint_eq(p.in_use, 0);
    ck_assert_ptr_eq(pool_get(&p), b);
    ck_assert_ptr_eq(pool_get(&p), a);
    ck_assert_uint_eq(p.high_water, 2);
}
END_TEST

START_TEST(test_objects_are_aligned_as_asked)
{
    struct pool p = pool_of(70, 5, 64);

    for (unsigned i = 0; i < 5; i++)
        ck_assert_uint_eq((uintptr_t)pool_get(&p) % 64, 0);
}
END_TEST

START_TEST(test_bytes_say_what_init_takes)
{
    for (uint32_t size = 1; size < 200; size += 7) {
        struct arena a;
        struct pool p;
        size_t n = pool_bytes(size, 9);

        arena_init(&a, (struct mspan){memory + 1, n});
        ck_assert(pool_init(&p, "test", &a, size, 9, 1));
        arena_init(&a, (struct mspan){memory, n / 2});
        ck_assert(!pool_init(&p, "test", &a, size, 9, 1));
    }
}
END_TEST

START_TEST(test_fail_after_refuses_from_the_nth_get_on)
{
    struct pool p = pool_of(16, 8, 8);

    p.fail_after = 2;
    ck_assert_ptr_nonnull(pool_get(&p));
    ck_assert_ptr_nonnull(pool_get(&p));
    ck_assert_ptr_null(pool_get(&p));
    ck_assert_ptr_null(pool_get(&p));
    ck_assert_uint_eq(p.refusals, 2);
    p.fail_after = -1;
    ck_assert_ptr_nonnull(pool_get(&p));
}
END_TEST

START_TEST(test_fresh_objects_are_not_touched_by_init)
{
    struct pool p;

    memset(memory, 0x5a, sizeof(memory));
    arena_init(&arena, (struct mspan){memory, sizeof(memory)});
    ck_assert(pool_init(&p, "test", &arena, 64, 100, 64));
    (void)pool_get(&p);
    for (unsigned i = 64; i < 6400; i++) {
        MEM_UNPOISON(memory + i, 1);
        ck_assert_uint_eq(memory[i], 0x5a);
    }
}
END_TEST

static struct block_pool blocks_of(uint32_t bytes, uint32_t count)
{
    struct block_pool bp;

    arena_init(&arena, (struct mspan){memory + 8, sizeof(memory) - 8});
    ck_assert(block_pool_init(&bp, "blocks", &arena, bytes, count));
    return bp;
}

START_TEST(test_blocks_have_their_own_data_aligned_to_its_size)
{
    struct block_pool bp = blocks_of(2048, 4);
    struct block *b[4];

    for (unsigned i = 0; i < 4; i++) {
        b[i] = block_get(&bp);
        ck_assert_uint_eq(b[i]->buf.refs, 1);
        ck_assert_uint_eq(b[i]->size, 2048);
        ck_assert_uint_eq((uintptr_t)b[i]->data % 2048, 0);
        for (unsigned j = 0; j < i; j++)
            ck_assert_ptr_ne(b[i]->data, b[j]->data);
        memset(b[i]->data, (int)i, 2048);
    }
    ck_assert_ptr_null(block_get(&bp));
    ck_assert_uint_eq(bp.blocks.refusals, 1);
}
END_TEST

START_TEST(test_a_block_returns_with_its_last_reference_and_keeps_its_data)
{
    struct block_pool bp = blocks_of(2048, 1);
    struct block *b = block_get(&bp);
    uint8_t *data = b->data;

    buf_hold(&b->buf);
    buf_drop(&b->buf);
    ck_assert_ptr_null(block_get(&bp));
    buf_drop(&b->buf);
    ck_assert_uint_eq(bp.blocks.in_use, 0);
    b = block_get(&bp);
    ck_assert_ptr_eq(b->data, data);
    ck_assert_uint_eq(b->buf.refs, 1);
    ck_assert_uint_eq(b->size, 2048);
}
END_TEST

START_TEST(test_block_pool_that_does_not_fit_leaves_the_arena_alone)
{
    struct block_pool bp;
    struct arena a;
    uint8_t *p;

    arena_init(&a, (struct mspan){memory, 3 * 2048});
    p = a.p;
    ck_assert(!block_pool_init(&bp, "blocks", &a, 2048, 3));
    ck_assert_ptr_eq(a.p, p);
}
END_TEST

START_TEST(test_block_pool_bytes_suffice_at_any_alignment)
{
    for (size_t shift = 0; shift < 4096; shift += 264) {
        struct block_pool bp;
        struct arena a;
        size_t n = block_pool_bytes(2048, 5);

        arena_init(&a, (struct mspan){memory + shift, n});
        ck_assert(block_pool_init(&bp, "blocks", &a, 2048, 5));
    }
}
END_TEST

START_TEST(test_bytes_suffice_for_objects_of_an_odd_size_aligned_to_64)
{
    for (size_t shift = 0; shift < 128; shift += 8) {
        struct pool p;
        struct arena a;

        arena_init(
            &a, (struct mspan){memory + shift, pool_bytes_aligned(72, 9, 64)});
        ck_assert(pool_init(&p, "odd", &a, 72, 9, 64));
    }
}
END_TEST

START_TEST(test_put_into_a_full_pool_panics)
{
    struct pool p = pool_of(16, 2, 8);
    void *a = pool_get(&p);

    pool_put(&p, a);
    pool_put(&p, a);
}
END_TEST

RUN_TESTS("pool", PANICS(test_put_into_a_full_pool_panics),
          test_get_until_empty_then_refuses_and_counts,
          test_last_in_is_first_out_and_high_water_stays,
          test_objects_are_aligned_as_asked, test_bytes_say_what_init_takes,
          test_fail_after_refuses_from_the_nth_get_on,
          test_fresh_objects_are_not_touched_by_init,
          test_blocks_have_their_own_data_aligned_to_its_size,
          test_a_block_returns_with_its_last_reference_and_keeps_its_data,
          test_block_pool_that_does_not_fit_leaves_the_arena_alone,
          test_block_pool_bytes_suffice_at_any_alignment,
          test_bytes_suffice_for_objects_of_an_odd_size_aligned_to_64)
