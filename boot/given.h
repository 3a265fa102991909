/* SPDX-License-Identifier: ISC */
/*
 * given.h - the files that the build was told to put into every image, in a
 * table that boot/image/files.py makes.
 */
#ifndef BOOT_GIVEN_H
#define BOOT_GIVEN_H

#include <billet/base.h>

struct given_baked {
    const char *name; /* NULL: the last row */
    struct span bytes;
};
extern const struct given_baked given_baked[];

#endif
