/* SPDX-License-Identifier: ISC */
/*
 * chew.h - feeds a parser what is good, what is cut at every length, and what
 * has bytes changed, each in memory of exactly its size.
 */
#ifndef CHEW_H
#define CHEW_H

#include <base/rng.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

typedef bool parse_fn(struct span);

enum { MUTATIONS = 4000 };

/* In memory of exactly its size. */
static inline bool exactly(parse_fn *parse, const uint8_t *b, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    bool ok;

    memcpy(copy, b, n);
    ok = parse((struct span){copy, n});
    free(copy);
    return ok;
}

static inline void chew(parse_fn *parse, const uint8_t *good, size_t n)
{
    static const uint8_t seed[32] = {1};
    uint8_t bad[1500];
    struct rng rng;

    rng_seed(&rng, seed);
    ck_assert(exactly(parse, good, n));
    for (size_t cut = 0; cut < n; cut++)
        (void)exactly(parse, good, cut);
    for (unsigned i = 0; i < MUTATIONS; i++) {
        unsigned changes = 1 + rng_below(&rng, 4);
        size_t len = n - rng_below(&rng, (uint32_t)(n < 16 ? n : 16));

        memcpy(bad, good, n);
        while (changes--)
            bad[rng_below(&rng, (uint32_t)n)] = (uint8_t)rng_u32(&rng);
        (void)exactly(parse, bad, len);
    }
}

#endif
