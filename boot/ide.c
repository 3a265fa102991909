/* SPDX-License-Identifier: ISC */
/*
 * ide.c - see ide.h.
 */
#include "ide.h"

#include <bus/ide.h>

/* A CD takes less than any other disk. */
size_t ide_bytes(void)
{
    return bus_ide_bytes();
}

unsigned ide_find(const struct blk_host *host, struct blk *out[DISKS_MAX],
                  unsigned n)
{
    struct ata_channel *all[BUS_IDE_MAX];
    unsigned channels = bus_ide_find(all, host->arena);

    for (unsigned i = 0; i < channels && n < DISKS_MAX; i++)
        n += ata_attach(all[i], host, out + n, DISKS_MAX - n);
    return n;
}
