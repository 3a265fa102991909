/* SPDX-License-Identifier: ISC */
/*
 * cmdline.h - the loader's command line as a list of arguments.
 *
 * Blanks part arguments; "double quotes" keep blanks inside one.  A backslash
 * before a backslash or a quote of either kind is taken off, inside quotes and
 * outside, because GRUB puts one there; any other backslash stays.
 */
#ifndef X86_64_CMDLINE_H
#define X86_64_CMDLINE_H

#include <billet/base.h>

enum { CMDLINE_BYTES = 4096, CMDLINE_ARGS = 64 /* beyond: a boot error */ };

struct cmdline {
    char text[CMDLINE_BYTES];
    const char *args[CMDLINE_ARGS + 2]; /* NULL-terminated */
    unsigned n;
    bool parted; /* there is a "--", which is not counted */
};

/* Split a copy of `line`.  NULL, or what is wrong with it, in words. */
const char *cmdline_split(struct cmdline *, struct span line);

/* The line from its second word on: some loaders put the image's path there,
 * without quotes. */
struct span cmdline_without_path(struct span line);

#endif
