/* SPDX-License-Identifier: ISC */
/*
 * memory.h - what the page tables map.
 *
 * Everything but the image is mapped at its physical address: memory writable
 * and not executable, devices where a driver asks for them.  The image is as
 * its sections want it, in the upper half of the address space, and nowhere
 * else.  <base/dma.h> has the address that a device is given.
 */
#ifndef X86_64_MEMORY_H
#define X86_64_MEMORY_H

#include <base/dma.h>

/*
 * Map a device's registers, uncached.  NULL when the range overlaps memory,
 * is beyond what the processor can address, or when tables have run out.
 * Mapping the same range again is cheap and gives the same pointer.
 */
volatile void *memory_map_device(uint64_t phys, size_t n);

/* Map a table of the firmware's, cached and read-only.  NULL as above; parts
 * that are memory already stay as they are. */
const void *memory_map_firmware(uint64_t phys, size_t n);

/* Whether `at` lies in a page made to fault, below a stack. */
bool memory_is_guard(uint64_t at);

/* Free bytes handed out by machine_memory(), or waiting to be. */
uint64_t memory_free_bytes(void);

#endif
