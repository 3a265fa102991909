/* SPDX-License-Identifier: ISC */
/*
 * blk_impl.h - a disk as its driver and the loop see it.
 *
 * What all disks have in common is in blk.c: which requests are lawful, which
 * are under way, how long they may take, and that each ends once.  A driver
 * keeps its own records by slot number and is called in this order:
 *
 *     start()  one request into one slot; nothing is shown to the device
 *     kick()   show it
 *     poll()   blk_finish() for each that the device has ended
 *     arm()    ask for a wake-up; true: there is something already
 *     stop()   keep the device from memory, for good
 */
#ifndef DISK_BLK_IMPL_H
#define DISK_BLK_IMPL_H

#include <billet/blk.h>

struct blk_ops {
    /* False: the device has no room for it now. */
    bool (*start)(struct blk *, unsigned slot, const struct blk_req *);
    void (*kick)(struct blk *);
    void (*poll)(struct blk *);
    bool (*arm)(struct blk *);
    void (*stop)(struct blk *, const char *why);
};

enum {
    BLK_TIMEOUT_SECONDS = 30, /* for a request, if nobody says otherwise */
    BLK_POLL_US = 500         /* where there is no interrupt */
};

/* What a driver that starts a disk is given: to wait for answers, with bounds,
 * before there is a loop. */
struct blk_host {
    struct arena *arena;
    ns_t (*now)(void);
    void (*rest)(ns_t until); /* until an interrupt, or then */
};

/* Puts the common part in order; the driver has set `ops`, sizes and features.
 * NULL, or what is wrong with them. */
MUST_USE const char *blk_init(struct blk *);

/* The driver's answer for a slot.  False: no request is there, so the device
 * lied.  done() runs later, from blk_poll(). */
MUST_USE bool blk_finish(struct blk *, unsigned slot, enum err);

/* What is in a slot; NULL: nothing, so whoever names it lies. */
static inline const struct blk_req *blk_at(const struct blk *b, unsigned slot)
{
    return slot < BLK_DEPTH ? b->slot[slot] : NULL;
}

/* The device broke a rule: it is shut off, and all its requests end with E_IO.
 * The first reason stays. */
void blk_fail(struct blk *, const char *why);

/* The four of a loop's source.  blk_poll() returns how many requests ended. */
unsigned blk_poll(struct blk *, ns_t now, unsigned budget);
void blk_show(struct blk *, ns_t now);
bool blk_arm(struct blk *);
ns_t blk_deadline(const struct blk *, ns_t now);

/* Whether any request is under way, or its done() yet to run. */
static inline bool blk_busy(const struct blk *b)
{
    return b->counters.in_flight != 0 || b->ended;
}

/* A name that a device says of itself: `n` bytes, padded with spaces or
 * zeros; what is not printable becomes '?'. */
void blk_name(char out[BLK_SERIAL_BYTES], const uint8_t *in, size_t n);

extern const struct metrics_group blk_metrics_group;

#endif
