/* SPDX-License-Identifier: ISC */
/*
 * heap.h - allocations of any size out of one bounded region, for libraries
 * that want a malloc: two-level segregated fit (Masmano, Ripoll, Crespo, Real
 * 2004).  Getting and giving back take constant time; memory lost to rounding
 * is below 1/16 of a request.
 *
 * Each block's header carries a mark made of all it says, its address and a
 * key, and free ones must point at each other: one that was written over, or is
 * given back twice, stops the image.  Debug builds fill what is free, and stop
 * when it was written to.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <billet/base.h>

enum {
    HEAP_ALIGN = 16,
    HEAP_CLASSES = 24, /* powers of two, from 32 bytes to 256 MiB... */
    HEAP_STEPS = 16    /* ...and sixteenths between them */
};
#define HEAP_BYTES_MAX (UINT32_C(256) << 20)

struct heap {
    struct heap_block *free[HEAP_CLASSES][HEAP_STEPS];
    uint32_t classes; /* bit c: any in free[c] */
    uint16_t steps[HEAP_CLASSES];
    uint32_t key;
    bool fills;
    struct heap_block *first;
    size_t total, in_use, high_water; /* bytes, with headers */
    uint64_t refusals;
};

/* `memory` is the heap's from now on; what is beyond HEAP_BYTES_MAX of it is
 * left alone.  `key` should be hard to guess. */
void heap_init(struct heap *, struct mspan memory, uint32_t key);
/* As debug builds have it; right behind heap_init() only. */
void heap_fill_free(struct heap *);
/* Aligned to HEAP_ALIGN, not zeroed; NULL, counted, when there is no room, or
 * for zero bytes. */
void *heap_get(struct heap *, size_t n);
/* NULL is nothing. */
void heap_put(struct heap *, void *);
/* Bytes behind such a pointer; at least those that were asked for. */
size_t heap_size(const struct heap *, const void *);
/* What such an allocation takes from heap.total, its header included. */
size_t heap_charge(const struct heap *, const void *);

#endif
