/* SPDX-License-Identifier: ISC */
/* arch/hosted: a process keeps the promises of machine.h. */
#include "../lib/suite.h"

#include <billet/machine.h>
#include <hosted/hosted.h>
#include <hosted/watch.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS NS_PER_MS

static const char *const args[] = {"--one", "two=2", NULL};

START_TEST(test_time_begins_at_zero_and_goes_on)
{
    ns_t first, second;

    hosted_init(args);
    first = machine_now();
    ck_assert_uint_lt(first, 1000 * MS);
    machine_wait(first + 20 * MS);
    second = machine_now();
    ck_assert_uint_ge(second, first + 20 * MS);
    ck_assert_uint_lt(second, first + 2000 * MS);
    machine_wait(0); /* past: does not wait */
    ck_assert_uint_gt(machine_wall_ns(), UINT64_C(1700000000) * NS_PER_SEC);
    ck_assert_uint_eq(machine_boot_ns(), 0);
}
END_TEST

START_TEST(test_a_readable_descriptor_ends_the_wait)
{
    int fd[2];

    hosted_init(args);
    ck_assert_int_eq(pipe(fd), 0);
    ck_assert(machine_watch(fd[0]));
    machine_wait(machine_now() + 5 * MS);
    ck_assert(!machine_woken());
    ck_assert_int_eq(write(fd[1], "x", 1), 1);
    machine_wait(NS_NEVER);
    ck_assert(machine_woken());
    ck_assert(!machine_woken());
    machine_unwatch(fd[0]);
    machine_wait(machine_now() + 5 * MS);
    ck_assert(!machine_woken());
}
END_TEST

START_TEST(test_a_writable_descriptor_wakes_only_when_asked_for)
{
    int fd[2];

    hosted_init(args);
    ck_assert_int_eq(pipe(fd), 0);
    ck_assert(machine_watch(fd[1]));
    machine_wait(machine_now() + 5 * MS);
    ck_assert(!machine_woken());
    machine_watch_writable(fd[1], true);
    machine_wait(NS_NEVER);
    ck_assert(machine_woken());
    machine_watch_writable(fd[1], false);
    machine_wait(machine_now() + 5 * MS);
    ck_assert(!machine_woken());
}
END_TEST

START_TEST(test_watches_are_bounded)
{
    hosted_init(args);
    for (int i = 0; i < WATCHES_MAX; i++)
        ck_assert(machine_watch(i + 100));
    ck_assert(!machine_watch(500));
    for (int i = 0; i < WATCHES_MAX; i++)
        machine_unwatch(i + 100);
    ck_assert(machine_watch(500));
}
END_TEST

START_TEST(test_memory_is_given_once_and_guards_fault)
{
    struct mspan m;
    int status;
    pid_t pid;

    setenv("BILLET_MEMORY_MB", "16", 1);
    hosted_init(args);
    m = machine_memory();
    ck_assert_uint_eq(m.n, 16 << 20);
    ck_assert_uint_eq(machine_memory_total(), 16 << 20);
    ck_assert_uint_eq((uintptr_t)m.p % MACHINE_PAGE_BYTES, 0);
    ck_assert_uint_eq(machine_memory().n, 0);
    m.p[MACHINE_PAGE_BYTES] = 1;
    machine_guard(m.p + MACHINE_PAGE_BYTES, MACHINE_PAGE_BYTES);
    m.p[0] = m.p[2 * MACHINE_PAGE_BYTES] = 1;
    pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        m.p[MACHINE_PAGE_BYTES] = 2;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
END_TEST

START_TEST(test_arguments_and_name)
{
    hosted_init(args);
    ck_assert_str_eq(machine_args()[1], "two=2");
    ck_assert_ptr_null(machine_args()[2]);
    ck_assert(strstr(machine_name(), "Linux"));
}
END_TEST

START_TEST(test_random_bytes_differ)
{
    uint8_t a[300] = {0}, b[300] = {0};

    ck_assert(machine_random((struct mspan){a, sizeof(a)}));
    ck_assert(machine_random((struct mspan){b, sizeof(b)}));
    ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

/* The status of a process that gets `number` while it waits. */
static int ended_by(int number, bool busy)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        hosted_init(args);
        for (;;)
            if (busy)
                machine_now();
            else
                machine_wait(NS_NEVER);
    }
    usleep(100000);
    kill(pid, number);
    waitpid(pid, &status, 0);
    return status;
}

START_TEST(test_signals_end_in_order_asleep_and_busy)
{
    ck_assert_int_eq(ended_by(SIGINT, false), 0);
    ck_assert_int_eq(ended_by(SIGTERM, false), 0);
    ck_assert_int_eq(ended_by(SIGTERM, true), 0);
}
END_TEST

START_TEST(test_exit_has_its_status)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        machine_exit(3);
    waitpid(pid, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}
END_TEST

static struct context self, other;
static unsigned steps;

static void stepping(void *arg)
{
    ck_assert_ptr_eq(arg, &steps);
    for (;;) {
        steps++;
        context_switch(&other, &self);
    }
}

START_TEST(test_contexts_switch_there_and_back)
{
    static uint8_t stack[65536];

    context_init(&other, (struct mspan){stack + 3, sizeof(stack) - 3}, stepping,
                 &steps);
    for (unsigned i = 1; i <= 1000; i++) {
        context_switch(&self, &other);
        ck_assert_uint_eq(steps, i);
    }
}
END_TEST

static void falling_off(void *arg)
{
    (void)arg;
}

START_TEST(test_an_entry_that_returns_panics)
{
    static uint8_t stack[65536];

    context_init(&other, (struct mspan){stack, sizeof(stack)}, falling_off,
                 NULL);
    context_switch(&self, &other);
}
END_TEST

RUN_TESTS("machine", PANICS(test_an_entry_that_returns_panics),
          test_time_begins_at_zero_and_goes_on,
          test_a_readable_descriptor_ends_the_wait,
          test_a_writable_descriptor_wakes_only_when_asked_for,
          test_watches_are_bounded, test_memory_is_given_once_and_guards_fault,
          test_arguments_and_name, test_random_bytes_differ,
          test_signals_end_in_order_asleep_and_busy, test_exit_has_its_status,
          test_contexts_switch_there_and_back)
