/* SPDX-License-Identifier: ISC */
/*
 * test_http1.c - request heads: what is read, what is refused, and that it
 * makes no difference where the bytes are cut.
 */
#include <proto/http1.h>

#include <base/bytes.h>
#include <stdio.h>

#include "../lib/suite.h"

#define GET  "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static unsigned parse(struct http1_head *h, const char *text)
{
    http1_head_start(h);
    return http1_head_parse(h, span_of(text));
}

static unsigned status_of(const char *text)
{
    struct http1_head h;

    return parse(&h, text);
}

/* The same when it comes in two parts, at each split, and byte by byte. */
static void check_splits(const char *text, unsigned status)
{
    size_t n = strlen(text);
    struct http1_head h, whole;
    unsigned got = 0;

    parse(&whole, text);
    for (size_t cut = 0; cut < n; cut++) {
        http1_head_start(&h);
        got = http1_head_parse(&h, (struct span){(const uint8_t *)text, cut});
        if (got == 0)
            got = http1_head_parse(&h, span_of(text));
        ck_assert_msg(got == status, "cut at %zu: %u, not %u: %s", cut, got,
                      status, text);
    }
    http1_head_start(&h);
    for (size_t have = 0; have <= n; have++) {
        got = http1_head_parse(&h, (struct span){(const uint8_t *)text, have});
        if (got)
            break;
    }
    ck_assert_uint_eq(got, status);
    if (got == 200) {
        ck_assert_uint_eq(h.bytes, whole.bytes);
        ck_assert_uint_eq(h.have, whole.have);
        ck_assert_uint_eq(h.flags, whole.flags);
        ck_assert_uint_eq(h.length, whole.length);
    }
}

static bool is(const char *text, struct http1_ref r, const char *want)
{
    return span_eq(http1_at((const uint8_t *)text, r), span_of(want));
}

START_TEST(test_a_plain_request_is_read)
{
    const char *text = "GET /a/b.html?x=1&y=?2 HTTP/1.1\r\n"
                       "Host: example.org:8080\r\n"
                       "User-Agent:  curl/7 (\xc3\xa9) \t\r\n"
                       "accept-ENCODING:gzip, br\r\n"
                       "X-Empty:\r\n"
                       "If-None-Match: \"a\"\r\n\r\nbody";
    struct http1_head h;

    ck_assert_uint_eq(parse(&h, text), 200);
    ck_assert_uint_eq(h.method, HTTP_GET);
    ck_assert_uint_eq(h.minor, 1);
    ck_assert_uint_eq(h.bytes, strlen(text) - 4);
    ck_assert(is(text, h.target, "/a/b.html?x=1&y=?2"));
    ck_assert(is(text, h.path, "/a/b.html"));
    ck_assert(is(text, h.query, "x=1&y=?2"));
    ck_assert_uint_eq(h.flags, HTTP1_HAS_QUERY);
    ck_assert_uint_eq(h.have, 1 << HTTP_HOST | 1 << HTTP_ACCEPT_ENCODING |
                                  1 << HTTP_IF_NONE_MATCH);
    ck_assert(is(text, h.field[HTTP_HOST], "example.org:8080"));
    ck_assert(is(text, h.field[HTTP_ACCEPT_ENCODING], "gzip, br"));
    ck_assert(is(text, h.field[HTTP_IF_NONE_MATCH], "\"a\""));
    ck_assert_uint_eq(h.repeated, 0);
    check_splits(text, 200);
}
END_TEST

START_TEST(test_every_line_is_found_again)
{
    const char *text = GET HOST "X-A: 1 2 \r\nx-a:\r\nB: c: d\r\n\r\n";
    static const char *const want[][2] = {
        {"Host", "a"}, {"X-A", "1 2"}, {"x-a", ""}, {"B", "c: d"}};
    struct http1_head h;
    struct span name, value;
    uint32_t at;
    unsigned n = 0;

    ck_assert_uint_eq(parse(&h, text), 200);
    for (at = h.fields;
         http1_line_next(&h, (const uint8_t *)text, &at, &name, &value); n++) {
        ck_assert_uint_lt(n, 4);
        ck_assert(span_eq(name, span_of(want[n][0])));
        ck_assert(span_eq(value, span_of(want[n][1])));
    }
    ck_assert_uint_eq(n, 4);
}
END_TEST

START_TEST(test_every_known_field_is_told_apart)
{
    static const struct {
        const char *name;
        enum http_field field;
    } known[] = {{"cOnnection", HTTP_CONNECTION},
                 {"Content-Length", HTTP_CONTENT_LENGTH},
                 {"EXPECT", HTTP_EXPECT},
                 {"host", HTTP_HOST},
                 {"Accept", HTTP_ACCEPT},
                 {"accept-Encoding", HTTP_ACCEPT_ENCODING},
                 {"Content-Type", HTTP_CONTENT_TYPE},
                 {"If-Match", HTTP_IF_MATCH},
                 {"If-Modified-Since", HTTP_IF_MODIFIED_SINCE},
                 {"if-none-match", HTTP_IF_NONE_MATCH},
                 {"If-Range", HTTP_IF_RANGE},
                 {"If-Unmodified-Since", HTTP_IF_UNMODIFIED_SINCE},
                 {"Range", HTTP_RANGE}};

    for (unsigned i = 0; i < ARRAY_LEN(known); i++) {
        struct http1_head h;
        char text[128];

        snprintf(text, sizeof(text), "GET / HTTP/1.0\r\n%s: 17\r\n\r\n",
                 known[i].name);
        ck_assert_uint_eq(parse(&h, text), 200);
        ck_assert_uint_eq(h.have, 1u << known[i].field);
        ck_assert(is(text, h.field[known[i].field], "17"));
        text[16] = 'z'; /* one letter off: of no meaning */
        ck_assert_uint_eq(parse(&h, text), 200);
        ck_assert_uint_eq(h.have, 0);
    }
}
END_TEST

START_TEST(test_methods_are_told_apart)
{
    static const struct {
        const char *name;
        enum http_method method;
    } known[] = {{"GET", HTTP_GET},         {"HEAD", HTTP_HEAD},
                 {"POST", HTTP_POST},       {"PUT", HTTP_PUT},
                 {"DELETE", HTTP_DELETE},   {"PATCH", HTTP_PATCH},
                 {"OPTIONS", HTTP_OPTIONS}, {"TRACE", HTTP_TRACE},
                 {"get", HTTP_UNKNOWN},     {"GETS", HTTP_UNKNOWN},
                 {"GE", HTTP_UNKNOWN},      {"BREW", HTTP_UNKNOWN},
                 {"M-SEARCH", HTTP_UNKNOWN}};

    for (unsigned i = 0; i < ARRAY_LEN(known); i++) {
        struct http1_head h;
        char text[64];

        snprintf(text, sizeof(text), "%s / HTTP/1.1\r\n" HOST "\r\n",
                 known[i].name);
        ck_assert_uint_eq(parse(&h, text), 200);
        ck_assert_uint_eq(h.method, known[i].method);
    }
}
END_TEST

/* Requests that are good, and the flags they end with. */
static const struct {
    const char *text;
    unsigned flags;
    uint64_t length;
} good[] = {
    {GET HOST "\r\n", 0, 0},
    {"\r\n\r\n" GET HOST "\r\n", 0, 0}, /* RFC 9112 2.2 */
    {"GET / HTTP/1.0\r\n\r\n", 0, 0},
    {"GET / HTTP/1.9\r\n" HOST "\r\n", 0, 0},
    {GET "Host:\r\n\r\n", 0, 0},
    {GET "Host: [::1]:80\r\n\r\n", 0, 0},
    {GET "Host: [::ffff:192.0.2.1]\r\n\r\n", 0, 0},
    {GET "Host: a-b_c.example:\r\n\r\n", 0, 0},
    {GET HOST "Connection: close\r\n\r\n", HTTP1_CLOSE, 0},
    {GET HOST "Connection: Keep-Alive, x\r\n\r\n", HTTP1_KEEP_ALIVE, 0},
    {GET HOST "Connection: x\r\nConnection: ,, close\r\n\r\n", HTTP1_CLOSE, 0},
    {GET HOST "Connection: closed\r\n\r\n", 0, 0},
    {GET HOST "Content-Length: 0\r\n\r\n", HTTP1_HAS_LENGTH, 0},
    {GET HOST "Content-Length:   12 \r\n\r\n", HTTP1_HAS_LENGTH, 12},
    {GET HOST "Content-Length: 9223372036854775807\r\n\r\n", HTTP1_HAS_LENGTH,
     INT64_MAX},
    {GET HOST "Content-Length: 0000000000000000007\r\n\r\n", HTTP1_HAS_LENGTH,
     7},
    {GET HOST "Transfer-Encoding: chunked\r\n\r\n", HTTP1_CHUNKED, 0},
    {GET HOST "Transfer-Encoding: CHUNKED \r\n\r\n", HTTP1_CHUNKED, 0},
    {GET HOST "Expect: 100-Continue\r\n\r\n", HTTP1_CONTINUE, 0},
    {GET HOST "Expect: a-miracle\r\n\r\n", HTTP1_EXPECT_OTHER, 0},
    {"GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", 0, 0},
    {GET HOST "X: \x80\xff\t~\r\n\r\n", 0, 0},
    {"GET /a%20b HTTP/1.1\r\n" HOST "\r\n", HTTP1_ROUGH_PATH, 0},
    {"GET /a/../b HTTP/1.1\r\n" HOST "\r\n", HTTP1_ROUGH_PATH, 0},
    {"GET /. HTTP/1.1\r\n" HOST "\r\n", HTTP1_ROUGH_PATH, 0},
    {"GET /a.b..c HTTP/1.1\r\n" HOST "\r\n", 0, 0},
    {"GET /?a%20/../ HTTP/1.1\r\n" HOST "\r\n", HTTP1_HAS_QUERY, 0},
    {"GET /|^`{}\"<>\\ HTTP/1.1\r\n" HOST "\r\n", 0, 0},
    {"GET http://a.b:80/c HTTP/1.1\r\n" HOST "\r\n", HTTP1_ROUGH_PATH, 0},
    {"GET HTTPS://a HTTP/1.1\r\n" HOST "\r\n", HTTP1_ROUGH_PATH, 0},
    {"GET http://a?b HTTP/1.1\r\n" HOST "\r\n",
     HTTP1_ROUGH_PATH | HTTP1_HAS_QUERY, 0},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0, 0},
    {"CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 0, 0},
};

START_TEST(test_good_requests_are_taken)
{
    struct http1_head h;

    ck_assert_msg(parse(&h, good[_i].text) == 200, "%s", good[_i].text);
    ck_assert_msg(h.flags == good[_i].flags, "%x: %s", h.flags, good[_i].text);
    ck_assert_uint_eq(h.length, good[_i].length);
    ck_assert_uint_eq(h.bytes, strlen(good[_i].text));
    check_splits(good[_i].text, 200);
}
END_TEST

/* Requests that are not: a hundred ways to get it wrong. */
static const struct {
    unsigned status;
    const char *text;
} bad[] = {
    /* line ends */
    {400, "\nGET / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.1\n" HOST "\r\n"},
    {400, "GET / HTTP/1.1\r" HOST "\r\n"},
    {400, GET "Host: a\n\r\n"},
    {400, GET "Host: a\r\r\n\r\n"},
    {400, GET HOST "\n"},
    {400, GET HOST "\rX\r\n"},
    {400, GET HOST "X: a\rb\r\n\r\n"},
    {400, GET HOST "X: a\nb: c\r\n\r\n"},
    {400, "\r\n\r\n\r\n\r\n\r\n" GET HOST "\r\n"},
    {400, "\rGET / HTTP/1.1\r\n" HOST "\r\n"},
    /* the request line */
    {400, " GET / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET  / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /  HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.1 \r\n" HOST "\r\n"},
    {400, "GET\t/\tHTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a b HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /\r\n"},
    {400, "GET\r\n"},
    {400, "G(T / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "\x16\x03\x01\x02"},
    {400, "GET HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET a HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET * HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET a:80 HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET http:// HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET http:///a HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /#a HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /\x01 HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /\x7f HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.\r\n" HOST "\r\n"},
    {400, "GET / HTTP/11\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.10\r\n" HOST "\r\n"},
    {400, "GET / http/1.1\r\n" HOST "\r\n"},
    {400, "GET / HTCPCP/1.0\r\n" HOST "\r\n"},
    {400, "GET / HTTP/x.y\r\n" HOST "\r\n"},
    {505, "GET / HTTP/2.0\r\n" HOST "\r\n"},
    {505, "GET / HTTP/0.9\r\n" HOST "\r\n"},
    {505, "GET / HTTP/9.1\r\n" HOST "\r\n"},
    {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {501, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n"},
    /* field names */
    {400, GET "Host : a\r\n\r\n"},
    {400, GET "Host\t: a\r\n\r\n"},
    {400, GET HOST "Content-Length : 5\r\n\r\n"},
    {400, GET HOST "Transfer-Encoding : chunked\r\n\r\n"},
    {400, GET " Host: a\r\n\r\n"},
    {400, GET HOST " folded: b\r\n\r\n"},
    {400, GET HOST "X: a\r\n b\r\n\r\n"},
    {400, GET HOST "X: a\r\n\tb\r\n\r\n"},
    {400, GET HOST "X: a\r\n \r\n\r\n"},
    {400, GET HOST ": a\r\n\r\n"},
    {400, GET HOST "X\r\n\r\n"},
    {400, GET HOST "X Y: a\r\n\r\n"},
    {400, GET HOST "X@Y: a\r\n\r\n"},
    {400, GET HOST "X\x01: a\r\n\r\n"},
    {400, GET HOST "X\xe9: a\r\n\r\n"},
    {400, GET HOST "\"X\": a\r\n\r\n"},
    {400, GET HOST "(X): a\r\n\r\n"},
    /* field values */
    {400, GET HOST "X: a\x01\r\n\r\n"},
    {400, GET HOST "X: a\x0b\r\n\r\n"},
    {400, GET HOST "X: a\x7f\r\n\r\n"},
    {400, GET HOST "X: aaaaaaaaaaaaaaaaa\x1f\r\n\r\n"},
    {400, GET HOST "X: aaaaaaaaaaaaaaaaaaaaaaaaaaa\x7f"
                   "aaaaaaaa\r\n\r\n"},
    {400, GET HOST "Transfer-Encoding: \x0b"
                   "chunked\r\n\r\n"},
    /* Host */
    {400, GET "\r\n"},
    {400, GET "Hos: a\r\n\r\n"},
    {400, GET HOST HOST "\r\n"},
    {400, GET HOST "Host: b\r\n\r\n"},
    {400, GET "Host: a b\r\n\r\n"},
    {400, GET "Host: a:8x\r\n\r\n"},
    {400, GET "Host: a:80:80\r\n\r\n"},
    {400, GET "Host: ::1\r\n\r\n"},
    {400, GET "Host: [::1\r\n\r\n"},
    {400, GET "Host: [::1]x\r\n\r\n"},
    {400, GET "Host: [a.g]\r\n\r\n"},
    {400, GET "Host: a]\r\n\r\n"},
    {400, "GET http://a:b/ HTTP/1.1\r\n" HOST "\r\n"},
    {400, GET "Host: a/b\r\n\r\n"},
    {400, GET "Host: u@a\r\n\r\n"},
    {400, GET "Host: a?\r\n\r\n"},
    {400, GET "Host: \xc3\xa9\r\n\r\n"},
    /* Content-Length */
    {400, GET HOST "Content-Length:\r\n\r\n"},
    {400, GET HOST "Content-Length: -1\r\n\r\n"},
    {400, GET HOST "Content-Length: +1\r\n\r\n"},
    {400, GET HOST "Content-Length: 1.0\r\n\r\n"},
    {400, GET HOST "Content-Length: 0x10\r\n\r\n"},
    {400, GET HOST "Content-Length: 1 2\r\n\r\n"},
    {400, GET HOST "Content-Length: 5, 5\r\n\r\n"},
    {400, GET HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"},
    {400, GET HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"},
    {400, GET HOST "Content-Length: a\r\n\r\n"},
    {400, GET HOST "Content-Length: 5 chunked\r\n\r\n"},
    {400, GET HOST "Content-Length: 18446744073709551616\r\n\r\n"},
    {413, GET HOST "Content-Length: 9223372036854775808\r\n\r\n"},
    /* Transfer-Encoding */
    {400, GET HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"},
    {400, GET HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, GET HOST "Transfer-Encoding: chunked, chunked\r\n\r\n"},
    {400, GET HOST "Transfer-Encoding: chunked, identity\r\n\r\n"},
    {400, GET HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
                   "chunked\r\n\r\n"},
    {400, GET HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
                   "x\r\n\r\n"},
    {501, GET HOST "Transfer-Encoding: x\r\nTransfer-Encoding: "
                   "chunked\r\n\r\n"},
    {400, GET HOST "Transfer-Encoding:\r\n\r\n"},
    {501, GET HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {501, GET HOST "Transfer-Encoding: xchunked\r\n\r\n"},
    {501, GET HOST "Transfer-Encoding: identity\r\n\r\n"},
    {501, GET HOST "Transfer-Encoding: \"chunked\"\r\n\r\n"},
    {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
};

START_TEST(test_bad_requests_are_refused)
{
    unsigned got = status_of(bad[_i].text);

    ck_assert_msg(got == bad[_i].status, "%u, not %u: %s", got, bad[_i].status,
                  bad[_i].text);
    check_splits(bad[_i].text, bad[_i].status);
}
END_TEST

START_TEST(test_smuggling_is_counted_apart)
{
    static const char *const tries[] = {
        GET HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        GET HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        GET HOST "Content-Length : 5\r\n\r\n",
        GET HOST "X: a\r\n b\r\n\r\n",
        GET HOST "X: a\nb: c\r\n\r\n",
        GET HOST "Host: b\r\n\r\n",
        GET HOST "Transfer-Encoding: chunked, chunked\r\n\r\n"};

    for (unsigned i = 0; i < ARRAY_LEN(tries); i++) {
        struct http1_head h;

        ck_assert_uint_eq(parse(&h, tries[i]), 400);
        ck_assert_msg(h.refusal == HTTP1_SMUGGLING, "%s", tries[i]);
    }
}
END_TEST

START_TEST(test_a_nul_is_refused_anywhere)
{
    const char text[] = GET HOST "X-Some-Long-Field: with a value\r\n\r\n";
    size_t n = sizeof(text) - 1;

    for (size_t at = 0; at < n; at++) {
        uint8_t copy[sizeof(text)];
        struct http1_head h;

        memcpy(copy, text, sizeof(text));
        copy[at] = 0;
        http1_head_start(&h);
        ck_assert_uint_eq(http1_head_parse(&h, (struct span){copy, n}), 400);
    }
}
END_TEST

/* `fill` bytes of 'a' between two texts. */
static unsigned long_status(const char *before, size_t fill, const char *after)
{
    static char text[3 * HTTP_HEAD_MAX];
    size_t n = strlen(before);

    ck_assert_uint_lt(n + fill + strlen(after), sizeof(text));
    memcpy(text, before, n);
    memset(text + n, 'a', fill);
    memcpy(text + n + fill, after, strlen(after) + 1);
    return status_of(text);
}

START_TEST(test_limits_are_where_they_are_said_to_be)
{
    const char *end = " HTTP/1.1\r\n" HOST "\r\n";
    size_t others = sizeof(GET HOST "X: \r\n\r\n") - 1;

    ck_assert_uint_eq(long_status("GET /", HTTP_TARGET_MAX - 1, end), 200);
    ck_assert_uint_eq(long_status("GET /", HTTP_TARGET_MAX, end), 414);
    ck_assert_uint_eq(long_status("GET /", HTTP_TARGET_MAX + 90, ""), 414);
    ck_assert_uint_eq(long_status("GET /", 2 * HTTP_HEAD_MAX, ""), 414);
    ck_assert_uint_eq(
        long_status(GET HOST "X: ", HTTP_HEAD_MAX - others, "\r\n\r\n"), 200);
    ck_assert_uint_eq(
        long_status(GET HOST "X: ", HTTP_HEAD_MAX - others + 1, "\r\n\r\n"),
        431);
    ck_assert_uint_eq(long_status(GET HOST "X: ", HTTP_HEAD_MAX, ""), 431);
    ck_assert_uint_eq(long_status(GET HOST, HTTP_HEAD_MAX, ""), 431);
}
END_TEST

START_TEST(test_a_hundred_fields_and_no_more)
{
    char text[HTTP_HEAD_MAX] = GET HOST;

    for (unsigned i = 1; i < HTTP1_FIELDS_MAX; i++)
        strcat(text, "a:b\r\n");
    strcat(text, "\r\n");
    ck_assert_uint_eq(status_of(text), 200);
    strcpy(text + strlen(text) - 2, "a:b\r\n\r\n");
    ck_assert_uint_eq(status_of(text), 431);
}
END_TEST

START_TEST(test_a_repeated_field_is_the_first_and_is_marked)
{
    const char *text = GET HOST "Range: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n";
    struct http1_head h;

    ck_assert_uint_eq(parse(&h, text), 200);
    ck_assert_uint_eq(h.repeated, 1 << HTTP_RANGE);
    ck_assert(is(text, h.field[HTTP_RANGE], "bytes=0-1"));
}
END_TEST

/* A slow client sends one byte at a time: the work stays linear. */
START_TEST(test_a_long_line_in_single_bytes_is_not_scanned_again)
{
    static uint8_t text[HTTP_HEAD_MAX];
    const char *start = GET HOST "X: ";
    struct http1_head h;
    size_t n = strlen(start);

    memcpy(text, start, n);
    memset(text + n, 'a', sizeof(text) - n);
    http1_head_start(&h);
    for (size_t have = 0; have < sizeof(text); have++) {
        ck_assert_uint_eq(http1_head_parse(&h, (struct span){text, have}), 0);
        ck_assert_uint_eq(h.seen, have);
    }
    ck_assert_uint_eq(h.at, n - 3);
}
END_TEST

RUN_CASES("http1", TEST(test_a_plain_request_is_read),
          TEST(test_every_line_is_found_again),
          TEST(test_every_known_field_is_told_apart),
          TEST(test_methods_are_told_apart),
          LOOP(test_good_requests_are_taken, 0, ARRAY_LEN(good)),
          LOOP(test_bad_requests_are_refused, 0, ARRAY_LEN(bad)),
          TEST(test_smuggling_is_counted_apart),
          TEST(test_a_nul_is_refused_anywhere),
          TEST(test_limits_are_where_they_are_said_to_be),
          TEST(test_a_hundred_fields_and_no_more),
          TEST(test_a_repeated_field_is_the_first_and_is_marked),
          TEST(test_a_long_line_in_single_bytes_is_not_scanned_again))
