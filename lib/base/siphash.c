/* SPDX-License-Identifier: ISC */
/*
 * siphash.c - SipHash (Aumasson, Bernstein 2012), little-endian machines only.
 */
#include <base/sip.h>

/* The last n < 8 bytes, and the length's low byte on top. */
static inline uint64_t last_word(const uint8_t *p, size_t n, size_t total)
{
    uint64_t v = (uint64_t)total << 56;

    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static inline uint64_t siphash(const struct siphash_key *k, const uint8_t *p,
                               size_t n, unsigned c_rounds, unsigned d_rounds)
{
    struct sip s = sip_start(k);
    size_t total = n;

    for (; n >= 8; p += 8, n -= 8)
        sip_word(&s, sip_load(p), c_rounds);
    sip_word(&s, last_word(p, n, total), c_rounds);
    return sip_end(&s, d_rounds);
}

uint64_t siphash13(const struct siphash_key *k, const void *p, size_t n)
{
    return siphash(k, p, n, 1, 3);
}

uint64_t siphash24(const struct siphash_key *k, const void *p, size_t n)
{
    return siphash(k, p, n, 2, 4);
}
