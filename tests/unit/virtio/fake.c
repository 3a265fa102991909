/* SPDX-License-Identifier: ISC */
/*
 * fake.c - see fake.h.  Uses no test library, so that fuzzers can, too.
 */
#include "fake_packed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

__attribute__((weak)) _Noreturn void panic(const char *file, int line,
                                           const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

static struct fake *fake(struct virtio_dev *d)
{
    return CONTAINER(d, struct fake, dev);
}

static const char *open_fake(struct virtio_dev *d)
{
    return fake(d)->stale_registers ? "its registers are nowhere" : NULL;
}

static uint64_t features(struct virtio_dev *d)
{
    ASSERT(fake(d)->status == (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER));
    return fake(d)->offers;
}

static void accept(struct virtio_dev *d, uint64_t bits)
{
    struct fake *f = fake(d);

    ASSERT((bits & ~f->offers) == 0);
    ASSERT(!(f->status & VIRTIO_FEATURES_OK));
    f->accepted = bits;
}

static uint8_t status(struct virtio_dev *d)
{
    struct fake *f = fake(d);

    f->status_reads++;
    return f->status;
}

static void set_status(struct virtio_dev *d, uint8_t v)
{
    struct fake *f = fake(d);

    if (v == 0) {
        f->resets++;
        f->status = f->reset_never_ends ? 1 : 0;
        for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
            f->queue[i].q = NULL;
        return;
    }
    if (f->features_withdrawn)
        v &= (uint8_t)~VIRTIO_FEATURES_OK;
    if (f->never_ready)
        v &= (uint8_t)~VIRTIO_DRIVER_OK;
    f->status = v;
}

static uint32_t generation(struct virtio_dev *d)
{
    struct fake *f = fake(d);

    return f->restless_config ? f->generation++ : f->generation;
}

static void config(struct virtio_dev *d, unsigned at, void *out, unsigned n)
{
    struct fake *f = fake(d);

    memset(out, 0, n);
    for (unsigned i = 0; i < n && at + i < sizeof(f->config); i++)
        ((uint8_t *)out)[i] = f->config[at + i];
    if (f->restless_config)
        f->config[at]++;
}

static void wire(struct virtio_dev *d)
{
    ASSERT(!(fake(d)->status & VIRTIO_DRIVER_OK));
    d->interrupts = fake(d)->no_interrupt ? NULL : "fake";
}

static uint32_t queue_max(struct virtio_dev *d, unsigned index)
{
    return fake(d)->queue[index].max;
}

static const char *queue_start(struct virtio_dev *d, unsigned index,
                               const struct vq *q)
{
    struct fake *f = fake(d);
    struct fake_queue *fq = &f->queue[index];
    uintptr_t align = d->modern ? 16 : VQ_LEGACY_ALIGN;

    ASSERT(!(f->status & VIRTIO_DRIVER_OK));
    ASSERT(!d->modern || f->status & VIRTIO_FEATURES_OK);
    ASSERT((uintptr_t)q->desc % align == 0);
    ASSERT((uintptr_t)q->used % (d->modern ? 4 : align) == 0);
    ASSERT(!d->size_fixed || q->mask + 1u == fq->max);
    if (f->queue_refused)
        return "it refused a queue";
    fq->q = q;
    fq->seen = fq->used = fq->shown = 0;
    fq->packed = f->accepted >> VIRTIO_F_RING_PACKED & 1;
    if (fq->packed) {
        ASSERT(*(const uint32_t *)(const void *)q->used == 0);
        fake_packed_ask(fq, !f->wants_all_kicks &&
                                f->accepted >> VIRTIO_F_EVENT_IDX & 1);
        return NULL;
    }
    ASSERT(q->avail->idx == 0 && q->used->idx == 0);
    if (!f->wants_all_kicks)
        return NULL;
    q->used->flags = 0;
    return NULL;
}

static void notify(struct virtio_dev *d, unsigned index)
{
    struct fake *f = fake(d);

    ASSERT(f->status & VIRTIO_DRIVER_OK);
    ASSERT(f->queue[index].q);
    f->queue[index].notified++;
}

static void stop(struct virtio_dev *d)
{
    fake(d)->stops++;
}

static const struct virtio_bus fake_bus = {.open = open_fake,
                                           .features = features,
                                           .accept = accept,
                                           .status = status,
                                           .set_status = set_status,
                                           .generation = generation,
                                           .config = config,
                                           .wire = wire,
                                           .queue_max = queue_max,
                                           .queue_start = queue_start,
                                           .notify = notify,
                                           .stop = stop};

void fake_init(struct fake *f, enum virtio_kind kind, bool modern,
               uint64_t offers)
{
    *f = (struct fake){.dev = {.bus = &fake_bus,
                               .name = "virtio-fake 1",
                               .type = "virtio-fake",
                               .kind = kind,
                               .modern = modern},
                       .offers = offers,
                       .status = VIRTIO_DRIVER_OK}; /* as firmware left it */
    if (modern)
        f->offers |= UINT64_C(1) << VIRTIO_F_VERSION_1 | FAKE_ALSO;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        f->queue[i].max = 256;
}

void fake_add_seg(struct fake_chain *c, uint64_t addr, uint32_t len, bool in)
{
    struct fake_seg *s = &c->seg[c->n++];

    ASSERT(c->n <= FAKE_SEGS_MAX && len != 0);
    s->p = (uint8_t *)(uintptr_t)addr;
    s->n = len;
    s->writable = in;
    ASSERT(c->n < 2 || s->writable >= s[-1].writable); /* 2.7.4.2 */
    if (s->writable)
        c->in += s->n;
    else
        c->out += s->n;
}

static void add_seg(struct fake_chain *c, const struct vq_desc *d)
{
    fake_add_seg(c, d->addr, d->len, d->flags & WRITE);
}

static void add_table(struct fake *f, struct fake_chain *c,
                      const struct vq_desc *d)
{
    const struct vq_desc *table = (const void *)(uintptr_t)d->addr;
    unsigned entries = d->len / (unsigned)sizeof(*table), at = 0;

    ASSERT(f->accepted >> VIRTIO_F_INDIRECT_DESC & 1);
    ASSERT(d->len % sizeof(*table) == 0 && !(d->flags & NEXT));
    c->indirect = true;
    for (;;) {
        ASSERT(at < entries && !(table[at].flags & INDIRECT));
        add_seg(c, &table[at]);
        if (!(table[at].flags & NEXT))
            return;
        at = table[at].next;
    }
}

bool fake_peek(struct fake *f, unsigned queue, struct fake_chain *c)
{
    struct fake_queue *fq = &f->queue[queue];
    const struct vq *q = fq->q;
    uint16_t at;

    if (q && fq->packed)
        return fake_packed_peek(fq, c);
    if (!q || fq->seen == q->avail->idx)
        return false;
    ASSERT((uint16_t)(q->avail->idx - fq->seen) <= q->mask + 1u);
    at = q->avail->ring[fq->seen & q->mask];
    *c = (struct fake_chain){.id = at};
    for (;;) {
        const struct vq_desc *d = &q->desc[at];

        ASSERT(at <= q->mask && c->descriptors <= q->mask);
        c->descriptors++;
        if (d->flags & INDIRECT) {
            add_table(f, c, d);
            break;
        }
        add_seg(c, d);
        if (!(d->flags & NEXT))
            break;
        at = d->next;
    }
    ASSERT(c->n <= q->mask + 1u); /* 2.7.5.3.1 */
    return true;
}

bool fake_pop(struct fake *f, unsigned queue, struct fake_chain *c)
{
    struct fake_queue *fq = &f->queue[queue];

    if (!fake_peek(f, queue, c))
        return false;
    if (fq->packed) {
        fq->seen = (uint16_t)(fq->seen + c->descriptors);
        return true;
    }
    fq->seen++;
    if (f->wants_all_kicks) /* 2.7.10: notify me at the next one */
        *fq->q->avail_event = fq->seen;
    return true;
}

void fake_put(struct fake *f, unsigned queue, uint32_t id, uint32_t len)
{
    struct fake_queue *fq = &f->queue[queue];
    unsigned at;

    if (fq->packed) {
        fake_packed_put(fq, id, len);
        return;
    }
    at = fq->used++ & fq->q->mask;
    fq->q->used->ring[at].id = id;
    fq->q->used->ring[at].len = len;
}

void fake_show(struct fake *f, unsigned queue)
{
    if (f->queue[queue].packed)
        fake_packed_show(&f->queue[queue]);
    else
        f->queue[queue].q->used->idx = f->queue[queue].used;
}

void fake_use(struct fake *f, unsigned queue, uint32_t id, uint32_t len)
{
    fake_put(f, queue, id, len);
    fake_show(f, queue);
}

void fake_show_index(struct fake *f, unsigned queue, uint16_t idx)
{
    if (f->queue[queue].packed)
        fake_packed_show_index(&f->queue[queue], idx);
    else
        f->queue[queue].q->used->idx = idx;
}

unsigned fake_waiting(struct fake *f, unsigned queue)
{
    struct fake saved = *f;
    struct fake_chain c;
    unsigned n = 0;

    while (fake_pop(f, queue, &c))
        n++;
    *f = saved;
    return n;
}

void fake_quiet(struct fake *f, unsigned queue)
{
    const struct vq *q = f->queue[queue].q;

    if (f->queue[queue].packed) {
        *(uint32_t *)(void *)q->used = UINT32_C(1) << 16;
        return;
    }
    q->used->flags = 1;
    *q->avail_event = 1000;
}

bool fake_interrupts(const struct fake *f, unsigned queue, uint16_t before)
{
    const struct fake_queue *fq = &f->queue[queue];

    if (fq->packed)
        return fake_packed_interrupts(fq, before);
    if (!(f->accepted >> VIRTIO_F_EVENT_IDX & 1))
        return !(fq->q->avail->flags & 1);
    return (uint16_t)(fq->used - *fq->q->used_event - 1) <
           (uint16_t)(fq->used - before);
}

bool fake_fill(const struct fake_chain *c, const void *bytes, uint32_t n)
{
    const uint8_t *from = bytes;

    if (n > c->in)
        return false;
    for (unsigned i = 0; i < c->n && n > 0; i++) {
        uint32_t part = c->seg[i].n < n ? c->seg[i].n : n;

        if (!c->seg[i].writable)
            continue;
        memcpy(c->seg[i].p, from, part);
        from += part;
        n -= part;
    }
    return true;
}

uint32_t fake_drain(const struct fake_chain *c, void *out, uint32_t max)
{
    uint32_t done = 0;

    for (unsigned i = 0; i < c->n && !c->seg[i].writable; i++) {
        uint32_t part = c->seg[i].n;

        if (part > max - done)
            part = max - done;
        memcpy((uint8_t *)out + done, c->seg[i].p, part);
        done += part;
    }
    return done;
}
