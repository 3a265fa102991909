/* SPDX-License-Identifier: ISC */
/*
 * clock.h - a wall clock over a monotonic one, for who sets it.  How to read
 * it is in <billet/clock.h>.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <billet/clock.h>

enum {
    CLOCK_SLEW_PPB = 500000, /* RFC 5905 11.3: what is taken out, a second */
    CLOCK_FREQ_MAX_PPB = 500000
};

/* Zero is a clock that knows no time. */
struct clock {
    bool disciplined; /* a time server has set it */
    uint64_t wall;    /* at `at`; 0: unknown */
    ns_t at;
    int64_t slew;     /* still to be added, slowly */
    int32_t freq_ppb; /* the monotonic clock is so much too slow */
};

/* A jump. */
void clock_set(struct clock *, uint64_t wall, ns_t now);
/* `offset` ns are missing at `now`, whatever was said before. */
void clock_slew(struct clock *, int64_t offset, ns_t now);
/* How fast the monotonic clock really is; beyond the maximum: that. */
void clock_freq(struct clock *, int64_t ppb, ns_t now);

#endif
