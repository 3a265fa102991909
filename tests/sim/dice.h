/* SPDX-License-Identifier: ISC */
/*
 * dice.h - repeatable chance for simulations (SplitMix64).
 *
 * Not lib/base/rng.h: a test should not trust what it tests, and the stacks
 * under test draw from their own.
 */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <billet/base.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Uniform in [0, n); n is not 0. */
static inline uint64_t dice_below(struct dice *d, uint64_t n)
{
    return dice_roll(d) % n;
}

/* True in `ppm` of a million. */
static inline bool dice_chance(struct dice *d, uint32_t ppm)
{
    return ppm > 0 && dice_below(d, 1000000) < ppm;
}

#endif
