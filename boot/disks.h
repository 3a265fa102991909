/* SPDX-License-Identifier: ISC */
/*
 * disks.h - the disks of this machine, or of this process.
 *
 * disks_metal.c finds devices, disks_hosted.c opens files.
 */
#ifndef BOOT_DISKS_H
#define BOOT_DISKS_H

#include <billet/app.h>
#include <disk/blk_impl.h>

enum { DISKS_MAX = 8 /* started at most; beyond: not seen */ };

/* Bytes of the arena that disks_find() takes at most. */
size_t disks_bytes(void);

/*
 * Every disk there is, in the order of the buses, each started; one that lied
 * has `failed` set.  A place is NULL where a process has no disk for that name
 * of the manifest.  Anything but OK: the log says why.
 */
MUST_USE enum err disks_find(struct env *, struct blk *out[DISKS_MAX],
                             unsigned *n);

/* Whether disks may have keys for this image: not those of a process. */
extern const bool disks_have_keys;

/* Before there is a loop: waits as long as a request may take.  Whole blocks,
 * at an address that the disk can take. */
MUST_USE enum err disks_read_now(struct blk *, uint64_t sector,
                                 struct mspan into);

/* The line that gives this machine a disk called `name`. */
void disks_say_how(struct env *, const char *name);

#endif
