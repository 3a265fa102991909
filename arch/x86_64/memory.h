/* SPDX-License-Identifier: ISC */
/*
 * memory.h - what the page tables map.
 *
 * Everything is mapped at its physical address: memory writable and not
 * executable, the image as its sections want it, devices where a driver asks
 * for them.  So a pointer is the address that a device is given, and back.
 */
#ifndef X86_64_MEMORY_H
#define X86_64_MEMORY_H

#include <billet/base.h>

/*
 * Map a device's registers, uncached.  NULL when the range overlaps memory,
 * is beyond what the processor can address, or when tables have run out.
 * Mapping the same range again is cheap and gives the same pointer.
 */
volatile void *memory_map_device(uint64_t phys, size_t n);

/* Map a table of the firmware's, cached and read-only.  NULL as above; parts
 * that are memory already stay as they are. */
const void *memory_map_firmware(uint64_t phys, size_t n);

/* The address a device uses for `p`; for the reader, as it is the identity. */
static inline uint64_t memory_phys(const volatile void *p)
{
    return (uint64_t)(uintptr_t)p;
}

/* Whether `at` lies in a page made to fault, below a stack. */
bool memory_is_guard(uint64_t at);

/* Free bytes handed out by machine_memory(), or waiting to be. */
uint64_t memory_free_bytes(void);

#endif
