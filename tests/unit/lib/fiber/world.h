/* SPDX-License-Identifier: ISC */
/*
 * world.h - an instance with a loop on virtual time and some fibers.
 */
#ifndef WORLD_H
#define WORLD_H

#include "../suite.h"

#include <fiber/fibers.h>
#include <loop/loop_impl.h>
#include <string.h>
#include <sys/mman.h>

enum { WORLD_FIBERS = 4, WORLD_STACK = 32768 };

static struct env env;
static struct loop loop;
static struct fibers fibers;
static ns_t now;

/* A letter for each thing that happened. */
static char trace[128];

static inline void note(char c)
{
    size_t n = strlen(trace);

    ck_assert_uint_lt(n, sizeof(trace) - 1);
    trace[n] = c;
    trace[n + 1] = 0;
}

static inline void world(void)
{
    static struct arena arena;
    size_t n;
    void *memory;

    env = (struct env){.loop = &loop};
    env.limits.fibers = WORLD_FIBERS;
    env.limits.fiber_stack = WORLD_STACK;
    n = fibers_bytes(&env.limits);
    memory = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                  -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    arena_init(&arena, (struct mspan){memory, n});
    now = NS_PER_SEC;
    memset(trace, 0, sizeof(trace));
    loop_init(&loop, now);
    ck_assert(fibers_init(&fibers, &env, &arena));
}

/* Turns until nothing happens at this time. */
static inline void settle(void)
{
    while (loop_turn(&loop, now))
        ;
}

/* Goes on to each deadline until `end`. */
static inline void run_until(ns_t end)
{
    settle();
    while (loop_deadline(&loop) <= end) {
        if (loop_deadline(&loop) > now)
            now = loop_deadline(&loop);
        settle();
    }
    now = end;
    settle();
}

static inline struct fiber *spawn(void (*run)(struct env *, void *), void *arg)
{
    struct fiber *f;

    ck_assert_int_eq(fiber_spawn(&env, run, arg, &f), OK);
    return f;
}

/* For one that nobody joins. */
static inline void spawn_free(void (*run)(struct env *, void *), void *arg)
{
    ck_assert_int_eq(fiber_spawn(&env, run, arg, NULL), OK);
}

#endif
