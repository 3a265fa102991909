/* SPDX-License-Identifier: ISC */
/*
 * test_http2.c - requests and answers, windows both ways, time.
 */
#include "peer.h"

#include "../lib/suite.h"

enum { WHOLE = END_HEADERS | END_STREAM };

static uint64_t sum_of(const char *p, size_t n)
{
    uint64_t sum = 0;

    while (n--)
        sum = sum * 31 + (uint8_t)*p++;
    return sum;
}

static struct peer *start(uint32_t window)
{
    fx_start(8);
    return peer_new(window);
}

static void turn(void)
{
    rig_turn(&fx.rig);
}

START_TEST(test_an_answer_is_head_and_data)
{
    struct peer *p = start(65535);

    call(p, 1, "GET", "/", WHOLE, "");
    turn();
    ck_assert_uint_eq(of(p, 1)->status, 200);
    ck_assert_uint_eq(of(p, 1)->heads, 1);
    ck_assert_str_eq(of(p, 1)->text, "hello");
    ck_assert(of(p, 1)->ended);
    ck_assert_uint_eq(of(p, 1)->reset, NEVER);
    call(p, 3, "GET", "/none", WHOLE, "");
    call(p, 5, "HEAD", "/", WHOLE, "");
    call(p, 7, "DELETE", "/", WHOLE, "");
    call(p, 9, "CONNECT", "", WHOLE, "");
    turn();
    ck_assert_uint_eq(of(p, 3)->status, 404);
    ck_assert_uint_eq(of(p, 5)->status, 200);
    ck_assert_uint_eq(of(p, 5)->n, 0);
    ck_assert(of(p, 5)->ended && of(p, 7)->ended);
    ck_assert_uint_eq(p->goaway, NEVER);
    fx_stop();
}
END_TEST

START_TEST(test_what_a_handler_sees)
{
    struct peer *p = start(65535);

    call(p, 1, "GET", "/show/x?y=1", WHOLE, "cookie: a=b\ncookie: c=d\n");
    call(p, 3, "GET", "/show/%41/../b", WHOLE, "host: a\n");
    call(p, 5, "GET", "/show/c", WHOLE, "host: another\n");
    call(p, 7, "GET", "/show/d", WHOLE, "te: trailers\nx-y: z\n");
    turn();
    ck_assert_str_eq(of(p, 1)->text, "[/show/x][y=1][a]<a=b; c=d>");
    ck_assert_str_eq(of(p, 3)->text, "[/show/b][][a]");
    ck_assert_uint_eq(of(p, 5)->status, 400); /* which host is meant? */
    ck_assert_str_eq(of(p, 7)->text, "[/show/d][][a]");
    fx_stop();
}
END_TEST

START_TEST(test_bodies_of_every_kind)
{
    struct peer *p = start(1 << 20);

    open_window(p, 0, 1 << 20);
    call(p, 1, "GET", "/big", WHOLE, "");
    call(p, 3, "GET", "/pieces?n=54321", WHOLE, "");
    call(p, 5, "GET", "/lines", WHOLE, "");
    call(p, 7, "GET", "/long", WHOLE, "");
    turn();
    ck_assert_uint_eq(of(p, 1)->n, sizeof(site.big));
    ck_assert_uint_eq(of(p, 1)->sum, sum_of(site.big, sizeof(site.big)));
    ck_assert_uint_eq(of(p, 3)->n, 54321);
    ck_assert(begins(of(p, 5)->text, "line 0\nline 1\n"));
    ck_assert_uint_eq(of(p, 7)->n, 150000);
    for (uint32_t id = 1; id <= 7; id += 2)
        ck_assert(of(p, id)->ended && of(p, id)->reset == NEVER);
    fx_stop();
}
END_TEST

START_TEST(test_bodies_of_requests)
{
    struct peer *p = start(65535);

    call(p, 1, "POST", "/upload", END_HEADERS, "content-length: 5\n");
    say(p, F_DATA, 0, 1, "ab", 2);
    say(p, F_DATA, END_STREAM, 1, "cde", 3);
    call(p, 3, "POST", "/upload", END_HEADERS, ""); /* of unknown length */
    for (unsigned i = 0; i < 300; i++)
        say(p, F_DATA, 0, 3, "0123456789", 10);
    say(p, F_DATA, END_STREAM, 3, "", 0);
    turn();
    ck_assert_str_eq(of(p, 1)->text, "took 5");
    ck_assert_str_eq(of(p, 3)->text, "took 3000");
    call(p, 5, "POST", "/echo", END_HEADERS, "");
    say(p, F_DATA, 0, 5, "one ", 4);
    turn();
    ck_assert_str_eq(of(p, 5)->text, "one "); /* while it comes */
    ck_assert(!of(p, 5)->ended);
    say(p, F_DATA, END_STREAM, 5, "two", 3);
    call(p, 7, "POST", "/upload", WHOLE, ""); /* none: no 411 in HTTP/2 */
    turn();
    ck_assert_str_eq(of(p, 5)->text, "one two");
    ck_assert_str_eq(of(p, 7)->text, "took 0");
    call(p, 9, "POST", "/upload", END_HEADERS, "expect: 100-continue\n");
    turn();
    ck_assert_uint_eq(of(p, 9)->heads, 1); /* 100 */
    say(p, F_DATA, END_STREAM, 9, "x", 1);
    turn();
    ck_assert_uint_eq(of(p, 9)->heads, 2);
    ck_assert_str_eq(of(p, 9)->text, "took 1");
    fx_stop();
}
END_TEST

START_TEST(test_a_body_nobody_waits_for_is_stopped)
{
    struct peer *p = start(65535);

    call(p, 1, "POST", "/echo-10", END_HEADERS, "content-length: 1000000\n");
    turn(); /* 413, and the rest is not wanted */
    ck_assert(of(p, 1)->ended);
    ck_assert_uint_eq(of(p, 1)->reset, 0);
    call(p, 3, "GET", "/", WHOLE, "");
    turn();
    ck_assert_str_eq(of(p, 3)->text, "hello");
    fx_stop();
}
END_TEST

START_TEST(test_data_goes_as_far_as_the_window)
{
    struct peer *p = start(100);
    uint64_t had = 0;

    call(p, 1, "GET", "/big", WHOLE, "");
    call(p, 3, "GET", "/", WHOLE, "");
    turn();
    ck_assert_uint_eq(of(p, 1)->n, 100);
    ck_assert_str_eq(of(p, 3)->text, "hello"); /* not behind the other */
    while (had < sizeof(site.big)) {
        open_window(p, 0, 5000);
        open_window(p, 1, 5000);
        turn();
        ck_assert_uint_gt(of(p, 1)->n, had);
        had = of(p, 1)->n;
        ck_assert_uint_lt(fx.h2->heap.in_use, 64 << 10);
    }
    ck_assert_uint_eq(of(p, 1)->sum, sum_of(site.big, sizeof(site.big)));
    ck_assert(of(p, 1)->ended);
    fx_stop();
}
END_TEST

/* The echo's reader reads nothing: its writer is stopped, and the memory for
 * what came is bounded by the window that was never opened. */
START_TEST(test_the_window_opens_as_the_handler_takes)
{
    struct peer *p = start(0);
    char block[16384] = {0};
    uint64_t window;

    call(p, 1, "POST", "/echo", END_HEADERS, "");
    for (unsigned i = 0; i < 3; i++)
        say(p, F_DATA, 0, 1, block, sizeof(block));
    say(p, F_DATA, 0, 1, block, 65535 - 3 * sizeof(block));
    turn();
    ck_assert_uint_eq(of(p, 1)->n, 0);
    window = p->window;
    ck_assert_uint_eq(window, 65535); /* to the size that it says, once */
    ck_assert_uint_eq(p->frames[F_WINDOW], 1);
    open_window(p, 1, 40000);
    turn();
    ck_assert_uint_eq(of(p, 1)->n, 40000);
    ck_assert_uint_gt(p->frames[F_WINDOW], 1);
    open_window(p, 0, 65535);
    open_window(p, 1, 65535);
    say(p, F_DATA, END_STREAM, 1, block, 100);
    turn();
    ck_assert_uint_eq(of(p, 1)->n, 65635);
    ck_assert(of(p, 1)->ended);
    fx_stop();
}
END_TEST

START_TEST(test_a_hundred_at_once_and_no_more)
{
    struct peer *p = start(65535);
    size_t most;

    for (uint32_t i = 0; i < H2_STREAMS; i++)
        call(p, 2 * i + 1, "GET", "/never", WHOLE, "");
    turn();
    ck_assert_uint_eq(fx.h2->first->njoined, H2_STREAMS);
    most = fx.h2->heap.in_use;
    ck_assert_uint_lt(most, H2_CONN_MOST / 2);
    say(p, F_RESET, 0, 1, "\0\0\0\10", 4);
    call(p, 203, "GET", "/", WHOLE, "");
    turn();
    ck_assert_str_eq(of(p, 203)->text, "hello");
    rig_wait(&fx.rig, 121 * NS_PER_SEC); /* 504 for all */
    for (uint32_t i = 1; i < H2_STREAMS; i++)
        ck_assert(of(p, 2 * i + 1)->ended);
    for (uint32_t i = 0; i <= H2_STREAMS; i++)
        call(p, 301 + 2 * i, "GET", "/never", WHOLE, "");
    turn(); /* it was told how many */
    ck_assert_uint_eq(p->goaway, NGHTTP2_PROTOCOL_ERROR);
    ck_assert_uint_eq(http_conns(fx.rig.http), 0);
    fx_stop();
}
END_TEST

START_TEST(test_a_client_may_leave)
{
    struct peer *p = start(65535);

    call(p, 1, "POST", "/upload", END_HEADERS, "");
    call(p, 3, "GET", "/later", WHOLE, "");
    call(p, 5, "GET", "/endless", WHOLE, "");
    turn();
    say(p, F_RESET, 0, 1, "\0\0\0\10", 4);
    turn();
    ck_assert_uint_eq(site.gone, 1);
    stream_abort(pipe_stream(&p->pipe, 0));
    turn();
    ck_assert_uint_eq(site.gone, 2);
    ck_assert_uint_eq(http_conns(fx.rig.http), 0);
    ck_assert_uint_eq(fx.h2->heap.in_use, 0);
    fx_stop();
}
END_TEST

START_TEST(test_an_answer_may_come_later)
{
    struct peer *p = start(65535);

    call(p, 1, "GET", "/later", WHOLE, "");
    turn();
    ck_assert_uint_eq(of(p, 1)->heads, 0);
    http_ready(site.waiting);
    turn();
    ck_assert_str_eq(of(p, 1)->text, "late");
    fx_stop();
}
END_TEST

START_TEST(test_who_asks_for_nothing_is_told_to_go)
{
    struct peer *silent, *idle = start(65535);

    silent = peer_raw();
    call(idle, 1, "GET", "/", WHOLE, "");
    turn();
    rig_wait(&fx.rig, 11 * NS_PER_SEC);
    ck_assert(silent->eof);
    ck_assert(!idle->eof);
    rig_wait(&fx.rig, 50 * NS_PER_SEC);
    ck_assert(idle->eof);
    ck_assert_uint_eq(idle->goaway, NGHTTP2_NO_ERROR);
    ck_assert_uint_eq(fx.h2->m.idle, 2);
    fx_stop();
}
END_TEST

START_TEST(test_who_rests_makes_room)
{
    struct peer *first = start(65535), *second = peer_new(65535);

    call(first, 1, "GET", "/never", WHOLE, "");
    turn();
    ck_assert(!http2_evict(fx.h2)); /* none has for long */
    rig_wait(&fx.rig, 2 * NS_PER_SEC);
    ck_assert(http2_evict(fx.h2));
    turn();
    ck_assert(second->eof);
    ck_assert_uint_eq(second->goaway, NGHTTP2_NO_ERROR);
    ck_assert(!http2_evict(fx.h2)); /* the other one is at work */
    fx_stop();
}
END_TEST

START_TEST(test_who_does_not_read_loses_the_stream)
{
    struct peer *p = start(10);

    call(p, 1, "GET", "/big", WHOLE, "");
    turn();
    rig_wait(&fx.rig, 49 * NS_PER_SEC);
    ck_assert_uint_eq(of(p, 1)->reset, NEVER);
    rig_wait(&fx.rig, 20 * NS_PER_SEC);
    ck_assert_uint_ne(of(p, 1)->reset, NEVER);
    ck_assert_uint_eq(http_conns(fx.rig.http), 0);
    fx_stop();
}
END_TEST

RUN_TESTS("http2", PANICS(), test_an_answer_is_head_and_data,
          test_what_a_handler_sees, test_bodies_of_every_kind,
          test_bodies_of_requests, test_a_body_nobody_waits_for_is_stopped,
          test_data_goes_as_far_as_the_window,
          test_the_window_opens_as_the_handler_takes,
          test_a_hundred_at_once_and_no_more, test_a_client_may_leave,
          test_an_answer_may_come_later,
          test_who_asks_for_nothing_is_told_to_go, test_who_rests_makes_room,
          test_who_does_not_read_loses_the_stream)
