/* SPDX-License-Identifier: ISC */
/*
 * phys.h - read what others left in physical memory, within bounds.
 *
 * On the machine memory is mapped where it is, so `base` is NULL; a test lets
 * an array stand for memory.
 */
#ifndef X86_64_PHYS_H
#define X86_64_PHYS_H

#include <base/bytes.h>

struct phys {
    const uint8_t *base;
    uint64_t size; /* the first address that cannot be read */
    /* Make [addr, addr+n) readable; false when that cannot be.  May be NULL. */
    bool (*map)(uint64_t addr, size_t n);
};

/* [addr, addr+n), or an empty span; n is not 0, and address 0 holds nothing. */
static inline struct span phys_at(const struct phys *m, uint64_t addr, size_t n)
{
    if (addr == 0 || addr >= m->size || n > m->size - addr ||
        (m->map && !m->map(addr, n)))
        return (struct span){0};
    return (struct span){
        (const uint8_t *)((uintptr_t)m->base + (uintptr_t)addr), n};
}

#endif
