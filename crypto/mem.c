/* SPDX-License-Identifier: ISC */
#include "mem.h"

#include <string.h>

/* In front of each allocation: where it came from and who pays. */
struct tag {
    struct crypto_mem *mem;
    struct crypto_account *account;
};

/* The only state outside of an object: whose turn it is, see the header. */
static struct crypto_mem *in_charge;

/* Called where a compiler cannot see it: neither left out, nor made a loop over
 * single bytes of what is up to 16 KiB for each record. */
static void *(*const volatile fill)(void *, int, size_t) = memset;

void crypto_wipe(void *p, size_t n)
{
    MEM_UNPOISON(p, n); /* a heap that was in it is no more */
    fill(p, 0, n);
}

void crypto_mem_init(struct crypto_mem *m, struct mspan memory, uint32_t key)
{
    memset(m, 0, sizeof(*m));
    heap_init(&m->heap, memory, key);
    m->common.limit = m->heap.total;
    crypto_mem_enter(m, NULL);
}

void crypto_mem_enter(struct crypto_mem *m, struct crypto_account *a)
{
    m->current = a ? a : &m->common;
    in_charge = m;
}

void *crypto_mem_get(void *heap, size_t n)
{
    struct crypto_mem *m = heap ? heap : in_charge;
    struct crypto_account *a = m->current;
    struct tag *t;

    if (n > a->limit || !(t = heap_get(&m->heap, n + sizeof(*t)))) {
        a->refusals++;
        return NULL;
    }
    if (a->in_use + heap_charge(&m->heap, t) > a->limit) {
        heap_put(&m->heap, t);
        a->refusals++;
        return NULL;
    }
    *t = (struct tag){m, a};
    a->in_use += heap_charge(&m->heap, t);
    if (a->in_use > a->high_water)
        a->high_water = a->in_use;
    return t + 1;
}

void crypto_mem_put(void *p)
{
    struct tag *t, of;

    if (!p)
        return;
    t = (struct tag *)p - 1;
    of = *t;
    of.account->in_use -= heap_charge(&of.mem->heap, t);
    crypto_wipe(t, heap_size(&of.mem->heap, t));
    heap_put(&of.mem->heap, t);
}

size_t crypto_mem_size(const void *p)
{
    const struct tag *t = p;

    return p ? heap_size(&t[-1].mem->heap, t - 1) - sizeof(*t) : 0;
}
