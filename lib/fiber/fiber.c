/* SPDX-License-Identifier: ISC */
/*
 * fiber.c - flows with stacks of their own, one at a time.
 *
 * A fiber runs from a task of the loop until it waits, so a fiber is never
 * entered from inside a callback.  Its context is made once, when the slot is
 * first used, and then runs one function after the other for ever: there is
 * nothing to tear down when a fiber ends.
 */
#include "fibers.h"

METRICS_TABLE(fibers, FIBERS_METRICS);

static uint32_t stack_bytes(const struct limits *l)
{
    return (l->fiber_stack + MACHINE_PAGE_BYTES - 1) &
           ~(uint32_t)(MACHINE_PAGE_BYTES - 1);
}

size_t fibers_bytes(const struct limits *l)
{
    size_t each = stack_bytes(l) + MACHINE_PAGE_BYTES + sizeof(struct fiber) +
                  sizeof(struct fiber_lookup);

    return l->fibers * each + MACHINE_PAGE_BYTES + 2 * 16;
}

static void resume(struct task *t, ns_t now)
{
    struct fiber *f = CONTAINER(t, struct fiber, resume);
    struct fibers *all = f->home;

    (void)now;
    ASSERT(f->state == FIBER_READY && !all->current);
    f->state = FIBER_RUNNING;
    all->current = f;
    context_switch(&all->loop, &f->context);
    all->current = NULL;
}

static void ready(struct fiber *f)
{
    f->state = FIBER_READY;
    loop_defer(f->home->env->loop, &f->resume);
}

static void time_out(struct timer *t, ns_t now)
{
    struct fiber *f = CONTAINER(t, struct fiber, timer);

    (void)now;
    f->timed_out = true;
    fiber_wake(f);
}

bool fibers_init(struct fibers *all, struct env *env, struct arena *arena)
{
    uint32_t limit = env->limits.fibers, each = stack_bytes(&env->limits);

    *all = (struct fibers){.env = env, .limit = limit, .stack_bytes = each};
    each += MACHINE_PAGE_BYTES;
    all->stacks = arena_try(arena, (size_t)limit * each, MACHINE_PAGE_BYTES);
    all->fiber = arena_try(arena, limit * sizeof(*all->fiber), 16);
    all->lookup = arena_try(arena, limit * sizeof(*all->lookup), 16);
    if (!all->stacks || !all->fiber || !all->lookup)
        return false;
    for (uint32_t i = limit; i-- > 0;) {
        all->fiber[i] = (struct fiber){.next = all->free,
                                       .home = all,
                                       .resume = {.run = resume},
                                       .timer = {.fire = time_out}};
        all->free = &all->fiber[i];
        all->lookup[i] = (struct fiber_lookup){0};
    }
    env->fibers = all;
    return true;
}

unsigned fibers_live(const struct fibers *all)
{
    return (unsigned)all->metrics.live;
}

static void put(struct fiber *f)
{
    f->state = FIBER_FREE;
    f->next = f->home->free;
    f->home->free = f;
}

/* Waits until something calls ready(). */
static void suspend(struct fiber *f)
{
    f->state = FIBER_WAITING;
    context_switch(&f->context, &f->home->loop);
}

static void end(struct fiber *f)
{
    f->home->metrics.live--;
    f->state = FIBER_ENDED;
    if (f->joiner)
        ready(f->joiner);
    else if (!f->joinable)
        put(f);
    context_switch(&f->context, &f->home->loop);
}

static void live(void *arg)
{
    struct fiber *f = arg;

    for (;;) {
        f->run(f->home->env, f->arg);
        end(f);
    }
}

/* The first use of a slot touches its stack; the page below it faults. */
static void make_stack(struct fiber *f)
{
    const struct fibers *all = f->home;
    size_t each = all->stack_bytes + MACHINE_PAGE_BYTES;

    f->stack = all->stacks + (size_t)(f - all->fiber) * each;
    machine_guard(f->stack, MACHINE_PAGE_BYTES);
    context_init(
        &f->context,
        (struct mspan){f->stack + MACHINE_PAGE_BYTES, all->stack_bytes}, live,
        f);
}

enum err fiber_spawn(struct env *env, void (*run)(struct env *, void *arg),
                     void *arg, struct fiber **out)
{
    struct fibers *all = env->fibers;
    struct fiber *f = all->free;

    if (!f) {
        all->metrics.refusals++;
        return E_FULL;
    }
    all->free = f->next;
    if (!f->stack)
        make_stack(f);
    f->run = run;
    f->arg = arg;
    f->cancelled = false;
    f->joinable = out != NULL;
    f->joiner = f->joining = NULL;
    if (++all->metrics.live > all->metrics.high_water)
        all->metrics.high_water = all->metrics.live;
    ready(f);
    if (out)
        *out = f;
    return OK;
}

struct fiber *fiber_current(struct fibers *all)
{
    ASSERT(all->current); /* a call that waits, outside a fiber */
    return all->current;
}

enum err fiber_wait(struct fibers *all, ns_t deadline)
{
    struct fiber *f = fiber_current(all);

    if (f->cancelled)
        return E_CLOSED;
    f->timed_out = false;
    timer_set(all->env->loop, &f->timer, deadline);
    suspend(f);
    timer_clear(all->env->loop, &f->timer);
    if (f->cancelled)
        return E_CLOSED;
    return f->timed_out ? E_TIMEOUT : OK;
}

void fiber_wait_whole(struct fibers *all)
{
    suspend(fiber_current(all));
}

void fiber_wake(struct fiber *f)
{
    if (f->state == FIBER_WAITING && !f->joining)
        ready(f);
}

enum err fiber_sleep(struct env *env, ns_t duration)
{
    ns_t now = loop_now(env->loop);
    ns_t deadline = duration < NS_NEVER - now ? now + duration : NS_NEVER;
    enum err err;

    do
        err = fiber_wait(env->fibers, deadline);
    while (!err);
    return err == E_TIMEOUT ? OK : err;
}

void fiber_cancel(struct env *env, struct fiber *f)
{
    if (f->cancelled || f->state == FIBER_ENDED)
        return;
    f->cancelled = true;
    if (f->joining)
        fiber_cancel(env, f->joining);
    else
        fiber_wake(f);
}

void fiber_join(struct env *env, struct fiber *f)
{
    struct fiber *self = fiber_current(env->fibers);

    ASSERT(f->joinable && !f->joiner && f != self);
    if (self->cancelled)
        fiber_cancel(env, f);
    if (f->state != FIBER_ENDED) {
        f->joiner = self;
        self->joining = f;
        suspend(self);
        self->joining = NULL;
    }
    ASSERT(f->state == FIBER_ENDED);
    put(f);
}
