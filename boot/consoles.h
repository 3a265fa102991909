/* SPDX-License-Identifier: ISC */
/*
 * consoles.h - a console by virtio, beside those that the machine has from its
 * first instruction on.
 */
#ifndef BOOT_CONSOLES_H
#define BOOT_CONSOLES_H

#include <billet/app.h>

struct virtio_dev;

/* Bytes of the arena that it takes at most, with legacy rings. */
enum { CONSOLE_ARENA_BYTES = 24576 };

/* The first one gets every line from here on, and those that the log still
 * has.  Others are left alone. */
void console_attach(struct env *, struct virtio_dev *);

/* The image is about to end, maybe before it has looked for devices: such a
 * console, if there is one, is waited for in what is said now. */
void console_last_words(struct env *);

#endif
