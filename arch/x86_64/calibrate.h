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

/* A TSC from which time is counted. */
struct ticker {
    uint64_t tsc0, ns0; /* one instant */
    uint64_t mult, hz;
    uint64_t last; /* the TSC as it was read last */
};

/* The TSC as time goes by it.  Between two processors it may be back by a
 * little: then nothing has gone by.  Back by more than a millisecond it is
 * another one, of the host that we have moved to or of a snapshot: time goes on
 * from where it was. */
uint64_t ticker_tsc(struct ticker *, uint64_t tsc);

/* Time by it. */
static inline uint64_t ticker_ns(struct ticker *t, uint64_t tsc)
{
    tsc = ticker_tsc(t, tsc);
    return t->ns0 + scale(tsc - t->tsc0, t->mult);
}

/* What the board's clock, in seconds, says of the time that was slept through
 * since the last call with a good reading (not 0), in ns; 0 below two seconds,
 * and when it was set back. */
struct sleep {
    uint64_t seconds; /* at that call; 0: there was none */
    uint64_t ns;
};
uint64_t sleep_ns(struct sleep *, uint64_t seconds, uint64_t now);

/* A reference as a clock: it counts on where the hardware's counter wraps. */
struct counter {
    uint64_t count;
    uint32_t last;
    unsigned bits; /* of the hardware's */
};

/* What the hardware's counter reads now; to be told at least once in half of
 * its range.  One that seems to be back has stood still. */
uint64_t counter_read(struct counter *, uint32_t value);

/* An HPET's rate by its period in 10^-15 s; 0 when that cannot be. */
uint32_t hpet_hz(uint32_t period);

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
