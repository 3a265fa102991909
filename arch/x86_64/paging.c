/* SPDX-License-Identifier: ISC */
/*
 * paging.c - see paging.h.  Four levels: 512 GiB, 1 GiB, 2 MiB, 4 KiB.
 */
#include "paging.h"

#include <string.h>

enum { SHIFT_TOP = 39, SHIFT_HUGE = 30, SHIFT_LARGE = 21, SHIFT_PAGE = 12 };
enum {
    PRESENT = 1 << 0,
    WRITE = 1 << 1,
    UNCACHED = 3 << 3, /* PWT and PCD: type 3, uncached since the reset */
    /* Accessed and dirty, beforehand: the processor need not write them. */
    TOUCHED = 3 << 5,
    LARGE = 1 << 7,
    GUARD = 1 << 9 /* for software; only in absent entries */
};
#define NO_EXECUTE (UINT64_C(1) << 63)
#define ADDRESS    UINT64_C(0x000ffffffffff000)

static uint64_t bits_of(const struct page_tables *t, enum page_use use)
{
    switch (use) {
    case PAGE_GUARD:
        return GUARD;
    case PAGE_CONST:
        return PRESENT | TOUCHED | t->no_execute;
    case PAGE_DATA:
        return PRESENT | WRITE | TOUCHED | t->no_execute;
    case PAGE_TEXT:
        return PRESENT | TOUCHED;
    case PAGE_DEVICE:
        return PRESENT | WRITE | UNCACHED | TOUCHED | t->no_execute;
    default:
        return 0;
    }
}

static uint64_t *new_table(struct page_tables *t)
{
    uint64_t *table;

    if (t->next == t->end) {
        t->next = t->next2;
        t->end = t->end2;
        t->next2 = t->end2 = NULL;
    }
    if (t->next == t->end)
        return NULL;
    table = (uint64_t *)(void *)t->next;
    t->next += PAGE_BYTES;
    memset(table, 0, PAGE_BYTES);
    return table;
}

/* The table below an entry; a large page, or a large absence, is split into
 * 512 that say the same. */
static uint64_t *table_below(struct page_tables *t, uint64_t *entry,
                             unsigned shift)
{
    uint64_t old = *entry, step = UINT64_C(1) << (shift - 9);
    uint64_t *table;

    if ((old & PRESENT) && !(old & LARGE))
        return (uint64_t *)(uintptr_t)(old & ADDRESS);
    table = new_table(t);
    if (!table)
        return NULL;
    if (!(old & PRESENT))
        step = 0;
    else if (shift - 9 == SHIFT_PAGE)
        old &= ~(uint64_t)LARGE;
    for (unsigned i = 0; old && i < 512; i++)
        table[i] = old + i * step;
    *entry = (uint64_t)(uintptr_t)table | PRESENT | WRITE | TOUCHED;
    return table;
}

static uint64_t physical(uint64_t at)
{
    return at >> 63 ? (uint32_t)at : at;
}

/* As many whole entries as lie in a row in one table; how many those were. */
static uint64_t set_row(uint64_t *table, unsigned shift, uint64_t at,
                        uint64_t end, uint64_t bits)
{
    unsigned first = at >> shift & 511;
    uint64_t n = (end - at) >> shift, step = UINT64_C(1) << shift;
    uint64_t *entry = &table[first];

    if (n > 512 - first)
        n = 512 - first;
    if (bits & PRESENT)
        bits |= physical(at) | (shift > SHIFT_PAGE ? LARGE : 0);
    else
        step = 0;
    for (uint64_t *stop = entry + n; entry < stop; bits += step)
        *entry++ = bits;
    return n;
}

static bool set_pages(struct page_tables *t, uint64_t *table, unsigned shift,
                      uint64_t at, uint64_t end, uint64_t bits)
{
    const uint64_t step = UINT64_C(1) << shift;
    bool leaf = shift <= (t->huge ? SHIFT_HUGE : SHIFT_LARGE);

    while (at < end) {
        uint64_t next = (at & ~(step - 1)) + step, *below;

        if (leaf && next - at == step && next <= end) {
            at += set_row(table, shift, at, end, bits) << shift;
            continue;
        }
        next = next < end ? next : end;
        below = table_below(t, &table[at >> shift & 511], shift);
        if (!below || !set_pages(t, below, shift - 9, at, next, bits))
            return false;
        at = next;
    }
    return true;
}

bool paging_start(struct page_tables *t, void *pool, size_t n)
{
    t->next = pool;
    t->end = t->next + (n & ~(size_t)(PAGE_BYTES - 1));
    t->next2 = t->end2 = NULL;
    t->root = new_table(t);
    return t->root != NULL;
}

bool paging_set(struct page_tables *t, uint64_t base, uint64_t end,
                enum page_use use)
{
    return set_pages(t, t->root, SHIFT_TOP, base, end, bits_of(t, use));
}

enum page_use paging_use(const struct page_tables *t, uint64_t at)
{
    const uint64_t *table = t->root;
    unsigned shift = SHIFT_TOP;
    uint64_t e;

    if ((uint64_t)((int64_t)at >> 47) + 1 > 1)
        return PAGE_ABSENT; /* no address at all */
    for (;;) {
        e = table[at >> shift & 511];
        if (!(e & PRESENT))
            return e & GUARD ? PAGE_GUARD : PAGE_ABSENT;
        if (shift == SHIFT_PAGE || e & LARGE)
            break;
        table = (const uint64_t *)(uintptr_t)(e & ADDRESS);
        shift -= 9;
    }
    e &= ~(ADDRESS | (shift > SHIFT_PAGE ? LARGE : 0));
    for (enum page_use use = PAGE_CONST; use < PAGE_FOREIGN; use++)
        if (e == bits_of(t, use))
            return use;
    return PAGE_FOREIGN;
}
