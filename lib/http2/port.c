/* SPDX-License-Identifier: ISC */
/*
 * port.c - what nghttp2 asks its surroundings for.  Each connection's memory
 * is counted: one that wants more than its share is told that there is none.
 */
#include "http2_impl.h"

#include <nghttp2_mem.h>
#include <nghttp2_time.h>

void *h2_get(struct h2_conn *c, size_t n)
{
    struct heap *heap = &c->h2->heap;
    void *p;

    if (n > H2_CONN_MOST || c->in_use + n > H2_CONN_MOST) {
        c->starved = true;
        return NULL;
    }
    while (!(p = heap_get(heap, n)) && h2_shed(c->h2, c))
        ;
    if (!p) {
        c->starved = true;
        return NULL;
    }
    c->in_use += heap_charge(heap, p);
    return p;
}

void h2_put(struct h2_conn *c, void *p)
{
    if (!p)
        return;
    c->in_use -= heap_charge(&c->h2->heap, p);
    heap_put(&c->h2->heap, p);
}

static void *get(size_t n, void *conn)
{
    return h2_get(conn, n ? n : 1);
}

static void put(void *p, void *conn)
{
    h2_put(conn, p);
}

static void *get_zeroed(size_t count, size_t size, void *conn)
{
    size_t n;
    void *p;

    if (__builtin_mul_overflow(count, size, &n) || !(p = get(n, conn)))
        return NULL;
    return memset(p, 0, n);
}

static void *move(void *old, size_t n, void *conn)
{
    struct h2_conn *c = conn;
    void *p = get(n, conn);

    if (p && old) {
        size_t had = heap_size(&c->h2->heap, old);

        memcpy(p, old, had < n ? had : n);
        h2_put(c, old);
    }
    return p;
}

void h2_mem_init(struct h2_conn *c)
{
    c->mem = (nghttp2_mem){.mem_user_data = c,
                           .malloc = get,
                           .free = put,
                           .calloc = get_zeroed,
                           .realloc = move};
}

/* Its other half is in nghttp2_mem.c, which falls back on the C library. */
nghttp2_mem *nghttp2_mem_default(void)
{
    panic(__FILE__, __LINE__, "memory that no connection accounts for");
}

void *nghttp2_mem_malloc(nghttp2_mem *mem, size_t n)
{
    return mem->malloc(n, mem->mem_user_data);
}

void nghttp2_mem_free(nghttp2_mem *mem, void *p)
{
    mem->free(p, mem->mem_user_data);
}

void nghttp2_mem_free2(nghttp2_free free_fn, void *p, void *user)
{
    free_fn(p, user);
}

void *nghttp2_mem_calloc(nghttp2_mem *mem, size_t count, size_t size)
{
    return mem->calloc(count, size, mem->mem_user_data);
}

void *nghttp2_mem_realloc(nghttp2_mem *mem, void *p, size_t n)
{
    return mem->realloc(p, n, mem->mem_user_data);
}

/* Its own limit on resets is switched off: h2_pay() has the loop's time. */
uint64_t nghttp2_time_now_sec(void)
{
    return 0;
}
