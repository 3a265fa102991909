/* SPDX-License-Identifier: ISC */
/*
 * input.h - a keyboard by virtio.
 */
#ifndef VIRTIO_INPUT_H
#define VIRTIO_INPUT_H

#include <virtio/device.h>

struct virtio_input;

/* Arena bytes that virtio_input_attach() takes at most. */
size_t virtio_input_bytes(void);

/* NULL when the arena is too small, or when the device failed: `failure`. */
struct virtio_input *virtio_input_attach(struct virtio_dev *, struct arena *);

/* What was typed; `key` gets codes of enum key_code.  Returns how many events
 * there were, at most `budget`; those that are of no key count, too. */
unsigned virtio_input_poll(struct virtio_input *, unsigned budget,
                           void (*key)(void *user, unsigned code, bool pressed),
                           void *user);

/* Ask for a wake-up.  True: there is something already. */
bool virtio_input_arm(struct virtio_input *);

#endif
