/* SPDX-License-Identifier: ISC */
/*
 * siphash.h - keyed hashing that a stranger cannot steer (SipHash-1-3, and
 * SipHash-2-4 for what leaves the machine).
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <billet/base.h>

struct siphash_key {
    uint64_t k0, k1;
};

uint64_t siphash13(const struct siphash_key *, const void *p, size_t n);
uint64_t siphash24(const struct siphash_key *, const void *p, size_t n);

#endif
