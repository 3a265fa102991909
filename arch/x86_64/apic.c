/* SPDX-License-Identifier: ISC */
/*
 * apic.c - see apic.h.
 */
#include "apic.h"

#include "cpu.h"
#include "io.h"
#include "memory.h"

enum { /* registers of the local APIC */
       LAPIC_ID = 0x20,
       LAPIC_PRIORITY = 0x80,
       LAPIC_EOI = 0xb0,
       LAPIC_SPURIOUS = 0xf0,
       LAPIC_TIMER = 0x320,
       LAPIC_LINT0 = 0x350,
       LAPIC_LINT1 = 0x360,
       LAPIC_ERROR = 0x370,
       LAPIC_COUNT = 0x380,
       LAPIC_LEFT = 0x390,
       LAPIC_DIVIDE = 0x3e0,
       LAPIC_BYTES = 0x1000
};
enum {
    MASKED = 1 << 16,
    LEVEL = 1 << 15,
    ACTIVE_LOW = 1 << 13,
    DELIVER_NMI = 4 << 8,
    TIMER_MODE_SHIFT = 17,
    DIVIDE_BY_16 = 3,
    SWITCHED_ON = 1 << 8
};
enum { IOAPIC_VERSION = 1, IOAPIC_PINS = 0x10, IOAPIC_BYTES = 0x20 };
enum { BASE_X2APIC = 1 << 10, BASE_ON = 1 << 11 };
enum { PIC1_MASK = 0x21, PIC2_MASK = 0xa1 };

static struct {
    volatile uint8_t *lapic; /* NULL: by MSRs, as firmware left it */
    struct {
        volatile uint8_t *p;
        uint32_t gsi, pins;
    } io[ACPI_IOAPICS_MAX];
    unsigned nio;
} apic __attribute__((section(".bss.late_ro")));

static uint32_t lapic_read(unsigned at)
{
    return apic.lapic ? mmio_read32(apic.lapic + at)
                      : (uint32_t)rdmsr(MSR_X2APIC + at / 16);
}

static void lapic_write(unsigned at, uint32_t v)
{
    if (apic.lapic)
        mmio_write32(apic.lapic + at, v);
    else
        wrmsr(MSR_X2APIC + at / 16, v);
}

uint32_t lapic_id(void)
{
    uint32_t id = lapic_read(LAPIC_ID);

    return apic.lapic ? id >> 24 : id;
}

void lapic_eoi(void)
{
    lapic_write(LAPIC_EOI, 0);
}

void lapic_timer_mode(enum lapic_timer mode)
{
    lapic_write(LAPIC_TIMER, VECTOR_TIMER | (uint32_t)mode << TIMER_MODE_SHIFT);
    barrier_full(); /* the mode before the first deadline */
}

void lapic_timer_set(uint32_t count)
{
    lapic_write(LAPIC_COUNT, count);
}

uint32_t lapic_timer_read(void)
{
    return lapic_read(LAPIC_LEFT);
}

static uint32_t ioapic_read(unsigned i, uint32_t at)
{
    mmio_write32(apic.io[i].p, at);
    return mmio_read32(apic.io[i].p + IOAPIC_PINS);
}

static void ioapic_write(unsigned i, uint32_t at, uint32_t v)
{
    mmio_write32(apic.io[i].p, at);
    mmio_write32(apic.io[i].p + IOAPIC_PINS, v);
}

static void start_ioapic(uint64_t at, uint32_t gsi)
{
    volatile uint8_t *p = memory_map_device(at, IOAPIC_BYTES);
    unsigned i = apic.nio;

    if (!p)
        return;
    apic.io[i].p = p;
    apic.io[i].gsi = gsi;
    apic.io[i].pins = (ioapic_read(i, IOAPIC_VERSION) >> 16 & 0xff) + 1;
    if (apic.io[i].pins > 240) /* nobody is there */
        return;
    apic.nio++;
    for (uint32_t pin = 0; pin < apic.io[i].pins; pin++)
        ioapic_write(i, 0x10 + 2 * pin, MASKED);
}

const char *apic_start(const struct acpi_madt *m)
{
    uint64_t base;

    if (!cpu.apic)
        return "the processor has no local APIC";
    out8(PIC1_MASK, 0xff);
    out8(PIC2_MASK, 0xff);
    base = rdmsr(MSR_APIC_BASE);
    if (!(base & BASE_X2APIC)) {
        wrmsr(MSR_APIC_BASE, base | BASE_ON);
        apic.lapic = memory_map_device(m->lapic, LAPIC_BYTES);
        if (!apic.lapic)
            return "the local APIC is out of reach";
    }
    lapic_write(LAPIC_SPURIOUS, SWITCHED_ON | VECTOR_SPURIOUS);
    lapic_write(LAPIC_PRIORITY, 0);
    lapic_write(LAPIC_LINT0, MASKED);
    lapic_write(LAPIC_LINT1, DELIVER_NMI);
    lapic_write(LAPIC_ERROR, MASKED);
    lapic_write(LAPIC_DIVIDE, DIVIDE_BY_16);
    lapic_write(LAPIC_TIMER, VECTOR_TIMER);
    for (unsigned i = 0; i < m->nioapics; i++)
        start_ioapic(m->ioapics[i].at, m->ioapics[i].gsi);
    return NULL;
}

/* Which I/O APIC has the pin; nio when none. */
static unsigned find_pin(uint32_t gsi)
{
    unsigned i = 0;

    while (i < apic.nio &&
           (gsi < apic.io[i].gsi || gsi - apic.io[i].gsi >= apic.io[i].pins))
        i++;
    return i;
}

bool ioapic_route(uint32_t gsi, uint8_t vector, bool level, bool active_low)
{
    unsigned i = find_pin(gsi);
    uint32_t at;

    /* The destination field has 8 bits, and who starts is nearly always 0. */
    if (i == apic.nio || lapic_id() > 0xff)
        return false;
    at = 0x10 + 2 * (gsi - apic.io[i].gsi);
    ioapic_write(i, at + 1, lapic_id() << 24);
    ioapic_write(
        i, at, vector | (level ? LEVEL : 0u) | (active_low ? ACTIVE_LOW : 0u));
    return true;
}

void ioapic_mask(uint32_t gsi)
{
    unsigned i = find_pin(gsi);

    if (i < apic.nio)
        ioapic_write(i, 0x10 + 2 * (gsi - apic.io[i].gsi), MASKED);
}
