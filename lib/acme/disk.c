/* SPDX-License-Identifier: ISC */
/*
 * disk.c - the state on a disk: two places that take turns, each a head and the
 * text, so that a loss of power leaves one of them whole.  The newer one whose
 * digest is right counts.
 */
#include <base/bytes.h>
#include <billet/acme.h>
#include <billet/x509.h>

enum {
    PLACE_BYTES = 64 << 10,
    PLACE_SECTORS = PLACE_BYTES / BLK_SECTOR_BYTES,
    HEAD_BYTES = 48, /* what it is, serial number, length, SHA-256 */
    PLACES = 2
};
static const uint8_t magic[8] = "blt-acme";

struct disk {
    struct acme_store store;
    struct blk *blk;
    uint32_t serial; /* of the newest */
    unsigned at;     /* its place */
    uint8_t *room;   /* PLACE_BYTES */
};

static enum err move(struct disk *d, struct env *env, unsigned place, size_t n,
                     bool write)
{
    uint64_t sector = (uint64_t)place * PLACE_SECTORS;

    n = (n + BLK_BLOCK_MAX - 1) / BLK_BLOCK_MAX * BLK_BLOCK_MAX;
    return write ? blk_write(env, d->blk, sector, (struct span){d->room, n})
                 : blk_read(env, d->blk, sector, (struct mspan){d->room, n});
}

/* Its length; 0: it is none. */
static size_t head_read(const struct disk *d, uint32_t *serial)
{
    size_t n = be32(d->room + 12);

    *serial = be32(d->room + 8);
    return memcmp(d->room, magic, sizeof(magic)) == 0 &&
                   n <= PLACE_BYTES - HEAD_BYTES
               ? n
               : 0;
}

static bool is_whole(const struct disk *d, size_t n)
{
    uint8_t digest[32];

    x509_digest(digest, (struct span){d->room + HEAD_BYTES, n});
    return memcmp(digest, d->room + 16, sizeof(digest)) == 0;
}

static size_t load(struct acme_store *store, struct env *env, struct mspan out)
{
    struct disk *d = CONTAINER(store, struct disk, store);
    size_t best = 0;

    for (unsigned i = 0; i < PLACES; i++) {
        uint32_t serial;
        size_t n;

        if (move(d, env, i, BLK_BLOCK_MAX, false) ||
            !(n = head_read(d, &serial)) || n > out.n ||
            (best && (int32_t)(serial - d->serial) <= 0) ||
            move(d, env, i, HEAD_BYTES + n, false) || !is_whole(d, n))
            continue;
        d->serial = serial;
        d->at = i;
        best = n;
        memcpy(out.p, d->room + HEAD_BYTES, n);
    }
    memset(d->room, 0, PLACE_BYTES);
    return best;
}

static enum err save(struct acme_store *store, struct env *env,
                     struct span text)
{
    struct disk *d = CONTAINER(store, struct disk, store);
    unsigned place = (d->at + 1) % PLACES;
    enum err err;

    if (text.n > PLACE_BYTES - HEAD_BYTES)
        return E_FULL;
    memset(d->room, 0, PLACE_BYTES);
    memcpy(d->room, magic, sizeof(magic));
    put_be32(d->room + 8, d->serial + 1);
    put_be32(d->room + 12, (uint32_t)text.n);
    memcpy(d->room + HEAD_BYTES, text.p, text.n);
    x509_digest(d->room + 16, text);
    err = move(d, env, place, HEAD_BYTES + text.n, true);
    if (!err)
        err = blk_flush(env, d->blk);
    memset(d->room, 0, PLACE_BYTES);
    if (err)
        return err;
    d->serial++;
    d->at = place;
    return OK;
}

struct acme_store *acme_disk(struct env *env, struct blk *blk)
{
    struct disk *d;

    if (blk->sectors < PLACES * PLACE_SECTORS || blk->read_only)
        return NULL;
    d = NEW(env, struct disk);
    d->store = (struct acme_store){load, save};
    d->blk = blk;
    d->room = arena_alloc(env->arena, PLACE_BYTES, BLK_BLOCK_MAX);
    return &d->store;
}
