/* SPDX-License-Identifier: ISC */
/*
 * nvme.c - requests of an NVMe disk: one pair of queues, commands numbered by
 * slot.
 *
 * An answer is copied before it is looked at.  What is not the answer to a
 * command that is out shuts the controller off.
 */
#include <base/dma.h>
#include <nvme/nvme_impl.h>

static struct nvme *nvme(struct blk *b)
{
    return CONTAINER(b, struct nvme, blk);
}

void nvme_put64(uint32_t *words, uint64_t v)
{
    words[0] = (uint32_t)v;
    words[1] = (uint32_t)(v >> 32);
}

struct nvme_command *nvme_next(struct nvme_queue *q, uint8_t op, uint16_t id)
{
    struct nvme_command *c = &q->sq[q->tail];

    memset(c, 0, sizeof(*c));
    c->word[0] = op | (uint32_t)id << 16;
    q->tail = (uint16_t)((q->tail + 1) % q->entries);
    return c;
}

static void doorbell(struct nvme *v, unsigned index, uint32_t value)
{
    v->regs->write(v->regs, REG_DOORBELLS + index * v->stride, value);
}

void nvme_show(struct nvme *v, struct nvme_queue *q)
{
    if (q->shown == q->tail)
        return;
    q->shown = q->tail;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* commands, then the bell */
    doorbell(v, 2u * q->id, q->tail);
}

bool nvme_has_answer(const struct nvme_queue *q)
{
    uint32_t last = __atomic_load_n(&q->cq[q->head].word[3], __ATOMIC_ACQUIRE);

    return (last >> 16 & 1) == q->phase;
}

bool nvme_take(struct nvme_queue *q, struct nvme_answer *out)
{
    uint32_t *from = q->cq[q->head].word;

    out->word[3] = __atomic_load_n(&from[3], __ATOMIC_ACQUIRE);
    if ((out->word[3] >> 16 & 1) != q->phase)
        return false;
    for (unsigned i = 0; i < 3; i++)
        out->word[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
    if (++q->head == q->entries) {
        q->head = 0;
        q->phase = !q->phase;
    }
    return true;
}

void nvme_taken(struct nvme *v, const struct nvme_queue *q)
{
    doorbell(v, 2u * q->id + 1, q->head);
}

/* 4.3: the first page from where the data starts, then whole pages. */
static void point_to(struct nvme *v, struct nvme_command *c, unsigned slot,
                     struct mspan data)
{
    struct nvme_frame *f = &v->frame[slot];
    uint64_t at = dma_address(data.p), end = at + data.n;
    unsigned n = 0;

    nvme_put64(&c->word[6], at);
    for (at = (at | (NVME_PAGE - 1)) + 1; at < end; at += NVME_PAGE) {
        ASSERT(n < NVME_PRPS);
        f->prp[n++] = at;
    }
    if (n == 1)
        nvme_put64(&c->word[8], f->prp[0]);
    else if (n > 1)
        nvme_put64(&c->word[8], dma_address(f->prp));
}

static void discard(struct nvme *v, struct nvme_command *c, unsigned slot,
                    const struct blk_req *r)
{
    uint32_t range[4] = {0, r->sectors >> (v->shift - 9)};

    nvme_put64(&range[2], r->sector >> (v->shift - 9));
    memcpy(v->frame[slot].range, range, sizeof(range));
    nvme_put64(&c->word[6], dma_address(v->frame[slot].range));
    c->word[11] = 4; /* deallocate; one range */
}

static bool start(struct blk *b, unsigned slot, const struct blk_req *r)
{
    static const uint8_t ops[] = {[BLK_READ] = IO_READ,
                                  [BLK_WRITE] = IO_WRITE,
                                  [BLK_FLUSH] = IO_FLUSH,
                                  [BLK_DISCARD] = IO_DATASET};
    struct nvme *v = nvme(b);
    struct nvme_command *c = nvme_next(&v->io, ops[r->op], (uint16_t)slot);

    c->word[1] = v->space;
    if (r->op == BLK_DISCARD) {
        discard(v, c, slot, r);
    } else if (r->op != BLK_FLUSH) {
        point_to(v, c, slot, r->data);
        nvme_put64(&c->word[10], r->sector >> (v->shift - 9));
        c->word[12] = (uint32_t)(r->data.n >> v->shift) - 1;
    }
    return true;
}

static void kick(struct blk *b)
{
    nvme_show(nvme(b), &nvme(b)->io);
}

static void poll(struct blk *b)
{
    struct nvme *v = nvme(b);
    struct nvme_answer a;
    unsigned n = 0;

    for (; n < v->io.entries && !b->failed && nvme_take(&v->io, &a); n++) {
        unsigned slot = a.word[3] & 0xffff;
        bool shown = slot < BLK_DEPTH && !(b->fresh >> slot & 1);

        /* bits 17 to 31 are the status; which queue it is of, above */
        if (a.word[2] >> 16 != NVME_IO || !shown ||
            !blk_finish(b, slot, a.word[3] >> 17 ? E_IO : OK))
            blk_fail(b, "it answered what nobody asked");
    }
    if (b->failed)
        return;
    if (n > 0)
        nvme_taken(v, &v->io);
    else if (v->regs->read(v->regs, REG_CSTS) & CSTS_FATAL)
        blk_fail(b, "it says that it has failed");
}

static bool arm(struct blk *b)
{
    struct nvme *v = nvme(b);

    if (v->regs->line)
        v->regs->write(v->regs, REG_INTMC, 1);
    return nvme_has_answer(&v->io);
}

void nvme_stop(struct nvme *v)
{
    v->regs->write(v->regs, REG_CC, 0);
    v->regs->stop(v->regs);
}

static void stop(struct blk *b, const char *why)
{
    (void)why;
    nvme_stop(nvme(b));
}

const struct blk_ops nvme_ops = {
    .start = start, .kick = kick, .poll = poll, .arm = arm, .stop = stop};
