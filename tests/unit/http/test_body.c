/* SPDX-License-Identifier: ISC */
/*
 * test_body.c - message bodies: lengths, chunks, and chunks made to mislead.
 */
#include <proto/http1.h>

#include <base/bytes.h>

#include "../lib/suite.h"

enum { OUT_BYTES = 4096 };

/* Feeds `text` in pieces of `piece` bytes; collects the data.  The result is
 * the last answer; *used is how much of the text was eaten. */
static enum http1_got feed(struct http1_body *b, const char *text, size_t piece,
                           char *out, size_t *used)
{
    size_t n = strlen(text), at = 0, seen = 0, got_n = 0;
    enum http1_got got = HTTP1_MORE;

    while (got != HTTP1_END && got != HTTP1_BAD) {
        struct span data;
        size_t framing;

        got = http1_body_next(
            b, (struct span){(const uint8_t *)text + at, seen - at}, &framing,
            &data);
        ck_assert_uint_le(framing, seen - at);
        at += framing;
        if (got == HTTP1_DATA) {
            ck_assert_uint_gt(data.n, 0);
            ck_assert_uint_le(data.n, seen - at);
            memcpy(out + got_n, data.p, data.n);
            got_n += data.n;
            at += data.n;
            http1_body_took(b, data.n);
        } else if (got == HTTP1_MORE) {
            if (seen == n)
                break;
            seen = n - seen > piece ? seen + piece : n;
        }
    }
    out[got_n] = 0;
    *used = at;
    return got;
}

static struct http1_body chunked(void)
{
    struct http1_head h = {.flags = HTTP1_CHUNKED};
    struct http1_body b;

    http1_body_start(&b, &h);
    return b;
}

static void check(const char *text, enum http1_got want, const char *data)
{
    char out[OUT_BYTES];
    size_t used;

    for (size_t piece = 1; piece <= strlen(text); piece++) {
        struct http1_body b = chunked();
        enum http1_got got = feed(&b, text, piece, out, &used);

        ck_assert_msg(got == want, "%d, not %d, in pieces of %zu: %s", got,
                      want, piece, text);
        if (data)
            ck_assert_str_eq(out, data);
    }
}

START_TEST(test_no_body_is_over_at_once)
{
    struct http1_head h = {.flags = HTTP1_HAS_LENGTH};
    struct http1_body b;
    size_t framing;
    struct span data;

    http1_body_start(&b, &h);
    ck_assert(http1_body_over(&b));
    ck_assert_int_eq(http1_body_next(&b, SPAN("x"), &framing, &data),
                     HTTP1_END);
    ck_assert_uint_eq(framing, 0);
}
END_TEST

START_TEST(test_a_length_ends_where_it_says)
{
    struct http1_head h = {.flags = HTTP1_HAS_LENGTH, .length = 5};
    struct http1_body b;
    char out[OUT_BYTES];
    size_t used;

    http1_body_start(&b, &h);
    ck_assert_int_eq(feed(&b, "helloGET", 3, out, &used), HTTP1_END);
    ck_assert_str_eq(out, "hello");
    ck_assert_uint_eq(used, 5);
    ck_assert(http1_body_over(&b));
}
END_TEST

START_TEST(test_chunks_are_joined)
{
    char out[OUT_BYTES];
    struct http1_body b = chunked();
    size_t used;

    check("5\r\nhello\r\n0\r\n\r\n", HTTP1_END, "hello");
    check("0\r\n\r\n", HTTP1_END, "");
    check("000\r\n\r\n", HTTP1_END, "");
    check("00005\r\nhello\r\n0\r\n\r\n", HTTP1_END, "hello");
    check("A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n", HTTP1_END,
          "01234567890123456789a");
    check("5;name=value;q=\"a b\"\r\nhello\r\n0;last\r\n\r\n", HTTP1_END,
          "hello");
    check("5\r\nhello\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", HTTP1_END, "hello");
    check("5\r\nhello\r\n", HTTP1_MORE, "hello");
    check("5\r\nhel", HTTP1_MORE, "hel");
    ck_assert_int_eq(feed(&b, "1\r\na\r\n0\r\n\r\nGET /", 64, out, &used),
                     HTTP1_END);
    ck_assert_uint_eq(used, 11);
}
END_TEST

START_TEST(test_bad_chunks_are_refused)
{
    static const char *const texts[] = {
        "\r\nhello",
        "g\r\n",
        "-1\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\t;a\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhelloo\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5;a\x01\r\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "1000000000000000\r\n",
        "ffffffffffffffff\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "0000000000000005\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\r\nbad\r\n\r\n",
        "5\r\nhello\r\n0\r\nX : a\r\n\r\n",
        "5\r\nhello\r\n0\r\n folded\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: a\n\r\n",
        "5\r\nhello\r\n0\r\nX: a\r\rb\r\n\r\n",
        "5\r\nhello\r\n0\r\n: a\r\n\r\n"};

    for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
        check(texts[i], HTTP1_BAD, NULL);
}
END_TEST

/* `n` times `text`, then nothing: is it refused on the way? */
static bool refused(const char *text, unsigned n)
{
    struct http1_body b = chunked();
    char out[OUT_BYTES];
    size_t used;

    while (n--) {
        if (feed(&b, text, 64, out, &used) == HTTP1_BAD)
            return true;
    }
    return false;
}

START_TEST(test_extensions_are_bounded)
{
    struct http1_body b = chunked();
    char out[OUT_BYTES];
    size_t used, n = 0;

    ck_assert_int_eq(feed(&b, "5;", 2, out, &used), HTTP1_MORE);
    while (feed(&b, "aaaaaaaaaaaaaaaa", 16, out, &used) == HTTP1_MORE)
        n += 16;
    ck_assert_uint_le(n, HTTP1_OVERHEAD_MAX);
    ck_assert_uint_ge(n, HTTP1_OVERHEAD_MAX / 2);
}
END_TEST

START_TEST(test_trailers_are_bounded)
{
    struct http1_body b = chunked();
    char out[OUT_BYTES];
    size_t used, n = 0;

    ck_assert_int_eq(feed(&b, "0\r\n", 3, out, &used), HTTP1_MORE);
    while (feed(&b, "a: bbbbbbbbbbb\r\n", 16, out, &used) == HTTP1_MORE)
        n += 16;
    ck_assert_uint_le(n, HTTP1_OVERHEAD_MAX);
}
END_TEST

START_TEST(test_small_chunks_are_fine_but_not_with_long_extensions)
{
    ck_assert(!refused("1\r\na\r\n", 100000));
    ck_assert(!refused("1;x=y\r\na\r\n", 100000));
    ck_assert(refused("1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=y\r\na\r\n", 1000));
}
END_TEST

RUN_TESTS("body", PANICS(), test_no_body_is_over_at_once,
          test_a_length_ends_where_it_says, test_chunks_are_joined,
          test_bad_chunks_are_refused, test_extensions_are_bounded,
          test_trailers_are_bounded,
          test_small_chunks_are_fine_but_not_with_long_extensions)
