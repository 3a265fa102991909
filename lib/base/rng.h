/* SPDX-License-Identifier: ISC */
/*
 * rng.h - unpredictable numbers from a seed: ChaCha20 with fast key erasure.
 *
 * Seeded once by boot from machine_random(); in tests from a constant, so a
 * run repeats.  For ports, identifiers, jitter and cookies' keys.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <billet/base.h>

struct rng {
    uint32_t key[8];
    uint8_t pool[32 * 8];
    unsigned used;
};

void rng_seed(struct rng *, const uint8_t seed[32]);
void rng_bytes(struct rng *, void *out, size_t n);
uint32_t rng_u32(struct rng *);
/* Uniform in [0, n); n is not 0. */
uint32_t rng_below(struct rng *, uint32_t n);

#endif
