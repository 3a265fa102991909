/* SPDX-License-Identifier: ISC */
/*
 * rng.c - ChaCha20 (RFC 8439 2.3) with fast key erasure.
 *
 * Each refill makes four blocks under the key.  The first 32 bytes become the
 * next key at once and every byte is wiped as it is handed out, so a later
 * look into memory tells nothing about numbers given before.
 */
#include <base/rng.h>
#include <string.h>

enum { BLOCK_WORDS = 16, DOUBLE_ROUNDS = 10, RENEW_REFILLS = 16 };

static inline uint32_t rotl(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static inline void quarter(uint32_t *s, unsigned a, unsigned b, unsigned c,
                           unsigned d)
{
    s[a] += s[b];
    s[d] = rotl(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotl(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotl(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotl(s[b] ^ s[c], 7);
}

/* Block number `counter` under `key` with a nonce of zeros: a key is used for
 * one refill only, so there is nothing to keep apart. */
static void block(const uint32_t key[8], uint32_t counter, uint8_t *out)
{
    const uint32_t first[BLOCK_WORDS] = {
        0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0], key[1], key[2],
        key[3],     key[4],     key[5],     key[6],     key[7], counter};
    uint32_t s[BLOCK_WORDS];

    memcpy(s, first, sizeof(s));
    for (unsigned i = 0; i < DOUBLE_ROUNDS; i++) {
        quarter(s, 0, 4, 8, 12);
        quarter(s, 1, 5, 9, 13);
        quarter(s, 2, 6, 10, 14);
        quarter(s, 3, 7, 11, 15);
        quarter(s, 0, 5, 10, 15);
        quarter(s, 1, 6, 11, 12);
        quarter(s, 2, 7, 8, 13);
        quarter(s, 3, 4, 9, 14);
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        s[i] += first[i];
    memcpy(out, s, sizeof(s));
}

static void refill(struct rng *r)
{
    for (uint32_t i = 0; i < sizeof(r->pool) / 64; i++)
        block(r->key, i, r->pool + 64 * i);
    memcpy(r->key, r->pool, sizeof(r->key));
    memset(r->pool, 0, sizeof(r->key));
    r->used = sizeof(r->key);
}

void rng_seed(struct rng *r, const uint8_t seed[32])
{
    memcpy(r->key, seed, sizeof(r->key));
    r->feed = NULL;
    refill(r);
}

void rng_renew(struct rng *r)
{
    uint32_t seed[8];

    if (!r->feed)
        return;
    for (unsigned i = 0; i < 2; i++) {
        r->restores += r->epoch[i] != r->feed->epoch[i];
        r->epoch[i] = r->feed->epoch[i];
    }
    ASSERT(r->feed->seed((struct mspan){(uint8_t *)seed, sizeof(seed)}));
    for (unsigned i = 0; i < ARRAY_LEN(seed); i++)
        r->key[i] ^= seed[i];
    r->refills = 0;
    refill(r);
}

void rng_set_feed(struct rng *r, const struct rng_feed *feed)
{
    r->feed = feed;
    r->restores = 0;
    r->refills = 0;
    if (feed) {
        r->epoch[0] = feed->epoch[0];
        r->epoch[1] = feed->epoch[1];
    }
}

void rng_bytes(struct rng *r, void *out, size_t n)
{
    uint8_t *to = out;

    rng_look(r);
    while (n) {
        size_t part = sizeof(r->pool) - r->used;

        if (part == 0) {
            if (r->feed && ++r->refills == RENEW_REFILLS)
                rng_renew(r);
            else
                refill(r);
            continue;
        }
        if (part > n)
            part = n;
        memcpy(to, r->pool + r->used, part);
        memset(r->pool + r->used, 0, part);
        r->used += (unsigned)part;
        to += part;
        n -= part;
    }
}

uint32_t rng_u32(struct rng *r)
{
    uint32_t v;

    rng_bytes(r, &v, sizeof(v));
    return v;
}

/* Lemire's multiplication; the few values that would make some answers more
 * likely are drawn again. */
uint32_t rng_below(struct rng *r, uint32_t n)
{
    uint64_t wide;
    uint32_t bias;

    ASSERT(n != 0);
    bias = -n % n;
    do
        wide = (uint64_t)rng_u32(r) * n;
    while ((uint32_t)wide < bias);
    return (uint32_t)(wide >> 32);
}
