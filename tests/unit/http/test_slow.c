/* SPDX-License-Identifier: ISC */
/*
 * test_slow.c - clients that are slow, silent or too many: what they cost, and
 * that others are served meanwhile.
 */
#include "site.h"

#include <stdio.h>

#include "../lib/suite.h"

#define SEC NS_PER_SEC

/* A server with room for so many. */
static void start_few(struct rig *r, uint32_t conns)
{
    struct http_config c = site_config;

    c.conns = conns;
    site_start_with(r, &c);
}

START_TEST(test_who_says_nothing_is_let_go)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    rig_wait(&r, 9 * SEC);
    ck_assert(!c->eof);
    rig_wait(&r, 2 * SEC);
    ck_assert(c->eof);
    ck_assert_uint_eq(r.http->m.timeouts__idle, 1);
    rig_wait(&r, 3 * SEC); /* and does not even close */
    ck_assert_uint_eq(http_conns(r.http), 0);
    rig_stop(&r);
}
END_TEST

START_TEST(test_who_rests_too_long_is_let_go)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    for (unsigned i = 0; i < 5; i++) {
        client_send(&r, c, "GET /" END);
        rig_wait(&r, 59 * SEC);
        ck_assert(!c->eof);
    }
    ck_assert_uint_eq(r.http->m.requests__2xx, 5);
    rig_wait(&r, 2 * SEC);
    ck_assert(c->eof);
    ck_assert_uint_eq(r.http->m.timeouts__idle, 1);
    rig_stop(&r);
}
END_TEST

/* What is still on its way when an answer is complete takes nothing from the
 * time to rest. */
START_TEST(test_an_answer_under_way_does_not_shorten_the_rest)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    c->lazy = true;
    client_send(&r, c, "GET /big" END);
    client_read(&r, c, sizeof(site.big) - 1000);
    rig_wait(&r, SEC);
    client_read(&r, c, 2000); /* the last loan comes back */
    rig_wait(&r, 58 * SEC);
    ck_assert(!c->eof);
    rig_wait(&r, 3 * SEC);
    ck_assert(c->eof);
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_head_in_drops_is_cut_off)
{
    struct rig r;
    struct client *c;
    unsigned seconds = 0;

    c = site_start_one(&r);
    client_send(&r, c, "GET / HTTP/1.1\r\n");
    while (!c->eof && seconds++ < 100) {
        client_send(&r, c, "X: y\r\n");
        rig_wait(&r, SEC);
    }
    ck_assert_uint_eq(seconds, 10);
    ck_assert(begins(c->got, "HTTP/1.1 408 Request Timeout\r\n"));
    ck_assert_uint_eq(r.http->m.timeouts__header, 1);
    ck_assert_uint_eq(r.http->scratches.in_use, 0);
    rig_wait(&r, 9 * SEC); /* and does not close, either */
    ck_assert_uint_eq(http_conns(r.http), 0);
    rig_stop(&r);
}
END_TEST

/* What the exchange before was like has no part in it. */
START_TEST(test_a_late_refusal_is_a_whole_answer)
{
    static const char *const befores[] = {
        "HEAD /" END, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET /big" END,
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\na\r\n0\r\n\r\n"};
    struct rig r;

    for (unsigned i = 0; i < ARRAY_LEN(befores); i++) {
        struct client *c;

        c = site_start_one(&r);
        client_send(&r, c, befores[i]);
        memset(c->got, 0, sizeof(c->got));
        c->n = 0;
        client_send(&r, c, "G");
        rig_wait(&r, 12 * SEC);
        ck_assert(begins(c->got, "HTTP/1.1 408 "));
        ck_assert_str_eq(c->got + c->n - 8, "</html>\n");
        rig_stop(&r);
    }
}
END_TEST

START_TEST(test_a_body_in_drops_is_cut_off)
{
    static const char *const paths[] = {"/sink", "/echo", "/"};
    struct rig r;

    for (unsigned i = 0; i < ARRAY_LEN(paths); i++) {
        char text[128];
        struct client *c;
        unsigned seconds = 0;

        c = site_start_one(&r);
        sprintf(text,
                "%s %s HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n",
                i == 2 ? "GET" : "POST", paths[i]);
        client_send(&r, c, text);
        while (!c->eof && !c->closed && seconds++ < 1000) {
            client_send(&r, c, "a"); /* a byte a second: 500 are asked for */
            rig_wait(&r, SEC);
        }
        ck_assert_uint_ge(seconds, 30);
        ck_assert_uint_le(seconds, 33);
        ck_assert_uint_eq(r.http->m.timeouts__body, 1);
        rig_stop(&r);
    }
}
END_TEST

START_TEST(test_a_body_that_is_slow_but_steady_gets_through)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    client_send(
        &r, c,
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    for (unsigned i = 0; i < 100; i++) {
        client_send_bytes(&r, c, (struct span){(uint8_t *)site.big, 600});
        rig_wait(&r, SEC);
    }
    ck_assert_uint_eq(strlen(body_of(c->got)), 60000);
    rig_stop(&r);
}
END_TEST

START_TEST(test_who_does_not_read_is_cut_off)
{
    static const char *const requests[] = {"GET /big" END, "GET /endless" END};
    struct rig r;

    for (unsigned i = 0; i < ARRAY_LEN(requests); i++) {
        struct client *c;

        c = site_start_one(&r);
        c->lazy = true;
        client_send(&r, c, requests[i]);
        rig_wait(&r, 49 * SEC);
        ck_assert(!c->closed);
        rig_wait(&r, 40 * SEC); /* what was taken has bought some time */
        ck_assert(c->closed);
        ck_assert_int_eq(c->error, E_RESET);
        ck_assert_uint_eq(r.http->m.timeouts__write, 1);
        rig_stop(&r);
    }
}
END_TEST

/* The answer is the body: while it is not read, the time for answers counts. */
START_TEST(test_who_does_not_read_an_echo_is_cut_off)
{
    struct http_timeouts t = rig_timeouts;
    struct rig r;
    struct client *c;

    t.body = 100 * SEC;
    t.write = 5 * SEC;
    rig_start(&r, &site_config, &t);
    c = rig_connect(&r, 0, 0);
    c->lazy = true;
    client_send(&r, c,
                "POST /echo HTTP/1.1\r\nHost: a\r\n"
                "Content-Length: 600000\r\n\r\n");
    client_send_bytes(&r, c,
                      (struct span){(uint8_t *)site.big, sizeof(site.big)});
    rig_wait(&r, 4 * SEC);
    ck_assert(!c->closed);
    rig_wait(&r, 3 * SEC);
    ck_assert(c->closed);
    ck_assert_uint_eq(r.http->m.timeouts__write, 1);
    rig_stop(&r);
}
END_TEST

START_TEST(test_who_reads_slowly_but_steadily_gets_all)
{
    struct rig r;
    struct client *c;
    unsigned seconds = 0;

    c = site_start_one(&r);
    c->lazy = true;
    client_send(&r, c,
                "GET /big HTTP/1.1\r\nHost: a\r\n"
                "Connection: close\r\n\r\n");
    while (!c->closed && c->n < sizeof(site.big) + 200 && seconds++ < 270) {
        client_read(&r, c, 1500);
        rig_wait(&r, SEC);
    }
    ck_assert_uint_ge(c->n, sizeof(site.big));
    ck_assert(c->eof);
    ck_assert_uint_ge(seconds, 130);
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_handler_that_never_answers_is_answered_for)
{
    struct rig r;
    struct client *c;

    c = site_start_one(&r);
    client_send(&r, c, "GET /never" END);
    rig_wait(&r, 119 * SEC);
    ck_assert_str_eq(c->got, "");
    rig_wait(&r, 2 * SEC);
    ck_assert(begins(c->got, "HTTP/1.1 504 Gateway Timeout\r\n"));
    ck_assert(c->eof);
    ck_assert_uint_eq(r.http->m.timeouts__reply, 1);
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_crowd_is_told_to_come_back)
{
    struct rig r;
    struct client *c[12];

    start_few(&r, 2);
    for (unsigned i = 0; i < 2; i++)
        c[i] = rig_connect(&r, 0, 0);
    for (unsigned i = 2; i < 10; i++) {
        c[i] = rig_connect(&r, 0, 0);
        ck_assert(begins(c[i]->got, "HTTP/1.1 503 Service Unavailable\r\n"));
        ck_assert(holds(c[i]->got, "\r\nRetry-After: 5\r\n"));
        ck_assert(c[i]->eof);
    }
    c[10] = rig_connect(&r, 0, 0); /* no place even to be told */
    ck_assert(!c[10]->accepted);
    ck_assert_uint_eq(r.http->m.refused__busy, 9);
    client_send(&r, c[0], "GET /" END);
    ck_assert(holds(c[0]->got, "hello"));
    rig_wait(&r, 3 * SEC); /* those told are gone, those served are not */
    ck_assert_uint_eq(http_conns(r.http), 2);
    rig_stop(&r);
}
END_TEST

START_TEST(test_who_rests_longest_makes_room)
{
    struct rig r;
    struct client *c[4];

    start_few(&r, 3);
    for (unsigned i = 0; i < 3; i++) {
        c[i] = rig_connect(&r, 0, 0);
        client_send(&r, c[i], "GET /" END);
        rig_wait(&r, SEC);
    }
    client_send(&r, c[0], "GET /" END); /* now 1 rests longest */
    c[3] = rig_connect(&r, 0, 0);
    client_send(&r, c[3], "GET /" END);
    ck_assert(holds(c[3]->got, "hello"));
    ck_assert(c[1]->closed);
    ck_assert(!c[0]->closed && !c[2]->closed);
    ck_assert_uint_eq(r.http->m.evicted, 1);
    rig_stop(&r);
}
END_TEST

START_TEST(test_who_is_being_served_makes_no_room)
{
    struct rig r;
    struct client *c;

    start_few(&r, 1);
    c = rig_connect(&r, 0, 0);
    client_send(&r, c, "GET /never" END);
    rig_wait(&r, 30 * SEC);
    ck_assert(begins(rig_connect(&r, 0, 0)->got, "HTTP/1.1 503 "));
    ck_assert(!c->closed);
    rig_stop(&r);
}
END_TEST

/* All scratch buffers are held by heads that never end. */
START_TEST(test_a_crowd_of_slow_heads_does_not_stop_others)
{
    struct rig r;
    struct client *c[HTTP_SCRATCH_HEADS + 4];

    site_start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
        c[i] = rig_connect(&r, 0, 0);
        client_send(&r, c[i], "GET /");
    }
    ck_assert_uint_eq(r.http->scratches.in_use, HTTP_SCRATCH_HEADS);
    ck_assert_uint_eq(r.http->m.scratch_waits, 4);
    /* who comes in one piece needs none */
    ck_assert(holds(ask(&r, "GET /" END), "hello"));
    /* who waits is served once one who held on is thrown out */
    client_send(&r, c[HTTP_SCRATCH_HEADS], END);
    rig_wait(&r, 2 * SEC);
    ck_assert(holds(c[HTTP_SCRATCH_HEADS]->got, "hello"));
    ck_assert(c[0]->closed);
    ck_assert_uint_ge(r.http->m.evicted, 1);
    rig_wait(&r, 20 * SEC);
    ck_assert_uint_eq(r.http->scratches.in_use, 0);
    rig_stop(&r);
}
END_TEST

/* Every pool, refusing from the n-th object on. */
START_TEST(test_exhaustion_leaves_nothing_behind)
{
    for (int n = 0; n < 8; n++) {
        for (unsigned which = 0; which < 2; which++) {
            struct rig r;

            site_start(&r);
            (which ? &r.http->conns : &r.http->scratches)->fail_after = n;
            for (unsigned i = 0; i < 4; i++) {
                struct client *c = rig_connect(&r, 700, 0);

                client_send(&r, c, "GET /");
                client_send(&r, c, " HTTP/1.1\r\nHost: a\r\n\r\nGET /big" END);
                client_send(&r, c, "GET /" END);
                client_shut(&r, c);
            }
            rig_wait(&r, 200 * SEC);
            rig_stop(&r);
        }
    }
}
END_TEST

START_TEST(test_clients_that_vanish_leave_nothing_behind)
{
    const char *text = "POST /echo HTTP/1.1\r\nHost: a\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n"
                       "5\r\nhello\r\n0\r\n\r\nGET /big" END "GET /never" END;
    struct rig r;

    for (size_t cut = 0; cut <= strlen(text); cut++) {
        struct client *c;

        site_start(&r);
        c = rig_connect(&r, 600, 0);
        c->lazy = cut % 2;
        client_send_bytes(&r, c, (struct span){(const uint8_t *)text, cut});
        client_gone(&r, c);
        ck_assert_uint_eq(http_conns(r.http), 0);
        rig_stop(&r);
    }
}
END_TEST

RUN_TESTS("slow", PANICS(), test_who_says_nothing_is_let_go,
          test_who_rests_too_long_is_let_go,
          test_an_answer_under_way_does_not_shorten_the_rest,
          test_a_head_in_drops_is_cut_off,
          test_a_late_refusal_is_a_whole_answer,
          test_a_body_in_drops_is_cut_off,
          test_a_body_that_is_slow_but_steady_gets_through,
          test_who_does_not_read_is_cut_off,
          test_who_does_not_read_an_echo_is_cut_off,
          test_who_reads_slowly_but_steadily_gets_all,
          test_a_handler_that_never_answers_is_answered_for,
          test_a_crowd_is_told_to_come_back, test_who_rests_longest_makes_room,
          test_who_is_being_served_makes_no_room,
          test_a_crowd_of_slow_heads_does_not_stop_others,
          test_exhaustion_leaves_nothing_behind,
          test_clients_that_vanish_leave_nothing_behind)
