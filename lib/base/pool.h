/* SPDX-License-Identifier: ISC */
/*
 * pool.h - a fixed number of objects of one size, and arenas they come from.
 *
 * A pool's memory is laid out when it is made but not touched: an object is
 * first written when it is first taken, so a large pool costs no start-up time.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <billet/base.h>
#include <billet/pkt.h>

/* Memory handed out front to back and never given back. */
struct arena {
    uint8_t *p, *end;
    bool sealed;
    size_t total;
};

void arena_init(struct arena *, struct mspan memory);
/* NULL when it does not fit; not zeroed.  For boot's planning. */
void *arena_try(struct arena *, size_t n, size_t align);
void arena_seal(struct arena *);

struct pool {
    void *free;         /* list through the objects' first word */
    int64_t fail_after; /* tests: refuse from the n-th get on; < 0: never */
    uint8_t *fresh;     /* objects never taken yet: [fresh, end) */
    uint8_t *end;
    uint32_t size; /* of an object, a multiple of 16 */
    uint32_t count, in_use, high_water;
    uint64_t refusals;
    const char *name; /* for metrics: "tx_blocks" */
};

/* Bytes pool_init() takes at most from an arena for `count` objects of `size`;
 * for an `align` above 16 ask pool_bytes_aligned(): each object grows by it. */
size_t pool_bytes(uint32_t size, uint32_t count);
size_t pool_bytes_aligned(uint32_t size, uint32_t count, uint32_t align);
/* `align` is a power of two; 16 at least is given. */
MUST_USE bool pool_init(struct pool *, const char *name, struct arena *,
                        uint32_t size, uint32_t count, uint32_t align);
/* NULL, counted in refusals, when all are in use.  Contents undefined. */
void *pool_get(struct pool *);
void pool_put(struct pool *, void *);

/* A pool of blocks: struct block here, its data elsewhere, aligned to its size
 * (a power of two). */
struct block_pool {
    struct pool blocks; /* struct block, each bound to its data for ever */
    uint8_t *data;
    uint32_t block_bytes;
};
/* Bytes block_pool_init() takes from an arena, alignment included. */
size_t block_pool_bytes(uint32_t block_bytes, uint32_t count);
MUST_USE bool block_pool_init(struct block_pool *, const char *name,
                              struct arena *, uint32_t block_bytes,
                              uint32_t count);
/* One reference, yours.  NULL when the pool is empty. */
struct block *block_get(struct block_pool *);

#endif
