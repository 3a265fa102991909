/* SPDX-License-Identifier: ISC */
/*
 * random.c - unpredictable bytes: the processor's, what others bring, and
 * jitter, all stirred into one key, from which a generator gives bytes.
 */
#include <base/rng.h>
#include <base/siphash.h>
#include <billet/machine.h>
#include <string.h>

#include "cpu.h"
#include "io.h"

enum {
    HARDWARE_WORDS = 8,  /* drawn at a time */
    HARDWARE_TRIES = 10, /* Intel's advice */
    JITTER_SAMPLES = 64,
    SEED_BYTES_ENOUGH = 16 /* from others, to be called random */
};

static struct {
    uint64_t key[4];
    size_t seeded; /* bytes from others */
    bool hardware; /* the processor has answered */
} state;

/* Each word depends on all of the old key and all of the input. */
static void stir(const void *p, size_t n)
{
    uint64_t next[4];

    for (unsigned i = 0; i < 4; i++) {
        struct siphash_key k = {state.key[i] ^ i, state.key[(i + 1) & 3]};

        next[i] = siphash24(&k, p, n) ^ state.key[(i + 2) & 3];
    }
    memcpy(state.key, next, sizeof(next));
}

static bool draw(uint64_t *v)
{
    bool done = false;

    for (unsigned i = 0; i < HARDWARE_TRIES && !done; i++) {
        if (cpu.rdseed)
            __asm__ volatile("rdseed %0" : "=r"(*v), "=@ccc"(done));
        if (!done && cpu.rdrand)
            __asm__ volatile("rdrand %0" : "=r"(*v), "=@ccc"(done));
    }
    return done;
}

/* False when there is none, or one that always says the same. */
static bool stir_hardware(void)
{
    uint64_t words[HARDWARE_WORDS];
    bool differ = false;

    if (!cpu.rdseed && !cpu.rdrand)
        return false;
    for (unsigned i = 0; i < HARDWARE_WORDS; i++) {
        if (!draw(&words[i]))
            return false;
        differ |= words[i] != words[0];
    }
    stir(words, sizeof(words));
    return differ;
}

/* How long looking at a device takes, in the lowest bits. */
static void stir_jitter(void)
{
    enum { PORT = 0x61 };
    uint64_t samples[JITTER_SAMPLES];

    for (unsigned i = 0; i < JITTER_SAMPLES; i++) {
        (void)in8(PORT);
        samples[i] = rdtsc();
    }
    stir(samples, sizeof(samples));
}

bool machine_random(struct mspan out)
{
    uint8_t seed[32], next[32];
    struct rng rng;

    state.hardware = stir_hardware();
    if (!state.hardware)
        stir_jitter();
    memcpy(seed, state.key, sizeof(seed));
    rng_seed(&rng, seed);
    rng_bytes(&rng, next, sizeof(next)); /* the old key is not kept */
    memcpy(state.key, next, sizeof(next));
    rng_bytes(&rng, out.p, out.n);
    return state.hardware || state.seeded >= SEED_BYTES_ENOUGH;
}

void machine_seed(struct span entropy)
{
    stir(entropy.p, entropy.n);
    state.seeded += entropy.n;
}
