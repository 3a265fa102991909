/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/bytes.h>
#include <base/csum.h>

/* RFC 1071 as it is written: 16-bit words, carries folded at once. */
static uint16_t slow(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

/* 0 and 0xffff are the same number in one's complement. */
static uint16_t norm(uint16_t v)
{
    return v == 0xffff ? 0 : v;
}

static void fill(uint8_t *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        p[i] = (uint8_t)(seed >> 24);
    }
}

START_TEST(test_the_example_of_rfc_1071)
{
    static const uint8_t text[] = {0x00, 0x01, 0xf2, 0x03,
                                   0xf4, 0xf5, 0xf6, 0xf7};

    ck_assert_uint_eq(csum_fold(csum_add(0, text, sizeof(text), false)),
                      0xddf2);
}
END_TEST

START_TEST(test_every_length_and_alignment_agrees_with_the_slow_way)
{
    static uint8_t bytes[400];
    unsigned wrong = 0;

    fill(bytes, sizeof(bytes), 1);
    for (size_t at = 0; at < 16; at++)
        for (size_t n = 0; n + at <= sizeof(bytes); n++)
            wrong += norm(csum_fold(csum_add(0, bytes + at, n, false))) !=
                     norm(slow(bytes + at, n));
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(test_carries_are_never_lost)
{
    static uint8_t ones[65535];
    uint64_t sum = UINT64_MAX;

    memset(ones, 0xff, sizeof(ones));
    for (size_t n = 0; n < sizeof(ones); n += 617)
        ck_assert_uint_eq(norm(csum_fold(csum_add(0, ones, n, false))),
                          norm(slow(ones, n)));
    for (unsigned i = 0; i < 1000; i++)
        sum = csum_add(sum, ones, 64, false);
    ck_assert_uint_eq(norm(csum_fold(sum)), 0);
}
END_TEST

START_TEST(test_pieces_split_anywhere_give_the_sum_of_the_whole)
{
    static uint8_t bytes[200];

    fill(bytes, sizeof(bytes), 7);
    for (size_t a = 0; a < sizeof(bytes); a++)
        for (size_t b = a; b < sizeof(bytes); b += 13) {
            uint64_t sum = csum_add(0, bytes, a, false);

            sum = csum_add(sum, bytes + a, b - a, a % 2);
            sum = csum_add(sum, bytes + b, sizeof(bytes) - b, b % 2);
            ck_assert_uint_eq(norm(csum_fold(sum)),
                              norm(slow(bytes, sizeof(bytes))));
        }
}
END_TEST

RUN_TESTS("csum", PANICS(), test_the_example_of_rfc_1071,
          test_every_length_and_alignment_agrees_with_the_slow_way,
          test_carries_are_never_lost,
          test_pieces_split_anywhere_give_the_sum_of_the_whole)
