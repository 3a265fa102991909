/* SPDX-License-Identifier: ISC */
/*
 * place.c - what is random about an image before anything else runs: where it
 * lies, where its heap begins, and the canary between a function's arrays and
 * its return address.
 *
 * The sources are those of the generator (random.c), which itself comes too
 * late for it: an image with a network draws another canary once it stands.
 */
#include "place.h"

#include <base/siphash.h>
#include <billet/machine.h>
#include <string.h>

#include "cpu.h"
#include "fw_cfg.h"
#include "io.h"
#include "paging.h"

enum {
    WORDS = 8,
    SEED_BYTES = 64,   /* of a seed by fw_cfg */
    TIMED_READS = 8,   /* of a port, for a word */
    PLACES = 0x7f80,   /* of 4 GiB: all of the upper half but its very end */
    STACK_MASK = 0x7f0 /* by how much the first stack may begin lower */
};
#define UPPER_HALF UINT64_C(0xffff800000000000)

/* Compared by code that the compiler adds.  Read-only once the machine
 * stands. */
extern uint64_t __stack_chk_guard;
uint64_t __stack_chk_guard __attribute__((section(".bss.late_ro"), used));

static uint64_t scatter;

/* How long looking at a device takes: better than nothing. */
static uint64_t timed_word(void)
{
    enum { PORT = 0x61 };

    for (unsigned i = 0; i < TIMED_READS; i++)
        (void)in8(PORT);
    return rdtsc();
}

/* The lowest byte is zero, so that no text that is too long can match. */
static void set_canary(uint64_t v)
{
    struct cpu_guards was = cpu_open_pages();

    *(volatile uint64_t *)&__stack_chk_guard = v & ~(uint64_t)0xff;
    cpu_close_pages(was);
}

/* Who debugs an image may want the addresses that the linker chose. */
static bool is_to_stay(void)
{
    uint8_t word[4] = {0};

    return fw_cfg_read("opt/billet/aslr", (struct mspan){word, 3}) == 3 &&
           memcmp(word, "off", 3) == 0;
}

/* Without a canary of its own, for it makes it. */
NO_CANARY uint64_t machine_place(uint64_t first_tsc)
{
    struct {
        uint64_t word[WORDS];
        uint8_t seed[SEED_BYTES];
    } in = {{0}, {0}};
    struct siphash_key key = {first_tsc, 0};
    bool drawn = true;
    uint64_t place;

    cpu_find();
    for (unsigned i = 0; i < WORDS; i++)
        drawn = drawn && cpu_random(&in.word[i]);
    if (!drawn) {
        (void)fw_cfg_read("opt/billet/seed",
                          (struct mspan){in.seed, SEED_BYTES});
        for (unsigned i = 0; i < WORDS; i++)
            in.word[i] ^= timed_word();
    }
    key.k0 ^= in.word[0];
    key.k1 = in.word[1] ^ rdtsc();
    place = siphash24(&key, &in, sizeof(in));
    in.word[WORDS - 1]++;
    scatter = siphash24(&key, &in, sizeof(in));
    in.word[WORDS - 1]++;
    set_canary(siphash24(&key, &in, sizeof(in)));
    if (is_to_stay())
        return 0;
    return (UPPER_HALF + ((place >> 48) * PLACES >> 16 << 32)) |
           (place & STACK_MASK);
}

size_t machine_scatter(size_t room)
{
    return (size_t)(scatter % (room / PAGE_BYTES + 1)) * PAGE_BYTES;
}

uint64_t machine_base(void)
{
    return (uintptr_t)image_base;
}

NO_CANARY void machine_new_canary(void)
{
    uint64_t v;

    if (machine_random((struct mspan){(uint8_t *)&v, sizeof(v)}))
        set_canary(v);
}
