/* SPDX-License-Identifier: ISC */
/*
 * loop.c - one bounded turn after the other.
 *
 * The order within a turn is the design: sources bring input and events first,
 * timers and tasks decide next, and all that was decided leaves together in
 * the flush, with one notification for each device.
 */
#include "loop_impl.h"

void loop_init(struct loop *l, ns_t now)
{
    *l = (struct loop){.now = now};
    wheel_init(&l->wheel, now);
}

void loop_add(struct loop *l, struct source *s)
{
    struct source **end = &l->sources;

    while (*end)
        end = &(*end)->next;
    s->next = NULL;
    *end = s;
}

void loop_defer(struct loop *l, struct task *t)
{
    if (t->queued)
        return;
    t->queued = true;
    t->next = NULL;
    *(l->tasks ? l->tasks_end : &l->tasks) = t;
    l->tasks_end = &t->next;
    l->ntasks++;
}

void timer_set(struct loop *l, struct timer *t, ns_t deadline)
{
    wheel_set(&l->wheel, t, deadline);
}

void timer_clear(struct loop *l, struct timer *t)
{
    wheel_clear(&l->wheel, t);
}

static unsigned poll_sources(struct loop *l)
{
    unsigned done = 0;

    for (struct source *s = l->sources; s; s = s->next)
        done += s->poll(s, l->now, LOOP_SOURCE_BUDGET);
    return done;
}

/* A task may defer itself or others: those run in the same turn as far as the
 * budget goes, so a chain of hand-overs needs no turn for each. */
static unsigned run_tasks(struct loop *l)
{
    unsigned done = 0;

    for (; l->tasks && done < LOOP_TASK_BUDGET; done++) {
        struct task *t = l->tasks;

        l->tasks = t->next;
        l->ntasks--;
        t->queued = false;
        t->run(t, l->now);
    }
    return done;
}

bool loop_turn(struct loop *l, ns_t now)
{
    unsigned done;

    l->now = now;
    l->turns++;
    done = poll_sources(l);
    done += wheel_turn(&l->wheel, now, LOOP_TIMER_BUDGET);
    done += run_tasks(l);
    for (struct source *s = l->sources; s; s = s->next)
        if (s->flush)
            s->flush(s, now);
    return done != 0;
}

bool loop_arm(struct loop *l)
{
    bool busy = false;

    for (struct source *s = l->sources; s; s = s->next)
        busy |= s->arm(s);
    return busy;
}

ns_t loop_deadline(const struct loop *l)
{
    ns_t earliest;

    if (l->tasks)
        return l->now;
    earliest = wheel_deadline(&l->wheel);
    for (const struct source *s = l->sources; s; s = s->next) {
        ns_t at = s->deadline ? s->deadline(s) : NS_NEVER;

        earliest = at < earliest ? at : earliest;
    }
    return earliest;
}

ns_t loop_now(const struct loop *l)
{
    return l->now;
}

unsigned loop_pending(const struct loop *l)
{
    return l->wheel.count + l->ntasks;
}
