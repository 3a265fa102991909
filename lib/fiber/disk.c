/* SPDX-License-Identifier: ISC */
/*
 * disk.c - disks in blocking form.  Apart, so that only images with disks link
 * what is below.
 */
#include "fibers.h"

#include <billet/blk.h>

enum { AHEAD = 4 /* requests of one call under way at once */ };

struct transfer {
    struct blk_req req[AHEAD];
    struct fiber *waiter;
    unsigned under_way;
    enum err err;
};

static void on_done(struct blk_req *r)
{
    struct transfer *t = r->user;

    if (r->status && !t->err)
        t->err = r->status;
    t->under_way--;
    r->done = NULL; /* free again */
    fiber_wake(t->waiter);
}

static struct blk_req *free_req(struct transfer *t)
{
    for (unsigned i = 0; i < AHEAD; i++)
        if (!t->req[i].done)
            return &t->req[i];
    return NULL;
}

/* One request more, if there is room.  Answers how much of `data` it has. */
static size_t put_one(struct transfer *t, struct blk *b, struct blk_req r)
{
    struct blk_req *slot = free_req(t);
    enum err err;

    if (!slot || t->err)
        return 0;
    r.data.n = r.data.n < b->max_bytes ? r.data.n : b->max_bytes;
    r.done = on_done;
    r.user = t;
    *slot = r;
    err = blk_submit(b, slot);
    if (!err) {
        t->under_way++;
        return r.data.n;
    }
    slot->done = NULL;
    if (err != E_FULL)
        t->err = err;
    return 0;
}

static enum err transfer(struct env *env, struct blk *b, struct blk_req r)
{
    struct transfer t = {.waiter = fiber_current(env->fibers)};
    bool flush = r.op == BLK_FLUSH;

    if (r.data.n == 0 && !flush)
        return OK;
    while (t.under_way || (!t.err && (r.data.n || flush))) {
        size_t n = r.data.n || flush ? put_one(&t, b, r) : 0;

        r.data.p += n;
        r.data.n -= n;
        r.sector += n / BLK_SECTOR_BYTES;
        flush &= !t.under_way;
        if (n == 0 && t.under_way)
            fiber_wait_whole(env->fibers);
        else if (n == 0 && !t.err && fiber_sleep(env, NS_PER_MS))
            t.err = E_CLOSED; /* others have the whole disk; cancelled */
    }
    return t.err;
}

enum err blk_read(struct env *env, struct blk *b, uint64_t sector,
                  struct mspan into)
{
    return transfer(
        env, b,
        (struct blk_req){.op = BLK_READ, .sector = sector, .data = into});
}

/* A device only reads what is written; the contract has one pointer for
 * both. */
enum err blk_write(struct env *env, struct blk *b, uint64_t sector,
                   struct span from)
{
    struct mspan data = {(uint8_t *)(uintptr_t)from.p, from.n};

    return transfer(
        env, b,
        (struct blk_req){.op = BLK_WRITE, .sector = sector, .data = data});
}

enum err blk_flush(struct env *env, struct blk *b)
{
    return transfer(env, b, (struct blk_req){.op = BLK_FLUSH});
}
