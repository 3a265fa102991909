/* SPDX-License-Identifier: ISC */
/*
 * device.h - what every virtio device is to its driver, on whatever bus.
 *
 * A transport (pci.c, mmio.c, the fake in tests) finds a device, fills in the
 * first fields and knows nothing of networks.  A driver (net.c, rng.c,
 * console.c) knows nothing of buses: it calls, in this order,
 *
 *     virtio_negotiate()    open and reset, then agree on features
 *     virtio_queue()        once for each queue
 *     virtio_ready()        the device may work from here on
 *
 * Each answers false when the device broke a rule; then `failure` says how in
 * half a sentence, and the device has been stopped.
 */
#ifndef VIRTIO_DEVICE_H
#define VIRTIO_DEVICE_H

#include <virtio/vq.h>

enum virtio_kind {
    VIRTIO_KIND_NET = 1,
    VIRTIO_KIND_BLK = 2,
    VIRTIO_KIND_CONSOLE = 3,
    VIRTIO_KIND_RNG = 4,
    VIRTIO_KIND_SCSI = 8,
    VIRTIO_KIND_GPU = 16,
    VIRTIO_KIND_INPUT = 18
};

enum virtio_status { /* 2.1 */
                     VIRTIO_ACKNOWLEDGE = 1,
                     VIRTIO_DRIVER = 2,
                     VIRTIO_DRIVER_OK = 4,
                     VIRTIO_FEATURES_OK = 8,
                     VIRTIO_NEEDS_RESET = 64,
                     VIRTIO_FAILED = 128
};

/* 6: what belongs to rings and transports, whatever the device. */
enum virtio_common_feature {
    VIRTIO_F_ANY_LAYOUT = 27,
    VIRTIO_F_INDIRECT_DESC = 28,
    VIRTIO_F_EVENT_IDX = 29,
    VIRTIO_F_VERSION_1 = 32,
    VIRTIO_F_ACCESS_PLATFORM = 33,
    VIRTIO_F_RING_PACKED = 34,
    VIRTIO_F_ORDER_PLATFORM = 36
};

enum {
    VIRTIO_QUEUES_MAX = 3, /* what the drivers here use */
    VIRTIO_NAME_BYTES = 40,
    VIRTIO_RESET_READS = 100000, /* of the status until it is 0; beyond: dead.
                                  * A read leaves the guest: 0.1 s at most */
    VIRTIO_CONFIG_MAX = 8,       /* bytes read at once */
    VIRTIO_CONFIG_READS = 8,     /* until two generations agree; beyond: dead */
    VIRTIO_TABLES = 8            /* of the ring's slots, one in so many has an
                                  * indirect table */
};

/* A feature that a driver can use.  The table is the negotiation and the words
 * of the log line at once. */
struct virtio_feature {
    uint8_t bit;
    const char *name;
};

struct virtio_dev;

/* What a transport provides. */
struct virtio_bus {
    /* Find the registers.  NULL, or what is wrong with them. */
    const char *(*open)(struct virtio_dev *);
    uint64_t (*features)(struct virtio_dev *);
    void (*accept)(struct virtio_dev *, uint64_t features);
    uint8_t (*status)(struct virtio_dev *);
    void (*set_status)(struct virtio_dev *, uint8_t); /* 0: reset */
    uint32_t (*generation)(struct virtio_dev *);      /* of the configuration */
    /* `n` bytes at `at`, in one access when n is 1, 2 or 4.  Zeros where the
     * device has none. */
    void (*config)(struct virtio_dev *, unsigned at, void *out, unsigned n);
    /* Connect interrupts and say which in `interrupts`: NULL when there are
     * none to be had, so that the driver has to be polled. */
    void (*wire)(struct virtio_dev *);
    /* Entries of a queue at most, as the device says it; 0: no such queue. */
    uint32_t (*queue_max)(struct virtio_dev *, unsigned index);
    /* Tell the device where a queue is.  NULL, or what went wrong. */
    const char *(*queue_start)(struct virtio_dev *, unsigned index,
                               const struct vq *);
    void (*notify)(struct virtio_dev *, unsigned index);
    /* Keep the device from memory and interrupts as far as the bus can. */
    void (*stop)(struct virtio_dev *);
};

struct virtio_dev {
    /* set by the transport when it finds the device */
    const struct virtio_bus *bus;
    char name[VIRTIO_NAME_BYTES]; /* "virtio-net-pci 00:02.0" */
    const char *type;             /* "virtio-net-pci" */
    enum virtio_kind kind;
    /* set by the transport in open() and wire() */
    bool modern;     /* virtio 1, not the older interface */
    bool size_fixed; /* the device dictates how large a ring is (legacy PCI) */
    const char *interrupts; /* "MSI-X", "INTx", "GSI"; NULL: none, so poll */
    /* set by the interrupt handler */
    uint32_t wakeups, config_changes;
    /* set by negotiation */
    uint64_t offered, features;
    const struct virtio_feature *table; /* the driver's, for the log */
    unsigned ntable;
    uint16_t ring[VIRTIO_QUEUES_MAX]; /* entries of each; 0: not set up */
    const char *failure;
};

/* Whether a feature was agreed on. */
static inline bool virtio_has(const struct virtio_dev *d, unsigned bit)
{
    return d->features >> bit & 1;
}

/*
 * Reset, then accept those features of the table (and those of the ring) that
 * the device offers; `drop`, unless NULL, gets a look at the set and removes
 * what makes no sense together.
 */
typedef uint64_t virtio_drop_fn(void *driver, uint64_t features);
MUST_USE bool virtio_negotiate(struct virtio_dev *,
                               const struct virtio_feature *table, unsigned n,
                               virtio_drop_fn *drop, void *driver);

/* Lay out queue `index`, with at most `slots_max` descriptors in use. */
MUST_USE bool virtio_queue(struct virtio_dev *, unsigned index, struct vq *,
                           unsigned slots_max, struct arena *);

/* DRIVER_OK.  Only from here on may the device be notified. */
MUST_USE bool virtio_ready(struct virtio_dev *);

/* A consistent copy of configuration bytes.  False: it never held still. */
MUST_USE bool virtio_config(struct virtio_dev *, unsigned at, void *out,
                            unsigned n);

/* Shut the device off for good.  The first reason stays. */
void virtio_fail(struct virtio_dev *, const char *why);

static inline void virtio_notify(struct virtio_dev *d, unsigned index)
{
    d->bus->notify(d, index);
}

#endif
