/* SPDX-License-Identifier: ISC */
/*
 * regions.h - sets of address ranges, and cutting memory out of them.
 */
#ifndef X86_64_REGIONS_H
#define X86_64_REGIONS_H

#include <billet/base.h>

struct region {
    uint64_t base, end; /* base < end */
};

enum { REGIONS_MAX = 64 /* beyond: the smallest is forgotten */ };

/* Sorted, apart from one another; zero is the empty set. */
struct regions {
    struct region r[REGIONS_MAX];
    unsigned n;
    unsigned forgotten;
};

/* Add or take away [base, end); nothing when it is empty. */
void regions_add(struct regions *, uint64_t base, uint64_t end);
void regions_remove(struct regions *, uint64_t base, uint64_t end);

/* Shrink every range to whole pages, dropping what is smaller. */
void regions_align(struct regions *, uint64_t page);

bool regions_overlap(const struct regions *, uint64_t base, uint64_t end);
uint64_t regions_bytes(const struct regions *);

/* Take `n` bytes from the lowest range in [from, below) that has them;
 * returns 0 when none has. */
uint64_t regions_carve(struct regions *, uint64_t n, uint64_t from,
                       uint64_t below);

/* The largest range at or above `from`, taken out; empty when none is left. */
struct region regions_take_largest(struct regions *, uint64_t from);

#endif
