/* SPDX-License-Identifier: ISC */
/*
 * drbg.h - Hash_DRBG with SHA-256 (NIST SP 800-90A Rev. 1, 10.1.1), at a
 * security strength of 256 bits.
 *
 * The mechanism alone: what comes in, when, and whether it is enough, is the
 * caller's to know (entropy.h).
 */
#ifndef ENTROPY_DRBG_H
#define ENTROPY_DRBG_H

#include <billet/base.h>

enum {
    DRBG_SEED_BYTES = 55,            /* seedlen: 440 bits */
    DRBG_REQUEST_BYTES_MAX = 1 << 16 /* of one call; more is asserted against */
};

struct drbg {
    uint8_t v[DRBG_SEED_BYTES], c[DRBG_SEED_BYTES];
    uint64_t requests; /* since the last seed, and one more */
};

/* Instantiate from entropy, nonce and personalization string, in this order in
 * one piece of memory. */
void drbg_start(struct drbg *, struct span seed);
/* Reseed; additional input is behind the entropy.  What was before stays in,
 * so an input that is no secret does no harm. */
void drbg_reseed(struct drbg *, struct span seed);
/* Fill `out`.  `more` is additional input, or empty. */
void drbg_generate(struct drbg *, struct mspan out, struct span more);

#endif
