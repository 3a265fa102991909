/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <loop/loop_impl.h>
#include <string.h>

#define MS NS_PER_MS

static struct loop loop;

/* What happened, a letter for each call. */
static char trace[64];

static void note(char c)
{
    size_t n = strlen(trace);

    ck_assert_uint_lt(n, sizeof(trace) - 1);
    trace[n] = c;
    trace[n + 1] = 0;
}

static void setup(void)
{
    memset(trace, 0, sizeof(trace));
    loop_init(&loop, 1000 * MS);
}

/* A source with `work` items left. */
static struct device {
    struct source source;
    unsigned work, most;
    bool raced;
    ns_t deadline;
} device;

static unsigned device_poll(struct source *s, ns_t now, unsigned budget)
{
    struct device *d = CONTAINER(s, struct device, source);
    unsigned n = d->work < budget ? d->work : budget;

    ck_assert_uint_eq(now, loop_now(&loop));
    note('p');
    d->work -= n;
    d->most = budget;
    return n;
}

static void device_flush(struct source *s, ns_t now)
{
    (void)s;
    (void)now;
    note('f');
}

static bool device_arm(struct source *s)
{
    note('a');
    return CONTAINER(s, struct device, source)->raced;
}

static ns_t device_deadline(const struct source *s)
{
    return CONTAINER(s, struct device, source)->deadline;
}

static void add_device(void)
{
    device = (struct device){.source = {.poll = device_poll,
                                        .flush = device_flush,
                                        .arm = device_arm,
                                        .deadline = device_deadline},
                             .deadline = NS_NEVER};
    loop_add(&loop, &device.source);
}

static void fire(struct timer *t, ns_t now)
{
    (void)t;
    (void)now;
    note('T');
}

static void run(struct task *t, ns_t now)
{
    (void)t;
    (void)now;
    note('t');
}

START_TEST(test_a_turn_polls_then_fires_then_runs_then_flushes)
{
    struct timer timer = {.fire = fire};
    struct task task = {.run = run};

    setup();
    add_device();
    device.work = 1;
    timer_set(&loop, &timer, 1001 * MS);
    loop_defer(&loop, &task);
    ck_assert(loop_turn(&loop, 1001 * MS));
    ck_assert_str_eq(trace, "pTtf");
    ck_assert(!loop_turn(&loop, 1002 * MS));
}
END_TEST

START_TEST(test_a_flooded_source_gets_its_budget_and_timers_still_fire)
{
    struct timer timer = {.fire = fire};
    struct task task = {.run = run};

    setup();
    add_device();
    device.work = 1000000;
    for (unsigned i = 1; i <= 5; i++) {
        timer_set(&loop, &timer, (1000 + i) * MS);
        loop_defer(&loop, &task);
        ck_assert(loop_turn(&loop, (1000 + i) * MS));
    }
    ck_assert_uint_eq(device.most, LOOP_SOURCE_BUDGET);
    ck_assert_str_eq(trace, "pTtfpTtfpTtfpTtfpTtf");
}
END_TEST

static unsigned runs;

static void run_again(struct task *t, ns_t now)
{
    (void)now;
    runs++;
    loop_defer(&loop, t);
}

START_TEST(test_a_task_that_defers_itself_cannot_keep_a_turn_from_ending)
{
    struct task task = {.run = run_again};

    setup();
    runs = 0;
    loop_defer(&loop, &task);
    ck_assert(loop_turn(&loop, 1001 * MS));
    ck_assert_uint_eq(runs, LOOP_TASK_BUDGET);
    ck_assert_uint_le(loop_deadline(&loop), 1001 * MS);
    ck_assert_uint_eq(loop_pending(&loop), 1);
}
END_TEST

static struct task chain[3];

static void run_next(struct task *t, ns_t now)
{
    (void)now;
    note((char)('0' + (t - chain)));
    if (t < chain + 2)
        loop_defer(&loop, t + 1);
}

START_TEST(test_tasks_run_in_order_and_a_chain_ends_within_the_turn)
{
    struct task first = {.run = run};

    setup();
    for (unsigned i = 0; i < 3; i++)
        chain[i] = (struct task){.run = run_next};
    loop_defer(&loop, &chain[0]);
    loop_defer(&loop, &first);
    loop_defer(&loop, &first);
    ck_assert_uint_eq(loop_pending(&loop), 2);
    ck_assert(loop_turn(&loop, 1001 * MS));
    ck_assert_str_eq(trace, "0t12");
    ck_assert_uint_eq(loop_pending(&loop), 0);
}
END_TEST

START_TEST(test_the_deadline_is_the_earliest_of_timers_and_sources)
{
    struct timer timer = {.fire = fire};

    setup();
    ck_assert_uint_eq(loop_deadline(&loop), NS_NEVER);
    add_device();
    ck_assert_uint_eq(loop_deadline(&loop), NS_NEVER);
    timer_set(&loop, &timer, 1010 * MS);
    ck_assert_uint_le(loop_deadline(&loop), 1010 * MS);
    ck_assert_uint_gt(loop_deadline(&loop), 1000 * MS);
    device.deadline = 1005 * MS;
    ck_assert_uint_eq(loop_deadline(&loop), 1005 * MS);
    timer_clear(&loop, &timer);
    device.deadline = NS_NEVER;
    ck_assert_uint_eq(loop_deadline(&loop), NS_NEVER);
}
END_TEST

START_TEST(test_arm_asks_every_source_even_when_the_first_has_work)
{
    struct device second;

    setup();
    add_device();
    device.raced = true;
    second = device;
    second.raced = false;
    loop_add(&loop, &second.source);
    ck_assert(loop_arm(&loop));
    ck_assert_str_eq(trace, "aa");
    device.raced = false;
    ck_assert(!loop_arm(&loop));
}
END_TEST

START_TEST(test_a_timer_set_for_the_past_fires_in_the_next_turn)
{
    struct timer timer = {.fire = fire};

    setup();
    loop_turn(&loop, 1000 * MS + 500);
    timer_set(&loop, &timer, 1000 * MS + 400);
    ck_assert_uint_le(loop_deadline(&loop), 1000 * MS + 500);
    ck_assert(loop_turn(&loop, 1000 * MS + 600));
    ck_assert_str_eq(trace, "T");
}
END_TEST

static void count(struct timer *t, ns_t now)
{
    (void)t;
    (void)now;
    runs++;
}

START_TEST(test_many_timers_due_at_once_are_spread_over_turns)
{
    static struct timer timers[LOOP_TIMER_BUDGET * 2 + 10];
    struct task task = {.run = run};

    setup();
    runs = 0;
    for (unsigned i = 0; i < ARRAY_LEN(timers); i++) {
        timers[i] = (struct timer){.fire = count};
        timer_set(&loop, &timers[i], 1001 * MS);
    }
    loop_defer(&loop, &task);
    ck_assert(loop_turn(&loop, 1002 * MS));
    ck_assert_uint_eq(runs, LOOP_TIMER_BUDGET);
    ck_assert_str_eq(trace, "t");
    ck_assert(loop_turn(&loop, 1002 * MS));
    ck_assert(loop_turn(&loop, 1002 * MS));
    ck_assert_uint_eq(runs, ARRAY_LEN(timers));
    ck_assert(!loop_turn(&loop, 1002 * MS));
}
END_TEST

static struct goer {
    struct stop stop;
    unsigned told;
    bool busy;
} goers[2];

static void go(struct stop *s, ns_t now)
{
    struct goer *g = CONTAINER(s, struct goer, stop);

    ck_assert_uint_eq(now, loop_now(&loop));
    ck_assert(loop_stopping(&loop));
    g->told++;
}

static bool goes_on(const struct stop *s)
{
    return CONTAINER(s, const struct goer, stop)->busy;
}

START_TEST(test_who_wants_to_know_is_told_of_the_end_once)
{
    setup();
    goers[0] = (struct goer){.stop = {.begin = go, .busy = goes_on}};
    goers[1] = (struct goer){.stop = {.begin = go}, .busy = true};
    loop_on_stop(&loop, &goers[0].stop);
    ck_assert(!loop_stopping(&loop));
    ck_assert_uint_eq(goers[0].told, 0);
    loop_stop(&loop, 1001 * MS);
    ck_assert_uint_eq(goers[0].told, 1);
    loop_on_stop(&loop, &goers[1].stop); /* late, so at once */
    ck_assert_uint_eq(goers[1].told, 1);
    ck_assert_uint_eq(goers[0].told, 1);
    ck_assert(!loop_stop_busy(&loop));
    goers[0].busy = true;
    ck_assert(loop_stop_busy(&loop));
}
END_TEST

RUN_TESTS("loop", PANICS(), test_a_turn_polls_then_fires_then_runs_then_flushes,
          test_a_flooded_source_gets_its_budget_and_timers_still_fire,
          test_a_task_that_defers_itself_cannot_keep_a_turn_from_ending,
          test_tasks_run_in_order_and_a_chain_ends_within_the_turn,
          test_the_deadline_is_the_earliest_of_timers_and_sources,
          test_arm_asks_every_source_even_when_the_first_has_work,
          test_a_timer_set_for_the_past_fires_in_the_next_turn,
          test_many_timers_due_at_once_are_spread_over_turns,
          test_who_wants_to_know_is_told_of_the_end_once)
