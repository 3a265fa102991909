/* SPDX-License-Identifier: ISC */
/*
 * heap.c - two-level segregated fit.
 */
#include "heap.h"

#include <string.h>

/* In front of every allocation; the list is in its bytes while it is free. */
struct heap_block {
    uint32_t size;   /* of the whole block, header included */
    uint32_t before; /* of the block before this one; 0: it is the first */
    uint32_t mark;
    uint32_t used;
    struct heap_block *next, *prev;
};

enum {
    HEADER = offsetof(struct heap_block, next),
    LEAST = sizeof(struct heap_block), /* bytes of a block */
    LEAST_LOG2 = 5,
    USED = 0x75736564,
    FREE = 0x66726565,
    FILL = 0xdd
};
#define FILL_WORD 0xddddddddu

/* Of all that a header says, and of where it is. */
static uint32_t mark_of(const struct heap *h, const struct heap_block *b)
{
    return h->key ^ (uint32_t)((uintptr_t)b >> 4) * 0x9e3779b1u ^
           b->size * 0x85ebca6bu ^ b->before * 0xc2b2ae35u ^ b->used;
}

static struct heap_block *block_at(struct heap_block *b, ptrdiff_t by)
{
    return (struct heap_block *)(void *)((uint8_t *)b + by);
}

static struct heap_block *after(struct heap_block *b)
{
    return block_at(b, b->size);
}

static void seal(struct heap *h, struct heap_block *b)
{
    b->mark = mark_of(h, b);
}

static void set(struct heap *h, struct heap_block *b, uint32_t used)
{
    b->used = used;
    seal(h, b);
}

static void check(const struct heap *h, const struct heap_block *b)
{
    if (b->mark == mark_of(h, b))
        return;
    if (h->fills && b->mark == FILL_WORD)
        panic(__FILE__, __LINE__, "heap: given back twice");
    panic(__FILE__, __LINE__, "heap: written over, or not of this heap");
}

/* Nobody may look at what is free: whoever writes there is found when it is
 * got again. */
static void hide(const struct heap *h, uint8_t *from, const uint8_t *to)
{
    if (h->fills)
        memset(from, FILL, (size_t)(to - from));
    else
        MEM_POISON(from, (size_t)(to - from));
}

/* Of what a block of `size` bytes takes, and of the header behind it. */
static void check_hidden(const struct heap *h, const struct heap_block *b,
                         uint32_t size)
{
    uint32_t end = b->size - size < LEAST ? b->size : size + LEAST;

    for (uint32_t i = LEAST; h->fills && i < end; i++)
        if (((const uint8_t *)b)[i] != FILL)
            panic(__FILE__, __LINE__, "heap: written to after it was free");
}

static unsigned log2_of(uint32_t n)
{
    return 31 - (unsigned)__builtin_clz(n);
}

/* The list that a free block of such a size is in. */
static void list_of(uint32_t size, unsigned *c, unsigned *step)
{
    unsigned log2 = log2_of(size);

    *c = log2 - LEAST_LOG2;
    *step = size >> (log2 - 4) & (HEAP_STEPS - 1);
}

static void link_free(struct heap *h, struct heap_block *b)
{
    struct heap_block **list;
    unsigned c, step;

    list_of(b->size, &c, &step);
    list = &h->free[c][step];
    set(h, b, FREE);
    b->prev = NULL;
    b->next = *list;
    if (b->next)
        b->next->prev = b;
    *list = b;
    h->classes |= 1u << c;
    h->steps[c] |= (uint16_t)(1u << step);
}

static void unlink_free(struct heap *h, struct heap_block *b)
{
    unsigned c, step;

    check(h, b);
    list_of(b->size, &c, &step);
    if ((b->next && b->next->prev != b) ||
        (b->prev ? b->prev->next != b : h->free[c][step] != b))
        panic(__FILE__, __LINE__, "heap: a free block is written over");
    if (b->next)
        b->next->prev = b->prev;
    if (b->prev) {
        b->prev->next = b->next;
        return;
    }
    h->free[c][step] = b->next;
    if (b->next)
        return;
    h->steps[c] &= (uint16_t) ~(1u << step);
    if (!h->steps[c])
        h->classes &= ~(1u << c);
}

/* A free block of at least `size` bytes, from a list whose blocks all fit. */
static struct heap_block *find(struct heap *h, uint32_t size)
{
    uint32_t up = size + (1u << (log2_of(size) - 4)) - 1, classes;
    unsigned c, step;
    uint32_t steps;

    list_of(up, &c, &step);
    if (c >= HEAP_CLASSES)
        return NULL;
    steps = h->steps[c] & ~0u << step;
    if (!steps) {
        classes = c + 1 < 32 ? h->classes & ~0u << (c + 1) : 0;
        if (!classes)
            return NULL;
        c = (unsigned)__builtin_ctz(classes);
        steps = h->steps[c];
    }
    return h->free[c][__builtin_ctz(steps)];
}

/* The first and the last 16 bytes of the region are headers of their own, used
 * for ever, so that every block has neighbours. */
void heap_init(struct heap *h, struct mspan memory, uint32_t key)
{
    uintptr_t at = ((uintptr_t)memory.p + 15) & ~(uintptr_t)15;
    size_t skip = at - (uintptr_t)memory.p;
    struct heap_block *b, *last;
    size_t n;

    memset(h, 0, sizeof(*h));
    h->key = key;
    if (memory.n < skip + LEAST + HEADER)
        return;
    MEM_UNPOISON(memory.p, memory.n);
    n = (memory.n - skip) & ~(size_t)15;
    if (n > HEAP_BYTES_MAX)
        n = HEAP_BYTES_MAX;
    b = (struct heap_block *)(void *)(memory.p + skip);
    b->size = (uint32_t)n - HEADER;
    b->before = 0;
    last = after(b);
    last->size = 0;
    last->before = b->size;
    set(h, last, USED);
    h->total = b->size;
    link_free(h, b);
    h->first = b;
    hide(h, (uint8_t *)b + LEAST, (uint8_t *)last);
    if (MEM_FILLS)
        heap_fill_free(h);
}

void heap_fill_free(struct heap *h)
{
    if (h->first) {
        MEM_UNPOISON((uint8_t *)h->first + LEAST, h->first->size - LEAST);
        h->fills = true;
        hide(h, (uint8_t *)h->first + LEAST, (uint8_t *)after(h->first));
    }
}

/* What is left over of a block goes back, when it makes one of its own. */
static void split(struct heap *h, struct heap_block *b, uint32_t size)
{
    uint32_t left = b->size - size;
    struct heap_block *rest = block_at(b, size);

    if (left < LEAST)
        return;
    MEM_UNPOISON(rest, LEAST);
    b->size = size;
    rest->size = left;
    rest->before = size;
    after(rest)->before = left;
    seal(h, after(rest));
    link_free(h, rest);
}

void *heap_get(struct heap *h, size_t n)
{
    struct heap_block *b;
    uint32_t size;

    if (n == 0 || n > h->total) {
        h->refusals++;
        return NULL;
    }
    size = (uint32_t)((n + HEADER + 15) & ~(size_t)15);
    if (size < LEAST)
        size = LEAST;
    if (!(b = find(h, size))) {
        h->refusals++;
        return NULL;
    }
    unlink_free(h, b);
    check(h, after(b));
    check_hidden(h, b, size);
    split(h, b, size);
    set(h, b, USED);
    h->in_use += b->size;
    if (h->in_use > h->high_water)
        h->high_water = h->in_use;
    MEM_UNPOISON((uint8_t *)b + HEADER, b->size - HEADER);
    return (uint8_t *)b + HEADER;
}

static struct heap_block *block_of(const struct heap *h, const void *p)
{
    struct heap_block *b = (struct heap_block *)(void *)((uintptr_t)p - HEADER);

    check(h, b);
    if (b->used != USED)
        panic(__FILE__, __LINE__, "heap: given back twice");
    return b;
}

void heap_put(struct heap *h, void *p)
{
    struct heap_block *b, *beside;
    uint8_t *from, *to;

    if (!p)
        return;
    b = block_of(h, p);
    h->in_use -= b->size;
    beside = after(b);
    check(h, beside);
    from = (uint8_t *)b + LEAST;
    to = (uint8_t *)beside;
    if (beside->used == FREE) {
        unlink_free(h, beside);
        b->size += beside->size;
        to += LEAST;
    }
    if (b->before) {
        beside = block_at(b, -(ptrdiff_t)b->before);
        check(h, beside);
        if (beside->used == FREE) {
            unlink_free(h, beside);
            set(h, b, FREE); /* so that a second put of it is noticed */
            beside->size += b->size;
            from = (uint8_t *)b + (h->fills ? 0 : HEADER);
            b = beside;
        }
    }
    after(b)->before = b->size;
    seal(h, after(b));
    link_free(h, b);
    hide(h, from, to);
}

size_t heap_size(const struct heap *h, const void *p)
{
    return block_of(h, p)->size - HEADER;
}

size_t heap_charge(const struct heap *h, const void *p)
{
    return block_of(h, p)->size;
}
