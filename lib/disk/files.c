/* SPDX-License-Identifier: ISC */
/*
 * files.c - volumes of a disk, for a fiber.
 */
#include <disk/volume.h>

#include <billet/app.h>

static enum err read(struct files *f, uint64_t sector, struct mspan into)
{
    return blk_read(f->env, f->blk, sector, into);
}

enum err files_open(struct env *env, struct blk *b, const char *label,
                    struct files *f)
{
    f->env = env;
    f->blk = b;
    f->block = b->block_size;
    f->read = read;
    f->cached = 0;
    return volume_search(f, b->sectors * BLK_SECTOR_BYTES, label);
}
