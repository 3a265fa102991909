/* SPDX-License-Identifier: ISC */
/*
 * fake_packed.c - see fake_packed.h.
 */
#include "fake_packed.h"

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum { ALWAYS = 0, NEVER = 1, THERE = 2, WRAP = 1 << 15, FLAGS = 16 };

static unsigned laps(const struct fake_queue *fq)
{
    return 2u * fq->q->mask + 1;
}

static bool odd(const struct fake_queue *fq, uint16_t at)
{
    return at & (fq->q->mask + 1u);
}

struct fake_desc *fake_packed_desc(const struct fake_queue *fq, uint16_t at)
{
    return (struct fake_desc *)(void *)fq->q->desc + (at & fq->q->mask);
}

unsigned fake_packed_avail(const struct fake_queue *fq, uint16_t at)
{
    return odd(fq, at) ? FAKE_USED : FAKE_AVAIL;
}

unsigned fake_packed_used(const struct fake_queue *fq, uint16_t at)
{
    return odd(fq, at) ? 0 : FAKE_AVAIL | FAKE_USED;
}

static bool is_there(const struct fake_queue *fq, uint16_t at)
{
    return (fake_packed_desc(fq, at)->flags & (FAKE_AVAIL | FAKE_USED)) ==
           fake_packed_avail(fq, at);
}

void fake_packed_ask(struct fake_queue *fq, bool events)
{
    uint32_t *area = (uint32_t *)(void *)fq->q->used;

    *area = events ? (uint32_t)THERE << FLAGS | (fq->seen & fq->q->mask) |
                         (odd(fq, fq->seen) ? 0 : WRAP)
                   : ALWAYS << FLAGS;
}

static void add_table(struct fake_chain *c, const struct fake_desc *d)
{
    const struct fake_desc *table = (const void *)(uintptr_t)d->addr;
    unsigned n = d->len / (unsigned)sizeof(*table);

    ASSERT(d->len % sizeof(*table) == 0 && n != 0);
    ASSERT(!(d->flags & (NEXT | WRITE))); /* 2.8.7 */
    c->indirect = true;
    for (unsigned i = 0; i < n; i++) {
        ASSERT((table[i].flags & ~WRITE) == 0);
        fake_add_seg(c, table[i].addr, table[i].len, table[i].flags & WRITE);
    }
}

bool fake_packed_peek(struct fake_queue *fq, struct fake_chain *c)
{
    uint16_t at = fq->seen;
    const struct fake_desc *d;

    if (!is_there(fq, at))
        return false;
    *c = (struct fake_chain){0};
    do {
        d = fake_packed_desc(fq, at);
        ASSERT(is_there(fq, at++) && c->descriptors <= fq->q->mask);
        ASSERT((d->flags &
                ~(NEXT | WRITE | INDIRECT | FAKE_AVAIL | FAKE_USED)) == 0);
        c->descriptors++;
        if (d->flags & INDIRECT)
            add_table(c, d);
        else
            fake_add_seg(c, d->addr, d->len, d->flags & WRITE);
    } while (d->flags & NEXT);
    c->id = d->id; /* 2.8.6: of the last one */
    fq->length[c->id % FAKE_IDS] = (uint16_t)c->descriptors;
    return true;
}

void fake_packed_put(struct fake_queue *fq, uint32_t id, uint32_t len)
{
    uint16_t at = fq->used, n = fq->length[id % FAKE_IDS];
    struct fake_desc *d = fake_packed_desc(fq, at);

    d->id = (uint16_t)id;
    d->len = len;
    if (at != fq->shown) /* the first shows all the others */
        d->flags = (uint16_t)fake_packed_used(fq, at);
    fq->used = (uint16_t)(at + (n ? n : 1));
}

void fake_packed_show(struct fake_queue *fq)
{
    if (fq->used != fq->shown)
        fake_packed_desc(fq, fq->shown)->flags =
            (uint16_t)fake_packed_used(fq, fq->shown);
    fq->shown = fq->used;
}

void fake_packed_show_index(struct fake_queue *fq, uint16_t at)
{
    uint16_t from = fq->shown;

    for (unsigned i = 0; i <= fq->q->mask && from != at; i++, from++)
        fake_packed_desc(fq, from)->flags =
            (uint16_t)fake_packed_used(fq, from);
}

bool fake_packed_interrupts(const struct fake_queue *fq, uint16_t before)
{
    uint32_t event = *(uint32_t *)(void *)fq->q->avail;
    uint16_t there = (uint16_t)(event & (WRAP - 1));

    ASSERT(there <= fq->q->mask && event >> FLAGS <= THERE);
    if (event >> FLAGS != THERE)
        return event >> FLAGS == ALWAYS;
    if (!(event & WRAP))
        there = (uint16_t)(there + fq->q->mask + 1);
    return ((uint16_t)(fq->used - there - 1) & laps(fq)) <
           (uint16_t)(fq->used - before);
}
