/* SPDX-License-Identifier: ISC */
/*
 * ide.h - CDs on IDE, which are config disks and nothing else: ide.c finds
 * them, no_ide.c has none; the build chooses.
 */
#ifndef BOOT_IDE_H
#define BOOT_IDE_H

#include "disks.h"

/* Bytes of the arena beside those of each disk. */
size_t ide_bytes(void);

/* From disk number `n` on.  Returns how many there are then. */
unsigned ide_find(const struct blk_host *, struct blk *out[DISKS_MAX],
                  unsigned n);

#endif
