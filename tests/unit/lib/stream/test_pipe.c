/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/bytes.h>
#include <loop/loop_impl.h>
#include <stream/pipe.h>

static struct pipe p;
static uint8_t to_0[64], to_1[64];
static struct stream *a, *b;
static unsigned events[2], calls[2], closes[2];

static void on_event(struct stream *s, unsigned e, void *user)
{
    unsigned *mine = user;

    ck_assert_uint_ne(e, 0);
    ck_assert_uint_eq(closes[mine - events], 0);
    *mine |= e;
    calls[mine - events]++;
    if (e & STREAM_CLOSED) {
        closes[mine - events]++;
        ck_assert_ptr_eq(s, pipe_stream(&p, (unsigned)(mine - events)));
    }
}

static void setup(size_t bytes)
{
    memset(events, 0, sizeof(events));
    memset(calls, 0, sizeof(calls));
    memset(closes, 0, sizeof(closes));
    pipe_init(&p, NULL, (struct mspan){to_0, bytes},
              (struct mspan){to_1, bytes});
    a = pipe_stream(&p, 0);
    b = pipe_stream(&p, 1);
    a->on_event = b->on_event = on_event;
    a->user = &events[0];
    b->user = &events[1];
}

/* What came since the last time. */
static unsigned got(unsigned end)
{
    unsigned e;

    while (pipe_dispatch(&p))
        ;
    e = events[end];
    events[end] = 0;
    return e;
}

static size_t write_text(struct stream *s, const char *text)
{
    return stream_write(s, span_of(text));
}

/* Everything there is to read, as text. */
static const char *read_text(struct stream *s)
{
    static char text[1000];
    size_t n = 0;

    for (struct span seen; (seen = stream_peek(s)).n;) {
        memcpy(text + n, seen.p, seen.n);
        n += seen.n;
        stream_consume(s, seen.n);
    }
    text[n] = 0;
    return text;
}

START_TEST(test_bytes_and_events_reach_the_other_end)
{
    setup(64);
    ck_assert_uint_eq(got(0), STREAM_OPEN);
    ck_assert_uint_eq(got(1), 0);
    ck_assert_uint_eq(write_text(a, "hello"), 5);
    ck_assert_uint_eq(events[1], 0); /* never from inside the call */
    ck_assert_uint_eq(got(1), STREAM_READABLE);
    ck_assert_str_eq(read_text(b), "hello");
    ck_assert_uint_eq(write_text(b, "world"), 5);
    ck_assert_uint_eq(got(0), STREAM_READABLE);
    ck_assert_str_eq(read_text(a), "world");
}
END_TEST

START_TEST(test_a_full_buffer_takes_no_more_until_it_is_read)
{
    setup(8);
    got(0);
    ck_assert_uint_eq(write_text(a, "0123456789"), 8);
    ck_assert_uint_eq(stream_reserve(a).n, 0);
    ck_assert_uint_eq(got(0), 0);
    stream_consume(b, 3);
    ck_assert_uint_eq(got(0), STREAM_WRITABLE);
    ck_assert_uint_eq(write_text(a, "abcdef"), 3);
    stream_consume(b, 1);
    ck_assert_uint_eq(got(0), STREAM_WRITABLE);
    stream_consume(b, 1); /* nobody was refused since */
    ck_assert_uint_eq(got(0), 0);
    ck_assert_str_eq(read_text(b), "567abc");
}
END_TEST

START_TEST(test_any_split_of_writes_and_reads_keeps_the_bytes)
{
    uint8_t sent = 0, seen = 0;
    uint32_t seed = 1;

    setup(7);
    for (unsigned i = 0; i < 20000; i++) {
        seed = seed * 1664525 + 1013904223;
        pipe_pieces(&p, seed >> 30);
        if (seed & 0x10000) {
            struct mspan room = stream_reserve(a);
            size_t n = room.n ? (seed >> 20) % (room.n + 1) : 0;

            for (size_t j = 0; j < n; j++)
                room.p[j] = sent++;
            stream_commit(a, n);
        } else {
            struct span in = stream_peek(b);
            size_t n = in.n ? (seed >> 20) % (in.n + 1) : 0;

            for (size_t j = 0; j < n; j++)
                ck_assert_uint_eq(in.p[j], seen++);
            stream_consume(b, n);
        }
    }
    ck_assert_uint_gt(seen, 0);
}
END_TEST

START_TEST(test_pieces_limit_what_is_shown_at_once)
{
    setup(64);
    pipe_pieces(&p, 2);
    ck_assert_uint_eq(stream_reserve(a).n, 2);
    write_text(a, "hello");
    ck_assert_uint_eq(stream_peek(b).n, 2);
    ck_assert_str_eq(read_text(b), "hello");
}
END_TEST

struct lent {
    struct loan loan;
    unsigned done;
};

static void done(struct loan *l)
{
    CONTAINER(l, struct lent, loan)->done++;
}

static struct lent lent(const char *text)
{
    return (struct lent){.loan = {.bytes = span_of(text), .done = done}};
}

START_TEST(test_loans_keep_their_place_between_written_bytes)
{
    struct lent one = lent("ONE"), two = lent("TWO");

    setup(64);
    write_text(a, "a");
    ck_assert(stream_lend(a, &one.loan));
    ck_assert(stream_lend(a, &two.loan));
    write_text(a, "b");
    ck_assert_ptr_eq(p.end[1].queue.loans, &one.loan);
    stream_consume(b, 1);
    ck_assert_ptr_eq(stream_peek(b).p, one.loan.bytes.p); /* not copied */
    stream_consume(b, 2);
    ck_assert_uint_eq(one.done, 0);
    stream_consume(b, 1);
    ck_assert_uint_eq(one.done, 0); /* never from inside a call */
    got(0);
    ck_assert_uint_eq(one.done, 1);
    ck_assert_uint_eq(two.done, 0);
    ck_assert_str_eq(read_text(b), "TWOb");
    got(0);
    ck_assert_uint_eq(one.done, 1);
    ck_assert_uint_eq(two.done, 1);
}
END_TEST

START_TEST(test_a_loan_of_any_size_is_taken_when_there_is_any_room)
{
    struct lent big = lent("much longer than the buffer is"), next = lent("x");

    setup(4);
    got(0);
    write_text(a, "abc");
    ck_assert(stream_lend(a, &big.loan));
    ck_assert(!stream_lend(a, &next.loan));
    ck_assert_uint_eq(stream_reserve(a).n, 0);
    ck_assert_uint_eq(got(0), 0);
    ck_assert_str_eq(read_text(b), "abcmuch longer than the buffer is");
    ck_assert_uint_eq(got(0), STREAM_WRITABLE);
    ck_assert_uint_eq(big.done, 1);
    ck_assert_uint_eq(next.done, 0);
    ck_assert(stream_lend(a, &next.loan));
    stream_abort(a);
    got(0);
    ck_assert_uint_eq(next.done, 1);
}
END_TEST

START_TEST(test_room_is_told_only_when_there_is_some)
{
    struct lent big = lent("0123456789");

    setup(4);
    got(0);
    ck_assert(stream_lend(a, &big.loan));
    ck_assert_uint_eq(stream_reserve(a).n, 0);
    for (unsigned i = 0; i < 6; i++) {
        stream_consume(b, 1);
        ck_assert_uint_eq(got(0), 0);
    }
    stream_consume(b, 1);
    ck_assert_uint_eq(got(0), STREAM_WRITABLE);
    ck_assert_uint_eq(stream_reserve(a).n, 1);
}
END_TEST

START_TEST(test_loans_consumed_together_are_all_done)
{
    struct lent loans[3] = {lent("A"), lent("B"), lent("C")};

    setup(64);
    for (unsigned i = 0; i < 3; i++)
        ck_assert(stream_lend(a, &loans[i].loan));
    ck_assert_str_eq(read_text(b), "ABC");
    got(0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(loans[i].done, 1);
}
END_TEST

START_TEST(test_an_end_without_a_byte)
{
    setup(64);
    got(0);
    stream_shutdown(a);
    ck_assert_uint_eq(got(1), STREAM_EOF);
    stream_shutdown(b);
    ck_assert_uint_eq(got(0), STREAM_EOF | STREAM_CLOSED);
    ck_assert_uint_eq(got(1), STREAM_CLOSED);
    stream_release(a);
    stream_release(b);
}
END_TEST

START_TEST(test_an_abort_ends_loans_and_tells_both_ends_why)
{
    struct lent one = lent("ONE"), two = lent("TWO");

    setup(64);
    got(0);
    ck_assert(stream_lend(a, &one.loan));
    ck_assert(stream_lend(b, &two.loan));
    stream_consume(b, 1);
    got(0);
    stream_abort(b);
    ck_assert_uint_eq(closes[0] + closes[1], 0);
    ck_assert_uint_eq(got(0) & STREAM_CLOSED, STREAM_CLOSED);
    ck_assert_uint_eq(got(1) & STREAM_CLOSED, STREAM_CLOSED);
    ck_assert_int_eq(a->error, E_RESET);
    ck_assert_int_eq(b->error, E_CLOSED);
    ck_assert_uint_eq(one.done, 1);
    ck_assert_uint_eq(two.done, 1);
    ck_assert_uint_eq(stream_peek(a).n, 0);
    ck_assert_uint_eq(stream_reserve(a).n, 0);
    ck_assert(!stream_lend(a, &one.loan));
    stream_abort(a);
    ck_assert_uint_eq(got(0), 0);
    stream_release(a);
    stream_release(b);
}
END_TEST

START_TEST(test_an_orderly_end_waits_for_what_is_unread)
{
    setup(64);
    got(0);
    write_text(a, "last");
    stream_shutdown(a);
    stream_shutdown(a);
    ck_assert_uint_eq(stream_reserve(a).n, 0);
    ck_assert_uint_eq(got(1), STREAM_READABLE | STREAM_EOF);
    write_text(b, "answer");
    stream_shutdown(b);
    ck_assert_uint_eq(got(0), STREAM_READABLE | STREAM_EOF);
    ck_assert_str_eq(read_text(a), "answer");
    ck_assert_uint_eq(got(0), 0);
    ck_assert_str_eq(read_text(b), "last");
    ck_assert_uint_eq(got(0), STREAM_CLOSED);
    ck_assert_uint_eq(got(1), STREAM_CLOSED);
    ck_assert_int_eq(a->error, OK);
    ck_assert_int_eq(b->error, OK);
}
END_TEST

START_TEST(test_release_of_an_open_end_resets_the_other)
{
    setup(64);
    got(0);
    write_text(a, "lost");
    stream_release(a);
    ck_assert_uint_eq(got(1), STREAM_READABLE | STREAM_CLOSED);
    ck_assert_int_eq(b->error, E_RESET);
    ck_assert_uint_eq(closes[0], 0);
}
END_TEST

START_TEST(test_release_after_both_shut_lets_the_rest_arrive)
{
    struct lent loan = lent("LENT");

    setup(64);
    got(0);
    write_text(a, "kept ");
    ck_assert(stream_lend(a, &loan.loan));
    stream_shutdown(a);
    stream_shutdown(b);
    stream_release(a);
    got(1);
    ck_assert_str_eq(read_text(b), "kept LENT");
    ck_assert_uint_eq(got(1), STREAM_CLOSED);
    ck_assert_int_eq(b->error, OK);
    ck_assert_uint_eq(closes[0], 0);
    ck_assert_uint_eq(loan.done, 1);
}
END_TEST

START_TEST(test_a_closed_end_nobody_listens_to_counts_as_released)
{
    setup(64);
    b->on_event = NULL;
    stream_abort(a);
    got(0);
    ck_assert(p.end[1].released);
}
END_TEST

START_TEST(test_events_come_by_a_task_of_the_loop)
{
    static struct loop loop;

    setup(64);
    loop_init(&loop, 0);
    pipe_init(&p, &loop, (struct mspan){to_0, 64}, (struct mspan){to_1, 64});
    a->on_event = b->on_event = on_event;
    a->user = &events[0];
    b->user = &events[1];
    write_text(a, "x");
    ck_assert_uint_eq(loop_pending(&loop), 1);
    loop_turn(&loop, 1);
    ck_assert_uint_eq(events[0], STREAM_OPEN);
    ck_assert_uint_eq(events[1], STREAM_READABLE);
    ck_assert_uint_eq(loop_pending(&loop), 0);
}
END_TEST

START_TEST(test_a_stream_without_lending_refuses_loans)
{
    struct stream_ops ops;
    struct lent one = lent("ONE");

    setup(64);
    ck_assert(stream_lends(a));
    ops = *a->ops;
    ops.lend = NULL;
    a->ops = &ops;
    ck_assert(!stream_lends(a));
    ck_assert(!stream_lend(a, &one.loan));
    ck_assert_uint_eq(one.done, 0);
}
END_TEST

START_TEST(test_consuming_more_than_was_shown_panics)
{
    setup(64);
    write_text(a, "abc");
    stream_consume(b, 4);
}
END_TEST

RUN_TESTS("pipe", PANICS(test_consuming_more_than_was_shown_panics),
          test_bytes_and_events_reach_the_other_end,
          test_a_full_buffer_takes_no_more_until_it_is_read,
          test_any_split_of_writes_and_reads_keeps_the_bytes,
          test_pieces_limit_what_is_shown_at_once,
          test_loans_keep_their_place_between_written_bytes,
          test_a_loan_of_any_size_is_taken_when_there_is_any_room,
          test_room_is_told_only_when_there_is_some,
          test_loans_consumed_together_are_all_done, test_an_end_without_a_byte,
          test_an_abort_ends_loans_and_tells_both_ends_why,
          test_an_orderly_end_waits_for_what_is_unread,
          test_release_of_an_open_end_resets_the_other,
          test_release_after_both_shut_lets_the_rest_arrive,
          test_a_closed_end_nobody_listens_to_counts_as_released,
          test_events_come_by_a_task_of_the_loop,
          test_a_stream_without_lending_refuses_loans)
