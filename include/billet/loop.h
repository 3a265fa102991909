/* SPDX-License-Identifier: ISC */
/*
 * loop.h - the event loop: sources, timers, deferred tasks.
 *
 * One loop, one thread, no locks.  Time comes in as an argument, so the same
 * loop runs on hardware time in a machine and on virtual time in a test.
 */
#ifndef BILLET_LOOP_H
#define BILLET_LOOP_H

#include <billet/base.h>

struct loop;

/* A thing that can have work: the network, a disk, a host descriptor. */
struct source {
    struct source *next;
    const char *name;
    /* Do at most `budget` items.  Returns how many were done. */
    unsigned (*poll)(struct source *, ns_t now, unsigned budget);
    /* Publish everything queued since the last flush; at most one kick a
     * device.  Runs after timers and tasks.  May be NULL. */
    void (*flush)(struct source *, ns_t now);
    /* Ask for a wake-up.  True: work arrived meanwhile, poll again first. */
    bool (*arm)(struct source *);
    /* When poll() next has work without a wake-up.  NULL: never. */
    ns_t (*deadline)(const struct source *);
};

/* One-shot.  Embed in the object it serves; zero-initialise. */
struct timer {
    struct timer *next, **link; /* wheel slot; link is NULL when not set */
    ns_t deadline;
    void (*fire)(struct timer *, ns_t now);
};

/* Work for later in this turn.  Deferring a queued task is a no-op. */
struct task {
    struct task *next;
    bool queued;
    void (*run)(struct task *, ns_t now);
};

/*
 * The end: the owner has pressed the power button or sent SIGINT or SIGTERM.
 * begin() is called once, between two turns: finish what was begun, begin
 * nothing more.  While a busy() says true, up to 5 seconds, the loop goes on as
 * before, but for listeners, which are closed.  Then the connections that are
 * still open are ended by FIN, disks are flushed, and the machine goes off.
 * busy may be NULL.  Embed in the object it serves.
 */
struct stop {
    struct stop *next;
    void (*begin)(struct stop *, ns_t now);
    bool (*busy)(const struct stop *);
};

/* For good.  Who comes when the end has begun is told at once. */
void loop_on_stop(struct loop *, struct stop *);

/* Whether the end has begun: for fibers that look now and then. */
bool loop_stopping(const struct loop *);

/* For good. */
void loop_add(struct loop *, struct source *);
/* Run it at the end of this turn. */
void loop_defer(struct loop *, struct task *);

/* O(1).  Never fires early; late by at most one tick (1 ms) plus the turn.
 * Setting a set timer moves it.  A deadline in the past fires next turn. */
void timer_set(struct loop *, struct timer *, ns_t deadline);
void timer_clear(struct loop *, struct timer *);
static inline bool timer_is_set(const struct timer *t)
{
    return t->link != NULL;
}

/*
 * One bounded turn: poll sources, fire timers, run tasks, flush.
 * Returns false when nothing was done; the caller may then arm and sleep
 * until loop_deadline() or a wake-up, whichever comes first.
 */
bool loop_turn(struct loop *, ns_t now);

/* Arm every source.  True: one has work already, turn again before sleeping. */
bool loop_arm(struct loop *);

/* When the loop next has work without a wake-up; NS_NEVER if not. */
ns_t loop_deadline(const struct loop *);

/* The time of the current turn: one clock read a turn. */
ns_t loop_now(const struct loop *);

/* Timers set and tasks queued: whether the loop holds anything at all. */
unsigned loop_pending(const struct loop *);

#endif
