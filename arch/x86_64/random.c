/* SPDX-License-Identifier: ISC */
/*
 * random.c - this machine's sources of randomness, and when they are asked.
 *
 * The first draw, or the first bytes of a virtio-rng, starts it: an image that
 * draws nothing waits for nothing.
 */
#include <billet/machine.h>
#include <entropy/entropy.h>
#include <string.h>

#include "acpi.h"
#include "cpu.h"
#include "fw_cfg.h"
#include "io.h"
#include "platform.h"

enum {
    PART_WORDS = 8, /* drawn from the processor at a time... */
    START_WORDS = ENTROPY_STARTUP_BYTES / 8, /* ...and first, at once */
    JITTER_PART = 32,                        /* samples */
    JITTER_READS = 16,                       /* of a port, for each */
    JITTER_PARTS = 128,  /* when there is nothing else; then it gives up */
    LOADER_BYTES = 4096, /* of a module; more is not looked at */
    SEED_BYTES = 1024,   /* of a seed by fw_cfg */
    RESEED_BYTES = 1 << 20
};
#define RESEED_NS (300 * NS_PER_SEC)

static struct {
    struct entropy e;
    const volatile uint64_t *epoch;
    uint64_t seen[2]; /* the epoch of what is in the generator */
    ns_t due;         /* by then it is seeded anew; 0: not started */
} state;

static void add(enum entropy_source s, const void *p, size_t n)
{
    entropy_add(&state.e, s, (struct span){p, n});
}

static void add_cpu(unsigned n)
{
    uint64_t words[START_WORDS];

    for (unsigned i = 0; i < n; i++)
        if (!cpu_random(&words[i]))
            return;
    add(ENTROPY_CPU, words, n * sizeof(words[0]));
}

/* How long looking at a device takes, in the lowest bits. */
static void add_jitter(void)
{
    enum { PORT = 0x61 };
    uint8_t samples[JITTER_PART];
    uint64_t last = rdtsc(), now;

    for (unsigned i = 0; i < JITTER_PART; i++, last = now) {
        for (unsigned k = 0; k < JITTER_READS; k++)
            (void)in8(PORT);
        now = rdtsc();
        samples[i] = (uint8_t)(now - last);
    }
    add(ENTROPY_JITTER, samples, sizeof(samples));
}

static void add_seeds(void)
{
    uint8_t seed[SEED_BYTES];
    struct region r = platform.boot.module;
    size_t n = r.end - r.base < LOADER_BYTES ? r.end - r.base : LOADER_BYTES;
    struct span s = {0};

    if (n > 0)
        s = phys_at(&phys_memory, r.base, n);
    if (s.n > 0)
        add(ENTROPY_LOADER, s.p, s.n);
    n = fw_cfg_read("opt/billet/seed", (struct mspan){seed, sizeof(seed)});
    if (n > 0)
        add(ENTROPY_HOST, seed, n);
    memset(seed, 0, sizeof(seed));
    __asm__ volatile("" : : "r"(seed) : "memory"); /* it is wiped */
}

const volatile uint64_t *machine_epoch(void)
{
    static const uint64_t never[2];

    if (!state.epoch && !(state.epoch = acpi_generation()))
        state.epoch = never;
    return state.epoch;
}

static bool moved(void)
{
    return state.epoch[0] != state.seen[0] || state.epoch[1] != state.seen[1];
}

/* The ID is no secret, but no two machines have the same: from here on they
 * go apart.  It is looked at before it is taken, so a change meanwhile is seen
 * later. */
static void take_epoch(void)
{
    state.seen[0] = state.epoch[0];
    state.seen[1] = state.epoch[1];
    drbg_reseed(&state.e.drbg,
                (struct span){(const uint8_t *)state.seen, sizeof(state.seen)});
}

static void reseed(void)
{
    add_cpu(PART_WORDS);
    add_jitter();
    state.due = machine_now() + RESEED_NS;
}

static void start(void)
{
    if (state.due)
        return;
    machine_epoch();
    take_epoch();
    add_seeds();
    add_cpu(START_WORDS);
    reseed();
}

/* Nobody else has given enough: how long things take must do. */
static void wait_for_jitter(void)
{
    for (unsigned i = 0; i < JITTER_PARTS && !state.e.ready; i++)
        add_jitter();
}

bool machine_random(struct mspan out)
{
    uint64_t more[2] = {0};
    bool good;

    start();
    wait_for_jitter();
    do {
        if (moved()) {
            state.e.count.restores++;
            take_epoch();
            reseed();
        } else if (state.e.drawn >= RESEED_BYTES ||
                   machine_now() >= state.due) {
            reseed();
        }
        more[0] = rdtsc();
        if (!cpu_random(&more[1]))
            more[1] = 0;
        good = entropy_draw(&state.e, out,
                            (struct span){(const uint8_t *)more, sizeof(more)});
    } while (moved()); /* while it was made: nobody has seen it yet */
    return good;
}

void machine_seed(struct span entropy)
{
    start();
    add(ENTROPY_DEVICE, entropy.p, entropy.n);
}

const struct entropy *machine_entropy(void)
{
    return &state.e;
}
