/* SPDX-License-Identifier: ISC */
/*
 * irq.c - which handler runs for which vector; see irq.h.
 */
#include "irq.h"

#include "apic.h"
#include "fault.h"
#include "irq_wait.h"
#include "platform.h"

enum {
    TIMER_SLOT = IRQ_HANDLERS_MAX,
    STUB_BYTES = 16,
    STORM = 1000, /* on one pin in one window: nobody quietens it */
    NO_GSI = -1
};

struct slot {
    void (*handler)(void *arg);
    void *arg;
    struct slot *next; /* shares the pin of the first in the chain */
    int gsi;
    unsigned window, in_window; /* interrupts in that window */
};

extern const uint8_t irq_stubs[], irq_spurious[];
void irq_sleep(void);
void irq_window(void);
void irq_dispatch(unsigned slot);

static struct {
    struct slot slots[IRQ_HANDLERS_MAX];
    unsigned n, storms, window;
    bool woken, timer_fired;
} irq;

void irq_start(void)
{
    fault_set_vector(VECTOR_TIMER, irq_stubs + STUB_BYTES * TIMER_SLOT);
    fault_set_vector(VECTOR_SPURIOUS, irq_spurious);
    for (unsigned i = 0; i < IRQ_HANDLERS_MAX; i++)
        fault_set_vector(VECTOR_IRQ + i, irq_stubs + STUB_BYTES * i);
}

/* From vectors.S, with interrupts off. */
void irq_dispatch(unsigned n)
{
    if (n == TIMER_SLOT) {
        irq.timer_fired = true;
    } else {
        struct slot *first = &irq.slots[n];

        irq.woken = true;
        for (struct slot *s = first; s; s = s->next)
            if (s->handler)
                s->handler(s->arg);
        if (first->window != irq.window)
            first->in_window = 0;
        first->window = irq.window;
        if (++first->in_window > STORM && first->gsi != NO_GSI) {
            ioapic_mask((uint32_t)first->gsi);
            irq.storms++;
        }
    }
    lapic_eoi();
}

int irq_alloc(void (*handler)(void *arg), void *arg)
{
    struct slot *s;

    if (irq.n == IRQ_HANDLERS_MAX)
        return -1;
    s = &irq.slots[irq.n];
    *s = (struct slot){.handler = handler, .arg = arg, .gsi = NO_GSI};
    return VECTOR_IRQ + (int)irq.n++;
}

void irq_msi(int vector, uint64_t *addr, uint32_t *data)
{
    *addr = 0xfee00000 | (lapic_id() & 0xff) << 12;
    *data = (uint32_t)vector; /* fixed, on an edge */
}

static struct slot *slot_of(int vector)
{
    int n = vector - VECTOR_IRQ;

    return n >= 0 && n < (int)irq.n ? &irq.slots[n] : NULL;
}

bool irq_gsi(unsigned gsi, bool level, bool active_low, int vector)
{
    struct slot *s = slot_of(vector);

    if (!s || s->gsi != NO_GSI || gsi > INT16_MAX)
        return false;
    for (unsigned i = 0; i < irq.n; i++)
        if (irq.slots[i].gsi == (int)gsi) {
            s->next = irq.slots[i].next;
            irq.slots[i].next = s;
            return true;
        }
    if (!ioapic_route(gsi, (uint8_t)vector, level, active_low))
        return false;
    s->gsi = (int)gsi;
    return true;
}

struct acpi_override irq_isa_pin(unsigned number)
{
    struct acpi_override pin = {.irq = (uint8_t)number, .gsi = number};

    for (unsigned i = 0; i < platform.madt.noverrides; i++)
        if (platform.madt.overrides[i].irq == number)
            pin = platform.madt.overrides[i];
    return pin;
}

bool irq_isa(unsigned number, void (*handler)(void *arg), void *arg)
{
    struct acpi_override pin = irq_isa_pin(number);
    int vector;

    if (number > 15 || (vector = irq_alloc(handler, arg)) < 0)
        return false;
    return irq_gsi(pin.gsi, pin.level, pin.active_low, vector);
}

void irq_wake(void)
{
    irq.woken = true;
}

unsigned irq_storms(void)
{
    return irq.storms;
}

bool irq_wait(void)
{
    if (irq.woken)
        return true;
    irq.timer_fired = false;
    irq.window++;
    irq_sleep();
    return irq.woken;
}

bool irq_timer_fired(void)
{
    return irq.timer_fired;
}

bool irq_take_wake(void)
{
    bool woken;

    irq.window++;
    irq_window();
    woken = irq.woken;
    irq.woken = false;
    return woken;
}
