/* SPDX-License-Identifier: ISC */
/*
 * test_file.c - a small baked site: look-up, codings, conditions, ranges.
 */
#include "rig.h"

#include <stdio.h>

#include "../lib/suite.h"

#define S(text)                                                                \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }
#define LINES "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define PLAIN "0123456789"

enum { PATHS = 4, SLOTS = 8 };

static struct http_file files[PATHS] = {
    {.path = S("/a.txt"),
     .hash = 2028507392, /* by bake.py, with a seed of 7 */
     .plain = {.head = S("ETag: \"p\"\r\n"
                         "Content-Length: 10\r\n" LINES),
               .etag = S("\"p\""),
               .body = S(PLAIN)},
     .gzip = {.head = S("ETag: \"z\"\r\n"
                        "Content-Encoding: gzip\r\n"
                        "Content-Length: 4\r\n" LINES),
              .etag = S("\"z\""),
              .body = S("GZIP")},
     .lines = S(LINES),
     .type = S("text/plain"),
     .modified = 784111777},
    {.path = S("/"),
     .hash = 3098215675,
     .plain = {.head = S("Content-Length: 0\r\n"), .etag = S("\"e\"")},
     .type = S("text/html"),
     .modified = 784111777},
    {.path = S("/dir"), .hash = 2870746333, .location = S("/dir/")},
    {.path = S("/a-longer/path/than-eight.html"),
     .hash = 1288684257,
     .location = S("/")},
};
static uint16_t slots[SLOTS];
static struct http_site site = {files, slots, SLOTS - 1, 7};

static void on_site(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    http_reply_site(x, rq, user);
}

static const struct http_route routes[] = {
    {.path = "/*", .methods = HTTP_GET, .handle = on_site}};

static void start_at(struct rig *r, ns_t wall)
{
    struct http_config c = {
        .routes = routes, .nroutes = 1, .user = &site, .wall_ns = wall};

    memset(slots, 0, sizeof(slots));
    for (unsigned i = 0; i < PATHS; i++) {
        uint32_t at = files[i].hash & site.mask;

        while (slots[at])
            at = (at + 1) & site.mask;
        slots[at] = (uint16_t)(i + 1);
    }
    rig_start(r, &c, NULL);
}

static void start(struct rig *r)
{
    start_at(r, 0);
}

/* The answer to a GET of /a.txt with these header lines. */
static const char *with(struct rig *r, const char *lines)
{
    char text[1024];

    snprintf(text, sizeof(text), "GET /a.txt HTTP/1.1\r\nHost: a\r\n%s\r\n",
             lines);
    return ask(r, text);
}

START_TEST(test_paths_are_found)
{
    struct rig r;

    start(&r);
    for (unsigned i = 0; i < PATHS; i++)
        ck_assert_ptr_eq(http_site_find(&site, files[i].path), &files[i]);
    ck_assert_ptr_null(http_site_find(&site, SPAN("/a.txt ")));
    ck_assert_ptr_null(http_site_find(&site, SPAN("/A.txt")));
    ck_assert_ptr_null(http_site_find(&site, SPAN("")));
    ck_assert(begins(ask(&r, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"),
                     "HTTP/1.1 404 "));
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_file_is_sent_with_its_own_head)
{
    struct rig r;

    start(&r);
    ck_assert_str_eq(with(&r, ""), "HTTP/1.1 200 OK\r\nETag: \"p\"\r\n"
                                   "Content-Length: 10\r\n" LINES "\r\n" PLAIN);
    ck_assert(
        !holds(ask(&r, "HEAD /a.txt HTTP/1.1\r\nHost: a\r\n\r\n"), PLAIN));
    ck_assert_str_eq(ask(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    rig_stop(&r);
}
END_TEST

/* The lines of a head but `line`, in any order, as a number. */
static unsigned line_sum(const char *text, const char *line)
{
    unsigned sum = 0, part;

    while (*text && strncmp(text, "\r\n", 2) != 0) {
        const char *end = strstr(text, "\r\n");

        for (part = 1; text < end; text++)
            part = part * 31 + (uint8_t)*text;
        text = end + 2;
        sum += part;
    }
    for (part = 1; *line; line++)
        part = part * 31 + (uint8_t)*line;
    return sum - (part == 1 ? 0 : part);
}

START_TEST(test_what_the_baker_laid_out_is_sent_in_one_piece)
{
    static const uint8_t whole[] = "ETag: \"p\"\r\n"
                                   "Content-Length: 10\r\n" LINES "\r\n" PLAIN;
    static const char date[] = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    struct http_variant apart = files[0].plain, *v = &files[0].plain;
    struct rig r;
    unsigned sum;
    char text[512];

    start_at(&r, 784111777 * NS_PER_SEC);
    sum = line_sum(with(&r, ""), "");
    ck_assert(holds(r.client[0]->got, date));
    v->body.p = whole + sizeof(whole) - 1 - v->body.n;
    v->head = (struct span){whole, sizeof(whole) - 1 - v->body.n - 2};
    snprintf(text, sizeof(text), HTTP_OK_LINE "%s%s", date, whole);
    ck_assert_str_eq(with(&r, ""), text);
    ck_assert_uint_eq(line_sum(text, ""), sum);
    /* All that is not so simple says the same, in another order. */
    ck_assert_uint_eq(line_sum(with(&r, "Content-Length: 1\r\n\r\nx"), ""),
                      sum);
    ck_assert_uint_eq(
        line_sum(ask(&r, "HEAD /a.txt HTTP/1.1\r\nHost: a\r\n\r\n"), ""), sum);
    ck_assert_uint_eq(
        line_sum(with(&r, "Connection: close\r\n"), "Connection: close"), sum);
    *v = apart;
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_directory_is_redirected_with_its_query)
{
    struct rig r;

    start(&r);
    ck_assert(begins(ask(&r, "GET /dir HTTP/1.1\r\nHost: a\r\n\r\n"),
                     "HTTP/1.1 301 Moved Permanently\r\n"));
    ck_assert(holds(r.client[0]->got, "\r\nLocation: /dir/\r\n"));
    ck_assert(holds(ask(&r, "GET /dir?x=%20 HTTP/1.1\r\nHost: a\r\n\r\n"),
                    "\r\nLocation: /dir/?x=%20\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_the_coding_is_the_one_that_is_wanted)
{
    static const struct {
        const char *lines;
        bool gzip;
    } cases[] = {
        {"", false},
        {"Accept-Encoding:\r\n", false},
        {"Accept-Encoding: gzip\r\n", true},
        {"Accept-Encoding: GZIP, deflate, br\r\n", true},
        {"Accept-Encoding: gzip;q=0\r\n", false},
        {"Accept-Encoding: identity\r\n", false},
        {"Accept-Encoding: *\r\n", true},
        {"Accept-Encoding: gzip;q=0, *\r\n", false},
        {"Accept-Encoding: gzip;q=0.5, identity\r\n", false},
        {"Accept-Encoding: gzip;q=0.5, identity;q=0.4\r\n", true},
        {"Accept-Encoding: br\r\n", false},
        {"Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n", true},
    };
    struct rig r;

    start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = with(&r, cases[i].lines);

        ck_assert_msg(holds(got, "Content-Encoding: gzip\r\n") == cases[i].gzip,
                      "%s", cases[i].lines);
        ck_assert_str_eq(body_of(got), cases[i].gzip ? "GZIP" : PLAIN);
    }
    rig_stop(&r);
}
END_TEST

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT\r\n"
#define THEN   "Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define AFTER  "Sunday, 06-Nov-94 08:49:38 GMT\r\n"

START_TEST(test_conditions)
{
    static const struct {
        const char *lines;
        unsigned status;
    } cases[] = {
        {"If-None-Match: \"p\"\r\n", 304},
        {"If-None-Match: W/\"p\"\r\n", 304},
        {"If-None-Match: \"x\", \"p\"\r\n", 304},
        {"If-None-Match: \"x\"\r\nIf-None-Match: \"p\"\r\n", 304},
        {"If-None-Match: *\r\n", 304},
        {"If-None-Match: \"x\"\r\n", 200},
        {"If-None-Match: \"z\"\r\n", 200},
        {"If-None-Match: \"z\"\r\nAccept-Encoding: gzip\r\n", 304},
        {"If-None-Match: \"p\"\r\nAccept-Encoding: gzip\r\n", 200},
        {"If-Modified-Since: " BEFORE, 200},
        {"If-Modified-Since: " THEN, 304},
        {"If-Modified-Since: " AFTER, 304},
        {"If-Modified-Since: today\r\n", 200},
        {"If-Modified-Since: " AFTER "If-Modified-Since: " AFTER, 200},
        {"If-None-Match: \"x\"\r\nIf-Modified-Since: " AFTER, 200},
        {"If-None-Match: \"p\"\r\nIf-Modified-Since: " BEFORE, 304},
        {"If-Match: \"p\"\r\n", 200},
        {"If-Match: *\r\n", 200},
        {"If-Match: W/\"p\"\r\n", 412},
        {"If-Match: \"x\"\r\n", 412},
        {"If-Match: \"x\"\r\nIf-None-Match: \"p\"\r\n", 412},
        {"If-Match: \"p\"\r\nIf-None-Match: \"p\"\r\n", 304},
        {"If-Match: \"p\"\r\nIf-Unmodified-Since: " BEFORE, 200},
        {"If-Unmodified-Since: " BEFORE, 412},
        {"If-Unmodified-Since: " THEN, 200},
        {"If-Unmodified-Since: never\r\n", 200},
        {"If-None-Match: \"p\"\r\nRange: bytes=0-1\r\n", 304},
    };
    struct rig r;

    start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = with(&r, cases[i].lines);

        ck_assert_msg((unsigned)atoi(got + 9) == cases[i].status, "%s%.15s",
                      cases[i].lines, got);
        if (cases[i].status == 304) {
            ck_assert_str_eq(body_of(got), "");
            ck_assert(holds(got, "\r\nETag: \"") && holds(got, LINES));
            ck_assert(!holds(got, "Content-Length"));
        }
    }
    rig_stop(&r);
}
END_TEST

static const struct {
    const char *lines;
    unsigned status;
    const char *range, *body;
} ranges[] = {
    {"Range: bytes=2-4\r\n", 206, "bytes 2-4/10", "234"},
    {"Range: bytes=-3\r\n", 206, "bytes 7-9/10", "789"},
    {"Range: bytes=9-\r\n", 206, "bytes 9-9/10", "9"},
    {"Range: bytes=0-100\r\n", 206, "bytes 0-9/10", PLAIN},
    {"Range: bytes=2-4,5-6\r\n", 206, "bytes 2-6/10", "23456"},
    {"Range: bytes=0-1,4-5\r\n", 200, NULL, PLAIN},
    {"Range: bytes=10-\r\n", 416, "bytes */10", NULL},
    {"Range: bytes=-0\r\n", 416, "bytes */10", NULL},
    {"Range: lines=1-2\r\n", 200, NULL, PLAIN},
    {"Range: bytes=4-2\r\n", 200, NULL, PLAIN},
    {"Range: bytes=0-1\r\nRange: bytes=2-3\r\n", 200, NULL, PLAIN},
    {"Range: bytes=1-2\r\nAccept-Encoding: gzip\r\n", 206, "bytes 1-2/4", "ZI"},
    {"Range: bytes=0-1\r\nIf-Range: \"p\"\r\n", 206, "bytes 0-1/10", "01"},
    {"Range: bytes=0-1\r\nIf-Range: \"x\"\r\n", 200, NULL, PLAIN},
    {"Range: bytes=0-1\r\nIf-Range: W/\"p\"\r\n", 200, NULL, PLAIN},
    {"Range: bytes=0-1\r\nIf-Range: " THEN, 206, "bytes 0-1/10", "01"},
    {"Range: bytes=0-1\r\nIf-Range: " BEFORE, 200, NULL, PLAIN},
    {"Range: bytes=0-1\r\nIf-Range: " AFTER, 200, NULL, PLAIN},
    {"Range: bytes=0-1\r\nIf-Range: x\r\n", 200, NULL, PLAIN},
    {"Range: bytes=99-\r\nIf-Range: \"x\"\r\n", 200, NULL, PLAIN},
};

/* The answer to a range, or to one that is refused or has no meaning. */
static void range_is(const char *got, unsigned i)
{
    const char *range = ranges[i].range, *body = ranges[i].body;
    char line[64];

    ck_assert_msg((unsigned)atoi(got + 9) == ranges[i].status, "%s%.15s",
                  ranges[i].lines, got);
    snprintf(line, sizeof(line), "\r\nContent-Range: %s\r\n",
             range ? range : "");
    if (range)
        ck_assert(holds(got, line));
    else
        ck_assert(!holds(got, "Content-Range"));
    if (body)
        ck_assert_str_eq(body_of(got), body);
    if (ranges[i].status == 206) {
        snprintf(line, sizeof(line), "\r\nContent-Length: %zu\r\n",
                 strlen(body));
        ck_assert(holds(got, line) && holds(got, LINES) &&
                  holds(got, "\r\nETag: \""));
    }
}

START_TEST(test_ranges)
{
    struct rig r;

    start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(ranges); i++)
        range_is(with(&r, ranges[i].lines), i);
    ck_assert(begins(ask(&r, "HEAD /a.txt HTTP/1.1\r\nHost: a\r\n"
                             "Range: bytes=0-1\r\n\r\n"),
                     "HTTP/1.1 200 "));
    ck_assert(begins(ask(&r, "GET / HTTP/1.1\r\nHost: a\r\n"
                             "Range: bytes=0-\r\n\r\n"),
                     "HTTP/1.1 416 "));
    rig_stop(&r);
}
END_TEST

RUN_TESTS("file", PANICS(), test_paths_are_found,
          test_a_file_is_sent_with_its_own_head,
          test_what_the_baker_laid_out_is_sent_in_one_piece,
          test_a_directory_is_redirected_with_its_query,
          test_the_coding_is_the_one_that_is_wanted, test_conditions,
          test_ranges)
