/* SPDX-License-Identifier: ISC */
/*
 * mem.h - memory for cryptography: one bounded heap, and a limit for each
 * session on how much of it is its own.
 */
#ifndef CRYPTO_MEM_H
#define CRYPTO_MEM_H

#include <base/heap.h>

/* Who pays for an allocation. */
struct crypto_account {
    size_t in_use, high_water, limit;
    uint64_t refusals;
};

struct crypto_mem {
    struct heap heap;
    struct crypto_account common;   /* certificates, keys, contexts */
    struct crypto_account *current; /* pays for what is got now */
};

void crypto_mem_init(struct crypto_mem *, struct mspan, uint32_t key);

/* From now on allocations are this account's (NULL: the common one), those
 * included that name no heap: the library has calls that cannot. */
void crypto_mem_enter(struct crypto_mem *, struct crypto_account *);

/* `heap` is a crypto_mem.  NULL when the account or the heap has no more. */
void *crypto_mem_get(void *heap, size_t n);
/* Wiped before it is given back: it may have held a secret. */
void crypto_mem_put(void *);
size_t crypto_mem_size(const void *);

/* Overwrites what a compiler might think nobody reads any more. */
void crypto_wipe(void *, size_t n);

#endif
