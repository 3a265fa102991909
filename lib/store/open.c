/* SPDX-License-Identifier: ISC */
/*
 * open.c - the store on a disk, for a fiber.
 */
#include <billet/app.h>
#include <store/kv_impl.h>

static enum err on_disk(struct kv *kv, enum blk_op op, uint64_t sector,
                        struct mspan data)
{
    if (op == BLK_READ)
        return blk_read(kv->env, kv->blk, sector, data);
    if (op == BLK_WRITE)
        return blk_write(kv->env, kv->blk, sector,
                         (struct span){data.p, data.n});
    return blk_flush(kv->env, kv->blk);
}

enum err kv_open(struct env *env, struct blk *b, struct mspan memory,
                 struct kv *kv)
{
    uint64_t first = kv->first, sectors = kv->sectors;

    if (sectors == 0)
        sectors = b->sectors - (first < b->sectors ? first : b->sectors);
    *kv = (struct kv){.io = on_disk,
                      .env = env,
                      .blk = b,
                      .first = first,
                      .sectors = sectors,
                      .read_only = b->read_only};
    return kv_load(kv, memory);
}
