/* SPDX-License-Identifier: ISC */
/*
 * test_server.c - requests to a server on a pipe: answers, framing, and
 * refusals.
 */
#include "site.h"

#include <stdio.h>

#include "../lib/suite.h"

START_TEST(test_a_get_is_answered)
{
    struct rig r;

    site_start(&r);
    ck_assert_str_eq(ask(&r, "GET /" END),
                     "HTTP/1.1 200 OK\r\n"
                     "Server: Billet\r\n"
                     "Content-Type: text/plain\r\n"
                     "Content-Length: 5\r\n"
                     "X-Every: reply\r\n"
                     "X-A: b\r\n"
                     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                     "\r\n"
                     "hello");
    ck_assert(!r.client[0]->eof);
    ck_assert_uint_eq(r.http->m.requests__2xx, 1);
    rig_stop(&r);
}
END_TEST

START_TEST(test_the_date_moves_with_the_clock)
{
    struct rig r;

    site_start(&r);
    ask(&r, "GET /" END);
    rig_wait(&r, NS_PER_SEC);
    ck_assert(holds(ask(&r, "GET /" END), "08:49:38 GMT"));
    rig_wait(&r, 86400 * NS_PER_SEC);
    ck_assert(holds(ask(&r, "GET /" END), "Mon, 07 Nov 1994 08:49:38 GMT"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_without_a_clock_there_is_no_date)
{
    struct http_config c = site_config;
    struct rig r;

    c.wall_ns = 0;
    rig_start(&r, &c, NULL);
    ck_assert(!holds(ask(&r, "GET /" END), "Date:"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_head_is_get_without_the_body)
{
    static const char *const paths[] = {"/", "/big", "/pieces?n=5", "/lines"};
    struct rig r;

    site_start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(paths); i++) {
        char text[128];
        const char *got;

        snprintf(text, sizeof(text), "HEAD %s" END "HEAD %s" END, paths[i],
                 paths[i]);
        got = ask(&r, text);
        ck_assert(begins(got, "HTTP/1.1 200 OK\r\n"));
        ck_assert(begins(body_of(got), "HTTP/1.1 200 OK\r\n"));
        ck_assert_str_eq(body_of(body_of(got)), "");
    }
    ck_assert(holds(r.client[1]->got, "Content-Length: 200000\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_big_body_is_lent)
{
    struct rig r;
    const char *got;

    site_start(&r);
    got = ask(&r, "GET /big" END "GET /" END);
    ck_assert(holds(got, "Content-Length: 200000\r\n"));
    ck_assert(memcmp(body_of(got), site.big, sizeof(site.big)) == 0);
    ck_assert(begins(body_of(got) + sizeof(site.big), "HTTP/1.1 200 OK\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_pieces_of_any_number)
{
    static const unsigned lengths[] = {0, 1, 999, 1000, 1001, 5000, 100000};
    struct rig r;

    site_start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(lengths); i++) {
        char text[64];
        const char *got;

        snprintf(text, sizeof(text), "GET /pieces?a=b&n=%u" END, lengths[i]);
        got = ask(&r, text);
        ck_assert_uint_eq(strlen(body_of(got)), lengths[i]);
        for (unsigned k = 0; k < lengths[i]; k++)
            ck_assert_int_eq(body_of(got)[k], site.big[k % 1000]);
    }
    rig_stop(&r);
}
END_TEST

START_TEST(test_long_pieces_are_cut)
{
    struct rig r;
    const char *got;

    site_start(&r);
    got = ask(&r, "GET /long" END);
    ck_assert_uint_eq(strlen(body_of(got)), 150000);
    ck_assert_uint_ge(site.nasked, 3); /* again where there was no room */
    for (unsigned i = 0; i < site.nasked; i++)
        ck_assert_uint_eq(site.asked[i] % HTTP_PIECE_MAX, 0);
    rig_stop(&r);
}
END_TEST

static const char *lines(void)
{
    static char text[4096];
    size_t n = 0;

    for (unsigned i = 0; i < 200; i++)
        n += (size_t)sprintf(text + n, "line %u\n", i);
    return text;
}

START_TEST(test_written_bodies_are_chunked)
{
    static char out[8192];
    struct rig r;
    const char *got, *rest;

    site_start(&r);
    for (unsigned window = 0; window < 3000; window += 599) {
        struct client *c = rig_connect(&r, 0, window);

        client_send(&r, c, "GET /lines" END "GET /" END);
        got = c->got;
        ck_assert(holds(got, "Transfer-Encoding: chunked\r\n"));
        ck_assert(!holds(got, "Content-Length: 1"));
        rest = unchunk(body_of(got), out);
        ck_assert_str_eq(out, lines());
        ck_assert(begins(rest, "HTTP/1.1 200 OK\r\n"));
    }
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_client_of_1_0_gets_no_chunks)
{
    struct rig r;
    const char *got;

    site_start(&r);
    got = ask(&r, "GET /lines HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ck_assert(!holds(got, "Transfer-Encoding"));
    ck_assert(holds(got, "Connection: close\r\n"));
    ck_assert_str_eq(body_of(got), lines());
    ck_assert(r.client[0]->eof);
    rig_stop(&r);
}
END_TEST

START_TEST(test_who_stays_and_who_goes)
{
    static const struct {
        const char *request;
        bool stays;
        const char *says;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true, "\r\n\r\nhello"},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false,
         "Connection: close\r\n"},
        {"GET / HTTP/1.0\r\n\r\n", false, "Connection: close\r\n"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true,
         "Connection: keep-alive\r\n"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false,
         "Connection: close\r\n"},
        {"GET /none HTTP/1.1\r\nHost: a\r\n\r\n", true, "404"},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true, "405"},
        {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", true, "501"},
        {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", true, "400"},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", false, "505"},
        {"GET / HTTP/1.1\r\n\r\n", false, "400"},
    };
    struct rig r;

    site_start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = ask(&r, cases[i].request);

        ck_assert_msg(holds(got, cases[i].says), "%s", cases[i].request);
        ck_assert_msg(r.client[i]->eof == !cases[i].stays, "%s",
                      cases[i].request);
        ck_assert_int_eq(holds(got, "Connection: close\r\n"), !cases[i].stays);
        client_shut(&r, r.client[i]);
        ck_assert(r.client[i]->closed);
        ck_assert_int_eq(r.client[i]->error, OK);
    }
    ck_assert_uint_eq(http_conns(r.http), 0);
    rig_stop(&r);
}
END_TEST

START_TEST(test_each_refusal_has_its_page)
{
    static char head[HTTP_HEAD_MAX + 64];
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"GET /nowhere" END, "404 Not Found"},
        {"GET /big/" END, "404 Not Found"},
        {"GET /%2e%2e/x" END, "400 Bad Request"},
        {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
        {"DELETE /" END, "405 Method Not Allowed"},
        {"POST /echo HTTP/1.1\r\nHost: a\r\n\r\n", "411 Length Required"},
        {"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n",
         "413 Content Too Large"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n",
         "413 Content Too Large"},
        {"GET / HTTP/1.1\r\nHost: a\r\nExpect: money\r\n\r\n",
         "417 Expectation Failed"},
        {"BREW /" END, "501 Not Implemented"},
        {"GET / HTTP/3.0\r\n", "505 HTTP Version Not Supported"},
        {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "405"},
        {"TRACE /" END, "405"},
    };
    struct rig r;

    site_start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = ask(&r, cases[i].request);
        char title[64], length[64];

        ck_assert_msg(begins(got + 9, cases[i].status), "%s: %.40s",
                      cases[i].request, got);
        snprintf(title, sizeof(title), "<h1>%s", cases[i].status);
        ck_assert(holds(got, title));
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
                 strlen(body_of(got)));
        ck_assert(holds(got, length));
        ck_assert(holds(got, "Content-Type: text/html"));
        ck_assert(holds(got, "X-Every: reply\r\n"));
    }
    memset(head, 'a', sizeof(head) - 1);
    memcpy(head, "GET /", 5);
    ck_assert(begins(ask(&r, head) + 9, "414 URI Too Long"));
    memcpy(head, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    ck_assert(begins(ask(&r, head) + 9, "431 Request Header Fields"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_allow_says_what_is_allowed)
{
    struct rig r;

    site_start(&r);
    ck_assert(
        holds(ask(&r, "DELETE /" END), "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
    ck_assert(
        holds(ask(&r, "GET /echo" END), "\r\nAllow: POST, PUT, OPTIONS\r\n"));
    ck_assert(
        begins(ask(&r, "OPTIONS /echo" END), "HTTP/1.1 204 No Content\r\n"));
    ck_assert(holds(r.client[2]->got, "\r\nAllow: POST, PUT, OPTIONS\r\n"));
    ck_assert(!holds(r.client[2]->got, "Content-Length"));
    ck_assert(holds(ask(&r, "OPTIONS *" END),
                    "\r\nAllow: GET, HEAD, POST, PUT, OPTIONS\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_requests_are_shown_to_the_handler)
{
    struct rig r;

    site_start(&r);
    ck_assert_str_eq(body_of(ask(&r, "GET /show/%41/./b/../c?d=%41&e" END)),
                     "[/show/A/c][d=%41&e][a]");
    ck_assert_str_eq(
        body_of(ask(&r, "GET http://x:1/show/?q HTTP/1.1\r\nHost: h\r\n"
                        "COOKIE: 1\r\nX: y\r\ncookie:2\r\n\r\n")),
        "[/show/][q][h]<1><2>");
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_redirect_cannot_be_made_to_lie)
{
    struct rig r;

    site_start(&r);
    ck_assert(holds(ask(&r, "GET /move?/a%0d%0aX:y\"<|" END),
                    "\r\nLocation: /a%0d%0aX:y%22%3C%7C\r\n"));
    rig_stop(&r);
}
END_TEST

RUN_TESTS("server", PANICS(), test_a_get_is_answered,
          test_the_date_moves_with_the_clock,
          test_without_a_clock_there_is_no_date,
          test_head_is_get_without_the_body, test_a_big_body_is_lent,
          test_pieces_of_any_number, test_long_pieces_are_cut,
          test_written_bodies_are_chunked, test_a_client_of_1_0_gets_no_chunks,
          test_who_stays_and_who_goes, test_each_refusal_has_its_page,
          test_allow_says_what_is_allowed,
          test_requests_are_shown_to_the_handler,
          test_a_redirect_cannot_be_made_to_lie)
