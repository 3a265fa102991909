/* SPDX-License-Identifier: ISC */
/*
 * reference.h - clocks of a known rate: the ACPI timer, else the PIT.
 */
#ifndef X86_64_REFERENCE_H
#define X86_64_REFERENCE_H

#include "calibrate.h"

/* Choose one; `port` is the ACPI timer's or 0.  Starts the PIT, too, to raise
 * its interrupt after `nap_us` microseconds, 50,000 at most.  False when there
 * is neither; the interrupt may come nevertheless. */
MUST_USE bool reference_start(struct reference *, uint16_t port,
                              unsigned nap_us);

/* The reference at one of its steps, and the TSC at that very moment. */
struct sample reference_sample(void);

const char *reference_name(void);

#endif
