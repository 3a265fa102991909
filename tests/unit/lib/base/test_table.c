/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/table.h>

enum { LIMIT = 48 };

static struct table_entry memory[256];

static struct table fresh(uint32_t limit)
{
    struct table t;

    ck_assert_uint_le(table_bytes(limit), sizeof(memory));
    table_init(&t, memory, limit);
    return t;
}

static bool has(const struct table *t, uint32_t hash, uint32_t index)
{
    uint32_t at;

    for (uint32_t i = table_first(t, hash, &at); i != TABLE_NONE;
         i = table_next(t, hash, &at))
        if (i == index)
            return true;
    return false;
}

START_TEST(test_load_is_at_most_one_half)
{
    for (uint32_t limit = 1; limit < 100; limit++)
        ck_assert_uint_ge(table_bytes(limit),
                          2 * limit * sizeof(struct table_entry));
}
END_TEST

START_TEST(test_put_beyond_the_limit_is_refused)
{
    struct table t = fresh(3);

    for (uint32_t i = 0; i < 3; i++)
        ck_assert(table_put(&t, 5, i));
    ck_assert(!table_put(&t, 6, 3));
    ck_assert(!has(&t, 6, 3));
    table_del(&t, 5, 1);
    ck_assert(table_put(&t, 6, 3));
}
END_TEST

START_TEST(test_equal_hashes_are_all_found_once)
{
    struct table t = fresh(LIMIT);
    uint32_t at, seen = 0;

    for (uint32_t i = 0; i < 10; i++)
        ck_assert(table_put(&t, 77, i));
    for (uint32_t i = table_first(&t, 77, &at); i != TABLE_NONE;
         i = table_next(&t, 77, &at))
        seen += 1u << i;
    ck_assert_uint_eq(seen, 0x3ff);
}
END_TEST

START_TEST(test_index_zero_and_hash_zero_are_values_like_others)
{
    struct table t = fresh(4);

    ck_assert(!has(&t, 0, 0));
    ck_assert(table_put(&t, 0, 0));
    ck_assert(has(&t, 0, 0));
    table_del(&t, 0, 0);
    ck_assert(!has(&t, 0, 0));
}
END_TEST

/* Random puts and deletions against a plain array; few distinct hashes, near
 * the end of the table, so that runs wrap around and collide. */
START_TEST(test_random_operations_against_a_model)
{
    struct table t = fresh(LIMIT);
    uint32_t hash[LIMIT], seed = 3, n = 0, lost = 0;
    bool in[LIMIT] = {0};

    for (unsigned round = 0; round < 200000; round++) {
        uint32_t i;

        seed = seed * 1664525 + 1013904223;
        i = (seed >> 8) % LIMIT;
        if (in[i]) {
            table_del(&t, hash[i], i);
            in[i] = false;
            n--;
        } else {
            hash[i] = (seed >> 20) % 32 + t.mask - 16;
            lost += !table_put(&t, hash[i], i);
            in[i] = true;
            n++;
        }
        lost += t.count != n;
        for (uint32_t j = round % 8; j < LIMIT; j += 8)
            lost += in[j] && !has(&t, hash[j], j);
    }
    ck_assert_uint_eq(lost, 0);
    for (uint32_t j = 0; j < LIMIT; j++)
        if (in[j])
            table_del(&t, hash[j], j);
    for (uint32_t i = 0; i <= t.mask; i++)
        ck_assert_uint_eq(t.entry[i].index_plus_1, 0);
}
END_TEST

START_TEST(test_deleting_what_is_not_there_panics)
{
    struct table t = fresh(4);

    ck_assert(table_put(&t, 1, 1));
    table_del(&t, 1, 2);
}
END_TEST

RUN_TESTS("table", PANICS(test_deleting_what_is_not_there_panics),
          test_load_is_at_most_one_half, test_put_beyond_the_limit_is_refused,
          test_equal_hashes_are_all_found_once,
          test_index_zero_and_hash_zero_are_values_like_others,
          test_random_operations_against_a_model)
