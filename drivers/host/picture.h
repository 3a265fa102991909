/* SPDX-License-Identifier: ISC */
/*
 * picture.h - a file of the host as the display of a process: the picture as
 * it is, in the format PPM.
 */
#ifndef HOST_PICTURE_H
#define HOST_PICTURE_H

#include <screen/screen_impl.h>

enum { PICTURE_PATH_BYTES = 1024 };

struct picture {
    struct display display;
    const struct screen *screen;
    char path[PICTURE_PATH_BYTES], part[PICTURE_PATH_BYTES];
    bool changed;
    ns_t next; /* not written again before */
};

/* NULL, or why the file cannot be written.  `path` is written when the picture
 * has changed, ten times a second at most, and each time as a whole: who reads
 * it never sees half of one. */
MUST_USE const char *picture_open(struct picture *, const char *path,
                                  const struct screen *);
/* What was not written yet is. */
void picture_close(struct picture *);

#endif
