/* SPDX-License-Identifier: ISC */
#ifndef DISK_H
#define DISK_H

#include <billet/app.h>
#include <billet/files.h>

/* Too large for the stack of a fiber, and the arena is sealed with the first
 * wait. */
struct shelf {
    struct files volume;
    struct file found, each;
};

/* Says what is in a file, or in a directory, of a volume on the disk. */
enum err show_file(struct env *, struct blk *, struct shelf *,
                   const char *path);

#endif
