/* SPDX-License-Identifier: ISC */
#include "world.h"

#include <fenv.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS NS_PER_MS

static void noting(struct env *e, void *arg)
{
    ck_assert_ptr_eq(e, &env);
    note(*(char *)arg);
}

START_TEST(test_a_fiber_starts_at_the_end_of_the_turn_and_frees_itself)
{
    world();
    spawn_free(noting, "a");
    ck_assert_str_eq(trace, "");
    ck_assert_uint_eq(fibers_live(&fibers), 1);
    settle();
    ck_assert_str_eq(trace, "a");
    ck_assert_uint_eq(fibers_live(&fibers), 0);
}
END_TEST

START_TEST(test_one_too_many_is_refused_and_counted)
{
    world();
    for (unsigned i = 0; i < WORLD_FIBERS; i++)
        spawn_free(noting, "a");
    ck_assert_int_eq(fiber_spawn(&env, noting, "b", NULL), E_FULL);
    ck_assert_uint_eq(fibers.metrics.refusals, 1);
    ck_assert_uint_eq(fibers.metrics.high_water, WORLD_FIBERS);
    settle();
    ck_assert_str_eq(trace, "aaaa");
    spawn_free(noting, "c");
    settle();
    ck_assert_str_eq(trace, "aaaac");
}
END_TEST

static void sleeper(struct env *e, void *arg)
{
    const char *name = arg;

    for (unsigned i = 0; i < 3; i++) {
        note(name[0]);
        ck_assert_int_eq(fiber_sleep(e, (unsigned)(name[1] - '0') * 10 * MS),
                         OK);
    }
    note((char)(name[0] - 'a' + 'A'));
}

START_TEST(test_sleepers_interleave_by_their_time)
{
    ns_t start;

    world();
    start = now;
    spawn_free(sleeper, "a2");
    spawn_free(sleeper, "b5");
    run_until(start + 19 * MS);
    ck_assert_str_eq(trace, "ab");
    run_until(start + 1000 * MS);
    /* a at 0 20 40, done 60; b at 0 50 100, done 150 */
    ck_assert_str_eq(trace, "abaabAbB");
    ck_assert_uint_eq(fibers_live(&fibers), 0);
    ck_assert_uint_eq(loop_pending(&loop), 0);
}
END_TEST

static void sleep_once(struct env *e, void *arg)
{
    ck_assert_int_eq(fiber_sleep(e, *(ns_t *)arg), OK);
    note('z');
}

START_TEST(test_sleep_is_never_shorter_than_asked)
{
    ns_t start, duration = 1500 * NS_PER_US;

    world();
    start = now;
    spawn_free(sleep_once, &duration);
    run_until(start + duration - 1);
    ck_assert_str_eq(trace, "");
    run_until(start + duration + MS);
    ck_assert_str_eq(trace, "z");
}
END_TEST

START_TEST(test_sleeping_for_ever_does_not_wrap)
{
    ns_t duration = NS_NEVER - 5;

    world();
    spawn_free(sleep_once, &duration);
    run_until(now + 1000 * NS_PER_SEC);
    ck_assert_str_eq(trace, "");
    ck_assert_uint_eq(fibers_live(&fibers), 1);
}
END_TEST

static void child(struct env *e, void *arg)
{
    (void)arg;
    note('c');
    note(fiber_sleep(e, 50 * MS) ? 'X' : 'C');
}

static void parent(struct env *e, void *arg)
{
    struct fiber *f;

    (void)arg;
    ck_assert_int_eq(fiber_spawn(e, child, NULL, &f), OK);
    note('p');
    fiber_join(e, f);
    note('P');
}

START_TEST(test_join_waits_for_the_end_and_frees)
{
    world();
    spawn_free(parent, NULL);
    run_until(now + 40 * MS);
    ck_assert_str_eq(trace, "pc");
    run_until(now + 100 * MS);
    ck_assert_str_eq(trace, "pcCP");
    for (unsigned i = 0; i < WORLD_FIBERS; i++)
        spawn_free(noting, "a");
}
END_TEST

static struct fiber *ended;

static void join_ended(struct env *e, void *arg)
{
    (void)arg;
    fiber_join(e, ended);
    note('j');
}

START_TEST(test_a_joiner_is_not_woken_by_anything_else)
{
    struct fiber *f;

    world();
    f = spawn(parent, NULL);
    run_until(now + 10 * MS);
    fiber_wake(f);
    run_until(now + 10 * MS);
    ck_assert_str_eq(trace, "pc");
}
END_TEST

static void wait_once(struct env *e, void *arg)
{
    (void)arg;
    note(fiber_wait(e->fibers, now + NS_PER_SEC) ? 'E' : 'w');
}

START_TEST(test_a_fiber_that_was_woken_leaves_no_timer_behind)
{
    struct fiber *f;

    world();
    f = spawn(wait_once, NULL);
    settle();
    ck_assert_uint_eq(loop_pending(&loop), 1);
    fiber_wake(f);
    settle();
    ck_assert_str_eq(trace, "w");
    ck_assert_uint_eq(loop_pending(&loop), 0);
}
END_TEST

START_TEST(test_join_of_one_that_has_ended_does_not_wait)
{
    world();
    ended = spawn(noting, "a");
    settle();
    ck_assert_uint_eq(fibers_live(&fibers), 0);
    for (unsigned i = 1; i < WORLD_FIBERS; i++)
        spawn_free(i == 1 ? join_ended : noting, "b");
    ck_assert_int_eq(fiber_spawn(&env, noting, "x", NULL), E_FULL);
    settle();
    ck_assert_str_eq(trace, "ajbb");
    spawn_free(noting, "c");
}
END_TEST

static void stubborn(struct env *e, void *arg)
{
    (void)arg;
    note(fiber_sleep(e, NS_NEVER) == E_CLOSED ? 'x' : '?');
    note(fiber_sleep(e, 5 * MS) == E_CLOSED ? 'x' : '?');
}

START_TEST(test_cancel_ends_the_wait_and_all_later_ones)
{
    struct fiber *f;

    world();
    f = spawn(stubborn, NULL);
    settle();
    fiber_cancel(&env, f);
    fiber_cancel(&env, f);
    ck_assert_str_eq(trace, ""); /* not from inside the call */
    settle();
    ck_assert_str_eq(trace, "xx");
    fiber_cancel(&env, f); /* it has ended, and waits to be joined */
    settle();
    ck_assert_uint_eq(fibers_live(&fibers), 0);
    ck_assert_uint_eq(loop_pending(&loop), 0);
}
END_TEST

START_TEST(test_cancel_before_the_start_lets_it_run_into_its_first_wait)
{
    struct fiber *f;

    world();
    f = spawn(stubborn, NULL);
    fiber_cancel(&env, f);
    settle();
    ck_assert_str_eq(trace, "xx");
    (void)f;
}
END_TEST

START_TEST(test_cancelling_a_joiner_cancels_whom_it_joins)
{
    struct fiber *f;

    world();
    f = spawn(parent, NULL);
    run_until(now + 10 * MS);
    ck_assert_str_eq(trace, "pc");
    fiber_cancel(&env, f);
    settle();
    ck_assert_str_eq(trace, "pcXP");
}
END_TEST

static void cancelled_parent(struct env *e, void *arg)
{
    struct fiber *f;

    (void)arg;
    ck_assert_int_eq(fiber_sleep(e, MS), E_CLOSED);
    ck_assert_int_eq(fiber_spawn(e, child, NULL, &f), OK);
    fiber_join(e, f);
    note('P');
}

START_TEST(test_a_cancelled_fiber_that_joins_cancels_first)
{
    struct fiber *f;

    world();
    f = spawn(cancelled_parent, NULL);
    fiber_cancel(&env, f);
    settle();
    ck_assert_str_eq(trace, "cXP");
}
END_TEST

/* Callee-saved registers and the rounding mode must survive the others. */
static void arithmetic(struct env *e, void *arg)
{
    volatile double one = 1, three = 3;
    uint64_t x = (uintptr_t)arg, sum = 0;

    fesetround(x % 2 ? FE_UPWARD : FE_DOWNWARD);
    for (uint64_t i = 0; i < 100; i++) {
        double third = one / three;

        sum += x * i;
        ck_assert_int_eq(fiber_sleep(e, (1 + x % 3) * MS), OK);
        ck_assert(one / three == third);
        ck_assert((third > 0x1.5555555555555p-2) == (x % 2 == 1));
    }
    fesetround(FE_TONEAREST);
    note(sum == x * 4950 ? 'k' : '?');
}

START_TEST(test_each_fiber_keeps_its_registers_and_rounding)
{
    world();
    for (uintptr_t i = 1; i <= WORLD_FIBERS; i++)
        spawn_free(arithmetic, (void *)i);
    run_until(now + NS_PER_SEC);
    ck_assert_str_eq(trace, "kkkk");
    ck_assert_int_eq(fegetround(), FE_TONEAREST);
}
END_TEST

static unsigned chain_length;

static void chain(struct env *e, void *arg)
{
    (void)arg;
    if (++chain_length < 1000)
        ck_assert_int_eq(fiber_spawn(e, chain, NULL, NULL), OK);
}

START_TEST(test_slots_are_used_again_thousands_of_times)
{
    world();
    chain_length = 0;
    spawn_free(chain, NULL);
    settle();
    ck_assert_uint_eq(chain_length, 1000);
    ck_assert_uint_le(fibers.metrics.high_water, 2);
}
END_TEST

START_TEST(test_a_slot_used_again_starts_afresh)
{
    struct fiber *f;

    world();
    f = spawn(parent, NULL);
    run_until(now + 10 * MS);
    fiber_cancel(&env, f); /* its child, too */
    settle();
    ended = f;
    spawn_free(join_ended, NULL);
    settle();
    ck_assert_str_eq(trace, "pcXPj");
    for (unsigned i = 0; i < WORLD_FIBERS; i++)
        spawn_free(child, NULL);
    run_until(now + 100 * MS);
    ck_assert_str_eq(trace, "pcXPjccccCCCC");
    ck_assert_uint_eq(fibers_live(&fibers), 0);
    for (unsigned i = 0; i < WORLD_FIBERS; i++)
        spawn_free(noting, "n");
}
END_TEST

/* Writes down its stack to half a page below the end, and no further: what
 * lies there would be another fiber's. */
static void overflow(struct env *e, void *arg)
{
    volatile char here = 0;
    uintptr_t top = (uintptr_t)&here;

    (void)e;
    (void)arg;
    for (size_t n = 0; n < WORLD_STACK + MACHINE_PAGE_BYTES / 2; n += 512)
        *(volatile char *)(top - n) = here;
}

static void deep_enough(struct env *e, void *arg)
{
    volatile char room[WORLD_STACK / 2];

    (void)arg;
    memset((char *)room, 1, sizeof(room));
    ck_assert_int_eq(fiber_sleep(e, MS), OK);
    note(room[100] == 1 ? 'd' : '?');
}

START_TEST(test_half_the_stack_is_there_to_use)
{
    world();
    for (unsigned i = 0; i < WORLD_FIBERS; i++)
        spawn_free(deep_enough, NULL);
    run_until(now + NS_PER_SEC);
    ck_assert_str_eq(trace, "dddd");
}
END_TEST

START_TEST(test_an_overflow_faults_on_the_guard_page)
{
    pid_t pid;
    int status;

    world();
    spawn_free(noting, "a"); /* the fiber below */
    spawn_free(overflow, NULL);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        settle();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
END_TEST

START_TEST(test_an_arena_too_small_is_refused)
{
    uint8_t memory[100];
    struct arena arena;

    world();
    arena_init(&arena, (struct mspan){memory, sizeof(memory)});
    ck_assert(!fibers_init(&fibers, &env, &arena));
}
END_TEST

START_TEST(test_waiting_outside_a_fiber_panics)
{
    world();
    fiber_sleep(&env, 1);
}
END_TEST

RUN_TESTS("fiber", PANICS(test_waiting_outside_a_fiber_panics),
          test_a_fiber_starts_at_the_end_of_the_turn_and_frees_itself,
          test_one_too_many_is_refused_and_counted,
          test_sleepers_interleave_by_their_time,
          test_sleep_is_never_shorter_than_asked,
          test_sleeping_for_ever_does_not_wrap,
          test_join_waits_for_the_end_and_frees,
          test_a_joiner_is_not_woken_by_anything_else,
          test_a_fiber_that_was_woken_leaves_no_timer_behind,
          test_join_of_one_that_has_ended_does_not_wait,
          test_cancel_ends_the_wait_and_all_later_ones,
          test_cancel_before_the_start_lets_it_run_into_its_first_wait,
          test_cancelling_a_joiner_cancels_whom_it_joins,
          test_a_cancelled_fiber_that_joins_cancels_first,
          test_each_fiber_keeps_its_registers_and_rounding,
          test_slots_are_used_again_thousands_of_times,
          test_a_slot_used_again_starts_afresh,
          test_half_the_stack_is_there_to_use,
          test_an_overflow_faults_on_the_guard_page,
          test_an_arena_too_small_is_refused)
