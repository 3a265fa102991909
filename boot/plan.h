/* SPDX-License-Identifier: ISC */
/*
 * plan.h - how much of everything fits into this machine's memory.
 *
 * Arithmetic only: limits and bytes in, limits and bytes out.
 */
#ifndef BOOT_PLAN_H
#define BOOT_PLAN_H

#include <billet/app.h>

struct plan {
    struct limits limits; /* in force: no zeros, between floor and wish */
    uint32_t pkts;        /* struct pkt in the pool */
    uint32_t ring;        /* buffers a NIC's ring may hold */
    size_t need;          /* bytes all of it takes */
    size_t least;         /* bytes it would take at the floors */
};

/* What the parts take, by their own account: a plan that guessed would be right
 * at some sizes of memory and wrong at others. */
struct plan_costs {
    size_t (*services)(const struct limits *); /* and the fibers */
    size_t (*nics)(unsigned n, unsigned ring); /* asked only when n > 0 */
};

/* What the application asked for, with defaults in place of zeros. */
struct limits plan_defaults(const struct limits *wish);

/*
 * The largest plan that fits into `available` bytes.  `nics` is 0 for an image
 * without a network.  False when not even the floors fit; `least` is set in
 * any case.
 */
MUST_USE bool plan_make(struct plan *, const struct limits *wish, unsigned nics,
                        size_t available, const struct plan_costs *);

#endif
