/* SPDX-License-Identifier: ISC */
/*
 * packed.c - the packed virtqueue (virtio 1.2, 2.8): one ring, in which the
 * driver writes what it has and the device, over that, what it has finished.
 *
 * vq.c calls this; the rules of vq.h are the same.  Two counters say all:
 * `head` is the place that we write next, `tail` where the device will.  They
 * count descriptors without end; the low bits are the place, and the bit above
 * those is the opposite of the specification's wrap counter.
 *
 * A descriptor is the device's or ours by its flags alone.  So those of the
 * first one that was not published yet are held back, and show all the others.
 */
#include <base/dma.h>
#include <string.h>
#include <virtio/vq_impl.h>

/* Where vq.c branches off to; the split ring's code stays as small as it is. */
#define OUT_OF_LINE __attribute__((noinline))

enum { AVAIL = 1 << 7, USED = 1 << 15 };
/* 2.8.14: the two event suppression structures, each read and written whole. */
enum {
    EVENT_WRAP = 1 << 15, /* where: a place and a wrap counter */
    EVENT_FLAGS = 16,     /* from this bit on: when */
    EVENT_ALWAYS = 0,
    EVENT_NEVER = 1,
    EVENT_THERE = 2
};

/* For the one entry that vq_take() looks at. */
enum { USED_BYTES = sizeof(struct vq_used) + 2 * sizeof(uint32_t) };

struct packed_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t id, flags;
};
_Static_assert(sizeof(struct packed_desc) == sizeof(struct vq_desc), "");

static struct packed_desc *desc(const struct vq *q, uint16_t at)
{
    return (struct packed_desc *)(void *)q->desc + (at & q->mask);
}

static bool odd_lap(const struct vq *q, uint16_t at)
{
    return at & (q->mask + 1u);
}

static void put_event(struct vq *q, uint32_t event)
{
    __atomic_store_n((uint32_t *)(void *)q->avail, event, __ATOMIC_RELAXED);
}

OUT_OF_LINE static void disarm(struct vq *q)
{
    put_event(q, EVENT_NEVER << EVENT_FLAGS);
}

static size_t bytes(const struct vq_config *c)
{
    return sizeof(struct packed_desc) * c->size + sizeof(uint32_t) + USED_BYTES;
}

static void init(struct vq *q, const struct vq_config *c, uint8_t *ring)
{
    uint8_t *events = ring + sizeof(struct packed_desc) * c->size;

    memset(ring, 0, bytes(c));
    q->avail = (struct vq_avail *)(void *)events;
    q->used = (struct vq_used *)(void *)(events + sizeof(uint32_t));
    q->nfree = q->ids = q->used_mask = 0; /* see vq.c */
    q->detour = true;
    q->event_idx = false;
    q->place_events = c->event_idx;
    disarm(q);
}

/* 2.8.7: a table's descriptors follow each other; NEXT means nothing. */
static struct vq_seg fill_table(struct vq *q, struct vq_slot *s,
                                const struct vq_seg *seg, unsigned out,
                                unsigned n)
{
    unsigned index = (unsigned)__builtin_ctz(q->tables_free);
    struct packed_desc *table =
        (struct packed_desc *)(void *)q->tables + (size_t)index * VQ_CHAIN_MAX;

    for (unsigned i = 0; i < n; i++)
        table[i] = (struct packed_desc){.addr = dma_address(seg[i].p),
                                        .len = seg[i].n,
                                        .flags = i < out ? 0 : DESC_WRITE};
    q->tables_free &= ~(UINT32_C(1) << index);
    s->table = (uint8_t)(index + 1);
    return (struct vq_seg){table, n * (uint32_t)sizeof(*table)};
}

/* One descriptor, at `at`. */
static inline void put(struct vq *q, uint16_t at, const struct vq_seg *seg,
                       uint16_t id, unsigned flags)
{
    struct packed_desc *d = desc(q, at);

    d->addr = dma_address(seg->p);
    d->len = seg->n;
    d->id = id;
    flags |= odd_lap(q, at) ? USED : AVAIL;
    if (at == q->shown)
        q->held_flags = (uint16_t)flags;
    else
        __atomic_store_n(&d->flags, (uint16_t)flags, __ATOMIC_RELAXED);
}

/* The chain in a table of its own, and that into the ring. */
static void put_table(struct vq *q, const struct vq_seg *seg, unsigned out,
                      unsigned n, uint16_t id)
{
    struct vq_seg table = fill_table(q, &q->slot[id], seg, out, n);

    put(q, q->head++, &table, id, DESC_INDIRECT);
}

/* Apart, for this runs for every buffer: most chains are one descriptor. */
OUT_OF_LINE static bool add_one(struct vq *q, const struct vq_seg *seg, bool in,
                                void *cookie)
{
    uint16_t id = q->free, at = q->head;
    struct vq_slot *s = &q->slot[id];

    if ((uint16_t)(at - q->tail) == q->slots)
        return false;
    q->free = s->next;
    q->head++;
    q->added++;
    *s = (struct vq_slot){
        .cookie = cookie, .in_bytes = in ? seg->n : ANY_LENGTH, .n = 1};
    put(q, at, seg, id, in ? DESC_WRITE : 0);
    return true;
}

OUT_OF_LINE static bool add_many(struct vq *q, const struct vq_seg *seg,
                                 unsigned out, unsigned in, void *cookie)
{
    unsigned n = out + in;
    bool by_table = n >= VQ_INDIRECT_MIN && q->tables_free;
    uint16_t id = q->free, at = q->head;
    struct vq_slot *s = &q->slot[id];
    uint32_t in_bytes = 0;

    if ((uint16_t)(at - q->tail) + (by_table ? 1 : n) > q->slots)
        return false;
    q->free = s->next;
    q->added++;
    for (unsigned i = out; i < n; i++)
        in_bytes += seg[i].n;
    *s = (struct vq_slot){.cookie = cookie,
                          .in_bytes = in ? in_bytes : ANY_LENGTH,
                          .n = (uint8_t)(by_table ? 1 : n)};
    if (by_table) {
        put_table(q, seg, out, n, id);
        return true;
    }
    for (unsigned i = 1; i < n; i++, seg++)
        put(q, at++, seg, id, i <= out ? DESC_NEXT : DESC_NEXT | DESC_WRITE);
    put(q, at++, seg, id, in ? DESC_WRITE : 0); /* the last */
    q->head = at;
    return true;
}

static bool add(struct vq *q, const struct vq_seg *seg, unsigned out,
                unsigned in, void *cookie)
{
    if (out + in == 1)
        return add_one(q, seg, in, cookie);
    return add_many(q, seg, out, in, cookie);
}

OUT_OF_LINE static bool show(struct vq *q)
{
    uint16_t before = q->shown, now = q->head, there;
    uint32_t event, laps = 2u * q->mask + 1;

    if (q->failure)
        return false;
    q->published = q->added;
    __atomic_store_n(&desc(q, before)->flags, q->held_flags, __ATOMIC_RELEASE);
    q->shown = now;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    event = __atomic_load_n((uint32_t *)(void *)q->used, __ATOMIC_RELAXED);
    if (event >> EVENT_FLAGS != EVENT_THERE)
        return event >> EVENT_FLAGS != EVENT_NEVER;
    /* wanted when the descriptor there is among those just shown */
    there = (uint16_t)(event & (EVENT_WRAP - 1));
    if (!(event & EVENT_WRAP))
        there = (uint16_t)(there + q->mask + 1);
    return ((uint16_t)(now - there - 1) & laps) < (uint16_t)(now - before);
}

/* Whether the device has finished what is there. */
static inline bool is_used(const struct vq *q, uint16_t at)
{
    unsigned flags = __atomic_load_n(&desc(q, at)->flags, __ATOMIC_ACQUIRE);

    return (flags & (AVAIL | USED)) == (odd_lap(q, at) ? 0 : AVAIL | USED);
}

/* How many chains were finished: as many descriptors as a chain had are
 * skipped.  A lie about one ends the count, and is for vq_take() to find. */
static unsigned count(struct vq *q)
{
    unsigned n = 0, out = (uint16_t)(q->published - q->taken);
    /* An atomic load has the compiler read all of `q` again: not these. */
    const struct packed_desc *ring = desc(q, 0), *d;
    const struct vq_slot *slot = q->slot;
    unsigned mask = q->mask, slots = q->slots, at = q->tail, flags, id;

    for (;; n++) {
        d = &ring[at & mask];
        flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);
        if ((flags & (AVAIL | USED)) != (at & (mask + 1) ? 0 : AVAIL | USED))
            return n;
        if (n == out)
            break;
        id = __atomic_load_n(&d->id, __ATOMIC_RELAXED);
        if (id >= slots || !slot[id].cookie)
            return n + 1;
        at += slot[id].n;
    }
    vq_lie(q, "it finished more buffers than it was given");
    return 0;
}

OUT_OF_LINE static unsigned ready(struct vq *q)
{
    if (q->failure)
        return 0;
    ASSERT(q->added == q->published);
    return count(q);
}

static inline void release(struct vq *q, struct vq_slot *s, uint16_t id)
{
    if (s->table)
        q->tables_free |= UINT32_C(1) << (s->table - 1);
    q->tail = (uint16_t)(q->tail + s->n);
    s->next = q->free;
    q->free = id;
    s->cookie = NULL;
}

OUT_OF_LINE static void give_back(struct vq *q, struct vq_slot *s)
{
    release(q, s, (uint16_t)(s - q->slot));
}

OUT_OF_LINE static void *take(struct vq *q, uint32_t *len)
{
    struct packed_desc *d = desc(q, q->tail);
    struct vq_slot *s;
    uint32_t n;
    unsigned id;
    void *cookie;

    if (!is_used(q, q->tail))
        return vq_lie(q, "it took a finished buffer back");
    id = __atomic_load_n(&d->id, __ATOMIC_RELAXED);
    n = __atomic_load_n(&d->len, __ATOMIC_RELAXED);
    if (id >= q->slots)
        return vq_no_such_id(q);
    s = &q->slot[id];
    cookie = vq_finished(q, s, n);
    if (!cookie)
        return NULL;
    q->taken++;
    *len = n;
    release(q, s, (uint16_t)id);
    return cookie;
}

/* The device goes from chain to chain, and passes any place that lies in what
 * it has: the one meant is where `after` chains of average length end. */
OUT_OF_LINE static bool arm(struct vq *q, unsigned after)
{
    unsigned chains = vq_outstanding(q), at = q->tail;

    if (q->failure)
        return false;
    if (after > 1 && chains > 0)
        at += (uint16_t)(q->head - q->tail) * (after - 1) / chains;
    put_event(q, !q->place_events
                     ? EVENT_ALWAYS << EVENT_FLAGS
                     : EVENT_THERE << EVENT_FLAGS | (at & q->mask) |
                           (odd_lap(q, (uint16_t)at) ? 0 : EVENT_WRAP));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (after == 1)
        return is_used(q, q->tail);
    return count(q) >= after;
}

static const struct vq_packed functions = {.bytes = bytes,
                                           .init = init,
                                           .add = add,
                                           .show = show,
                                           .ready = ready,
                                           .take = take,
                                           .arm = arm,
                                           .disarm = disarm,
                                           .give_back = give_back};
const struct vq_packed *const vq_packed = &functions;
