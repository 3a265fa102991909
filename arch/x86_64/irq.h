/* SPDX-License-Identifier: ISC */
/*
 * irq.h - device interrupts.
 *
 * Interrupts are open only inside machine_wait() and machine_woken(), and
 * while one of those runs nothing else does: a handler never interrupts other
 * code.  So there are no locks.  A handler sets a flag and, for a line shared
 * or level-triggered, makes its device let go of the line; the work is done by
 * the loop.  Each device interrupt is a wake-up by itself.
 */
#ifndef X86_64_IRQ_H
#define X86_64_IRQ_H

#include <billet/base.h>

enum { IRQ_HANDLERS_MAX = 64 /* beyond: irq_alloc() answers -1 */ };

/* A vector of its own for `handler`, or -1.  The handler may be NULL when the
 * wake-up is all that is wanted.  Vectors are never given back. */
int irq_alloc(void (*handler)(void *arg), void *arg);

/* The message that raises `vector`: what MSI and MSI-X entries hold. */
void irq_msi(int vector, uint64_t *addr, uint32_t *data);

/*
 * Let pin `gsi` of the I/O APICs raise `vector`.  A pin that is in use already
 * is shared: it keeps its trigger mode, and all its handlers run.  False when
 * no I/O APIC has such a pin.
 */
MUST_USE bool irq_gsi(unsigned gsi, bool level, bool active_low, int vector);

/* The same for a legacy interrupt 0..15, by the firmware's overrides. */
MUST_USE bool irq_isa(unsigned irq, void (*handler)(void *arg), void *arg);

/* Make the next machine_wait() return at once; for handlers and for drivers
 * that find work by other means. */
void irq_wake(void);

/* Level-triggered pins shut off because nobody quietened them. */
unsigned irq_storms(void);

#endif
