/* SPDX-License-Identifier: ISC */
/*
 * siphash.c - SipHash (Aumasson, Bernstein 2012), little-endian machines only.
 */
#include <base/siphash.h>
#include <string.h>

struct sip {
    uint64_t a, b, c, d;
};

static inline uint64_t rotl(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

static inline void sip_rounds(struct sip *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        s->a += s->b;
        s->c += s->d;
        s->b = rotl(s->b, 13) ^ s->a;
        s->d = rotl(s->d, 16) ^ s->c;
        s->a = rotl(s->a, 32);
        s->c += s->b;
        s->a += s->d;
        s->b = rotl(s->b, 17) ^ s->c;
        s->d = rotl(s->d, 21) ^ s->a;
        s->c = rotl(s->c, 32);
    }
}

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* The last n < 8 bytes, and the length's low byte on top. */
static inline uint64_t last_word(const uint8_t *p, size_t n, size_t total)
{
    uint64_t v = (uint64_t)total << 56;

    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static inline void sip_word(struct sip *s, uint64_t word, unsigned rounds)
{
    s->d ^= word;
    sip_rounds(s, rounds);
    s->a ^= word;
}

static inline uint64_t siphash(const struct siphash_key *k, const uint8_t *p,
                               size_t n, unsigned c_rounds, unsigned d_rounds)
{
    struct sip s = {k->k0 ^ 0x736f6d6570736575, k->k1 ^ 0x646f72616e646f6d,
                    k->k0 ^ 0x6c7967656e657261, k->k1 ^ 0x7465646279746573};
    size_t total = n;

    for (; n >= 8; p += 8, n -= 8)
        sip_word(&s, load64(p), c_rounds);
    sip_word(&s, last_word(p, n, total), c_rounds);
    s.c ^= 0xff;
    sip_rounds(&s, d_rounds);
    return s.a ^ s.b ^ s.c ^ s.d;
}

uint64_t siphash13(const struct siphash_key *k, const void *p, size_t n)
{
    return siphash(k, p, n, 1, 3);
}

uint64_t siphash24(const struct siphash_key *k, const void *p, size_t n)
{
    return siphash(k, p, n, 2, 4);
}
