/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/bytes.h>
#include <base/fmt.h>
#include <inttypes.h>
#include <stdio.h>

/* Both print the same, and at every size fmt() keeps to its bounds. */
#define SAME(...)                                                              \
    do {                                                                       \
        char ours_[200], libc_[200];                                           \
        size_t n_ = fmt(ours_, sizeof(ours_), __VA_ARGS__);                    \
                                                                               \
        snprintf(libc_, sizeof(libc_), __VA_ARGS__);                           \
        ck_assert_str_eq(ours_, libc_);                                        \
        ck_assert_uint_eq(n_, strlen(libc_));                                  \
        for (size_t size_ = 0; size_ <= n_ + 1; size_++) {                     \
            memset(ours_, '#', sizeof(ours_));                                 \
            fmt(ours_, size_, __VA_ARGS__);                                    \
            ck_assert_int_eq(ours_[size_], '#');                               \
            if (size_ > 0) {                                                   \
                ck_assert_uint_eq(strlen(ours_), size_ - 1);                   \
                ck_assert_mem_eq(ours_, libc_, size_ - 1);                     \
            }                                                                  \
        }                                                                      \
    } while (0)

START_TEST(test_text_and_characters_as_printf)
{
    SAME("plain 100%% text");
    SAME("%s|%10s|%-10s|", "abc", "abc", "abc");
    SAME("%.2s|%.0s|%.10s|%8.2s|%-8.2s|", "abc", "abc", "abc", "abc", "abc");
    SAME("%*s|%-*s|%.*s|%*s|", 6, "ab", 6, "ab", 1, "ab", -6, "ab");
    SAME("%.*s|", -1, "precision ignored");
    SAME("%c|%3c|%-3c|", 'x', 'y', 'z');
}
END_TEST

START_TEST(test_a_span_is_printed_by_its_length)
{
    const char *volatile nothing = NULL;
    char out[10];

    ck_assert_uint_eq(fmt(out, sizeof(out), "%.*s", 3, "abcdef"), 3);
    ck_assert_str_eq(out, "abc");
    ck_assert_uint_eq(fmt(out, sizeof(out), "%.*s", 0, nothing), 0);
}
END_TEST

START_TEST(test_numbers_as_printf)
{
    static const int64_t v[] = {0,         1,         -1,        42,
                                INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};

    for (unsigned i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        SAME("%d %i %u %x %X", (int)v[i], (int)v[i], (unsigned)v[i],
             (unsigned)v[i], (unsigned)v[i]);
        SAME("%ld %lu %lx %lX", (long)v[i], (unsigned long)v[i],
             (unsigned long)v[i], (unsigned long)v[i]);
        SAME("%lld %llu %zu", (long long)v[i], (unsigned long long)v[i],
             (size_t)v[i]);
        SAME("%hd %hhd %hu %hhu %hhx", (short)v[i], (signed char)v[i],
             (unsigned short)v[i], (unsigned char)v[i], (unsigned char)v[i]);
        SAME("%8d|%-8d|%08d|%.5d|%8.5d|%-8.5d|%1d", (int)v[i], (int)v[i],
             (int)v[i], (int)v[i], (int)v[i], (int)v[i], (int)v[i]);
        SAME("%16lx|%-16lx|%016lx|%.16lx", (long)v[i], (long)v[i], (long)v[i],
             (long)v[i]);
        SAME("%" PRIu64 " %" PRId64, (uint64_t)v[i], v[i]);
    }
    SAME("%p", (void *)0x1234abcd);
    SAME("%02x:%02x", 10, 255);
}
END_TEST

START_TEST(test_clean_hides_control_bytes_of_arguments_only)
{
    char out[64];

    ck_assert_uint_gt(fmt(out, sizeof(out), "\t%s", "\x1b[2J"), 0);
    ck_assert_str_eq(out, "\t\x1b[2J");
}
END_TEST

static size_t clean(char *out, size_t size, const char *format, ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
    n = vfmt_clean(out, size, format, args);
    va_end(args);
    return n;
}

START_TEST(test_vfmt_clean_shows_control_bytes_as_question_marks)
{
    char out[64];

    clean(out, sizeof(out), "\t%s%c", "a\x1b[2J\r\n\x7f\x01z\xc3\xa4", '\n');
    ck_assert_str_eq(out, "\ta?[2J????z\xc3\xa4?");
}
END_TEST

START_TEST(test_huge_widths_stay_in_bounds)
{
    const char *huge = "%99999999999d";
    char out[8];

    memset(out, '#', sizeof(out));
    clean(out, 7, huge, 1);
    ck_assert_str_eq(out, "      ");
    ck_assert_int_eq(out[7], '#');
}
END_TEST

START_TEST(test_u64_digits)
{
    char out[21] = {0};

    ck_assert_uint_eq(fmt_u64(out, UINT64_MAX), 20);
    ck_assert_str_eq(out, "18446744073709551615");
    ck_assert_uint_eq(fmt_u64(out, 0), 1);
    ck_assert_int_eq(out[0], '0');
}
END_TEST

START_TEST(test_parse_takes_exactly_a_number)
{
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "-1",
                                      "1a",
                                      "0x1",
                                      "18446744073709551616",
                                      "99999999999999999999999999"};
    uint64_t v = 7;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert(!parse_u64(span_of(bad[i]), &v));
    ck_assert_uint_eq(v, 7);
    ck_assert(parse_u64(SPAN("18446744073709551615"), &v));
    ck_assert_uint_eq(v, UINT64_MAX);
    ck_assert(parse_u64(SPAN("007"), &v));
    ck_assert_uint_eq(v, 7);
}
END_TEST

START_TEST(test_an_unknown_conversion_panics)
{
    char out[8];
    const char *format = "%f";

    clean(out, sizeof(out), format, 1.0);
}
END_TEST

RUN_TESTS("fmt", PANICS(test_an_unknown_conversion_panics),
          test_text_and_characters_as_printf,
          test_a_span_is_printed_by_its_length, test_numbers_as_printf,
          test_clean_hides_control_bytes_of_arguments_only,
          test_vfmt_clean_shows_control_bytes_as_question_marks,
          test_huge_widths_stay_in_bounds, test_u64_digits,
          test_parse_takes_exactly_a_number)
