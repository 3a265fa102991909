/* SPDX-License-Identifier: ISC */
/*
 * fuzz_files.c - any bytes as a disk: an even first byte puts them at its start
 * (FAT, partitions), an odd one where ISO 9660 begins.  The rest is zeros.
 *
 * Every walk ends, and nothing is read outside the disk.
 */
#include "input.h"

#include <disk/volume.h>

enum { DISK = 4 << 20, ISO = 32768, NAMES = 64, DEPTH = 3 };

static struct files f;
static struct span disk;
static uint64_t where;

static enum err read_disk(struct files *v, uint64_t sector, struct mspan into)
{
    uint64_t at = sector * BLK_SECTOR_BYTES;

    MUST(at % v->block == 0 && into.n % v->block == 0);
    MUST(at <= DISK && into.n <= DISK - at);
    for (size_t i = 0; i < into.n; i++, at++)
        into.p[i] = at >= where && at - where < disk.n ? disk.p[at - where] : 0;
    return OK;
}

static void walk(struct file *dir, unsigned depth)
{
    uint64_t cursor = 0;
    struct file e;
    uint8_t text[700];
    size_t n;

    for (unsigned i = 0; i < NAMES && !files_next(&f, dir, &cursor, &e); i++) {
        MUST(memchr(e.name, 0, sizeof(e.name)));
        if (e.dir && depth < DEPTH)
            walk(&e, depth + 1);
        else if (!e.dir && !files_get(&f, &e, e.size / 3,
                                      (struct mspan){text, sizeof(text)}, &n))
            MUST(n <= e.size);
    }
}

static void look(void)
{
    struct file found;

    f = (struct files){.read = read_disk, .block = 512};
    if (volume_search(&f, DISK, "cidata") && volume_search(&f, DISK, NULL))
        return;
    walk(&f.root, 0);
    (void)!files_find(&f, "/sub/user-data", &found);
}

static void at_start(void)
{
    disk = fuzz_in;
    where = 0;
    look();
}

static void at_iso(void)
{
    disk = fuzz_in;
    where = ISO;
    look();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_either((struct span){data, size}, at_start, at_iso);
}
