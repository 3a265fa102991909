/* SPDX-License-Identifier: ISC */
/*
 * disk - fills a disk with a pattern, and looks whether it is still there.
 *
 * What it shows is a disk in straight-line code: memory from the arena, reads,
 * writes, a flush, and what each of them answers.
 */
#include "disk.h"

KEY_CHOICE(mode, "mode", "show|write|verify|both|edges|count", "show",
           "what to do with the disk; all but show and verify write to it");
KEY_UINT(bytes, "bytes", "BYTES", 4096, UINT64_C(1) << 40, "1048576",
         "how much of it, from its start");
KEY_STRING(file, "file", "PATH", NULL,
           "show this file or directory of a FAT or ISO 9660 volume on it");
KEY_UINT(seed, "seed", "NUMBER", 0, UINT32_MAX, "1", "which pattern");

enum { CHUNK = 256 * 1024, WORDS = BLK_SECTOR_BYTES / 8 };

/* Word `i` of the disk. */
static uint64_t word(uint64_t seed, uint64_t i)
{
    return (i + (seed << 32) + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(uint64_t *p, uint64_t sector, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n / 8; i++)
        p[i] = word(seed, sector * WORDS + i);
}

static enum err write_pattern(struct env *env, struct blk *b, uint64_t *p,
                              uint64_t bytes)
{
    uint64_t seed = key_uint(env->keys, &key_seed);
    enum err err;

    for (uint64_t at = 0; at < bytes; at += CHUNK) {
        size_t n = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;

        fill(p, at / BLK_SECTOR_BYTES, n, seed);
        if ((err = blk_write(env, b, at / BLK_SECTOR_BYTES,
                             (struct span){(uint8_t *)p, n})))
            return err;
    }
    if ((err = blk_flush(env, b)))
        return err;
    print_line(env->log, "wrote %lu bytes, and flushed", (unsigned long)bytes);
    return OK;
}

static enum err verify(struct env *env, struct blk *b, uint64_t *p,
                       uint64_t bytes)
{
    uint64_t seed = key_uint(env->keys, &key_seed);
    enum err err;

    for (uint64_t at = 0; at < bytes; at += CHUNK) {
        size_t n = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;

        if ((err = blk_read(env, b, at / BLK_SECTOR_BYTES,
                            (struct mspan){(uint8_t *)p, n})))
            return err;
        for (size_t i = 0; i < n / 8; i++)
            if (p[i] != word(seed, at / 8 + i)) {
                print_line(env->log, "byte %lu is not what was written",
                           (unsigned long)(at + i * 8));
                return E_IO;
            }
    }
    print_line(env->log, "verified %lu bytes", (unsigned long)bytes);
    return OK;
}

/* The last block, and what lies beyond: as Solo5's tests of block devices. */
static enum err edges(struct env *env, struct blk *b, uint64_t *p)
{
    uint64_t last = b->sectors - b->block_size / BLK_SECTOR_BYTES;
    struct mspan one = {(uint8_t *)p, b->block_size};
    struct span same = {one.p, one.n};
    enum err err;

    fill(p, last, one.n, 7);
    if ((err = blk_write(env, b, last, same)))
        return err;
    p[0] = 0;
    if ((err = blk_read(env, b, last, one)) || p[0] != word(7, last * WORDS))
        return err ? err : E_IO;
    print_line(env->log, "the last block is there");
    print_line(env->log, "beyond the end: %s, %s",
               err_name(blk_read(env, b, b->sectors, one)),
               err_name(blk_write(env, b, b->sectors, same)));
    one.n = 1;
    print_line(env->log, "a byte: %s", err_name(blk_read(env, b, 0, one)));
    return OK;
}

static enum err one_disk(struct env *env, struct blk *b, uint64_t *p,
                         struct shelf *shelf)
{
    const char *mode = key_string(env->keys, &key_mode);
    uint64_t bytes = key_uint(env->keys, &key_bytes);
    const char *file = key_string(env->keys, &key_file);
    enum err err = OK;

    if (file)
        return show_file(env, b, shelf, file);
    bytes -= bytes % b->block_size;
    if (bytes / BLK_SECTOR_BYTES > b->sectors)
        bytes = b->sectors * BLK_SECTOR_BYTES;
    if (mode[0] == 'w' || mode[0] == 'b')
        err = write_pattern(env, b, p, bytes);
    if (!err && (mode[0] == 'v' || mode[0] == 'b'))
        err = verify(env, b, p, bytes);
    if (!err && mode[0] == 'e')
        err = edges(env, b, p);
    if (!err && mode[0] == 'c')
        err = count_start(env, b, shelf);
    return err;
}

static enum err start(struct env *env)
{
    uint64_t *p = arena_raw(env->arena, CHUNK, BLK_BLOCK_MAX);
    struct shelf *shelf = NEW(env, struct shelf);
    enum err err;

    for (unsigned i = 0; i < APP_BLKS_MAX && env->blk[i]; i++) {
        struct blk *b = env->blk[i];

        print_line(env->log, "disk%u: %lu sectors, blocks of %u, %s", i,
                   (unsigned long)b->sectors, b->block_size,
                   b->read_only ? "read-only" : "writable");
        if ((err = one_disk(env, b, p, shelf))) {
            print_line(env->log, "disk%u: %s", i, err_name(err));
            return err;
        }
    }
    print_line(env->log, "SUCCESS");
    return OK;
}

BILLET_APP(start, .name = "disk", .blks = {"disk0", "disk1?", "disk2?"},
           .limits = {.arena_bytes = 1 << 20});
BILLET_DISKS;
