/* SPDX-License-Identifier: ISC */
/*
 * find.c - where on a disk the slots and the boot block are: files that nothing
 * moves, each in one piece, on the volume that the boot loader reads.
 */
#include <string.h>

#include "slots.h"

static enum err io(struct slots *s, enum blk_op op, uint64_t sector,
                   struct mspan m)
{
    if (op == BLK_FLUSH)
        return blk_flush(s->env, s->blk);
    return op == BLK_READ
               ? blk_read(s->env, s->blk, sector, m)
               : blk_write(s->env, s->blk, sector, (struct span){m.p, m.n});
}

static enum err place(struct files *f, const char *path, uint64_t least,
                      uint64_t *sector, uint64_t *bytes)
{
    struct file file;
    enum err err = files_find(f, path, &file);

    if (!err)
        err = files_run(f, &file, sector);
    if (!err && file.size < least)
        err = E_NOENT;
    *bytes = err ? 0 : file.size - file.size % BLK_SECTOR_BYTES;
    return err;
}

enum err slots_find(struct slots *s, struct env *env, struct blk *blk,
                    struct files *f)
{
    uint64_t bytes[SLOTS], n;
    enum err err;

    memset(s, 0, sizeof(*s));
    if (blk->failed || blk->read_only || blk->block_size != BLK_SECTOR_BYTES)
        return E_NOENT;
    s->io = io;
    s->env = env;
    s->blk = blk;
    if ((err = files_open(env, blk, "BILLET", f)) ||
        (err =
             place(f, "/boot/grub/grubenv", BLK_SECTOR_BYTES, &s->block, &n)) ||
        (err = place(f, "/boot/slot-a.elf", BLK_SECTOR_BYTES, &s->slot[0],
                     &bytes[0])) ||
        (err = place(f, "/boot/slot-b.elf", BLK_SECTOR_BYTES, &s->slot[1],
                     &bytes[1])))
        return err;
    s->bytes = bytes[0] < bytes[1] ? bytes[0] : bytes[1];
    return OK;
}
