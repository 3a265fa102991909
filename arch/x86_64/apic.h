/* SPDX-License-Identifier: ISC */
/*
 * apic.h - the local APIC and the I/O APICs as registers.
 */
#ifndef X86_64_APIC_H
#define X86_64_APIC_H

#include "acpi_tables.h"

enum { VECTOR_TIMER = 0x20, VECTOR_SPURIOUS = 0x2f, VECTOR_IRQ = 0x30 };

/* Silence the old interrupt controllers, switch on the local APIC, mask every
 * pin.  NULL, or what is wrong. */
const char *apic_start(const struct acpi_madt *);

uint32_t lapic_id(void);
void lapic_eoi(void);

/* The timer: an interrupt when `count` has run down at a sixteenth of the bus
 * frequency, once or again and again; 0 stops it.  Or when the TSC gets to
 * what MSR_TSC_DEADLINE says. */
enum lapic_timer { LAPIC_TIMER_ONCE, LAPIC_TIMER_REPEATS, LAPIC_TIMER_BY_TSC };
void lapic_timer_mode(enum lapic_timer);
void lapic_timer_set(uint32_t count);
uint32_t lapic_timer_read(void);

/* Let a pin raise `vector`; false when there is no such pin. */
MUST_USE bool ioapic_route(uint32_t gsi, uint8_t vector, bool level,
                           bool active_low);
void ioapic_mask(uint32_t gsi);

#endif
