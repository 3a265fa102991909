/* SPDX-License-Identifier: ISC */
/*
 * screens.h - the display and the keyboards of this machine, or of this
 * process: screens_metal.c finds devices, screens_hosted.c has a file and the
 * standard input.
 */
#ifndef BOOT_SCREENS_H
#define BOOT_SCREENS_H

#include <billet/app.h>
#include <screen/screen_impl.h>

typedef void key_fn(void *user, unsigned code, bool pressed);

/* Bytes of the arena that the devices take at most, without the pixels. */
size_t screens_devices_bytes(void);

/* The size that firmware has set already.  False: none that is of use. */
bool screens_given_size(uint32_t *width, uint32_t *height);

/* The display that shows `s`, whose pixels are there; NULL: there is none.
 * `wanted`: its size was asked for by a key.  Anything but OK: the log says
 * why. */
MUST_USE enum err screens_find_display(struct env *, struct screen *s,
                                       bool wanted, struct display **out);

/* What is said of the keyboards there are, in a list; they are started. */
const char *screens_find_keyboards(struct env *, const struct keymap *);
unsigned screens_poll_keys(unsigned budget, key_fn *, void *user);
bool screens_arm_keys(void);
/* When they are to be polled without a wake-up. */
ns_t screens_keys_deadline(ns_t now);

/* The end: what was lent to us is given back. */
void screens_close(struct display *);

#endif
