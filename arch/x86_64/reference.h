/* SPDX-License-Identifier: ISC */
/*
 * reference.h - clocks of a known rate: the HPET, else the ACPI timer, else the
 * PIT.
 */
#ifndef X86_64_REFERENCE_H
#define X86_64_REFERENCE_H

#include "calibrate.h"

/* Choose one; where the HPET's registers are, and the ACPI timer's port, or 0.
 * False when there is none. */
MUST_USE bool reference_start(struct reference *, uint64_t hpet, uint16_t port);

/* "TSC by the ..." */
const char *reference_name(void);

/* Its counter, from 0 to 2^bits - 1. */
uint32_t reference_read(void);

/* The reference at one of its steps, and the TSC at that very moment. */
struct sample reference_sample(void);

/* The same for the local APIC's timer, which counts 2^32 downwards from what
 * it was set to; here, upwards. */
struct sample reference_sample_lapic(void);

/* Let the PIT interrupt every `us` microseconds, 50,000 at most; 0: no more.
 * Without a PIT nothing comes. */
void reference_tick(unsigned us);

#endif
