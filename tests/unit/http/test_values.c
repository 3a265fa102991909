/* SPDX-License-Identifier: ISC */
/*
 * test_values.c - dates, paths, ranges, entity tags, qualities.
 */
#include <base/bytes.h>
#include <proto/http1.h>
#include <proto/http_date.h>
#include <proto/http_value.h>
#include <time.h>

#include "../lib/suite.h"

static const char *date_text(uint64_t t)
{
    static char out[HTTP_DATE_BYTES + 1];

    http_date_format((uint8_t *)out, t);
    return out;
}

START_TEST(test_dates_are_written_as_libc_writes_them)
{
    uint64_t t = 0, last = UINT64_C(253402300799); /* the end of 9999 */

    for (; t < last; t += 8640001 + t / 1000) {
        time_t when = (time_t)t;
        struct tm tm;
        char want[64];
        uint64_t back;

        gmtime_r(&when, &tm);
        strftime(want, sizeof(want), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        ck_assert_str_eq(date_text(t), want);
        ck_assert(http_date_parse(span_of(want), 0, &back));
        ck_assert_uint_eq(back, t);
    }
    ck_assert_str_eq(date_text(last), "Fri, 31 Dec 9999 23:59:59 GMT");
    ck_assert_str_eq(date_text(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
}
END_TEST

START_TEST(test_all_three_forms_of_a_date_are_read)
{
    static const char *const texts[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994"};
    uint64_t t;

    for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
        ck_assert(http_date_parse(span_of(texts[i]), 0, &t));
        ck_assert_uint_eq(t, 784111777);
    }
    ck_assert(http_date_parse(span_of("Sun Nov 16 08:49:37 1994"), 0, &t));
    ck_assert_uint_eq(t, 784111777 + 10 * 86400);
}
END_TEST

START_TEST(test_two_digits_of_a_year_are_at_most_fifty_years_ahead)
{
    uint64_t now = 1767225600 /* 2026 */, t;

    ck_assert(
        http_date_parse(span_of("Sunday, 06-Nov-94 08:49:37 GMT"), now, &t));
    ck_assert_uint_eq(t, 784111777);
    ck_assert(
        http_date_parse(span_of("Friday, 06-Nov-76 08:49:37 GMT"), now, &t));
    ck_assert_str_eq(date_text(t), "Fri, 06 Nov 2076 08:49:37 GMT");
}
END_TEST

START_TEST(test_what_is_no_date_is_refused)
{
    static const char *const texts[] = {"",
                                        "yesterday",
                                        "Sun, 06 Nov 1994 08:49:37",
                                        "Sun, 06 Nov 1994 08:49:37 GMT+1",
                                        "Sun, 06 Nov 1994 08:49:37 UTC",
                                        "Sun, 06 Nom 1994 08:49:37 GMT",
                                        "Sun, 6 Nov 1994 08:49:37 GMT",
                                        "Sun, 00 Nov 1994 08:49:37 GMT",
                                        "Sun, 32 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 24:00:00 GMT",
                                        "Sun, 06 Nov 1994 08:60:37 GMT",
                                        "Sun, 06 Nov 1994 08-49-37 GMT",
                                        "Sun, 06 Nov 1969 08:49:37 GMT",
                                        "Sun,06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-9 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 94",
                                        "784111777"};
    uint64_t t;

    for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
        ck_assert_msg(!http_date_parse(span_of(texts[i]), 0, &t), "%s",
                      texts[i]);
}
END_TEST

static void check_path(const char *raw, unsigned status, const char *want)
{
    uint8_t out[32];
    size_t n = 0;

    ck_assert_msg(http1_path(span_of(raw), (struct mspan){out, sizeof(out)},
                             &n) == status,
                  "%s", raw);
    if (status == 0)
        ck_assert_msg(span_eq((struct span){out, n}, span_of(want)),
                      "%s: %.*s, not %s", raw, (int)n, (char *)out, want);
}

START_TEST(test_paths_are_normalised)
{
    check_path("", 0, "/");
    check_path("/", 0, "/");
    check_path("/a/b", 0, "/a/b");
    check_path("/%61%2d%7E", 0, "/a-~");
    check_path("/a%20b", 0, "/a b");
    check_path("/.", 0, "/");
    check_path("/./", 0, "/");
    check_path("/a/.", 0, "/a/");
    check_path("/a/./b", 0, "/a/b");
    check_path("/a/..", 0, "/");
    check_path("/a/../b", 0, "/b");
    check_path("/a/b/../../c", 0, "/c");
    check_path("/a/b/..", 0, "/a/");
    check_path("/a/%2e%2E/b", 0, "/b");
    check_path("/a/.%2e/b", 0, "/b");
    check_path("/...", 0, "/...");
    check_path("/..a", 0, "/..a");
    check_path("/a../b", 0, "/a../b");
    check_path("/.a/b.", 0, "/.a/b.");
    check_path("//", 0, "//");
    check_path("/a//../b", 0, "/a/b");
    check_path("/a%2fb", 0, "/a%2fb");
    check_path("/a%2F..%2Fb", 0, "/a%2F..%2Fb");
    check_path("/\xc3\xa9", 0, "/\xc3\xa9");
    check_path("/0123456789012345678901234567890", 0,
               "/0123456789012345678901234567890");
    check_path("/0123456789012345678901234567/../a", 0, "/a");
}
END_TEST

START_TEST(test_paths_that_lead_astray_are_refused)
{
    check_path("/..", 400, NULL);
    check_path("/../a", 400, NULL);
    check_path("/a/../../b", 400, NULL);
    check_path("/%2e%2e/etc/passwd", 400, NULL);
    check_path("/a%00b", 400, NULL);
    check_path("/%", 400, NULL);
    check_path("/%4", 400, NULL);
    check_path("/%4g", 400, NULL);
    check_path("/%g4", 400, NULL);
    check_path("/%%41", 400, NULL);
    check_path("/01234567890123456789012345678901", 414, NULL);
}
END_TEST

static void check_range(const char *value, uint64_t size,
                        enum http_range_kind kind, uint64_t first, uint64_t n)
{
    struct http_range r = {0, 0};

    ck_assert_msg(http_range_parse(span_of(value), size, &r) == kind, "%s",
                  value);
    if (kind == HTTP_RANGE_ONE) {
        ck_assert_uint_eq(r.first, first);
        ck_assert_uint_eq(r.n, n);
    }
}

START_TEST(test_one_range)
{
    check_range("bytes=0-0", 100, HTTP_RANGE_ONE, 0, 1);
    check_range("bytes=0-99", 100, HTTP_RANGE_ONE, 0, 100);
    check_range("bytes=0-100", 100, HTTP_RANGE_ONE, 0, 100);
    check_range("Bytes=10-19", 100, HTTP_RANGE_ONE, 10, 10);
    check_range("bytes=99-", 100, HTTP_RANGE_ONE, 99, 1);
    check_range("bytes=0-", 100, HTTP_RANGE_ONE, 0, 100);
    check_range("bytes=-1", 100, HTTP_RANGE_ONE, 99, 1);
    check_range("bytes=-100", 100, HTTP_RANGE_ONE, 0, 100);
    check_range("bytes=-1000", 100, HTTP_RANGE_ONE, 0, 100);
    check_range("bytes=5-99999999999999999999999", 100, HTTP_RANGE_ONE, 5, 95);
    check_range("bytes= 0-1 ", 100, HTTP_RANGE_ONE, 0, 2);
    check_range("bytes=18446744073709551615-18446744073709551615", 100,
                HTTP_RANGE_UNSATISFIABLE, 0, 0);
    check_range("bytes=100-", 100, HTTP_RANGE_UNSATISFIABLE, 0, 0);
    check_range("bytes=100-200", 100, HTTP_RANGE_UNSATISFIABLE, 0, 0);
    check_range("bytes=-0", 100, HTTP_RANGE_UNSATISFIABLE, 0, 0);
    check_range("bytes=0-", 0, HTTP_RANGE_UNSATISFIABLE, 0, 0);
    check_range("bytes=-5", 0, HTTP_RANGE_UNSATISFIABLE, 0, 0);
}
END_TEST

START_TEST(test_ranges_that_are_to_be_ignored)
{
    static const char *const texts[] = {
        "",          "bytes",     "bytes=",     "bytes=a-b",   "bytes=-",
        "bytes=5",   "bytes=5-4", "bytes=--5",  "bytes=5--6",  "bytes=1-2-3",
        "items=0-1", "bytes 0-1", "bytes=0 -1", "bytes=0x1-2", "bytes=1-2x"};

    for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
        check_range(texts[i], 100, HTTP_RANGE_NONE, 0, 0);
}
END_TEST

START_TEST(test_several_ranges_are_one_when_they_touch)
{
    check_range("bytes=0-9,10-19", 100, HTTP_RANGE_ONE, 0, 20);
    check_range("bytes=5-9, 0-6", 100, HTTP_RANGE_ONE, 0, 10);
    check_range("bytes=0-99,5-6", 100, HTTP_RANGE_ONE, 0, 100);
    check_range("bytes=0-1,200-300", 100, HTTP_RANGE_ONE, 0, 2);
    check_range("bytes=0-1,3-4", 100, HTTP_RANGE_NONE, 0, 0);
    check_range("bytes=0-1,x", 100, HTTP_RANGE_NONE, 0, 0);
    check_range("bytes=200-,300-", 100, HTTP_RANGE_UNSATISFIABLE, 0, 0);
    check_range("bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,"
                "0-0,0-0,0-0,0-0",
                100, HTTP_RANGE_NONE, 0, 0);
}
END_TEST

static bool lists(const char *list, bool weak)
{
    return http_etag_listed(span_of(list), SPAN("\"abc\""), weak);
}

START_TEST(test_entity_tags_are_compared_strongly_and_weakly)
{
    ck_assert(lists("\"abc\"", false));
    ck_assert(lists("\"x\", \"abc\"", false));
    ck_assert(lists("\"x,\\\"y\",\"abc\" ", false));
    ck_assert(lists("*", false));
    ck_assert(!lists("W/\"abc\"", false));
    ck_assert(lists("W/\"abc\"", true));
    ck_assert(lists("\"x\", W/\"abc\"", true));
    ck_assert(!lists("w/\"abc\"", true));
    ck_assert(!lists("abc", true));
    ck_assert(!lists("\"abcd\"", true));
    ck_assert(!lists("\"x, \"abc\"", true));
    ck_assert(!lists("", true));
}
END_TEST

static int quality(const char *list, const char *what)
{
    return http_quality(span_of(list), span_of(what));
}

START_TEST(test_qualities)
{
    ck_assert_int_eq(quality("gzip", "gzip"), 1000);
    ck_assert_int_eq(quality("GZip", "gzip"), 1000);
    ck_assert_int_eq(quality("br, gzip;q=0.5", "gzip"), 500);
    ck_assert_int_eq(quality("gzip;q=0.123", "gzip"), 123);
    ck_assert_int_eq(quality("gzip; q=1.000", "gzip"), 1000);
    ck_assert_int_eq(quality("gzip ;Q=0", "gzip"), 0);
    ck_assert_int_eq(quality("gzip;q=0.0", "gzip"), 0);
    ck_assert_int_eq(quality("gzip;q=x", "gzip"), 0);
    ck_assert_int_eq(quality("gzip;q=1.9", "gzip"), 1000);
    ck_assert_int_eq(quality("*", "gzip"), 1000);
    ck_assert_int_eq(quality("*;q=0.3", "gzip"), 300);
    ck_assert_int_eq(quality("*;q=0.3, gzip;q=0.7", "gzip"), 700);
    ck_assert_int_eq(quality("gzip;q=0, *", "gzip"), 0);
    ck_assert_int_eq(quality("x-gzip", "gzip"), -1);
    ck_assert_int_eq(quality("gzipped", "gzip"), -1);
    ck_assert_int_eq(quality("", "gzip"), -1);
    ck_assert_int_eq(quality("text/*;q=0.4, text/html;q=0.8", "text/html"),
                     800);
    ck_assert_int_eq(quality("text/*;q=0.4, */*;q=0.1", "text/plain"), 400);
    ck_assert_int_eq(quality("text/*;q=0.4, */*;q=0.1", "image/png"), 100);
    ck_assert_int_eq(
        quality("application/openmetrics-text;version=1.0.0;q=0.75",
                "application/openmetrics-text"),
        750);
}
END_TEST

RUN_TESTS("values", PANICS(), test_dates_are_written_as_libc_writes_them,
          test_all_three_forms_of_a_date_are_read,
          test_two_digits_of_a_year_are_at_most_fifty_years_ahead,
          test_what_is_no_date_is_refused, test_paths_are_normalised,
          test_paths_that_lead_astray_are_refused, test_one_range,
          test_ranges_that_are_to_be_ignored,
          test_several_ranges_are_one_when_they_touch,
          test_entity_tags_are_compared_strongly_and_weakly, test_qualities)
