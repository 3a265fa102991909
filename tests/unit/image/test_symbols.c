/* SPDX-License-Identifier: ISC */
#include <lib/suite.h>

#include <string.h>
#include <symbols.h>

const struct span image_symbols;
const uint8_t image_base[1];

/* The same bytes as in test_symbols.py: tcp_input at 0x200, tcp_output at
 * 0x290, x at 0x4290; the text ends at 0x4291. */
static const uint8_t table[] = {0,    0x80, 0x04, 0,   't', 'c', 'p',  '_',
                                'i',  'n',  'p',  'u', 't', 0,   0x90, 1,
                                4,    'o',  'u',  't', 'p', 'u', 't',  0,
                                0x80, 0x80, 1,    0,   'x', 0,   1};

static char name[SYMBOL_NAME_BYTES];
static uint64_t into;

static bool find(size_t n, uint64_t at)
{
    return symbol_find((struct span){table, n}, at, name, &into);
}

START_TEST(test_first_byte_of_a_function)
{
    ck_assert(find(sizeof(table), 0x200));
    ck_assert_str_eq(name, "tcp_input");
    ck_assert_uint_eq(into, 0);
}
END_TEST

START_TEST(test_middle_of_a_function_whose_name_shares_a_prefix)
{
    ck_assert(find(sizeof(table), 0x428f));
    ck_assert_str_eq(name, "tcp_output");
    ck_assert_uint_eq(into, 0x3fff);
}
END_TEST

START_TEST(test_last_byte_of_the_text)
{
    ck_assert(find(sizeof(table), 0x4290));
    ck_assert_str_eq(name, "x");
}
END_TEST

START_TEST(test_outside_the_text_is_nothing)
{
    ck_assert(!find(sizeof(table), 0x1ff));
    ck_assert(!find(sizeof(table), 0x4291));
    ck_assert(!find(sizeof(table), UINT64_MAX));
    ck_assert(!find(0, 0x200));
}
END_TEST

START_TEST(test_table_cut_anywhere_is_survived)
{
    for (size_t n = 0; n < sizeof(table); n++) {
        uint8_t *copy = malloc(n ? n : 1);

        memcpy(copy, table, n);
        (void)!symbol_find((struct span){copy, n}, 0x4290, name, &into);
        ck_assert(memchr(name, 0, sizeof(name)));
        free(copy);
    }
}
END_TEST

START_TEST(test_name_longer_than_its_room_is_refused)
{
    uint8_t bad[80] = {0, 0x10, 0};

    memset(bad + 3, 'a', 70);
    ck_assert(!symbol_find((struct span){bad, sizeof(bad)}, 0x20, name, &into));
}
END_TEST

START_TEST(test_prefix_beyond_its_room_is_refused)
{
    static const uint8_t bad[] = {0, 0x10, 200, 'a', 0, 0x10};

    ck_assert(!symbol_find((struct span){bad, sizeof(bad)}, 0x18, name, &into));
}
END_TEST

START_TEST(test_pairs_of_pairs)
{
    static const uint8_t good[] = {2,   'a', 'b',  0x80, 0x80, 0x10, 0, 0x81,
                                   'c', 0,   0x08, 4,    'd',  0x80, 0, 0x10};

    ck_assert(
        symbol_find((struct span){good, sizeof(good)}, 0x10, name, &into));
    ck_assert_str_eq(name, "ababc");
    ck_assert(
        symbol_find((struct span){good, sizeof(good)}, 0x18, name, &into));
    ck_assert_str_eq(name, "ababdab");
}
END_TEST

START_TEST(test_pairs_that_never_end_or_are_not_there)
{
    static const uint8_t round[] = {1, 0x80, 0x80, 0x10, 0, 0x80, 0, 0x10};
    static const uint8_t missing[] = {1, 'a', 'b', 0x10, 0, 0x81, 0, 0x10};
    static const uint8_t cut[] = {9, 'a', 'b'};

    ck_assert(
        !symbol_find((struct span){round, sizeof(round)}, 0x10, name, &into));
    ck_assert(!symbol_find((struct span){missing, sizeof(missing)}, 0x10, name,
                           &into));
    ck_assert(!symbol_find((struct span){cut, sizeof(cut)}, 0x10, name, &into));
}
END_TEST

RUN_TESTS("symbols", PANICS(), test_first_byte_of_a_function,
          test_middle_of_a_function_whose_name_shares_a_prefix,
          test_last_byte_of_the_text, test_outside_the_text_is_nothing,
          test_table_cut_anywhere_is_survived,
          test_name_longer_than_its_room_is_refused,
          test_prefix_beyond_its_room_is_refused, test_pairs_of_pairs,
          test_pairs_that_never_end_or_are_not_there)
