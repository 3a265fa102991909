/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/bytes.h>

START_TEST(test_network_order_both_ways)
{
    uint8_t b[8];

    put_be16(b, 0x0102);
    ck_assert_uint_eq(b[0], 1);
    ck_assert_uint_eq(be16(b), 0x0102);
    put_be32(b, 0xfedcba98);
    ck_assert_uint_eq(b[0], 0xfe);
    ck_assert_uint_eq(be32(b), 0xfedcba98);
    put_be64(b, 0xfedcba9876543210);
    ck_assert_uint_eq(b[7], 0x10);
    ck_assert_uint_eq(be64(b), 0xfedcba9876543210);
}
END_TEST

START_TEST(test_little_endian)
{
    static const uint8_t b[] = {1, 2, 3, 4, 5, 6, 7, 0xf8};

    ck_assert_uint_eq(le16(b), 0x0201);
    ck_assert_uint_eq(le32(b), 0x04030201);
    ck_assert_uint_eq(le64(b), 0xf807060504030201);
}
END_TEST

START_TEST(test_spans_are_equal_by_content)
{
    ck_assert(span_eq(SPAN("abc"), span_of("abc")));
    ck_assert(!span_eq(SPAN("abc"), SPAN("abd")));
    ck_assert(!span_eq(SPAN("abc"), SPAN("ab")));
    ck_assert(span_eq((struct span){0}, SPAN("")));
}
END_TEST

START_TEST(test_every_error_has_words_of_its_own)
{
    for (int i = OK; i <= E_IO; i++) {
        ck_assert_str_ne(err_name((enum err)i), "unknown error");
        for (int j = OK; j < i; j++)
            ck_assert_str_ne(err_name((enum err)i), err_name((enum err)j));
    }
    ck_assert_str_eq(err_name((enum err)(E_IO + 1)), "unknown error");
}
END_TEST

RUN_TESTS("bytes", PANICS(), test_network_order_both_ways, test_little_endian,
          test_spans_are_equal_by_content,
          test_every_error_has_words_of_its_own)
