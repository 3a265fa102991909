/* SPDX-License-Identifier: ISC */
/*
 * blk.c - see blk_impl.h.
 */
#include <disk/blk_impl.h>

METRICS_TABLE(blk, BLK_METRICS);

static uint32_t block_sectors(const struct blk *b)
{
    return b->block_size / BLK_SECTOR_BYTES;
}

const char *blk_init(struct blk *b)
{
    if (b->block_size < BLK_SECTOR_BYTES || b->block_size > BLK_BLOCK_MAX ||
        (b->block_size & (b->block_size - 1)) != 0)
        return "its blocks are not of 512 to 4096 bytes";
    if (b->sectors == 0 || b->sectors > UINT64_MAX / BLK_SECTOR_BYTES)
        return "its size makes no sense";
    b->sectors -= b->sectors % block_sectors(b);
    if (b->max_bytes == 0 || b->max_bytes > BLK_BYTES_MAX)
        b->max_bytes = BLK_BYTES_MAX;
    b->max_bytes -= b->max_bytes % b->block_size;
    if (b->max_bytes == 0 || b->sectors == 0)
        return "not even one block can be read";
    if (b->depth == 0 || b->depth > BLK_DEPTH)
        b->depth = BLK_DEPTH;
    b->timeout = BLK_TIMEOUT_SECONDS * NS_PER_SEC;
    b->ended = NULL;
    b->ended_tail = &b->ended;
    return NULL;
}

static bool inside(const struct blk *b, uint64_t sector, uint64_t n)
{
    return sector <= b->sectors && n <= b->sectors - sector &&
           sector % block_sectors(b) == 0 && n % block_sectors(b) == 0;
}

static enum err check(const struct blk *b, const struct blk_req *r)
{
    size_t n = r->data.n;

    if (r->op > BLK_DISCARD || !r->done)
        return E_INVAL;
    if (b->read_only && (r->op == BLK_WRITE || r->op == BLK_DISCARD))
        return E_REFUSED;
    if (r->op == BLK_FLUSH)
        return OK;
    if (r->op == BLK_DISCARD)
        return r->sectors && inside(b, r->sector, r->sectors) &&
                       (!b->max_discard || r->sectors <= b->max_discard)
                   ? OK
                   : E_INVAL;
    if (n == 0 || n > b->max_bytes || n % b->block_size != 0 ||
        (uintptr_t)r->data.p % BLK_ALIGN != 0 ||
        !inside(b, r->sector, n / BLK_SECTOR_BYTES))
        return E_INVAL;
    return OK;
}

/* done() is to run with the next poll. */
static void end(struct blk *b, struct blk_req *r, enum err status)
{
    r->status = status;
    r->next = NULL;
    *b->ended_tail = r;
    b->ended_tail = &r->next;
}

static void count(struct blk *b, const struct blk_req *r)
{
    struct blk_metrics *c = &b->counters;

    switch (r->op) {
    case BLK_READ:
        c->reads++;
        c->read_bytes += r->data.n;
        return;
    case BLK_WRITE:
        c->writes++;
        c->written_bytes += r->data.n;
        return;
    case BLK_FLUSH:
        c->flushes++;
        return;
    case BLK_DISCARD:
        c->discards++;
        return;
    }
}

bool blk_finish(struct blk *b, unsigned slot, enum err status)
{
    struct blk_req *r = slot < BLK_DEPTH ? b->slot[slot] : NULL;

    if (!r)
        return false;
    b->slot[slot] = NULL;
    b->fresh &= ~(UINT32_C(1) << slot);
    b->counters.in_flight--;
    if (status)
        b->counters.errors++;
    else
        count(b, r);
    end(b, r, status);
    return true;
}

void blk_fail(struct blk *b, const char *why)
{
    if (b->failed)
        return;
    b->failed = true;
    b->failure = why;
    b->ops->stop(b, why);
    for (unsigned i = 0; i < BLK_DEPTH; i++)
        if (b->slot[i])
            (void)!blk_finish(b, i, E_IO);
}

static int free_slot(const struct blk *b)
{
    for (unsigned i = 0; i < b->depth; i++)
        if (!b->slot[i])
            return (int)i;
    return -1;
}

enum err blk_submit(struct blk *b, struct blk_req *r)
{
    enum err err = b->failed ? E_IO : check(b, r);
    int slot;

    if (err)
        return err;
    if ((r->op == BLK_FLUSH && !b->has_flush) ||
        (r->op == BLK_DISCARD && !b->has_discard)) {
        end(b, r, OK);
        return OK;
    }
    slot = free_slot(b);
    if (slot < 0 || !b->ops->start(b, (unsigned)slot, r)) {
        b->counters.refusals++;
        return E_FULL;
    }
    b->slot[slot] = r;
    b->fresh |= UINT32_C(1) << slot;
    b->counters.in_flight++;
    /* A flush that is under way may not cover a write that comes now. */
    b->dirty = r->op == BLK_WRITE || (b->dirty && r->op != BLK_FLUSH);
    return OK;
}

static void look_for_the_late(struct blk *b, ns_t now)
{
    bool late = false;

    for (unsigned i = 0; i < BLK_DEPTH; i++)
        if (b->slot[i] && !(b->fresh >> i & 1) && b->due[i] <= now) {
            late = true;
            b->counters.timeouts++;
            (void)!blk_finish(b, i, E_TIMEOUT);
        }
    if (late)
        blk_fail(b, "it did not answer in time");
}

unsigned blk_poll(struct blk *b, ns_t now, unsigned budget)
{
    unsigned done = 0;

    if (b->counters.in_flight && !b->failed) {
        b->ops->poll(b);
        look_for_the_late(b, now);
    }
    for (struct blk_req *r; done < budget && (r = b->ended); done++) {
        b->ended = r->next;
        if (!b->ended)
            b->ended_tail = &b->ended;
        r->next = NULL;
        r->done(r);
    }
    return done;
}

void blk_show(struct blk *b, ns_t now)
{
    if (b->fresh == 0 || b->failed)
        return;
    for (unsigned i = 0; i < BLK_DEPTH; i++)
        if (b->fresh >> i & 1)
            b->due[i] = now + b->timeout;
    b->fresh = 0;
    b->ops->kick(b);
}

bool blk_arm(struct blk *b)
{
    if (b->ended)
        return true;
    return !b->failed && b->counters.in_flight && b->ops->arm(b);
}

ns_t blk_deadline(const struct blk *b, ns_t now)
{
    ns_t at = NS_NEVER;

    if (b->ended)
        return now;
    for (unsigned i = 0; i < BLK_DEPTH; i++)
        if (b->slot[i] && !(b->fresh >> i & 1) && b->due[i] < at)
            at = b->due[i];
    if (at != NS_NEVER && b->polled && now + BLK_POLL_US * NS_PER_US < at)
        at = now + BLK_POLL_US * NS_PER_US;
    return at;
}

void blk_name(char out[BLK_SERIAL_BYTES], const uint8_t *in, size_t n)
{
    size_t len = 0;

    while (n > 0 && (*in == ' ' || *in == 0)) {
        in++;
        n--;
    }
    for (; len < n && len < BLK_SERIAL_BYTES - 1 && in[len]; len++)
        out[len] = (char)(in[len] > ' ' && in[len] < 0x7f ? in[len]
                          : in[len] == ' '                ? ' '
                                                          : '?');
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = 0;
}
