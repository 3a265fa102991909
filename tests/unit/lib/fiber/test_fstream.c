/* SPDX-License-Identifier: ISC */
#include "world.h"

#include <base/bytes.h>
#include <stream/pipe.h>

#define MS NS_PER_MS

/* The fiber has end 0 of a pipe, the test itself end 1. */
static struct pipe pipe_;
static struct stream *peer;
static struct fstream fs;
static unsigned peer_events;
static char text[512];
static enum err result;

static void on_peer(struct stream *s, unsigned events, void *user)
{
    (void)s;
    (void)user;
    peer_events |= events;
}

static void setup(void)
{
    static uint8_t to_0[16], to_1[16];

    world();
    pipe_init(&pipe_, &loop, (struct mspan){to_0, 16},
              (struct mspan){to_1, 16});
    peer = pipe_stream(&pipe_, 1);
    peer->on_event = on_peer;
    peer_events = 0;
    memset(text, 0, sizeof(text));
    result = OK;
    fs = (struct fstream){0};
    fstream_attach(&env, &fs, pipe_stream(&pipe_, 0));
}

static void send(const char *s)
{
    ck_assert_uint_eq(stream_write(peer, span_of(s)), strlen(s));
}

static const char *received(void)
{
    static char all[4096];
    struct span seen;
    size_t n = 0;

    for (settle(); (seen = stream_peek(peer)).n; settle()) {
        memcpy(all + n, seen.p, seen.n);
        n += seen.n;
        stream_consume(peer, seen.n);
    }
    all[n] = 0;
    return all;
}

static void read_some(struct env *e, void *arg)
{
    size_t got = 99;

    (void)e;
    (void)arg;
    do {
        size_t n = strlen(text);

        result = fstream_read_some(&fs, (struct mspan){(uint8_t *)text + n, 5},
                                   &got);
        note(result ? 'E' : (char)('0' + got));
    } while (!result && got);
}

START_TEST(test_read_some_gives_what_there_is_then_the_end)
{
    setup();
    spawn_free(read_some, NULL);
    settle();
    ck_assert_str_eq(trace, "");
    send("abc");
    settle();
    ck_assert_str_eq(trace, "3");
    send("0123456789");
    settle();
    ck_assert_str_eq(trace, "355");
    send("z");
    stream_shutdown(peer);
    settle();
    ck_assert_str_eq(trace, "35510");
    ck_assert_str_eq(text, "abc0123456789z");
    ck_assert_int_eq(result, OK);
}
END_TEST

START_TEST(test_reading_from_a_reset_stream_says_so_and_goes_on_saying_so)
{
    setup();
    spawn_free(read_some, NULL);
    settle();
    stream_abort(peer);
    settle();
    ck_assert_int_eq(result, E_RESET);
    spawn_free(read_some, NULL);
    settle();
    ck_assert_int_eq(result, E_RESET);
    ck_assert_str_eq(trace, "EE");
}
END_TEST

static void read_exact(struct env *e, void *arg)
{
    (void)e;
    result = fstream_read_exact(
        &fs, (struct mspan){(uint8_t *)text, *(size_t *)arg});
    note(result ? 'E' : 'k');
}

START_TEST(test_read_exact_collects_over_many_pieces)
{
    size_t n = 40;

    setup();
    spawn_free(read_exact, &n);
    for (unsigned i = 0; i < 4; i++) {
        settle();
        ck_assert_str_eq(trace, "");
        send("0123456789");
    }
    settle();
    ck_assert_str_eq(trace, "k");
    ck_assert_uint_eq(strlen(text), 40);
}
END_TEST

START_TEST(test_read_exact_of_less_than_asked_is_closed)
{
    size_t n = 40;

    setup();
    spawn_free(read_exact, &n);
    send("0123456789");
    stream_shutdown(peer);
    settle();
    ck_assert_int_eq(result, E_CLOSED);
}
END_TEST

static void read_lines(struct env *e, void *arg)
{
    size_t got;

    (void)e;
    (void)arg;
    do {
        char line[33] = "";

        result =
            fstream_read_line(&fs, (struct mspan){(uint8_t *)line, 32}, &got);
        strcat(text, line);
        strcat(text, result ? "!" : "|");
    } while (!result && got);
}

START_TEST(test_lines_of_any_cut_then_the_rest_then_the_end)
{
    setup();
    pipe_pieces(&pipe_, 3);
    spawn_free(read_lines, NULL);
    send("one\ntwo");
    settle();
    send(" three\n\nend");
    stream_shutdown(peer);
    settle();
    ck_assert_str_eq(text, "one\n|two three\n|\n|end||");
    ck_assert_int_eq(result, OK);
}
END_TEST

START_TEST(test_a_line_longer_than_the_room_is_full)
{
    setup();
    spawn_free(read_lines, NULL);
    for (unsigned i = 0; i < 4; i++) {
        send("0123456789");
        settle();
    }
    ck_assert_int_eq(result, E_FULL);
}
END_TEST

static void write_all(struct env *e, void *arg)
{
    (void)e;
    result = fstream_write_all(&fs, span_of(arg));
    note(result ? 'E' : 'k');
}

START_TEST(test_write_all_waits_for_room)
{
    static char big[1001];

    setup();
    memset(big, 'x', 1000);
    spawn_free(write_all, big);
    settle();
    ck_assert_str_eq(trace, "");
    ck_assert_str_eq(received(), big);
    ck_assert_str_eq(trace, "k");
}
END_TEST

START_TEST(test_write_all_to_a_peer_that_resets)
{
    static char big[1001];

    setup();
    memset(big, 'x', 1000);
    spawn_free(write_all, big);
    settle();
    stream_abort(peer);
    settle();
    ck_assert_int_eq(result, E_RESET);
}
END_TEST

START_TEST(test_a_timeout_is_for_the_whole_call)
{
    size_t n = 40;

    setup();
    fs.timeout = 100 * MS;
    spawn_free(read_exact, &n);
    settle();
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_str_eq(trace, "");
        send("x"); /* progress, yet too slow */
        run_until(now + 30 * MS);
    }
    ck_assert_str_eq(trace, "E");
    ck_assert_int_eq(result, E_TIMEOUT);
    ck_assert_uint_eq(loop_pending(&loop), 0);
}
END_TEST

START_TEST(test_cancel_ends_a_read)
{
    size_t n = 40;
    struct fiber *f;

    setup();
    f = spawn(read_exact, &n);
    settle();
    fiber_cancel(&env, f);
    settle();
    ck_assert_int_eq(result, E_CLOSED);
}
END_TEST

static void write_and_close(struct env *e, void *arg)
{
    write_all(e, arg);
    fstream_close(&fs);
    fstream_close(&fs);
    note('c');
}

START_TEST(test_close_delivers_what_was_written_and_waits_for_the_peer)
{
    setup();
    spawn_free(write_and_close, "farewell");
    settle();
    ck_assert_str_eq(trace, "k");
    send("ignored");
    ck_assert_str_eq(received(), "farewell");
    ck_assert(peer_events & STREAM_EOF);
    ck_assert_str_eq(trace, "k");
    stream_shutdown(peer);
    settle();
    ck_assert_str_eq(trace, "kc");
    ck_assert(peer_events & STREAM_CLOSED);
    ck_assert_int_eq(peer->error, OK);
}
END_TEST

START_TEST(test_close_does_not_wait_for_ever)
{
    setup();
    spawn_free(write_and_close, "farewell");
    run_until(now + 9 * NS_PER_SEC);
    ck_assert_str_eq(trace, "k");
    run_until(now + 2 * NS_PER_SEC);
    ck_assert_str_eq(trace, "kc");
    ck_assert_int_eq(peer->error, E_RESET);
}
END_TEST

START_TEST(test_close_after_a_failure_or_cancelled_does_not_wait)
{
    struct fiber *f;

    setup();
    f = spawn(write_and_close, "farewell");
    fiber_cancel(&env, f);
    settle();
    ck_assert_str_eq(trace, "kc");
    ck_assert_uint_eq(fibers_live(&fibers), 0);
}
END_TEST

RUN_TESTS("fstream", PANICS(), test_read_some_gives_what_there_is_then_the_end,
          test_reading_from_a_reset_stream_says_so_and_goes_on_saying_so,
          test_read_exact_collects_over_many_pieces,
          test_read_exact_of_less_than_asked_is_closed,
          test_lines_of_any_cut_then_the_rest_then_the_end,
          test_a_line_longer_than_the_room_is_full,
          test_write_all_waits_for_room, test_write_all_to_a_peer_that_resets,
          test_a_timeout_is_for_the_whole_call, test_cancel_ends_a_read,
          test_close_delivers_what_was_written_and_waits_for_the_peer,
          test_close_does_not_wait_for_ever,
          test_close_after_a_failure_or_cancelled_does_not_wait)
