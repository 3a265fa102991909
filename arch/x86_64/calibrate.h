/* SPDX-License-Identifier: ISC */
/*
 * calibrate.h - the arithmetic of clocks: frequencies from counters, time from
 * ticks.  No hardware.
 */
#ifndef X86_64_CALIBRATE_H
#define X86_64_CALIBRATE_H

#include <billet/base.h>

/* Two counters read at one instant: the TSC, and one whose rate is known. */
struct sample {
    uint64_t tsc;
    uint32_t reference;
};

/* A counter that wraps, up or down, at a known rate. */
struct reference {
    uint32_t hz;
    unsigned bits; /* it counts modulo 2^bits */
};

/*
 * The TSC's rate.  `about_hz` is what it was thought to be, to tell how often
 * the reference has wrapped; 0: it has not.  0 when the samples do not fit one
 * another.
 */
uint64_t calibrate_hz(const struct reference *, struct sample from,
                      struct sample to, uint64_t about_hz);

/* Ticks to nanoseconds: (ticks * mult) >> 32. */
uint64_t calibrate_mult(uint64_t hz);

static inline uint64_t scale(uint64_t ticks, uint64_t mult)
{
    return (uint64_t)(((unsigned __int128)ticks * mult) >> 32);
}

/* value * numerator / denominator without overflow; all ones when the result
 * does not fit. */
uint64_t calibrate_muldiv(uint64_t value, uint64_t numerator,
                          uint64_t denominator);

/* KVM's description of its clock, as the host writes it. */
struct pvclock {
    uint32_t version; /* odd while it is being written */
    uint32_t pad;
    uint64_t tsc, ns; /* at one instant */
    uint32_t mult;    /* 32 bits behind the point */
    int8_t shift;     /* of ticks, before that; negative: to the right */
    uint8_t flags;
    uint8_t pad2[2];
};

uint64_t pvclock_ns(const struct pvclock *, uint64_t tsc);
uint64_t pvclock_hz(const struct pvclock *);

#endif
