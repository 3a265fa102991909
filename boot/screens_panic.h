/* SPDX-License-Identifier: ISC */
/*
 * screens_panic.h - the last words of an image, on its screen: white on red,
 * over whatever the application had drawn.
 */
#ifndef BOOT_SCREENS_PANIC_H
#define BOOT_SCREENS_PANIC_H

#include <screen/screen_impl.h>

struct screens_panic {
    struct screen *screen;
    struct display *display; /* NULL: nobody sees it, so nothing is drawn */
    ns_t (*now)(void);

    struct screen_console console; /* screens_panic.c's own */
    ns_t until;
    uint32_t looks;
    bool begun, busy;
};

/* Draw this text and wait until the display has it; for no longer than a second
 * in all.  Nothing, when called by a panic that comes of drawing itself; and
 * what is beyond the last row is left out. */
void screens_panic_say(struct screens_panic *, struct span text);

#endif
