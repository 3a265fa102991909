/* SPDX-License-Identifier: ISC */
/*
 * reference.c - see reference.h.
 *
 * Of several readings the one counts that took the shortest: a hypervisor may
 * take the processor away in the middle of one.
 */
#include "reference.h"

#include "apic.h"
#include "cpu.h"
#include "io.h"
#include "memory.h"

enum {
    PM_TIMER_HZ = 3579545,
    PM_TIMER_BITS = 24, /* some have 32; that is of no use here */
    PIT_HZ = 1193182,
    PIT_BITS = 16
};
enum {
    PIT_TICK = 0x40,  /* channel 0: interrupts */
    PIT_COUNT = 0x42, /* channel 2: counts */
    PIT_COMMAND = 0x43,
    PIT_GATE = 0x61, /* of channel 2, and the loudspeaker */
    GATE_OPEN = 1,
    GATE_LOUD = 2,
    /* Commands: channel, two bytes, mode 2 (counts and starts again). */
    PIT_TICK_REPEAT = 0x34,
    PIT_TICK_ONCE = 0x30, /* mode 0 */
    PIT_COUNT_REPEAT = 0xb4,
    PIT_COUNT_LATCH = 0x80,
    PIT_COUNT_STATUS = 0xe8,
    PIT_STATUS_MODE = 0x3f
};
enum {
    STEPS = 4,      /* looked at, to find one read quickly */
    LOOKS_MAX = 256 /* for a step; so many reads take longer than one */
};

enum { /* HPET: 32-bit registers */
       HPET_BYTES = 1024,
       HPET_PERIOD = 0x04 / 4,
       HPET_CONFIG = 0x10 / 4,
       HPET_COUNT = 0xf0 / 4,
       HPET_BITS = 32,
       HPET_ENABLE = 1
};

static struct {
    uint32_t (*read)(void);
    const char *name;
    uint16_t port; /* the ACPI timer's */
    volatile uint32_t *hpet;
} chosen;

static uint32_t read_hpet(void)
{
    return chosen.hpet[HPET_COUNT];
}

static uint32_t read_pm_timer(void)
{
    return in32(chosen.port) & ((1u << PM_TIMER_BITS) - 1);
}

static uint32_t read_pit(void)
{
    uint32_t low;

    out8(PIT_COMMAND, PIT_COUNT_LATCH);
    low = in8(PIT_COUNT);
    return -(low | (uint32_t)in8(PIT_COUNT) << 8) & ((1u << PIT_BITS) - 1);
}

static uint32_t read_lapic(void)
{
    return -lapic_timer_read();
}

static bool start_pit(void)
{
    out8(PIT_GATE, (uint8_t)((in8(PIT_GATE) & ~GATE_LOUD) | GATE_OPEN));
    out8(PIT_COMMAND, PIT_COUNT_REPEAT);
    out8(PIT_COUNT, 0); /* means 65,536 */
    out8(PIT_COUNT, 0);
    out8(PIT_COMMAND, PIT_COUNT_STATUS);
    return (in8(PIT_COUNT) & PIT_STATUS_MODE) ==
           (PIT_COUNT_REPEAT & PIT_STATUS_MODE);
}

/* Its rate; 0: there is none that works.  It counts from here on. */
static uint32_t start_hpet(uint64_t at)
{
    uint32_t hz;

    chosen.hpet = at ? memory_map_device(at, HPET_BYTES) : NULL;
    hz = chosen.hpet ? hpet_hz(chosen.hpet[HPET_PERIOD]) : 0;
    if (hz)
        chosen.hpet[HPET_CONFIG] |= HPET_ENABLE;
    return hz;
}

bool reference_start(struct reference *r, uint64_t hpet, uint16_t port)
{
    uint32_t hz = start_hpet(hpet);

    if (hz) {
        *r = (struct reference){.hz = hz, .bits = HPET_BITS};
        chosen.read = read_hpet;
        chosen.name = "TSC by the HPET";
        return true;
    }
    chosen.port = port;
    if (port && in32(port) != UINT32_MAX) {
        *r = (struct reference){.hz = PM_TIMER_HZ, .bits = PM_TIMER_BITS};
        chosen.read = read_pm_timer;
        chosen.name = "TSC by the ACPI timer";
        return true;
    }
    *r = (struct reference){.hz = PIT_HZ, .bits = PIT_BITS};
    chosen.read = read_pit;
    chosen.name = "TSC by the PIT";
    return start_pit();
}

const char *reference_name(void)
{
    return chosen.name;
}

uint32_t reference_read(void)
{
    return chosen.read();
}

void reference_tick(unsigned us)
{
    uint32_t count = (uint32_t)((uint64_t)us * PIT_HZ / 1000000);

    out8(PIT_COMMAND, count ? PIT_TICK_REPEAT : PIT_TICK_ONCE);
    if (count) {
        out8(PIT_TICK, (uint8_t)count);
        out8(PIT_TICK, (uint8_t)(count >> 8));
    }
}

static struct sample sample(uint32_t (*read)(void))
{
    struct sample best = {0};
    uint64_t best_took = UINT64_MAX;

    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t before = rdtsc(), after = before;
        uint32_t first = read(), v = first;

        for (unsigned i = 0; i < LOOKS_MAX && v == first; i++) {
            before = rdtsc();
            v = read();
            after = rdtsc();
        }
        if (after - before < best_took) {
            best_took = after - before;
            best = (struct sample){before + best_took / 2, v};
        }
    }
    return best;
}

struct sample reference_sample(void)
{
    return sample(chosen.read);
}

struct sample reference_sample_lapic(void)
{
    return sample(read_lapic);
}
