/* SPDX-License-Identifier: ISC */
/*
 * fibers.h - the fibers of an instance as their owner sees them; everyone else
 * uses <billet/fiber.h>.
 */
#ifndef FIBERS_H
#define FIBERS_H

#include <base/pool.h>
#include <billet/app.h>
#include <billet/machine.h>

enum fiber_state {
    FIBER_FREE,  /* in the list of free ones */
    FIBER_READY, /* its task is queued */
    FIBER_RUNNING,
    FIBER_WAITING,
    FIBER_ENDED /* and not yet joined */
};

struct fiber {
    struct fiber *next; /* free list */
    struct fibers *home;
    struct context context;
    uint8_t *stack; /* NULL until it is first used; context likewise */
    enum fiber_state state;
    bool cancelled, joinable, timed_out;
    struct fiber *joiner;  /* waits for us to end */
    struct fiber *joining; /* we wait for it to end */
    void (*run)(struct env *, void *arg);
    void *arg;
    struct task resume;
    struct timer timer;
};

/* A question to DNS outlives a fiber that was cancelled while it waited. */
struct fiber_lookup {
    struct fiber *waiter; /* NULL: nobody wants the answer any more */
    struct ipaddr addr;
    enum err err;
    bool open, answered;
};

#define FIBERS_METRICS(X)                                                      \
    X(GAUGE, live, "", "Fibers that have not ended")                           \
    X(GAUGE, high_water, "", "The most there ever were")                       \
    X(COUNTER, refusals, "", "Fibers refused because all were in use")
METRICS_STRUCT(fibers, FIBERS_METRICS);
extern const struct metrics_group fibers_metrics_group;

struct fibers {
    struct env *env;
    struct context loop; /* the flow that all fibers return to */
    struct fiber *current, *free;
    struct fiber *fiber;
    struct fiber_lookup *lookup;
    uint8_t *stacks; /* not touched until used */
    uint32_t limit, stack_bytes;
    struct fibers_metrics metrics;
};

/* Bytes that fibers_init() takes from the arena, alignment included. */
size_t fibers_bytes(const struct limits *);

/* Uses env->loop, env->limits.fibers and env->limits.fiber_stack, and sets
 * env->fibers.  False when the arena is too small. */
MUST_USE bool fibers_init(struct fibers *, struct env *, struct arena *);

/* Fibers that have not ended. */
unsigned fibers_live(const struct fibers *);

/* The fiber that runs; panics when none does. */
struct fiber *fiber_current(struct fibers *);
/* Called on a fiber: waits until fiber_wake(); E_TIMEOUT at the deadline
 * (NS_NEVER: none), E_CLOSED when cancelled, also before. */
enum err fiber_wait(struct fibers *, ns_t deadline);
/* Waits until fiber_wake(), cancelled or not; may return for nothing.  For what
 * cannot be taken back: a device that has this fiber's memory. */
void fiber_wait_whole(struct fibers *);
/* Nothing when `f` does not wait. */
void fiber_wake(struct fiber *f);

#endif
