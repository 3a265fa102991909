/* SPDX-License-Identifier: ISC */
/*
 * wheel.h - a hierarchical timer wheel: 4 levels of 64 slots, 1 ms ticks.
 *
 * struct timer is in loop.h.  Setting and clearing are O(1).  The stack has
 * one for its connections, the loop another for everyone else.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include <billet/loop.h>

enum { WHEEL_LEVELS = 4, WHEEL_SLOTS = 64 };

struct wheel {
    uint64_t tick;              /* the first tick that has not fired yet */
    uint64_t map[WHEEL_LEVELS]; /* a bit for each slot that is not empty */
    ns_t now;                   /* of the last turn */
    ns_t quiet_until;           /* a turn before that has nothing to do */
    unsigned count;             /* timers set */
    struct timer *due;          /* fire next */
    struct timer *late;         /* were past when set: fire in the next turn */
    struct timer *slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

/* A wheel holds pointers into itself: it must not be moved once it is used. */
void wheel_init(struct wheel *, ns_t now);
/* Moves a timer that is set already.  NS_NEVER clears it. */
void wheel_set(struct wheel *, struct timer *, ns_t deadline);
void wheel_clear(struct wheel *, struct timer *);

/* wheel_turn() when there may be something to do. */
unsigned wheel_turn_(struct wheel *, ns_t now, unsigned budget);

/* Fire due timers; firing one or moving one to a lower level uses up 1 of
 * `budget`.  Returns how many fired.  fire() may set and clear any timer, its
 * own too; one that it sets for the past fires in the next turn. */
static inline unsigned wheel_turn(struct wheel *w, ns_t now, unsigned budget)
{
    if (now >= w->quiet_until)
        return wheel_turn_(w, now, budget);
    w->now = now;
    return 0;
}

/* Never later than the earliest timer; may be earlier where a higher level
 * must be opened first, and where a timer was that is cleared: one turn too
 * many then is less than a search in every turn.  NS_NEVER when empty. */
static inline ns_t wheel_deadline(const struct wheel *w)
{
    return w->count ? w->quiet_until : NS_NEVER;
}

#endif
