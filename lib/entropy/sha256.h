/* SPDX-License-Identifier: ISC */
/*
 * sha256.h - SHA-256 (FIPS 180-4), small rather than fast.
 *
 * What the generator is made of; TLS has a faster one of its own.
 */
#ifndef ENTROPY_SHA256_H
#define ENTROPY_SHA256_H

#include <billet/base.h>

enum { SHA256_BYTES = 32, SHA256_BLOCK_BYTES = 64 };

struct sha256 {
    uint32_t h[8];
    uint64_t n; /* bytes so far */
    uint8_t block[SHA256_BLOCK_BYTES];
};

void sha256_start(struct sha256 *);
void sha256_add(struct sha256 *, const void *p, size_t n);
/* The digest.  Nothing is left of what went in. */
void sha256_end(struct sha256 *, uint8_t out[SHA256_BYTES]);

#endif
