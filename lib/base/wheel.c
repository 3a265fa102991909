/* SPDX-License-Identifier: ISC */
/*
 * wheel.c - a hierarchical timer wheel.
 *
 * A timer stands at the level of the highest base-64 digit in which its tick
 * differs from the wheel's, in the slot of that digit.  So every slot of level
 * 0 holds one tick exactly, lower levels always come before higher ones, and a
 * higher slot is opened (its timers placed anew) when the wheel arrives at it.
 * Timers beyond the range of 4.4 hours wait in the furthest slot of the top
 * level, which is circular, and are placed anew from there.
 */
#include <base/wheel.h>
#include <string.h>

enum { DIGIT_BITS = 6, TOP = WHEEL_LEVELS - 1 };
#define RANGE ((uint64_t)(WHEEL_SLOTS - 1) << (DIGIT_BITS * TOP))

void wheel_init(struct wheel *w, ns_t now)
{
    memset(w, 0, sizeof(*w));
    w->tick = now / NS_PER_MS;
    w->now = now;
    w->quiet_until = NS_NEVER;
}

static unsigned digit(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> (DIGIT_BITS * level)) % WHEEL_SLOTS;
}

static void push(struct timer **head, struct timer *t)
{
    t->next = *head;
    t->link = head;
    if (t->next)
        t->next->link = &t->next;
    *head = t;
}

/* Puts a timer where its deadline belongs, which is not before w->tick.  The
 * tick is rounded up, so it never fires early. */
static void place(struct wheel *w, struct timer *t)
{
    uint64_t tick = (t->deadline + NS_PER_MS - 1) / NS_PER_MS;
    unsigned level = TOP, at;

    if (tick - w->tick > RANGE)
        tick = w->tick + RANGE;
    if ((tick ^ w->tick) >> (DIGIT_BITS * WHEEL_LEVELS) == 0)
        level =
            (unsigned)(63 - __builtin_clzll((tick ^ w->tick) | 1)) / DIGIT_BITS;
    at = digit(tick, level);
    push(&w->slot[level][at], t);
    w->map[level] |= UINT64_C(1) << at;
    if (tick * NS_PER_MS < w->quiet_until)
        w->quiet_until = tick * NS_PER_MS;
}

static void take(struct wheel *w, struct timer *t)
{
    uintptr_t at = (uintptr_t)t->link - (uintptr_t)w->slot;

    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    else if (at < sizeof(w->slot)) { /* it was the only one of its slot */
        at /= sizeof(w->slot[0][0]);
        w->map[at / WHEEL_SLOTS] &= ~(UINT64_C(1) << at % WHEEL_SLOTS);
    }
    t->link = NULL;
}

void wheel_clear(struct wheel *w, struct timer *t)
{
    if (!t->link)
        return;
    take(w, t);
    w->count--;
}

void wheel_set(struct wheel *w, struct timer *t, ns_t deadline)
{
    wheel_clear(w, t);
    if (deadline > NS_NEVER - NS_PER_MS)
        return;
    t->deadline = deadline;
    w->count++;
    if (deadline > w->now) {
        place(w, t);
    } else {
        push(&w->late, t);
        w->quiet_until = 0;
    }
}

/* The lowest level above 0 whose slot at the wheel's own tick has timers,
 * which is then to be opened; 0 if none has. */
static unsigned level_to_open(const struct wheel *w)
{
    for (unsigned level = 1; level < WHEEL_LEVELS; level++)
        if (w->map[level] >> digit(w->tick, level) & 1)
            return level;
    return 0;
}

/* The first tick, from w->tick on, with a timer or a slot to open. */
static uint64_t next_tick(const struct wheel *w)
{
    if (level_to_open(w))
        return w->tick;
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        unsigned at = digit(w->tick, level);
        uint64_t map = w->map[level];

        if (!map)
            continue;
        map = at ? map >> at | map << (WHEEL_SLOTS - at) : map;
        return ((w->tick >> (DIGIT_BITS * level)) +
                (unsigned)__builtin_ctzll(map))
               << (DIGIT_BITS * level);
    }
    return UINT64_MAX;
}

/* Makes everything of the tick that is due fire from now on. */
static void ripen(struct wheel *w)
{
    unsigned at = digit(w->tick, 0);

    w->due = w->slot[0][at];
    if (w->due)
        w->due->link = &w->due;
    w->slot[0][at] = NULL;
    w->map[0] &= ~(UINT64_C(1) << at);
    w->tick++;
}

/* Puts what was late when the turn began in front of what is due: walks over
 * each late timer once in its life. */
static void ripen_late(struct wheel *w)
{
    struct timer **end = &w->late;

    if (!w->late)
        return;
    while (*end)
        end = &(*end)->next;
    *end = w->due;
    if (w->due)
        w->due->link = end;
    w->due = w->late;
    w->due->link = &w->due;
    w->late = NULL;
}

/* One step of moving a timer down; false when nothing is to be opened here. */
static bool open_one(struct wheel *w)
{
    unsigned level = level_to_open(w);
    struct timer *t;

    if (!level)
        return false;
    t = w->slot[level][digit(w->tick, level)];
    take(w, t);
    place(w, t);
    return true;
}

/* Goes on to the next tick with work; false when that is after `last`. */
static bool arrive(struct wheel *w, uint64_t last)
{
    uint64_t next;

    if (w->tick > last)
        return false;
    next = next_tick(w);
    w->tick = next > last ? last + 1 : next;
    return next <= last;
}

static void fire_one(struct wheel *w, ns_t now)
{
    struct timer *t = w->due;

    wheel_clear(w, t);
    t->fire(t, now);
}

/* When the next tick with a timer, or with a slot to open, begins. */
static ns_t earliest(const struct wheel *w)
{
    uint64_t tick;

    if (w->due || w->late)
        return 0;
    tick = next_tick(w);
    return tick == UINT64_MAX ? NS_NEVER : tick * NS_PER_MS;
}

unsigned wheel_turn_(struct wheel *w, ns_t now, unsigned budget)
{
    uint64_t last = now / NS_PER_MS;
    unsigned fired = 0;

    w->now = now;
    ripen_late(w);
    while (budget && (w->due || arrive(w, last))) {
        if (w->due) {
            fire_one(w, now);
            fired++;
            budget--;
        } else if (open_one(w)) {
            budget--;
        } else {
            ripen(w);
        }
    }
    w->quiet_until = earliest(w);
    return fired;
}
