/* SPDX-License-Identifier: ISC */
/*
 * clock.h - wall time: the machine's own, set right by time servers (--ntp).
 *
 * Monotonic time, ns_t, is never touched: wall time is worked out from it.
 */
#ifndef BILLET_CLOCK_H
#define BILLET_CLOCK_H

#include <billet/base.h>

struct clock;

/* Nanoseconds since 1970-01-01 UTC at the monotonic time `now`, which is not
 * before the last correction; 0: unknown.  Small errors are taken out slowly,
 * by half a millisecond a second, so that it does not run backwards; large ones
 * at once. */
uint64_t clock_wall_ns(const struct clock *, ns_t now);

#endif
