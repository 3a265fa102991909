/* SPDX-License-Identifier: ISC */
/*
 * sha256.c - SHA-256 (FIPS 180-4), one block at a time.
 */
#include <base/bytes.h>
#include <entropy/sha256.h>

enum { ROUNDS = 64, LENGTH_AT = SHA256_BLOCK_BYTES - 8 };

/* The fractions of the cube roots of the first 64 primes (4.2.2). */
static const uint32_t k[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotr(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

static inline uint32_t mix(uint32_t v, unsigned a, unsigned b, unsigned c)
{
    return rotr(v, a) ^ rotr(v, b) ^ rotr(v, c);
}

/* Each round moves eight words by one place: the window on them moves instead.
 */
static void compress(struct sha256 *s)
{
    uint32_t w[ROUNDS], v[ROUNDS + 8], *h = v + ROUNDS;

    for (unsigned i = 0; i < 16; i++)
        w[i] = be32(s->block + 4 * i);
    for (uint32_t *to = w + 16; to < w + ROUNDS; to++)
        *to = to[-16] + (rotr(to[-15], 7) ^ rotr(to[-15], 18) ^ to[-15] >> 3) +
              to[-7] + (rotr(to[-2], 17) ^ rotr(to[-2], 19) ^ to[-2] >> 10);
    memcpy(h, s->h, sizeof(s->h));
    for (unsigned i = 0; i < ROUNDS; i++, h--) {
        uint32_t t = h[7] + mix(h[4], 6, 11, 25) +
                     (h[6] ^ (h[4] & (h[5] ^ h[6]))) + k[i] + w[i];

        h[3] += t;
        h[-1] =
            t + mix(h[0], 2, 13, 22) + ((h[0] & h[1]) | (h[2] & (h[0] | h[1])));
    }
    for (unsigned i = 0; i < 8; i++)
        s->h[i] += h[i];
}

void sha256_start(struct sha256 *s)
{
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                      0xa54ff53a, 0x510e527f, 0x9b05688c,
                                      0x1f83d9ab, 0x5be0cd19};

    memcpy(s->h, first, sizeof(first));
    s->n = 0;
}

void sha256_add(struct sha256 *s, const void *p, size_t n)
{
    const uint8_t *from = p;

    while (n > 0) {
        size_t at = s->n % SHA256_BLOCK_BYTES, part = SHA256_BLOCK_BYTES - at;

        if (part > n)
            part = n;
        memcpy(s->block + at, from, part);
        s->n += part;
        from += part;
        n -= part;
        if (at + part == SHA256_BLOCK_BYTES)
            compress(s);
    }
}

void sha256_end(struct sha256 *s, uint8_t out[SHA256_BYTES])
{
    size_t at = s->n % SHA256_BLOCK_BYTES;

    s->block[at++] = 0x80;
    if (at > LENGTH_AT) {
        memset(s->block + at, 0, SHA256_BLOCK_BYTES - at);
        compress(s);
        at = 0;
    }
    memset(s->block + at, 0, LENGTH_AT - at);
    put_be64(s->block + LENGTH_AT, s->n * 8);
    compress(s);
    for (unsigned i = 0; i < 8; i++)
        put_be32(out + 4 * i, s->h[i]);
    memset(s, 0, sizeof(*s));
}
