/* SPDX-License-Identifier: ISC */
/*
 * fake.h - a virtio device in memory, with a bus of its own: honest unless
 * told to lie.
 *
 * It sees of a queue what a device sees: descriptors, the driver's ring, its
 * own.  It checks what a driver owes a device, and panics when that is broken.
 */
#ifndef TESTS_VIRTIO_FAKE_H
#define TESTS_VIRTIO_FAKE_H

#include <virtio/device.h>

enum {
    FAKE_SEGS_MAX = 64,
    FAKE_CONFIG_BYTES = 64,
    FAKE_IDS = 1024 /* of chains; beyond: mixed up */
};

/* What every modern device offers besides: the build says
 * VIRTIO_F_RING_PACKED, for the same tests on packed rings. */
#ifndef FAKE_ALSO
#define FAKE_ALSO UINT64_C(0)
#endif

struct fake_seg {
    uint8_t *p;
    uint32_t n;
    bool writable;
};

/* A chain that the driver has shown. */
struct fake_chain {
    uint16_t id;
    bool indirect;
    unsigned n, descriptors; /* segments; ring descriptors */
    uint32_t in, out;        /* writable and readable bytes */
    struct fake_seg seg[FAKE_SEGS_MAX];
};

struct fake_queue {
    const struct vq *q; /* its shared memory only; NULL: not started */
    uint16_t seen;      /* of the driver's ring */
    uint16_t used;      /* of ours, put there */
    uint16_t shown;     /* of these (packed) */
    bool packed;
    uint16_t length[FAKE_IDS]; /* descriptors of a chain, by id (packed) */
    uint32_t max;              /* what queue_max() says */
    unsigned notified;
};

struct fake {
    struct virtio_dev dev;
    struct fake_queue queue[VIRTIO_QUEUES_MAX];
    uint64_t offers, accepted;
    uint8_t status;
    uint8_t config[FAKE_CONFIG_BYTES];
    uint32_t generation;
    unsigned resets, stops, status_reads;
    /* lies and shortcomings */
    bool stale_registers; /* open() fails */
    bool reset_never_ends;
    bool features_withdrawn;
    bool never_ready;
    bool restless_config; /* the generation moves with each read */
    bool no_interrupt;
    bool queue_refused;
    bool wants_all_kicks; /* asks for notifications of everything */
};

/* An honest device; `offers` is its features, VERSION_1 of itself if modern. */
void fake_init(struct fake *, enum virtio_kind, bool modern, uint64_t offers);

/* The next chain the driver has shown; false when there is none. */
bool fake_peek(struct fake *, unsigned queue, struct fake_chain *out);
bool fake_pop(struct fake *, unsigned queue, struct fake_chain *out);

/* Put an entry in the used ring, and show it.  Any id, any length. */
void fake_use(struct fake *, unsigned queue, uint32_t id, uint32_t len);
/* The same, but shown only with the next fake_show(). */
void fake_put(struct fake *, unsigned queue, uint32_t id, uint32_t len);
void fake_show(struct fake *, unsigned queue);
/* Show `idx` whatever was put. */
void fake_show_index(struct fake *, unsigned queue, uint16_t idx);

/* Chains that the driver has shown and nobody popped. */
unsigned fake_waiting(struct fake *, unsigned queue);
/* Ask for no notification at all. */
void fake_quiet(struct fake *, unsigned queue);

/* Whether the driver wants an interrupt for what fake_show() showed since the
 * used index was `before`. */
bool fake_interrupts(const struct fake *, unsigned queue, uint16_t before);

/* Copy bytes into a chain's writable segments; false when they do not fit. */
bool fake_fill(const struct fake_chain *, const void *bytes, uint32_t n);
/* Copy a chain's readable bytes out; returns how many. */
uint32_t fake_drain(const struct fake_chain *, void *out, uint32_t max);

#endif
