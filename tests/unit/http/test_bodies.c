/* SPDX-License-Identifier: ISC */
/*
 * test_bodies.c - the bodies of requests: given back, taken, refused, skipped.
 */
#include "site.h"

#include <stdio.h>

#include "../lib/suite.h"

START_TEST(test_an_echo_gives_back_what_came)
{
    static char out[8192];
    struct rig r;
    const char *got;

    site_start(&r);
    got = ask(&r, POST_ECHO "Content-Length: 11\r\n\r\nhello world");
    ck_assert(holds(got, "Content-Length: 11\r\n"));
    ck_assert_str_eq(body_of(got), "hello world");
    got = ask(&r, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n"
                            "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n"
                            "GET /" END);
    ck_assert(holds(got, "Transfer-Encoding: chunked\r\n"));
    got = unchunk(body_of(got), out);
    ck_assert_str_eq(out, "hello world");
    ck_assert(begins(got, "HTTP/1.1 200 OK\r\n"));
    got = ask(&r, POST_ECHO "Content-Length: 0\r\n\r\n");
    ck_assert(holds(got, "Content-Length: 0\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_an_echo_holds_back_who_does_not_read)
{
    struct rig r;
    struct client *c;
    size_t sent = 0, n, rounds = 0;

    c = site_start_one(&r);
    c->lazy = true;
    client_send(&r, c, POST_ECHO "Content-Length: 200000\r\n\r\n");
    while (sent < sizeof(site.big)) {
        n = client_send_bytes(
            &r, c,
            (struct span){(uint8_t *)site.big + sent, sizeof(site.big) - sent});
        sent += n;
        ck_assert_uint_le(sent - c->n, 2 * RIG_PIPE_BYTES);
        client_read(&r, c, 1000);
        ck_assert_uint_lt(++rounds, 1000);
    }
    client_read(&r, c, sizeof(site.big));
    ck_assert_uint_eq(strlen(body_of(c->got)), sizeof(site.big));
    ck_assert(memcmp(body_of(c->got), site.big, sizeof(site.big)) == 0);
    rig_stop(&r);
}
END_TEST

START_TEST(test_continue_is_said_before_the_body_and_only_then)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    client_send(&r, c,
                POST_ECHO "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    ck_assert_str_eq(c->got, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&r, c, "hi");
    ck_assert(holds(c->got, "\r\n\r\nHTTP/1.1 200 OK\r\n"));
    ck_assert_str_eq(body_of(body_of(c->got)), "hi");
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                "Content-Length: 2\r\n\r\n");
    ck_assert_str_eq(c->got, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&r, c, "hi");
    ck_assert_str_eq(body_of(body_of(c->got)), "took 2");
    /* a refusal without it: the body may or may not come, so we part */
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                "Content-Length: 200000\r\n\r\n");
    ck_assert(begins(c->got, "HTTP/1.1 413 "));
    ck_assert(c->eof);
    /* nothing to continue with */
    ck_assert(begins(ask(&r, "GET / HTTP/1.1\r\nHost: a\r\n"
                             "Expect: 100-continue\r\n\r\n"),
                     "HTTP/1.1 200 OK"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_an_upload_is_taken_and_answered)
{
    struct rig r;

    site_start(&r);
    ck_assert_str_eq(
        body_of(ask(&r, "POST /upload HTTP/1.1\r\nHost: a\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
                        "2\r\nde\r\n0\r\n\r\n")),
        "took 5");
    ck_assert_str_eq(body_of(ask(&r, "POST /upload HTTP/1.1\r\nHost: a\r\n"
                                     "Content-Length: 0\r\n\r\n")),
                     "took 0");
    ck_assert_uint_eq(site.gone, 0);
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_chunked_upload_beyond_the_limit_is_refused)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    client_send(&r, c,
                "POST /upload HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\n\r\n186a1\r\n");
    client_send_bytes(&r, c, (struct span){(uint8_t *)site.big, 100001});
    ck_assert(begins(c->got, "HTTP/1.1 413 Content Too Large\r\n"));
    ck_assert(c->eof);
    ck_assert_uint_eq(site.gone, 1);
    ck_assert_uint_eq(r.http->m.refused__body_size, 1);
    rig_stop(&r);
}
END_TEST

START_TEST(test_an_echo_beyond_the_limit_is_cut_off)
{
    struct rig r;

    site_start(&r);
    ask(&r, "POST /echo-10 HTTP/1.1\r\nHost: a\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
            "6\r\nhello \r\n6\r\nworld!\r\n0\r\n\r\n");
    ck_assert(r.client[0]->closed);
    ck_assert_int_eq(r.client[0]->error, E_RESET);
    ck_assert_uint_eq(r.http->m.refused__body_size, 1);
    ck_assert(begins(ask(&r, "POST /echo-10 HTTP/1.1\r\nHost: a\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n"
                             "b\r\nhello world\r\n0\r\n\r\n"),
                     "HTTP/1.1 413 Content Too Large\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_broken_chunks_end_the_connection)
{
    struct rig r;
    const char *got;

    site_start(&r);
    got = ask(&r, "POST /upload HTTP/1.1\r\nHost: a\r\n"
                  "Transfer-Encoding: chunked\r\n\r\nx\r\n");
    ck_assert(begins(got, "HTTP/1.1 400 Bad Request\r\n"));
    ck_assert(r.client[0]->eof);
    got = ask(&r, POST_ECHO "Transfer-Encoding: chunked\r\n\r\nx\r\n");
    ck_assert(begins(got, "HTTP/1.1 400 Bad Request\r\n"));
    ck_assert(r.client[1]->eof);
    ask(&r, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n1\r\naxx");
    ck_assert(r.client[2]->closed);
    ck_assert_int_eq(r.client[2]->error, E_RESET);
    ck_assert_uint_eq(r.http->m.refused__body_syntax, 3);
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_body_nobody_wants_is_skipped)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    client_send(&r, c,
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n");
    ck_assert(holds(c->got, "\r\n\r\nhello"));
    client_send_bytes(&r, c, (struct span){(uint8_t *)site.big, 65536});
    c->n = 0;
    client_send(&r, c, "GET /show/next" END);
    ck_assert(holds(c->got, "[/show/next]"));
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "POST /nowhere HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    ck_assert(begins(c->got, "HTTP/1.1 404 "));
    client_send(&r, c, "5\r\nhello\r\n0\r\n\r\nGET /show/too" END);
    ck_assert(holds(c->got, "[/show/too]"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_body_without_end_is_not_skipped_for_ever)
{
    struct rig r;
    struct client *c;
    size_t sent = 0;

    c = site_start_one(&r);
    client_send(&r, c,
                "POST /nowhere HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    while (!c->closed && sent < 10000000) {
        client_send(&r, c, "ffff\r\n");
        client_send_bytes(&r, c, (struct span){(uint8_t *)site.big, 0xffff});
        client_send(&r, c, "\r\n");
        sent += 0xffff;
    }
    ck_assert(c->closed);
    ck_assert_uint_le(sent, HTTP_SKIP_MAX + HTTP_LINGER_MAX + 3 * 0xffff);
    rig_stop(&r);
}
END_TEST

START_TEST(test_an_upload_broken_off_is_told)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    client_send(&r, c,
                "POST /upload HTTP/1.1\r\nHost: a\r\n"
                "Content-Length: 9\r\n\r\nabc");
    client_shut(&r, c);
    ck_assert_uint_eq(site.gone, 1);
    ck_assert_uint_eq(site.took, 3);
    ck_assert_uint_eq(http_conns(r.http), 0);
    rig_stop(&r);
}
END_TEST

RUN_TESTS("bodies", PANICS(), test_an_echo_gives_back_what_came,
          test_an_echo_holds_back_who_does_not_read,
          test_continue_is_said_before_the_body_and_only_then,
          test_an_upload_is_taken_and_answered,
          test_a_chunked_upload_beyond_the_limit_is_refused,
          test_an_echo_beyond_the_limit_is_cut_off,
          test_broken_chunks_end_the_connection,
          test_a_body_nobody_wants_is_skipped,
          test_a_body_without_end_is_not_skipped_for_ever,
          test_an_upload_broken_off_is_told)
