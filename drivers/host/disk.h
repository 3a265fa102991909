/* SPDX-License-Identifier: ISC */
/*
 * disk.h - a file or block device of the host as a disk of a process.
 */
#ifndef HOST_DISK_H
#define HOST_DISK_H

#include <base/pool.h>
#include <disk/blk_impl.h>

enum { HOST_DISK_PATH_BYTES = 1024, HOST_DISK_WHY_BYTES = 160 };

struct host_disk_config {
    const char *path;
    const char *serial; /* NULL: none */
    bool read_only;     /* a file that may not be written is so anyway */
    struct arena *arena;
};

/* Bytes of the arena that one takes at most. */
size_t host_disk_bytes(void);

/* Opens it; it stays open, and locked against a second writer, until the
 * process ends.  Anything but OK: `why` has the words. */
MUST_USE enum err host_disk_open(const struct host_disk_config *,
                                 struct blk **out,
                                 char why[HOST_DISK_WHY_BYTES]);

#endif
