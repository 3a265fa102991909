/* SPDX-License-Identifier: ISC */
/*
 * pool.c - pools of equal objects, and pools of blocks.
 *
 * Objects come back in the order last in, first out, so a busy pool stays in
 * the cache.  A never-taken object is touched only when the free list is
 * empty, that is, when all those taken before are in use: so the high-water
 * mark is the number of objects ever taken and costs nothing on the way.
 */
#include <base/pool.h>

enum { POOL_ALIGN = 16 };

static uint32_t round_up(uint32_t n, uint32_t align)
{
    return (n + align - 1) & ~(align - 1);
}

size_t pool_bytes(uint32_t size, uint32_t count)
{
    return pool_bytes_aligned(size, count, POOL_ALIGN);
}

size_t pool_bytes_aligned(uint32_t size, uint32_t count, uint32_t align)
{
    if (align < POOL_ALIGN)
        align = POOL_ALIGN;
    return (size_t)round_up(size, align) * count + align;
}

bool pool_init(struct pool *p, const char *name, struct arena *a, uint32_t size,
               uint32_t count, uint32_t align)
{
    uint8_t *memory;

    if (align < POOL_ALIGN)
        align = POOL_ALIGN;
    size = round_up(size, align);
    memory = arena_try(a, (size_t)size * count, align);
    if (!memory)
        return false;
    *p = (struct pool){.name = name,
                       .fresh = memory,
                       .end = memory + (size_t)size * count,
                       .size = size,
                       .count = count,
                       .fail_after = -1};
    MEM_POISON(memory, (size_t)size * count);
    return true;
}

/* An object never taken before, or a refusal.  Tests make any get fail here
 * by counting fail_after down. */
static RARE void *get_fresh(struct pool *p)
{
    void *object = p->fresh;

    if (p->fresh == p->end) {
        p->refusals++;
        return NULL;
    }
    p->fresh += p->size;
    p->high_water = ++p->in_use;
    MEM_UNPOISON(object, p->size);
    return object;
}

static RARE bool must_fail(struct pool *p)
{
    if (p->fail_after > 0) {
        p->fail_after--;
        return false;
    }
    p->refusals++;
    return true;
}

void *pool_get(struct pool *p)
{
    void **object = p->free;

    if (p->fail_after >= 0 && must_fail(p))
        return NULL;
    if (!object)
        return get_fresh(p);
    MEM_UNPOISON(object, p->size);
    p->free = *object;
    p->in_use++;
    return object;
}

void pool_put(struct pool *p, void *object)
{
    ASSERT(p->in_use != 0);
    *(void **)object = p->free;
    p->free = object;
    p->in_use--;
    MEM_POISON(object, p->size);
}

/* The free list runs through a block's first word, which is its count of
 * references; what binds it to its data lies behind and stays. */
_Static_assert(offsetof(struct block, buf.free) >= sizeof(void *),
               "the free list would overwrite buf.free");

static void block_free(struct buf *buf)
{
    struct block *b = CONTAINER(buf, struct block, buf);

    MEM_POISON(b->data, b->size);
    pool_put(b->home, b);
}

size_t block_pool_bytes(uint32_t block_bytes, uint32_t count)
{
    return pool_bytes(sizeof(struct block), count) +
           (size_t)block_bytes * (count + (size_t)1);
}

bool block_pool_init(struct block_pool *bp, const char *name, struct arena *a,
                     uint32_t block_bytes, uint32_t count)
{
    struct arena before = *a;

    bp->block_bytes = block_bytes;
    bp->data = arena_try(a, (size_t)block_bytes * count, block_bytes);
    if (bp->data && pool_init(&bp->blocks, name, a, sizeof(struct block), count,
                              POOL_ALIGN)) {
        MEM_POISON(bp->data, (size_t)block_bytes * count);
        return true;
    }
    *a = before;
    return false;
}

/* Binds a block that was never taken to its place in the data. */
static void block_bind(struct block_pool *bp, struct block *b)
{
    size_t behind = (size_t)(bp->blocks.end - (uint8_t *)b) / bp->blocks.size;
    size_t index = bp->blocks.count - behind;

    *b = (struct block){.buf = {.free = block_free},
                        .home = &bp->blocks,
                        .data = bp->data + index * bp->block_bytes,
                        .size = bp->block_bytes};
}

struct block *block_get(struct block_pool *bp)
{
    uint8_t *fresh = bp->blocks.fresh;
    struct block *b = pool_get(&bp->blocks);

    if (!b)
        return NULL;
    if ((uint8_t *)b == fresh)
        block_bind(bp, b);
    b->buf.refs = 1;
    MEM_UNPOISON(b->data, b->size);
    return b;
}
