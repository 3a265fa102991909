/* SPDX-License-Identifier: ISC */
/* Packed relocations. */
#include <lib/suite.h>
#include <relocate.h>
#include <string.h>

enum { WORDS = 200, MOVED = 0x1000 };

/* What the linker would give an image. */
const uint64_t relr_start[1] = {0}, relr_end[1] = {0};
extern const uint64_t relr_start[1], relr_end[1];

static uint64_t data[WORDS];

/* The link-time address of a word: MOVED below where it is. */
static uint64_t link_address(unsigned i)
{
    return (uintptr_t)&data[i] - MOVED;
}

static void is_relocated(const char *which)
{
    for (unsigned i = 0; i < WORDS; i++)
        ck_assert_msg(data[i] == i * 7 + (which[i] == 'x' ? MOVED : 0),
                      "word %u", i);
}

static void start(char which[WORDS + 1])
{
    memset(which, '.', WORDS);
    for (unsigned i = 0; i < WORDS; i++)
        data[i] = i * 7;
}

START_TEST(test_single_addresses)
{
    char which[WORDS + 1];
    uint64_t relr[] = {link_address(3), link_address(70)};

    start(which);
    relocate_words(relr, relr + 2, MOVED);
    which[3] = which[70] = 'x';
    is_relocated(which);
}
END_TEST

START_TEST(test_a_bit_map_speaks_of_the_63_words_behind)
{
    char which[WORDS + 1];
    uint64_t relr[] = {link_address(10),
                       UINT64_C(1) << 63 | 1 << 2 | 1 << 1 | 1};

    start(which);
    relocate_words(relr, relr + 2, MOVED);
    which[10] = which[11] = which[12] = which[10 + 63] = 'x';
    is_relocated(which);
}
END_TEST

START_TEST(test_bit_maps_follow_one_another)
{
    char which[WORDS + 1];
    uint64_t relr[] = {link_address(0), 1, 1 << 1 | 1, UINT64_MAX,
                       link_address(199)};

    start(which);
    relocate_words(relr, relr + 4, MOVED);
    relocate_words(relr + 4, relr + 5, MOVED);
    which[0] = which[1 + 63] = which[199] = 'x';
    memset(which + 1 + 2 * 63, 'x', 63);
    is_relocated(which);
}
END_TEST

START_TEST(test_an_empty_list_and_no_move)
{
    char which[WORDS + 1];

    start(which);
    relocate_words(relr_start, relr_start, MOVED);
    relocate(0);
    is_relocated(which);
}
END_TEST

RUN_TESTS("relocate", PANICS(), test_single_addresses,
          test_a_bit_map_speaks_of_the_63_words_behind,
          test_bit_maps_follow_one_another, test_an_empty_list_and_no_move)
