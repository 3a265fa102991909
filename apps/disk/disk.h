/* SPDX-License-Identifier: ISC */
#ifndef DISK_H
#define DISK_H

#include <billet/app.h>
#include <billet/files.h>
#include <billet/kv.h>

/* Too large for the stack of a fiber, and the arena is sealed with the first
 * wait. */
struct shelf {
    struct files volume;
    struct file found, each;
    struct kv kv;
    _Alignas(64) uint8_t store[2 * KV_MEMORY_MIN];
};

/* Says what is in a file, or in a directory, of a volume on the disk. */
enum err show_file(struct env *, struct blk *, struct shelf *,
                   const char *path);

/* Counts the starts in a store on the disk. */
enum err count_start(struct env *, struct blk *, struct shelf *);

#endif
