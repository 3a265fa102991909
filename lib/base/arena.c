/* SPDX-License-Identifier: ISC */
/*
 * arena.c - memory handed out front to back and never given back.
 *
 * Two ways in: boot's planning asks with arena_try() and looks at the answer;
 * an application's NEW() goes through arena_alloc(), where running out is the
 * author's mistake and stops the image.
 */
#include <base/pool.h>
#include <billet/app.h>
#include <string.h>

void arena_init(struct arena *a, struct mspan memory)
{
    MEM_UNPOISON(memory.p, memory.n); /* pools of an arena before are no more */
    *a = (struct arena){
        .p = memory.p, .end = memory.p + memory.n, .total = memory.n};
}

void *arena_try(struct arena *a, size_t n, size_t align)
{
    size_t room = (size_t)(a->end - a->p);
    size_t pad;
    uint8_t *got;

    ASSERT(align != 0 && (align & (align - 1)) == 0);
    pad = -(uintptr_t)a->p & (align - 1);
    if (a->sealed || pad > room || n > room - pad)
        return NULL;
    got = a->p + pad;
    a->p = got + n;
    return got;
}

void arena_seal(struct arena *a)
{
    a->sealed = true;
}

void *arena_raw(struct arena *a, size_t n, size_t align)
{
    void *p = arena_try(a, n, align);

    if (!p)
        panic(__FILE__, __LINE__,
              a->sealed ? "NEW() after start(): the arena is sealed"
                        : "the arena is used up: raise limits.arena_bytes");
    return p;
}

void *arena_alloc(struct arena *a, size_t n, size_t align)
{
    return memset(arena_raw(a, n, align), 0, n);
}
