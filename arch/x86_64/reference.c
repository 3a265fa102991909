/* SPDX-License-Identifier: ISC */
/*
 * reference.c - see reference.h.
 */
#include "reference.h"

#include "cpu.h"
#include "io.h"

enum {
    PM_TIMER_HZ = 3579545,
    PM_TIMER_BITS = 24, /* some have 32; that is of no use here */
    PIT_HZ = 1193182,
    PIT_BITS = 16
};
enum {
    PIT_COUNT = 0x40,
    PIT_COMMAND = 0x43,
    PIT_ONE_SHOT = 0x30, /* channel 0, two bytes, mode 0: counts down once */
    PIT_LATCH = 0x00,    /* channel 0 */
    PIT_STATUS = 0xe2,   /* channel 0's */
    PIT_STATUS_MODE = 0x3f
};
enum { LOOKS_MAX = 256 /* for a step; 256 reads take longer than one */ };

static struct {
    uint16_t port; /* 0: the PIT */
    bool pit;
} chosen;

static uint32_t read_once(void)
{
    uint32_t low;

    if (chosen.port)
        return in32(chosen.port) & ((1u << PM_TIMER_BITS) - 1);
    out8(PIT_COMMAND, PIT_LATCH);
    low = in8(PIT_COUNT);
    return -(low | (uint32_t)in8(PIT_COUNT) << 8) & 0xffff; /* upwards */
}

static bool pit_start(unsigned us)
{
    uint32_t count = (uint32_t)((uint64_t)us * PIT_HZ / 1000000);

    out8(PIT_COMMAND, PIT_ONE_SHOT);
    out8(PIT_COUNT, (uint8_t)count);
    out8(PIT_COUNT, (uint8_t)(count >> 8));
    out8(PIT_COMMAND, PIT_STATUS);
    return (in8(PIT_COUNT) & PIT_STATUS_MODE) == PIT_ONE_SHOT;
}

bool reference_start(struct reference *r, uint16_t port, unsigned nap_us)
{
    chosen.port = port;
    chosen.pit = pit_start(nap_us);
    if (port && in32(port) != UINT32_MAX) {
        *r = (struct reference){.hz = PM_TIMER_HZ, .bits = PM_TIMER_BITS};
        return true;
    }
    chosen.port = 0;
    *r = (struct reference){.hz = PIT_HZ, .bits = PIT_BITS};
    return chosen.pit;
}

struct sample reference_sample(void)
{
    uint32_t first = read_once(), v = first;
    uint64_t before = rdtsc(), after = before;

    for (unsigned i = 0; i < LOOKS_MAX && v == first; i++) {
        before = rdtsc();
        v = read_once();
        after = rdtsc();
    }
    return (struct sample){.tsc = before + (after - before) / 2,
                           .reference = v};
}

const char *reference_name(void)
{
    return chosen.port ? "TSC by the ACPI timer" : "TSC by the PIT";
}
