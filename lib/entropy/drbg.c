/* SPDX-License-Identifier: ISC */
/*
 * drbg.c - Hash_DRBG (NIST SP 800-90A Rev. 1, 10.1.1).
 */
#include <base/bytes.h>
#include <entropy/drbg.h>
#include <entropy/sha256.h>

/* `a` and `b` begin so many bytes of different meaning (10.1.1.2 to .4). */
enum { IS_CONSTANT = 0, IS_RESEED = 1, IS_MORE = 2, IS_NEXT = 3 };

/* v = v + n, numbers of 440 bits and of n.n bytes, the highest byte first. */
static void add(uint8_t *v, struct span n)
{
    unsigned carry = 0;

    for (unsigned i = DRBG_SEED_BYTES; i-- > 0;) {
        carry += v[i] + (n.n ? n.p[--n.n] : 0u);
        v[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* Hash_df (10.3.1) for 440 bits: two hashes over a counter, the length, and
 * the input: up to three pieces, of which `mark` is the first when it counts.
 */
static void derive(uint8_t out[DRBG_SEED_BYTES], int mark, const uint8_t *v,
                   struct span in)
{
    uint8_t head[6] = {0,
                       0,
                       0,
                       DRBG_SEED_BYTES * 8 >> 8,
                       (uint8_t)(DRBG_SEED_BYTES * 8),
                       (uint8_t)mark};
    uint8_t made[2 * SHA256_BYTES];
    struct sha256 s;

    for (unsigned i = 0; i < 2; i++) {
        head[0]++;
        sha256_start(&s);
        sha256_add(&s, head, mark < 0 ? 5 : 6);
        if (v)
            sha256_add(&s, v, DRBG_SEED_BYTES);
        sha256_add(&s, in.p, in.n);
        sha256_end(&s, made + i * SHA256_BYTES);
    }
    memcpy(out, made, DRBG_SEED_BYTES);
}

static void seeded(struct drbg *d)
{
    derive(d->c, IS_CONSTANT, d->v, (struct span){0});
    d->requests = 1;
}

void drbg_start(struct drbg *d, struct span seed)
{
    derive(d->v, -1, NULL, seed);
    seeded(d);
}

void drbg_reseed(struct drbg *d, struct span seed)
{
    derive(d->v, IS_RESEED, d->v, seed);
    seeded(d);
}

/* v = v + Hash(mark || v || more) */
static void stir(struct drbg *d, uint8_t mark, struct span more)
{
    uint8_t made[SHA256_BYTES];
    struct sha256 s;

    sha256_start(&s);
    sha256_add(&s, &mark, 1);
    sha256_add(&s, d->v, sizeof(d->v));
    sha256_add(&s, more.p, more.n);
    sha256_end(&s, made);
    add(d->v, (struct span){made, sizeof(made)});
}

void drbg_generate(struct drbg *d, struct mspan out, struct span more)
{
    uint8_t v[DRBG_SEED_BYTES], made[SHA256_BYTES], count[8];
    static const uint8_t one = 1;
    struct sha256 s;

    ASSERT(out.n <= DRBG_REQUEST_BYTES_MAX);
    if (more.n)
        stir(d, IS_MORE, more);
    memcpy(v, d->v, sizeof(v));
    while (out.n) { /* Hashgen */
        size_t n = out.n < sizeof(made) ? out.n : sizeof(made);

        sha256_start(&s);
        sha256_add(&s, v, sizeof(v));
        sha256_end(&s, made);
        memcpy(out.p, made, n);
        out = (struct mspan){out.p + n, out.n - n};
        add(v, (struct span){&one, 1});
    }
    put_be64(count, d->requests++);
    stir(d, IS_NEXT, (struct span){0});
    add(d->v, (struct span){d->c, sizeof(d->c)});
    add(d->v, (struct span){count, sizeof(count)});
    memset(v, 0, sizeof(v));
    memset(made, 0, sizeof(made));
}
