/* SPDX-License-Identifier: ISC */
/*
 * paging.h - page tables as data: building, changing, asking.
 *
 * Addresses map to themselves, those of the upper half to their lowest 32
 * bits.  Nothing here touches the processor, so that a
 * test can build tables and walk them.
 */
#ifndef X86_64_PAGING_H
#define X86_64_PAGING_H

#include <billet/base.h>

enum { PAGE_BYTES = 4096 };

enum page_use {
    PAGE_ABSENT,
    PAGE_GUARD,  /* absent on purpose: below a stack */
    PAGE_CONST,  /* read */
    PAGE_DATA,   /* read, write */
    PAGE_TEXT,   /* read, execute */
    PAGE_DEVICE, /* read, write, uncached */
    PAGE_FOREIGN /* present, with bits that nobody here sets */
};

struct page_tables {
    uint64_t *root;
    uint8_t *next, *end;   /* pages for tables */
    uint8_t *next2, *end2; /* and when those are used up */
    uint64_t no_execute;   /* the bit, or 0 on a processor without it */
    bool huge;             /* pages of 1 GiB are to be had */
};

/* Start with empty tables; [pool, pool + n) is for them.  False when n is not
 * even one page. */
MUST_USE bool paging_start(struct page_tables *, void *pool, size_t n);

/* Let [base, end), in whole pages, be used so, by the largest pages that fit.
 * False when table pages run out; what was done stays done. */
MUST_USE bool paging_set(struct page_tables *, uint64_t base, uint64_t end,
                         enum page_use);

/* What the page around `at` is used for. */
enum page_use paging_use(const struct page_tables *, uint64_t at);

#endif
