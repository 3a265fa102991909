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

static void attach(struct files *f, struct env *env, struct blk *b)
{
    f->env = env;
    f->blk = b;
    f->block = b->block_size;
    f->read = read;
    f->cached = 0;
}

enum err files_part(struct env *env, struct blk *b, const char *label,
                    struct files *f, uint64_t *first, uint64_t *sectors)
{
    struct parts parts;
    struct part p;
    enum err err;

    attach(f, env, b);
    f->first = 0;
    f->bytes = b->sectors * BLK_SECTOR_BYTES;
    err = parts_open(f, &parts);
    for (unsigned i = 0; !err && i < FILES_PARTS_MAX; i++) {
        err = part_get(f, &parts, i, &p);
        if (!err && same_name(p.label, span_of(label), false)) {
            *first = p.first / BLK_SECTOR_BYTES;
            *sectors = p.bytes / BLK_SECTOR_BYTES;
            return OK;
        }
        err = err == E_AGAIN ? OK : err;
    }
    return err ? err : E_NOENT;
}

enum err files_open(struct env *env, struct blk *b, const char *label,
                    struct files *f)
{
    attach(f, env, b);
    return volume_search(f, b->sectors * BLK_SECTOR_BYTES, label);
}
