/* SPDX-License-Identifier: ISC */
/*
 * power.h - the ways out of a machine.
 */
#ifndef X86_64_POWER_H
#define X86_64_POWER_H

#include <billet/base.h>

enum {
    /* What QEMU's isa-debug-exit turns into its own status: 2 * this + 1. */
    PANIC_STATUS = 3,
    STATUS_MAX = 127
};

/* Take ACPI's registers over from the firmware, once it is known where. */
void power_take_over(void);

/* After a panic: tell the host by isa-debug-exit or pvpanic when there is one,
 * else start again. */
_Noreturn void power_panic(void);

#endif
