/* SPDX-License-Identifier: ISC */
/*
 * fake_packed.h - the fake device's side of a packed ring (virtio 1.2, 2.8);
 * what is honest and what is not is for fake.c and its callers.
 *
 * `seen`, `used` and `shown` of a queue count descriptors, of all laps.
 */
#ifndef TESTS_VIRTIO_FAKE_PACKED_H
#define TESTS_VIRTIO_FAKE_PACKED_H

#include "fake.h"

enum { FAKE_AVAIL = 1 << 7, FAKE_USED = 1 << 15 };

struct fake_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t id, flags;
};

/* The descriptor of that number, and the flags that one has there. */
struct fake_desc *fake_packed_desc(const struct fake_queue *, uint16_t at);
unsigned fake_packed_avail(const struct fake_queue *, uint16_t at);
unsigned fake_packed_used(const struct fake_queue *, uint16_t at);

/* Ask to be notified of the descriptor `seen`, or of all that come. */
void fake_packed_ask(struct fake_queue *, bool events);
bool fake_packed_peek(struct fake_queue *, struct fake_chain *);
void fake_packed_put(struct fake_queue *, uint32_t id, uint32_t len);
void fake_packed_show(struct fake_queue *);
/* Mark everything up to number `at` as used, but no more than a lap. */
void fake_packed_show_index(struct fake_queue *, uint16_t at);
bool fake_packed_interrupts(const struct fake_queue *, uint16_t before);

/* Shared with fake.c. */
void fake_add_seg(struct fake_chain *, uint64_t addr, uint32_t len, bool in);

#endif
