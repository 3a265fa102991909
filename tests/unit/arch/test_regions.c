/* SPDX-License-Identifier: ISC */
/* Sets of address ranges. */
#include <lib/suite.h>
#include <regions.h>

static struct regions s; /* each test has a process of its own */

static void is(unsigned i, uint64_t base, uint64_t end)
{
    ck_assert_uint_lt(i, s.n);
    ck_assert_uint_eq(s.r[i].base, base);
    ck_assert_uint_eq(s.r[i].end, end);
}

START_TEST(test_ranges_are_sorted_and_those_that_touch_become_one)
{
    regions_add(&s, 30, 40);
    regions_add(&s, 10, 20);
    ck_assert_uint_eq(s.n, 2);
    is(0, 10, 20);
    regions_add(&s, 20, 25);
    is(0, 10, 25);
    regions_add(&s, 12, 35);
    ck_assert_uint_eq(s.n, 1);
    is(0, 10, 40);
}
END_TEST

START_TEST(test_empty_and_backward_ranges_are_nothing)
{
    regions_add(&s, 10, 10);
    regions_add(&s, 20, 10);
    ck_assert_uint_eq(s.n, 0);
    regions_add(&s, 10, 20);
    regions_remove(&s, 15, 15);
    regions_remove(&s, 18, 12);
    is(0, 10, 20);
}
END_TEST

START_TEST(test_removal_cuts_splits_and_deletes)
{
    regions_add(&s, 0, 100);
    regions_remove(&s, 40, 60);
    ck_assert_uint_eq(s.n, 2);
    is(0, 0, 40);
    is(1, 60, 100);
    regions_remove(&s, 30, 70);
    is(0, 0, 30);
    is(1, 70, 100);
    regions_remove(&s, 0, 30);
    ck_assert_uint_eq(s.n, 1);
    regions_remove(&s, 0, UINT64_MAX);
    ck_assert_uint_eq(s.n, 0);
}
END_TEST

START_TEST(test_alignment_shrinks_and_drops)
{
    regions_add(&s, 0x1001, 0x1fff);
    regions_add(&s, 0x2800, 0x5800);
    regions_add(&s, UINT64_MAX - 10, UINT64_MAX);
    regions_align(&s, 0x1000);
    ck_assert_uint_eq(s.n, 1);
    is(0, 0x3000, 0x5000);
}
END_TEST

START_TEST(test_a_full_set_forgets_the_smallest)
{
    for (uint64_t i = 0; i < REGIONS_MAX; i++)
        regions_add(&s, i * 100, i * 100 + 10 + i);
    regions_add(&s, 100000, 100050);
    ck_assert_uint_eq(s.n, REGIONS_MAX);
    ck_assert_uint_eq(s.forgotten, 1);
    is(0, 100, 111); /* 0 to 10 is gone */
    is(REGIONS_MAX - 1, 100000, 100050);
}
END_TEST

START_TEST(test_carving_takes_the_lowest_that_is_large_enough_and_in_bounds)
{
    regions_add(&s, 10, 20);
    regions_add(&s, 100, 200);
    ck_assert_uint_eq(regions_carve(&s, 50, 0, 1000), 100);
    is(1, 150, 200);
    ck_assert_uint_eq(regions_carve(&s, 5, 12, 1000), 12);
    ck_assert_uint_eq(regions_carve(&s, 50, 0, 190), 0);
    ck_assert_uint_eq(regions_carve(&s, 50, 0, 200), 150);
}
END_TEST

START_TEST(test_the_largest_is_measured_from_the_floor_on)
{
    struct region r;

    regions_add(&s, 0, 100);
    regions_add(&s, 200, 260);
    r = regions_take_largest(&s, 90);
    ck_assert_uint_eq(r.base, 200);
    r = regions_take_largest(&s, 90);
    ck_assert_uint_eq(r.base, 90);
    ck_assert_uint_eq(r.end, 100);
    r = regions_take_largest(&s, 90);
    ck_assert_uint_eq(r.base, r.end);
    is(0, 0, 90);
}
END_TEST

START_TEST(test_overlap_and_sum)
{
    regions_add(&s, 10, 20);
    regions_add(&s, 30, 45);
    ck_assert_uint_eq(regions_bytes(&s), 25);
    ck_assert(!regions_overlap(&s, 20, 30));
    ck_assert(regions_overlap(&s, 19, 30));
    ck_assert(regions_overlap(&s, 0, 100));
}
END_TEST

/* Against a bit map, whatever the order. */
START_TEST(test_random_operations_agree_with_a_bit_map)
{
    bool map[256] = {false};
    uint32_t seed = 1;

    for (unsigned i = 0; i < 20000; i++) {
        unsigned a, b;
        bool add;

        seed = seed * 1103515245 + 12345;
        a = seed >> 8 & 0xff;
        b = seed >> 16 & 0xff;
        add = seed >> 30 & 1;
        (add ? regions_add : regions_remove)(&s, a, b);
        for (unsigned k = a; k < b; k++)
            map[k] = add;
        for (unsigned k = 0; k < 256; k++)
            ck_assert(regions_overlap(&s, k, k + 1) == map[k]);
        for (unsigned k = 1; k < s.n; k++)
            ck_assert_uint_lt(s.r[k - 1].end, s.r[k].base);
    }
}
END_TEST

RUN_TESTS("regions", PANICS(),
          test_ranges_are_sorted_and_those_that_touch_become_one,
          test_empty_and_backward_ranges_are_nothing,
          test_removal_cuts_splits_and_deletes,
          test_alignment_shrinks_and_drops,
          test_a_full_set_forgets_the_smallest,
          test_carving_takes_the_lowest_that_is_large_enough_and_in_bounds,
          test_the_largest_is_measured_from_the_floor_on, test_overlap_and_sum,
          test_random_operations_agree_with_a_bit_map)
