/* SPDX-License-Identifier: ISC */
/*
 * entropy.c - sources in, bytes out.
 *
 * The tests know what they look at as bytes and, where each byte is said to be
 * random, also as words of 64 bits: what repeats with the period of a word, or
 * of some, looks well byte by byte.
 */
#include <base/bytes.h>
#include <entropy/entropy.h>

enum { WORD = 8, EIGHTHS = 8 };

/* A claim of 4 bits a byte, 32 a word; of 1/8 bit a byte.  Each cut-off is
 * SP 800-90B's for that claim; the unit tests compute them. */
static const struct health_cut words_cut = {2, 2};
static const struct {
    struct health_cut cut;
    uint16_t eighths; /* of a bit of min-entropy in a byte, claimed */
    uint16_t startup; /* bytes that must be passed before it counts */
    bool words;
} claim[ENTROPY_SOURCES] = {
    [ENTROPY_CPU] = {{9, 71}, 32, ENTROPY_STARTUP_BYTES, true},
    [ENTROPY_DEVICE] = {{9, 71}, 32, ENTROPY_STARTUP_BYTES, true},
    [ENTROPY_HOST] = {{9, 71}, 32, ENTROPY_SEED_BYTES, true},
    [ENTROPY_LOADER] = {{9, 71}, 0, ENTROPY_SEED_BYTES, true},
    [ENTROPY_JITTER] = {{241, 502}, 1, ENTROPY_STARTUP_BYTES, false},
};

uint32_t entropy_bits(const struct entropy *e, enum entropy_source s)
{
    const struct entropy_from *f = &e->from[s];

    return f->failed || f->samples < claim[s].startup
               ? 0
               : f->samples * claim[s].eighths / EIGHTHS;
}

static bool passes(struct entropy_from *f, enum entropy_source s,
                   struct span in)
{
    bool good = true;

    for (size_t i = 0; i < in.n; i++) {
        good &= health_test(&f->bytes, &claim[s].cut, in.p[i]);
        if (claim[s].words && i % WORD == WORD - 1)
            good &=
                health_test(&f->words, &words_cut, le64(in.p + i - (WORD - 1)));
    }
    return good;
}

/* A clock that counts instructions gives two values in turn, where a constant
 * is rounded: neither test knows that as a pattern.  What really jitters has
 * many values. */
static bool varies(struct entropy *e, struct span in)
{
    unsigned kinds = 0;

    for (size_t i = 0; i < in.n; i++)
        e->kinds[in.p[i] / 32] |= UINT32_C(1) << in.p[i] % 32;
    for (unsigned i = 0; i < 256; i++)
        kinds += e->kinds[i / 32] >> i % 32 & 1;
    return e->from[ENTROPY_JITTER].samples + in.n < ENTROPY_STARTUP_BYTES ||
           kinds >= ENTROPY_KINDS;
}

bool entropy_add(struct entropy *e, enum entropy_source s, struct span in)
{
    struct entropy_from *f = &e->from[s];
    uint32_t bits = 0;

    if (!f->failed &&
        (!passes(f, s, in) || (s == ENTROPY_JITTER && !varies(e, in)))) {
        f->failed = true;
        e->count.failed_sources++;
    }
    if (f->samples < ENTROPY_STARTUP_BYTES * ENTROPY_BITS)
        f->samples += (uint32_t)in.n;
    drbg_reseed(&e->drbg, in);
    e->count.reseeds++;
    e->drawn = 0;
    for (unsigned i = 0; i < ENTROPY_SOURCES; i++)
        bits += entropy_bits(e, i);
    e->ready |= bits >= ENTROPY_BITS;
    return !f->failed;
}

bool entropy_draw(struct entropy *e, struct mspan out, struct span more)
{
    if (!e->ready)
        return false;
    drbg_generate(&e->drbg, out, more);
    e->drawn += out.n;
    return true;
}
