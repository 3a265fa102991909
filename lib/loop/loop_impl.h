/* SPDX-License-Identifier: ISC */
/*
 * loop_impl.h - the loop as its owner sees it; everyone else uses loop.h.
 */
#ifndef LOOP_IMPL_H
#define LOOP_IMPL_H

#include <base/wheel.h>

/* What one turn does at most, so that none of its phases starves another: what
 * is left over makes the next turn come at once. */
enum {
    LOOP_SOURCE_BUDGET = 64, /* items from each source */
    LOOP_TIMER_BUDGET = 256, /* timers fired or moved within the wheel */
    LOOP_TASK_BUDGET = 256   /* tasks run, those deferred meanwhile included */
};

struct loop {
    ns_t now;
    struct source *sources;
    struct task *tasks, **tasks_end; /* in order; NULL end: empty */
    unsigned ntasks;
    uint64_t turns;
    struct stop *stops; /* the last to register is told first */
    bool stopping;
    struct wheel wheel;
};

/* Must not be moved afterwards. */
void loop_init(struct loop *, ns_t now);

/* Tells everybody of the end, once. */
void loop_stop(struct loop *, ns_t now);

/* Whether somebody still has something to do before it. */
bool loop_stop_busy(const struct loop *);

#endif
