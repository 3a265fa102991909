/* SPDX-License-Identifier: ISC */
/*
 * interrupts.h - the key that keeps devices from better interrupts:
 * interrupts.c, or no_interrupts.c in images that are to be small.
 */
#ifndef BOOT_INTERRUPTS_H
#define BOOT_INTERRUPTS_H

#include <billet/app.h>

/* Before devices are looked for; more than once is as good. */
void interrupts_limit(const struct env *);

#endif
