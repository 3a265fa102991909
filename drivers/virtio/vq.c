/* SPDX-License-Identifier: ISC */
/*
 * vq.c - see vq.h: the split ring, and where the packed one branches off.  Here
 * and in packed.c are all the memory barriers of the drivers.
 *
 * That branch costs the split ring nothing: it is where this code has found no
 * room, no such buffer, or a failure.  So of a packed ring `nfree`, `ids` and
 * `used_mask` are 0, and `detour` is set.
 *
 * On x86 the acquire and release operations below are plain loads and stores;
 * two places need the full fence: a store to our index before reading whether
 * the device wants to know, and a store of what we want to know before reading
 * its index.
 */
#include <base/dma.h>
#include <virtio/vq_impl.h>

enum { AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1 };

static size_t round_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

/* 2.7.2: descriptors, then our ring, then padding, then the device's ring.
 * Legacy transports are told one address, so the parts are contiguous. */
static size_t used_offset(const struct vq_config *c)
{
    return round_up(sizeof(struct vq_desc) * c->size + sizeof(struct vq_avail) +
                        sizeof(uint16_t) * (c->size + (size_t)1),
                    c->align);
}

static size_t ring_bytes(const struct vq_config *c)
{
    return used_offset(c) + sizeof(struct vq_used) +
           sizeof(((struct vq_used *)0)->ring[0]) * c->size + sizeof(uint16_t);
}

static size_t tables_bytes(const struct vq_config *c)
{
    return sizeof(struct vq_desc) * VQ_CHAIN_MAX * c->tables;
}

size_t vq_bytes(const struct vq_config *c)
{
    return c->align + ring_bytes(c) + sizeof(struct vq_slot) * (c->slots + 1) +
           tables_bytes(c) + sizeof(struct vq_desc);
}

/* The links of the free list are those that chains follow. */
static void format(struct vq *q, const struct vq_config *c)
{
    q->used = (struct vq_used *)(void *)((uint8_t *)q->desc + used_offset(c));
    q->avail = (struct vq_avail *)(void *)(q->desc + c->size);
    q->used_event = &q->avail->ring[c->size];
    q->avail_event = (uint16_t *)(void *)&q->used->ring[c->size];
    for (unsigned i = 0; i < q->slots; i++)
        q->desc[i].next = (uint16_t)(i + 1);
    q->avail->idx = 0;
    q->used->idx = 0;
    q->used->flags = 0;
    q->avail->flags = q->event_idx ? 0 : AVAIL_NO_INTERRUPT;
    *q->avail_event = 0;
    *q->used_event = UINT16_MAX; /* the farthest: disarmed */
}

RARE bool vq_init(struct vq *q, const struct vq_config *c, struct arena *a)
{
    struct arena before = *a;
    size_t bytes = vq_packed && c->packed ? vq_packed->bytes(c) : ring_bytes(c);
    uint8_t *ring = arena_try(a, bytes, c->align);
    struct vq_slot *slot =
        arena_try(a, sizeof(*slot) * c->slots, sizeof(*slot));
    struct vq_desc *tables =
        arena_try(a, tables_bytes(c), sizeof(struct vq_desc));

    ASSERT(c->size != 0 && c->size <= VQ_SIZE_MAX &&
           (c->size & (c->size - 1)) == 0);
    ASSERT(c->slots != 0 && c->slots <= c->size && c->tables <= VQ_TABLES_MAX);
    if (!ring || !slot || !tables) {
        *a = before;
        return false;
    }
    *q = (struct vq){.slot = slot,
                     .desc = (struct vq_desc *)(void *)ring,
                     .mask = (uint16_t)(c->size - 1),
                     .slots = (uint16_t)c->slots,
                     .used_mask = (uint16_t)(c->size - 1),
                     .ids = (uint16_t)c->slots,
                     .nfree = (uint16_t)c->slots,
                     .event_idx = c->event_idx,
                     .packed = c->packed,
                     .tables = tables,
                     .tables_free =
                         c->tables == 0 ? 0 : UINT32_MAX >> (32 - c->tables)};
    for (unsigned i = 0; i < q->slots; i++)
        slot[i] = (struct vq_slot){.next = (uint16_t)(i + 1)};
    if (vq_is_packed(q))
        vq_packed->init(q, c, ring);
    else
        format(q, c);
    return true;
}

/* One segment into a descriptor; its link stays as format() made it. */
static inline void describe(struct vq_desc *d, const struct vq_seg *seg,
                            unsigned flags)
{
    d->addr = dma_address(seg->p);
    d->len = seg->n;
    d->flags = (uint16_t)flags;
}

/* 2.7.5.3: the chain in a table of its own, one descriptor in the ring. */
static bool add_by_table(struct vq *q, const struct vq_seg *seg, unsigned out,
                         unsigned in, void *cookie)
{
    unsigned index = (unsigned)__builtin_ctz(q->tables_free), n = out + in;
    struct vq_desc *table = q->tables + (size_t)index * VQ_CHAIN_MAX;
    struct vq_seg all = {.p = table, .n = n * (uint32_t)sizeof(*table)};
    uint16_t head = q->free;
    struct vq_slot *s = &q->slot[head];

    if (q->nfree == 0)
        return vq_is_packed(q) && vq_packed->add(q, seg, out, in, cookie);
    s->in_bytes = in ? 0 : ANY_LENGTH;
    for (unsigned i = 0; i < n; i++) {
        describe(&table[i], &seg[i], DESC_NEXT | (i < out ? 0 : DESC_WRITE));
        table[i].next = (uint16_t)(i + 1);
    }
    for (unsigned i = out; i < n; i++)
        s->in_bytes += seg[i].n;
    table[n - 1].flags &= (uint16_t)~DESC_NEXT;
    describe(&q->desc[head], &all, DESC_INDIRECT);
    q->tables_free &= ~(UINT32_C(1) << index);
    q->free = s->next;
    q->nfree--;
    s->cookie = cookie;
    s->n = 1;
    s->table = (uint8_t)(index + 1);
    q->avail->ring[q->added++ & q->mask] = head;
    return true;
}

/* Inline, so that each caller below gets the loop that it needs: this runs for
 * every frame. */
static inline bool add(struct vq *q, const struct vq_seg *seg, unsigned out,
                       unsigned in, void *cookie)
{
    uint16_t head = q->free, at = head;
    struct vq_slot *s = &q->slot[head];
    struct vq_desc *d = NULL;
    uint32_t in_bytes = 0;

    if (out + in > q->nfree)
        return vq_is_packed(q) && vq_packed->add(q, seg, out, in, cookie);
    for (unsigned i = 0; i < out; i++, seg++) {
        d = &q->desc[at];
        describe(d, seg, DESC_NEXT);
        at = q->slot[at].next;
    }
    for (unsigned i = 0; i < in; i++, seg++) {
        d = &q->desc[at];
        describe(d, seg, DESC_NEXT | DESC_WRITE);
        in_bytes += seg->n;
        at = q->slot[at].next;
    }
    d->flags &= (uint16_t)~DESC_NEXT; /* the last is not followed */
    q->free = at;
    q->nfree = (uint16_t)(q->nfree - out - in);
    s->cookie = cookie;
    s->in_bytes = in ? in_bytes : ANY_LENGTH;
    s->n = (uint8_t)(out + in);
    s->table = 0;
    q->avail->ring[q->added++ & q->mask] = head;
    return true;
}

bool vq_add(struct vq *q, const struct vq_seg *seg, unsigned out, unsigned in,
            void *cookie)
{
    unsigned n = out + in;

    ASSERT(n - 1 < VQ_CHAIN_MAX && cookie);
    if (n >= VQ_INDIRECT_MIN && q->tables_free)
        return add_by_table(q, seg, out, in, cookie);
    return add(q, seg, out, in, cookie);
}

bool vq_add_out(struct vq *q, const struct vq_seg *seg, unsigned n,
                void *cookie)
{
    ASSERT(n - 1 < VQ_CHAIN_MAX);
    if (n >= VQ_INDIRECT_MIN && q->tables_free)
        return add_by_table(q, seg, n, 0, cookie);
    return add(q, seg, n, 0, cookie);
}

bool vq_add_in(struct vq *q, void *p, uint32_t n, void *cookie)
{
    struct vq_seg seg = {p, n};

    return add(q, &seg, 0, 1, cookie);
}

bool vq_publish(struct vq *q)
{
    uint16_t before = q->published, now = q->added, at;

    if (before == now)
        return false;
    if (q->detour)
        return vq_is_packed(q) && vq_packed->show(q);
    q->published = now;
    __atomic_store_n(&q->avail->idx, now, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!q->event_idx)
        return !(__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) &
                 USED_NO_NOTIFY);
    /* 2.7.10: wanted when the entry `at` is among those just shown */
    at = __atomic_load_n(q->avail_event, __ATOMIC_RELAXED);
    return (uint16_t)(now - at - 1) < (uint16_t)(now - before);
}

unsigned vq_ready(struct vq *q)
{
    uint16_t n;

    if (q->detour)
        return vq_is_packed(q) ? vq_packed->ready(q) : 0;
    n = (uint16_t)(__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) - q->taken);
    if (n == 0)
        return 0;
    ASSERT(q->added == q->published);
    if (n > (uint16_t)(q->published - q->taken)) {
        vq_lie(q, "it finished more buffers than it was given");
        return 0;
    }
    return n;
}

/* Back to the front of the free list, so that the next chain is warm. */
static inline void give_back(struct vq *q, struct vq_slot *s, uint16_t head)
{
    struct vq_slot *last = s;
    uint16_t at = head;

    if (s->n != 1 || s->table != 0) {
        for (unsigned n = s->n; n > 1; n--) {
            at = last->next;
            last = &q->slot[at];
        }
        if (s->table)
            q->tables_free |= UINT32_C(1) << (s->table - 1);
    }
    last->next = q->free;
    q->desc[at].next = q->free;
    q->free = head;
    q->nfree = (uint16_t)(q->nfree + s->n);
    s->cookie = NULL;
}

void *vq_take(struct vq *q, uint32_t *len)
{
    unsigned at = q->taken & q->used_mask;
    uint32_t id = __atomic_load_n(&q->used->ring[at].id, __ATOMIC_RELAXED);
    uint32_t n = __atomic_load_n(&q->used->ring[at].len, __ATOMIC_RELAXED);
    struct vq_slot *s = &q->slot[id];
    void *cookie;

    if (id >= q->ids)
        return vq_is_packed(q) ? vq_packed->take(q, len) : vq_no_such_id(q);
    cookie = vq_finished(q, s, n);
    if (!cookie)
        return NULL;
    q->taken++;
    *len = n;
    give_back(q, s, (uint16_t)id);
    return cookie;
}

bool vq_arm(struct vq *q, unsigned after)
{
    uint16_t goal = (uint16_t)(q->taken + after - 1), idx;

    if (q->detour)
        return vq_is_packed(q) && vq_packed->arm(q, after);
    if (q->event_idx)
        __atomic_store_n(q->used_event, goal, __ATOMIC_RELAXED);
    else
        __atomic_store_n(&q->avail->flags, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    idx = __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE);
    return (uint16_t)(idx - q->taken) >= after;
}

/* With EVENT_IDX the mark is behind once it was met, which is as good: at
 * worst one needless wake-up each 65,536 buffers. */
void vq_disarm(struct vq *q)
{
    if (vq_is_packed(q))
        vq_packed->disarm(q);
    else if (!q->event_idx)
        __atomic_store_n(&q->avail->flags, AVAIL_NO_INTERRUPT,
                         __ATOMIC_RELAXED);
}

void *vq_reclaim(struct vq *q)
{
    for (unsigned i = 0; i < q->slots; i++) {
        void *cookie = q->slot[i].cookie;

        if (cookie) {
            if (vq_is_packed(q))
                vq_packed->give_back(q, &q->slot[i]);
            else
                give_back(q, &q->slot[i], (uint16_t)i);
            q->taken++;
            return cookie;
        }
    }
    return NULL;
}
