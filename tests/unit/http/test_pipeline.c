/* SPDX-License-Identifier: ISC */
/*
 * test_pipeline.c - many requests of one connection: their order, where the
 * pieces of their bytes end, answers that come later.
 */
#include "site.h"

#include <stdio.h>

#include "../lib/suite.h"

START_TEST(test_pipelined_requests_are_answered_in_order)
{
    enum { N = 100 };
    char text[N * 64] = "", *at = text;
    struct rig r;
    const char *got;

    site_start(&r);
    for (unsigned i = 0; i < N; i++)
        at += sprintf(at, "GET /show/%u" END, i);
    got = ask(&r, text);
    for (unsigned i = 0; i < N; i++) {
        char want[32];

        sprintf(want, "[/show/%u][][a]", i);
        got = body_of(got);
        ck_assert(begins(got, want));
        got += strlen(want);
    }
    ck_assert_str_eq(got, "");
    rig_stop(&r);
}
END_TEST

/* One who asks for much at once waits for the others after each few. */
START_TEST(test_pipelining_is_no_way_to_be_first)
{
    char text[4096] = "";
    struct rig r;
    struct client *a, *b;
    const char *first_b;

    site_start(&r);
    a = rig_connect(&r, 0, 0);
    b = rig_connect(&r, 0, 0);
    while (strlen(text) < sizeof(text) - 64)
        strcat(text, "GET /show/a" END);
    memset(site.order, 0, sizeof(site.order));
    site.norder = 0;
    ck_assert_uint_eq(stream_write(pipe_stream(&a->pipe, 0), span_of(text)),
                      strlen(text));
    stream_write(pipe_stream(&b->pipe, 0), SPAN("GET /show/b" END));
    rig_turn(&r);
    first_b = strchr(site.order, 'b');
    ck_assert_ptr_nonnull(first_b);
    ck_assert_int_le(first_b - site.order, HTTP_BURST);
    ck_assert_uint_gt(strlen(site.order), 2 * HTTP_BURST);
    rig_stop(&r);
}
END_TEST

/* Windows and buffers from one byte up: the same bytes come out. */
START_TEST(test_windows_make_no_difference)
{
    static const size_t buffers[] = {1, 2, 3, 7, 64, 600, 2048, 2049, 4096};
    static char want[RIG_GOT_BYTES];
    const char *text = "GET /" END "GET /show/x" END "GET /pieces?n=3000" END
                       "POST /echo HTTP/1.1\r\nHost: a\r\n"
                       "Content-Length: 5\r\n\r\nhello"
                       "GET /nowhere" END "GET /" END;
    struct rig r;

    site_start(&r);
    strcpy(want, ask(&r, text));
    for (unsigned i = 0; i < ARRAY_LEN(buffers); i++) {
        for (size_t window = 0; window < 4; window++) {
            struct client *c = rig_connect(&r, buffers[i], window);

            ck_assert_uint_eq(client_send(&r, c, text), strlen(text));
            ck_assert_str_eq(c->got, want);
            client_shut(&r, c);
        }
    }
    ck_assert_uint_eq(r.http->scratches.in_use, 0);
    rig_stop(&r);
}
END_TEST

/* All has come, in pieces that end in the middle of the framing: no further
 * event tells of the next piece. */
START_TEST(test_framing_may_end_where_a_piece_does)
{
    static const char *const targets[] = {"POST /echo", "POST /upload",
                                          "GET /"};
    char text[400], out[400];
    struct rig r;

    for (unsigned i = 0; i < ARRAY_LEN(targets); i++) {
        sprintf(text,
                "%s HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\n\r\n"
                "5\r\nhello\r\n6;x\r\n world\r\n0\r\nA: b\r\n\r\n"
                "GET /show/next" END,
                targets[i]);
        site_start(&r);
        for (size_t window = 1; window < RIG_CLIENTS; window++) {
            struct client *c = rig_connect(&r, 0, window);

            client_send(&r, c, text);
            ck_assert_msg(holds(c->got, "[/show/next]"), "%s, pieces of %zu",
                          targets[i], window);
            if (i > 0)
                continue;
            unchunk(body_of(c->got), out);
            ck_assert_str_eq(out, "hello world");
        }
        rig_stop(&r);
    }
}
END_TEST

START_TEST(test_later_is_answered_when_it_is_ready)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    client_send(&r, c, "GET /later" END "GET /" END);
    rig_wait(&r, 100 * NS_PER_SEC);
    ck_assert_str_eq(c->got, "");
    http_ready(site.waiting);
    rig_turn(&r);
    ck_assert(holds(c->got, "\r\n\r\nlateHTTP/1.1 200 OK"));
    ck_assert(holds(c->got, "\r\n\r\nhello"));
    ck_assert_uint_eq(site.gone, 0);
    rig_stop(&r);
}
END_TEST

START_TEST(test_later_is_told_when_the_client_leaves)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    client_send(&r, c, "GET /later" END);
    client_gone(&r, c);
    ck_assert_uint_eq(site.gone, 1);
    ck_assert_uint_eq(http_conns(r.http), 0);
    /* one who only stops sending still waits for the answer */
    c = rig_connect(&r, 0, 0);
    client_send(&r, c, "GET /later" END);
    client_shut(&r, c);
    ck_assert_uint_eq(site.gone, 1);
    http_ready(site.waiting);
    rig_turn(&r);
    ck_assert(holds(c->got, "\r\n\r\nlate"));
    ck_assert(c->eof);
    rig_stop(&r);
}
END_TEST

RUN_TESTS("pipeline", PANICS(), test_pipelined_requests_are_answered_in_order,
          test_pipelining_is_no_way_to_be_first,
          test_windows_make_no_difference,
          test_framing_may_end_where_a_piece_does,
          test_later_is_answered_when_it_is_ready,
          test_later_is_told_when_the_client_leaves)
