/* SPDX-License-Identifier: ISC */
/*
 * keys.h - the standard input as the keyboard of a process.
 *
 * A terminal says characters, not keys: each becomes the presses and releases
 * by which a person types it with a layout, Escape sequences those of the keys
 * that send them.
 */
#ifndef HOST_KEYS_H
#define HOST_KEYS_H

#include <screen/screen_impl.h>
#include <termios.h>

enum { HOST_KEYS_BYTES = 64 };

struct host_keys {
    const struct keymap *map;
    bool open, raw;
    struct termios before;
    uint8_t in[HOST_KEYS_BYTES]; /* read, and not taken yet */
    unsigned n;
};

typedef void host_key_fn(void *user, unsigned code, bool pressed);

/* A terminal is told to hand over each key; host_keys_close() undoes it. */
void host_keys_open(struct host_keys *, const struct keymap *);
void host_keys_close(struct host_keys *);
/* What was typed; at most `budget` keys.  Returns how many. */
unsigned host_keys_poll(struct host_keys *, unsigned budget, host_key_fn *,
                        void *user);
/* The keys of the next character or sequence of `in`; how many bytes it took,
 * 0 when it is not there as a whole.  `more`: some may yet come. */
unsigned host_keys_take(const struct keymap *, struct span in, bool more,
                        host_key_fn *, void *user);

#endif
