/* SPDX-License-Identifier: ISC */
/* fstream_dial() and fiber_resolve(), against a network made of this file. */
#include "world.h"

#include <base/bytes.h>
#include <stream/pipe.h>

#define MS NS_PER_MS

static struct pipe pipe_;
static enum err connect_err, dial_err, resolve_err;
static struct fstream fs;

enum err tcp_connect(struct net *net, const struct endpoint *to,
                     struct stream **out)
{
    static uint8_t a[16], b[16];

    (void)net;
    ck_assert_uint_eq(to->port, 80);
    if (connect_err)
        return connect_err;
    pipe_init(&pipe_, &loop, (struct mspan){a, 16}, (struct mspan){b, 16});
    *out = pipe_stream(&pipe_, 0);
    return OK;
}

/* Questions open, in the order they were asked. */
static struct {
    dns_fn *answer;
    void *user;
} question[8];
static unsigned nquestions;

enum err dns_resolve(struct net *net, const char *name, dns_fn *answer,
                     void *user)
{
    (void)net;
    if (strcmp(name, "full") == 0)
        return E_FULL;
    question[nquestions].answer = answer;
    question[nquestions++].user = user;
    return OK;
}

static void answer(unsigned i, enum err err, uint8_t last)
{
    struct ipaddr a[2] = {ipaddr_v4(192, 0, 2, last), ipaddr_v4(1, 1, 1, 1)};

    question[i].answer(err, a, err ? 0 : 2, question[i].user);
}

static struct happy_eyeballs *eyes;

enum err happy_eyeballs_dial(struct net *net, struct happy_eyeballs *d,
                             const char *name, uint16_t port, dial_fn *fn,
                             void *user)
{
    (void)net;
    ck_assert_str_eq(name, "www.example");
    ck_assert_uint_eq(port, 80);
    ck_assert_uint_eq(d->timeout, fs.timeout);
    d->fn = fn;
    d->user = user;
    eyes = d;
    return connect_err;
}

void happy_eyeballs_cancel(struct happy_eyeballs *d)
{
    ck_assert_ptr_eq(d, eyes);
    eyes = NULL;
}

static void setup(void)
{
    eyes = NULL;
    world();
    fs = (struct fstream){0};
    connect_err = OK;
    nquestions = 0;
}

static void dial(struct env *e, void *arg)
{
    struct endpoint to = {.port = 80};

    (void)arg;
    dial_err = fstream_dial(e, &fs, &to);
    note(dial_err ? 'E' : 'k');
    fstream_close(&fs);
    note('c');
}

START_TEST(test_dial_waits_until_the_stream_is_open)
{
    setup();
    spawn_free(dial, NULL);
    settle();
    ck_assert_str_eq(trace, "k");
    stream_shutdown(pipe_stream(&pipe_, 1));
    settle();
    ck_assert_str_eq(trace, "kc");
}
END_TEST

START_TEST(test_dial_without_a_route_fails_at_once)
{
    setup();
    connect_err = E_UNREACH;
    spawn_free(dial, NULL);
    settle();
    ck_assert_int_eq(dial_err, E_UNREACH);
    ck_assert_str_eq(trace, "Ec");
}
END_TEST

static void refuse(struct env *e, void *arg)
{
    (void)e;
    (void)arg;
    pipe_.end[0].events = 0; /* takes back STREAM_OPEN */
    stream_abort(pipe_stream(&pipe_, 1));
    pipe_.end[0].stream.error = E_REFUSED;
}

START_TEST(test_dial_that_is_refused)
{
    setup();
    spawn_free(dial, NULL);
    spawn_free(refuse, NULL);
    settle();
    ck_assert_int_eq(dial_err, E_REFUSED);
    ck_assert_str_eq(trace, "Ec");
}
END_TEST

static void silence(struct env *e, void *arg)
{
    (void)e;
    (void)arg;
    pipe_.end[0].events = 0;
}

START_TEST(test_dial_to_silence_times_out)
{
    setup();
    fs.timeout = 50 * MS;
    spawn_free(dial, NULL);
    spawn_free(silence, NULL);
    run_until(now + 49 * MS);
    ck_assert_str_eq(trace, "");
    run_until(now + 2 * MS);
    ck_assert_int_eq(dial_err, E_TIMEOUT);
    ck_assert_str_eq(trace, "Ec");
}
END_TEST

static void dial_name(struct env *e, void *arg)
{
    (void)arg;
    dial_err = fstream_dial_name(e, &fs, "www.example", 80);
    note(dial_err ? 'E' : 'k');
    fstream_close(&fs);
    note('c');
}

START_TEST(test_dial_by_name)
{
    struct endpoint to = {.port = 80};
    struct stream *s;

    setup();
    spawn_free(dial_name, NULL);
    settle();
    ck_assert_str_eq(trace, "");
    ck_assert_int_eq(tcp_connect(NULL, &to, &s), OK);
    eyes->fn(OK, s, eyes, eyes->user);
    settle();
    ck_assert_str_eq(trace, "k");
    stream_shutdown(pipe_stream(&pipe_, 1));
    settle();
    ck_assert_str_eq(trace, "kc");
}
END_TEST

START_TEST(test_dial_by_name_fails_or_is_cancelled)
{
    struct fiber *f;

    setup();
    spawn_free(dial_name, NULL);
    settle();
    eyes->fn(E_REFUSED, NULL, eyes, eyes->user);
    settle();
    ck_assert_int_eq(dial_err, E_REFUSED);
    setup();
    connect_err = E_FULL;
    spawn_free(dial_name, NULL);
    settle();
    ck_assert_int_eq(dial_err, E_FULL);
    setup();
    f = spawn(dial_name, NULL);
    settle();
    fiber_cancel(&env, f);
    settle();
    ck_assert_ptr_null(eyes);
    ck_assert_int_eq(dial_err, E_CLOSED);
}
END_TEST

static void resolve(struct env *e, void *arg)
{
    struct ipaddr a = {0};

    resolve_err = fiber_resolve(e, arg, &a);
    note(resolve_err ? 'E' : (char)('0' + a.b[15]));
}

START_TEST(test_resolve_gives_the_first_address)
{
    setup();
    spawn_free(resolve, "a");
    spawn_free(resolve, "b");
    settle();
    ck_assert_uint_eq(nquestions, 2);
    answer(1, OK, 2);
    settle();
    answer(0, OK, 1);
    settle();
    ck_assert_str_eq(trace, "21");
}
END_TEST

START_TEST(test_resolve_passes_errors_on)
{
    setup();
    spawn_free(resolve, "a");
    settle();
    answer(0, E_TIMEOUT, 0);
    settle();
    ck_assert_int_eq(resolve_err, E_TIMEOUT);
    spawn_free(resolve, "full");
    settle();
    ck_assert_int_eq(resolve_err, E_FULL);
    ck_assert_uint_eq(nquestions, 1);
}
END_TEST

START_TEST(test_an_answer_for_a_cancelled_fiber_goes_nowhere)
{
    struct fiber *f;

    setup();
    f = spawn(resolve, "a");
    settle();
    fiber_cancel(&env, f);
    settle();
    ck_assert_int_eq(resolve_err, E_CLOSED);
    /* the slot's next user asks something else meanwhile */
    spawn_free(resolve, "b");
    settle();
    answer(0, OK, 1);
    settle();
    ck_assert_str_eq(trace, "E");
    answer(1, OK, 2);
    settle();
    ck_assert_str_eq(trace, "E2");
}
END_TEST

START_TEST(test_abandoned_questions_are_bounded)
{
    setup();
    for (unsigned i = 0; i < WORLD_FIBERS; i++) {
        struct fiber *f = spawn(resolve, "a");

        settle();
        fiber_cancel(&env, f);
        settle();
        f->joinable = false;
    }
    ck_assert_uint_eq(nquestions, WORLD_FIBERS);
    for (unsigned i = 0; i < WORLD_FIBERS; i++)
        ck_assert(fibers.lookup[i].open);
    answer(2, OK, 1);
    ck_assert(!fibers.lookup[2].open);
}
END_TEST

RUN_TESTS("dial", PANICS(), test_dial_waits_until_the_stream_is_open,
          test_dial_without_a_route_fails_at_once, test_dial_that_is_refused,
          test_dial_to_silence_times_out, test_dial_by_name,
          test_dial_by_name_fails_or_is_cancelled,
          test_resolve_gives_the_first_address, test_resolve_passes_errors_on,
          test_an_answer_for_a_cancelled_fiber_goes_nowhere,
          test_abandoned_questions_are_bounded)
