/* SPDX-License-Identifier: ISC */
/*
 * rng.h - unpredictable numbers from a seed: ChaCha20 with fast key erasure.
 *
 * Seeded by boot from machine_random(), and by its feed again and again; in
 * tests once from a constant, so a run repeats.  For ports, identifiers, jitter
 * and cookies' keys.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <billet/base.h>

/* Where fresh seeds come from. */
struct rng_feed {
    /* Two words: when they change, all that was drawn and all that would come
     * next is known to others, for a snapshot of this machine has it. */
    const volatile uint64_t *epoch;
    bool (*seed)(struct mspan out); /* must not fail any more */
};

struct rng {
    uint32_t key[8];
    uint8_t pool[32 * 8];
    unsigned used, refills;
    unsigned restores; /* how often the epoch has changed */
    const struct rng_feed *feed;
    uint64_t epoch[2]; /* what it was when the key was made */
};

/* Without a feed. */
void rng_seed(struct rng *, const uint8_t seed[32]);
/* From now on it is seeded after each 4 KB, and before the first byte in a
 * new epoch.  NULL: as before. */
void rng_set_feed(struct rng *, const struct rng_feed *);
/* Seed it now, if it has a feed. */
void rng_renew(struct rng *);
/* See to the epoch; every draw does. */
static inline void rng_look(struct rng *r)
{
    if (r->feed &&
        (r->feed->epoch[0] != r->epoch[0] || r->feed->epoch[1] != r->epoch[1]))
        rng_renew(r);
}
void rng_bytes(struct rng *, void *out, size_t n);
uint32_t rng_u32(struct rng *);
/* Uniform in [0, n); n is not 0. */
uint32_t rng_below(struct rng *, uint32_t n);

#endif
