/* SPDX-License-Identifier: ISC */
/*
 * sip.h - the steps of SipHash (Aumasson, Bernstein 2012), inline, for those
 * who hash a few whole words per packet; else siphash.h.  Little-endian
 * machines only.
 */
#ifndef BASE_SIP_H
#define BASE_SIP_H

#include <base/siphash.h>
#include <string.h>

struct sip {
    uint64_t a, b, c, d;
};

static inline struct sip sip_start(const struct siphash_key *k)
{
    return (struct sip){k->k0 ^ 0x736f6d6570736575, k->k1 ^ 0x646f72616e646f6d,
                        k->k0 ^ 0x6c7967656e657261, k->k1 ^ 0x7465646279746573};
}

static inline uint64_t sip_rotl(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

/* In place, so that the four words stay in registers. */
__attribute__((always_inline)) static inline void sip_round(struct sip *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = sip_rotl(s->b, 13) ^ s->a;
    s->d = sip_rotl(s->d, 16) ^ s->c;
    s->a = sip_rotl(s->a, 32);
    s->c += s->b;
    s->a += s->d;
    s->b = sip_rotl(s->b, 17) ^ s->c;
    s->d = sip_rotl(s->d, 21) ^ s->a;
    s->c = sip_rotl(s->c, 32);
}

__attribute__((always_inline)) static inline void sip_rounds(struct sip *s,
                                                             unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        sip_round(s);
}

/* The last word has the bytes that are left over, and the length's low byte on
 * top. */
static inline void sip_word(struct sip *s, uint64_t word, unsigned rounds)
{
    s->d ^= word;
    sip_rounds(s, rounds);
    s->a ^= word;
}

static inline uint64_t sip_end(struct sip *s, unsigned rounds)
{
    s->c ^= 0xff;
    sip_rounds(s, rounds);
    return s->a ^ s->b ^ s->c ^ s->d;
}

/* Eight bytes as the hash takes them. */
static inline uint64_t sip_load(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

#endif
