/* SPDX-License-Identifier: ISC */
#include <base/heap.h>
#include <string.h>

#include "../suite.h"

enum { REGION = 1 << 18, SLOTS = 200, ROUNDS = 40000 };

static uint8_t *region;
static struct heap heap;

static void start(size_t n)
{
    region = malloc(n);
    ck_assert_ptr_nonnull(region);
    heap_init(&heap, (struct mspan){region, n}, 0x1234567);
}

START_TEST(test_what_is_got_is_whole_and_apart)
{
    struct {
        uint8_t *p;
        size_t n;
        uint8_t fill;
    } slot[SLOTS] = {0};
    uint64_t dice = (uint64_t)_i + 1;

    start(REGION);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned i;

        dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
        i = (unsigned)(dice >> 40) % SLOTS;
        if (slot[i].p) {
            for (size_t k = 0; k < slot[i].n; k += 97)
                ck_assert_uint_eq(slot[i].p[k], slot[i].fill);
            heap_put(&heap, slot[i].p);
            slot[i].p = NULL;
            continue;
        }
        slot[i].n = 1 + (size_t)(dice >> 20) % (round % 16 ? 600 : 30000);
        slot[i].p = heap_get(&heap, slot[i].n);
        if (!slot[i].p)
            continue;
        ck_assert_uint_eq((uintptr_t)slot[i].p % HEAP_ALIGN, 0);
        ck_assert_uint_ge(heap_size(&heap, slot[i].p), slot[i].n);
        slot[i].fill = (uint8_t)round;
        memset(slot[i].p, slot[i].fill, slot[i].n);
        ck_assert_uint_le(heap.in_use, heap.total);
    }
    for (unsigned i = 0; i < SLOTS; i++)
        heap_put(&heap, slot[i].p);
    ck_assert_uint_eq(heap.in_use, 0);
    /* all of it is one block again */
    ck_assert_ptr_nonnull(heap_get(&heap, REGION / 16 * 15 - 64));
    free(region);
}
END_TEST

START_TEST(test_no_room_is_counted)
{
    start(1000);
    ck_assert_ptr_null(heap_get(&heap, 0));
    ck_assert_ptr_null(heap_get(&heap, 1000));
    ck_assert_ptr_null(heap_get(&heap, SIZE_MAX));
    ck_assert_ptr_nonnull(heap_get(&heap, 600));
    ck_assert_ptr_null(heap_get(&heap, 600));
    ck_assert_uint_eq(heap.refusals, 4);
    free(region);
    heap_init(&heap, (struct mspan){NULL, 0}, 1);
    ck_assert_ptr_null(heap_get(&heap, 1));
}
END_TEST

START_TEST(test_charges_add_up)
{
    void *a, *b;

    start(4096);
    a = heap_get(&heap, 1);
    b = heap_get(&heap, 100);
    ck_assert_uint_eq(heap_charge(&heap, a) + heap_charge(&heap, b),
                      heap.in_use);
    heap_put(&heap, a);
    heap_put(&heap, b);
    ck_assert_uint_eq(heap.in_use, 0);
    ck_assert_uint_ge(heap.high_water, 100);
    free(region);
}
END_TEST

START_TEST(test_given_back_twice)
{
    void *a;

    start(4096);
    a = heap_get(&heap, 100);
    ck_assert_ptr_nonnull(heap_get(&heap, 100));
    heap_put(&heap, a);
    heap_put(&heap, a);
}
END_TEST

START_TEST(test_header_written_over)
{
    uint8_t *a;

    start(4096);
    a = heap_get(&heap, 100);
    ck_assert_ptr_nonnull(heap_get(&heap, 100));
    memset(a + heap_size(&heap, a), 0x41, 16);
    heap_put(&heap, a);
}
END_TEST

/* By so little that only the next block's size is another. */
START_TEST(test_size_written_over)
{
    uint8_t *a;

    start(4096);
    a = heap_get(&heap, 104);
    ck_assert_ptr_nonnull(heap_get(&heap, 100));
    a[heap_size(&heap, a)] ^= 0x40;
    heap_put(&heap, a);
}
END_TEST

START_TEST(test_link_of_a_free_block_written_over)
{
    void **a;

    start(4096);
    a = heap_get(&heap, 100);
    ck_assert_ptr_nonnull(heap_get(&heap, 100));
    heap_put(&heap, a);
    a[0] = region + 1024; /* as a dangling pointer would */
    MEM_UNPOISON(region + 1024, 64);
    memset(region + 1024, 0, 64);
    (void)heap_get(&heap, 100);
}
END_TEST

static uint8_t *free_one_of_two(void)
{
    uint8_t *a;

    start(4096);
    heap_fill_free(&heap);
    a = heap_get(&heap, 100);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(heap_get(&heap, 100));
    heap_put(&heap, a);
    return a;
}

START_TEST(test_filled_and_written_to_when_free)
{
    uint8_t *a = free_one_of_two();

    ck_assert_uint_eq(a[50], 0xdd);
    a[50] = 0;
    (void)heap_get(&heap, 100);
}
END_TEST

START_TEST(test_filled_and_given_back_twice)
{
    uint8_t *a = free_one_of_two();

    heap_put(&heap, a);
}
END_TEST

/* The block before it has swallowed it, and its header. */
START_TEST(test_filled_merged_and_given_back_twice)
{
    uint8_t *a, *b;

    start(4096);
    heap_fill_free(&heap);
    a = heap_get(&heap, 100);
    b = heap_get(&heap, 100);
    heap_put(&heap, a);
    heap_put(&heap, b);
    heap_put(&heap, b);
}
END_TEST

START_TEST(test_filled_memory_comes_and_goes)
{
    void *slot[16] = {0};

    start(REGION);
    heap_fill_free(&heap);
    for (unsigned i = 0; i < 2000; i++) {
        void **s = &slot[i * 7 % 16];

        heap_put(&heap, *s);
        *s = heap_get(&heap, 1 + i * 37 % 3000);
        ck_assert_ptr_nonnull(*s);
        memset(*s, (int)i, 1 + i * 37 % 3000);
    }
    for (unsigned i = 0; i < 16; i++)
        heap_put(&heap, slot[i]);
    ck_assert_uint_eq(heap.in_use, 0);
    free(region);
}
END_TEST

RUN_TESTS("heap",
          PANICS(test_given_back_twice, test_header_written_over,
                 test_size_written_over, test_link_of_a_free_block_written_over,
                 test_filled_and_written_to_when_free,
                 test_filled_and_given_back_twice,
                 test_filled_merged_and_given_back_twice),
          test_filled_memory_comes_and_goes,
          test_what_is_got_is_whole_and_apart, test_no_room_is_counted,
          test_charges_add_up)
