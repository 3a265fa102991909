/* SPDX-License-Identifier: ISC */
/*
 * boot_memory.h - the parts of memory.c that only machine.c and panics use.
 */
#ifndef X86_64_BOOT_MEMORY_H
#define X86_64_BOOT_MEMORY_H

#include "bootinfo.h"

/* Build the final page tables and switch to them.  NULL, or what is wrong. */
const char *memory_start(const struct boot_info *);

/* What was set up until now and never changes again, becomes read-only. */
void memory_seal(void);

/* Whether a panic may look at `address`. */
bool memory_readable(uint64_t address);

#endif
