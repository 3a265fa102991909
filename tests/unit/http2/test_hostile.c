/* SPDX-License-Identifier: ISC */
/*
 * test_hostile.c - clients that ask for more than they pay, and those that
 * make no sense: the connection alone dies, and all memory comes back.
 */
#include "peer.h"

#include "../lib/suite.h"

enum { WHOLE = END_HEADERS | END_STREAM };

/* One round of each flood; the number of rounds that are one too many. */
struct flood {
    const char *name;
    unsigned rounds;
    void (*round)(struct peer *, unsigned i);
};

static void resets(struct peer *p, unsigned i)
{
    call(p, 2 * i + 1, "GET", "/never", WHOLE, "");
    say(p, F_RESET, 0, 2 * i + 1, "\0\0\0\10", 4);
}

static void pings(struct peer *p, unsigned i)
{
    (void)i;
    say(p, F_PING, 0, 0, "01234567", 8);
}

static void settings(struct peer *p, unsigned i)
{
    (void)i;
    say(p, F_SETTINGS, 0, 0, "\0\4\0\0\1\0", 6);
}

static void nothing(struct peer *p, unsigned i)
{
    if (i == 0)
        call(p, 1, "POST", "/sink", END_HEADERS, "");
    say(p, F_DATA, 0, 1, "", 0);
}

static void priorities(struct peer *p, unsigned i)
{
    say(p, F_PRIORITY, 0, 1 + 2 * (i % 100), "\0\0\0\0\20", 5);
}

static void dribble(struct peer *p, unsigned i)
{
    if (i == 0)
        call(p, 1, "GET", "/endless", WHOLE, "");
    open_window(p, 1, 1);
}

static const struct flood floods[] = {
    {"resets", 255, resets},          {"pings", 255, pings},
    {"settings", 255, settings},      {"nothing", 255, nothing},
    {"priorities", 1100, priorities}, {"dribble", 1100, dribble}};

START_TEST(test_floods_end_the_connection)
{
    const struct flood *f = &floods[_i];
    struct peer *p, *other;

    fx_start(8);
    other = peer_new(65535);
    p = peer_new(65535);
    for (unsigned i = 0; i < f->rounds && !p->closed; i++) {
        f->round(p, i);
        if (i % 10 == 0)
            rig_turn(&fx.rig);
    }
    rig_turn(&fx.rig);
    ck_assert_msg(p->goaway == NGHTTP2_ENHANCE_YOUR_CALM, "%s: %u", f->name,
                  p->goaway);
    ck_assert(p->eof);
    ck_assert_uint_eq(fx.h2->m.floods, 1);
    ck_assert_uint_eq(http_conns(fx.rig.http), 0);
    call(other, 1, "GET", "/", WHOLE, "");
    rig_turn(&fx.rig);
    ck_assert_str_eq(of(other, 1)->text, "hello");
    fx_stop();
}
END_TEST

/* The same over a longer time is nobody's harm. */
START_TEST(test_an_allowance_is_given_anew)
{
    struct peer *p;

    fx_start(8);
    p = peer_new(65535);
    call(p, 501, "GET", "/never", WHOLE, "");
    for (unsigned i = 0; i < 1000; i++) {
        pings(p, i);
        rig_wait(&fx.rig, 50 * NS_PER_MS);
    }
    ck_assert_uint_eq(p->goaway, NEVER);
    ck_assert_uint_eq(p->frames[F_PING], 1000);
    fx_stop();
}
END_TEST

START_TEST(test_heads_without_end)
{
    struct peer *p;
    uint8_t block[100] = {0x82, 0x84, 0x87};

    fx_start(8);
    p = peer_new(65535);
    say(p, F_HEADERS, END_STREAM, 1, block, 3);
    for (unsigned i = 0; i < 50 && !p->closed; i++)
        say(p, F_CONTINUATION, 0, 1, "", 0);
    rig_turn(&fx.rig);
    ck_assert(p->eof || p->closed);
    ck_assert_uint_eq(fx.h2->m.floods, 1);
    fx_stop();
}
END_TEST

/* A head of some kilobytes out of many lines. */
static void call_much(struct peer *p, uint32_t id, unsigned lines)
{
    static uint8_t b[16384];
    size_t n = 6;

    memcpy(b, "\x82\x84\x87\x01\x01\x61", 6);
    for (unsigned i = 0; i < lines; i++) {
        b[n] = 0;
        memcpy(b + n + 1, "\2x-", 3);
        b[n + 4] = 100;
        memset(b + n + 5, 'v', 100);
        n += 105;
    }
    say(p, F_HEADERS, WHOLE, id, b, n);
    rig_turn(&fx.rig);
}

START_TEST(test_heads_that_are_too_long)
{
    struct peer *p;

    fx_start(8);
    p = peer_new(65535);
    call_much(p, 1, 50);
    ck_assert_str_eq(of(p, 1)->text, "hello");
    call_much(p, 3, 100);
    ck_assert(holds(of(p, 3)->text, "<!DOCTYPE"));
    ck_assert_uint_eq(fx.rig.http->m.refused__head_size, 1);
    for (unsigned i = 0; i < 3; i++) /* one line, often said by its index */
        call_much(p, 5 + 2 * i, 140);
    ck_assert_uint_eq(p->goaway, NEVER);
    fx_stop();
}
END_TEST

/* Each byte a line of 4 KB: CVE-2016-6581, and it must not be stored. */
START_TEST(test_a_bomb_of_indices)
{
    static uint8_t b[8000];
    struct peer *p;
    size_t n = 3;

    fx_start(8);
    p = peer_new(65535);
    memcpy(b, "\x82\x84\x87", 3);
    memcpy(b + n, "\x40\2x-\x7f\xa1\x1e", 7); /* a value of 4,000 bytes */
    n += 7;
    memset(b + n, 'v', 4000);
    n += 4000;
    memset(b + n, 0xbe, 3000); /* 12 MB of them */
    n += 3000;
    say(p, F_HEADERS, WHOLE, 1, b, n);
    rig_turn(&fx.rig);
    ck_assert_uint_ne(of(p, 1)->reset, NEVER);
    ck_assert_uint_lt(fx.h2->heap.high_water, 128 << 10);
    call(p, 3, "GET", "/", WHOLE, "");
    rig_turn(&fx.rig);
    ck_assert_str_eq(of(p, 3)->text, "hello");
    fx_stop();
}
END_TEST

START_TEST(test_requests_that_make_no_sense)
{
    static const char *const bad[] = {"connection: close\n",
                                      "transfer-encoding: chunked\n",
                                      "Upper: case\n",
                                      "content-length: 5\n",
                                      "te: gzip\n",
                                      "x: a\rb\n",
                                      "content-length: 1, 2\n"};
    struct peer *p;
    uint32_t id = 1;

    fx_start(8);
    p = peer_new(65535);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++, id += 2) {
        call(p, id, "GET", "/", WHOLE, bad[i]);
        rig_turn(&fx.rig);
        ck_assert_msg(of(p, id)->reset == NGHTTP2_PROTOCOL_ERROR, "%s", bad[i]);
    }
    call(p, id, "", "/", WHOLE, ""); /* no method; then no path */
    call(p, id + 2, "GET", "", WHOLE, "");
    call(p, id + 4, "POST", "/upload", END_HEADERS, "content-length: 3\n");
    say(p, F_DATA, END_STREAM, id + 4, "four", 4);
    rig_turn(&fx.rig);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(of(p, id + 2 * i)->reset, NGHTTP2_PROTOCOL_ERROR);
    ck_assert_uint_eq(fx.rig.http->m.requests__2xx, 0);
    fx_stop();
}
END_TEST

START_TEST(test_frames_that_make_no_sense)
{
    static const struct {
        unsigned type;
        uint32_t id;
        size_t n;
        uint32_t code;
    } bad[] = {{F_DATA, 0, 1, NGHTTP2_PROTOCOL_ERROR},
               {F_DATA, 99, 1, NGHTTP2_PROTOCOL_ERROR},
               {F_HEADERS, 2, 3, NGHTTP2_PROTOCOL_ERROR},
               {F_PING, 0, 7, NGHTTP2_FRAME_SIZE_ERROR},
               {F_SETTINGS, 0, 5, NGHTTP2_FRAME_SIZE_ERROR},
               {F_SETTINGS, 1, 6, NGHTTP2_PROTOCOL_ERROR},
               {F_PUSH, 1, 4, NGHTTP2_PROTOCOL_ERROR},
               {F_WINDOW, 0, 4, NGHTTP2_PROTOCOL_ERROR},
               {F_CONTINUATION, 1, 1, NGHTTP2_PROTOCOL_ERROR},
               {F_RESET, 77, 4, NGHTTP2_PROTOCOL_ERROR}};
    struct peer *p;

    fx_start(8);
    p = peer_new(65535);
    say(p, bad[_i].type, END_HEADERS & (bad[_i].type == F_HEADERS ? 4 : 0),
        bad[_i].id, "\0\0\0\0\0\0\0\0", bad[_i].n);
    rig_turn(&fx.rig);
    ck_assert_uint_eq(p->goaway, bad[_i].code);
    ck_assert(p->eof);
    fx_stop();
}
END_TEST

START_TEST(test_another_protocol)
{
    struct peer *p;

    fx_start(8);
    p = peer_raw();
    stream_write(pipe_stream(&p->pipe, 0),
                 SPAN("GET / HTTP/1.1\r\n\r\n......"));
    rig_turn(&fx.rig);
    ck_assert(p->eof);
    ck_assert_uint_eq(fx.h2->m.errors, 1);
    fx_stop();
}
END_TEST

/* Nobody reads what the server writes: it stops reading as well. */
START_TEST(test_a_deaf_client)
{
    struct peer *p;
    struct stream *s;
    unsigned said = 0;

    fx_start(8);
    p = peer_new(1 << 20);
    s = pipe_stream(&p->pipe, 0);
    s->on_event = NULL;
    open_window(p, 0, 1 << 20);
    for (uint32_t id = 1; id < 200; id += 2)
        call(p, id, "GET", "/big", WHOLE, "");
    while (said < 3000 && stream_reserve(s).n > 20) {
        pings(p, 0);
        said++;
        rig_turn(&fx.rig);
    }
    ck_assert_uint_lt(fx.h2->heap.high_water, H2_CONN_MOST);
    rig_wait(&fx.rig, 300 * NS_PER_SEC);
    ck_assert_uint_eq(http_conns(fx.rig.http), 0);
    s->on_event = NULL;
    stream_release(s);
    p->closed = true;
    fx_stop();
}
END_TEST

/* Beyond the window is beyond what was promised: it is not kept. */
START_TEST(test_more_than_the_window)
{
    struct peer *p;
    char block[16000] = {0};

    fx_start(1);
    p = peer_new(0);
    for (uint32_t id = 1; id < 20; id += 2) {
        call(p, id, "POST", "/echo", END_HEADERS, "");
        for (unsigned i = 0; i < 4 && fx.h2->first; i++)
            say(p, F_DATA, 0, id, block, i < 3 ? 16000 : 1);
    }
    rig_turn(&fx.rig);
    ck_assert_uint_eq(p->goaway, NGHTTP2_FLOW_CONTROL_ERROR);
    ck_assert_uint_lt(fx.h2->heap.high_water, H2_CONN_MOST);
    fx_stop();
}
END_TEST

RUN_CASES("http2 hostile", LOOP(test_floods_end_the_connection, 0, 6),
          TEST(test_an_allowance_is_given_anew), TEST(test_heads_without_end),
          TEST(test_heads_that_are_too_long), TEST(test_a_bomb_of_indices),
          TEST(test_requests_that_make_no_sense),
          LOOP(test_frames_that_make_no_sense, 0, 10),
          TEST(test_another_protocol), TEST(test_a_deaf_client),
          TEST(test_more_than_the_window))
