/* SPDX-License-Identifier: ISC */
/*
 * irq_wait.h - the parts of irq.c that the clock and machine.c use.
 */
#ifndef X86_64_IRQ_WAIT_H
#define X86_64_IRQ_WAIT_H

#include "acpi_tables.h"

/* Fill in the interrupt table; before it becomes read-only. */
void irq_start(void);

/* The pin of a legacy interrupt, and how it is triggered. */
struct acpi_override irq_isa_pin(unsigned number);

/* Halt until any interrupt, unless a wake-up is pending.  Whether one is. */
bool irq_wait(void);

/* Whether the timer's interrupt ended the last irq_wait(). */
bool irq_timer_fired(void);

/* Serve what is pending; whether a wake-up came since the last call. */
bool irq_take_wake(void);

#endif
