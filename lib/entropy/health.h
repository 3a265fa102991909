/* SPDX-License-Identifier: ISC */
/*
 * health.h - the two continuous tests of NIST SP 800-90B: repetition count
 * (4.4.1) and adaptive proportion (4.4.2), over samples of up to 64 bits.
 */
#ifndef ENTROPY_HEALTH_H
#define ENTROPY_HEALTH_H

#include <billet/base.h>

enum { HEALTH_WINDOW = 512 }; /* samples that are no single bits */

/* The cut-offs for a claim of min-entropy per sample, at a rate of false
 * alarms of 2^-30. */
struct health_cut {
    uint16_t repeats; /* alarm: so many the same in a row */
    uint16_t most;    /* alarm: the first of a window so often in it */
};

/* Zeroed is its start. */
struct health {
    uint64_t last, first;
    uint16_t run, seen, at;
};

/* False: alarm. */
MUST_USE bool health_test(struct health *, const struct health_cut *,
                          uint64_t sample);

#endif
