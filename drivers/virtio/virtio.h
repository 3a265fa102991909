/* SPDX-License-Identifier: ISC */
/*
 * virtio.h - all of these drivers that the composition root needs.
 *
 * A device that breaks the rules, when it starts or later, is shut off, and
 * says so in one place: `failure`, half a sentence that goes after the name in
 * one log line.  It never stops the machine.
 */
#ifndef VIRTIO_VIRTIO_H
#define VIRTIO_VIRTIO_H

#include <base/pool.h>
#include <billet/netif.h>
#include <virtio/device.h>

enum { VIRTIO_DEVS_MAX = 32 /* beyond: not seen */ };

/*
 * The network, console and random-number devices of this machine: on PCI
 * first, in slot order, then virtio-mmio.  Nothing is done to them yet.  Takes
 * a few hundred bytes from the arena for each; at most `max` are written.
 */
unsigned virtio_scan(struct virtio_dev **out, unsigned max, struct arena *);

/* One line about a device that has been attached: bus, interface, interrupts,
 * descriptors in use and the features agreed on.  As fmt(). */
enum { VIRTIO_DESCRIBE_BYTES = 240 };
size_t virtio_describe(const struct virtio_dev *, char *out, size_t size);

struct virtio_net_config {
    const char *name;             /* of the network; stays the caller's */
    struct pool *pkts;            /* struct pkt, for what comes in */
    struct block_pool *rx_blocks; /* VIRTIO_NET_BLOCK_MIN bytes or more */
    struct arena *arena;          /* rings and state */
    unsigned rx_ring, tx_ring;    /* descriptors to use at most */
    uint8_t mac[6];               /* used when the device has none */
};
enum {
    VIRTIO_NET_BLOCK_MIN = 1600 /* a whole frame where nothing is merged */
};

/* Arena bytes that virtio_net_attach() takes at most, unless a legacy device
 * dictates rings larger than 256 entries. */
size_t virtio_net_bytes(unsigned rx_ring, unsigned tx_ring);

/*
 * Start a network device.  NULL when the arena is too small even to say so;
 * otherwise a netif, which has `failed` set and `failure` filled in when the
 * device was found to lie or to be dead.
 */
struct netif *virtio_net_attach(struct virtio_dev *,
                                const struct virtio_net_config *);

/* A source of randomness.  NULL as above, or when the device failed. */
struct virtio_rng;
struct virtio_rng *virtio_rng_attach(struct virtio_dev *, struct arena *);
/* Ask for random bytes; a no-op while asked for already.  The answer comes in
 * microseconds to milliseconds. */
void virtio_rng_ask(struct virtio_rng *);
/* The answer, at most VIRTIO_RNG_BYTES; taken once.  Empty: not here yet, or
 * never (the device failed).  Valid until the next ask. */
enum { VIRTIO_RNG_BYTES = 1024 };
struct span virtio_rng_take(struct virtio_rng *);

/* A console.  NULL as above. */
struct virtio_console;
struct virtio_console *virtio_console_attach(struct virtio_dev *,
                                             struct arena *);
/* Copies and sends what there is room for; returns how much, the rest is the
 * caller's to drop or to try again. */
size_t virtio_console_write(struct virtio_console *, struct span text);
/* Typed since the last call, at most out.n bytes.  Returns how many. */
size_t virtio_console_read(struct virtio_console *, struct mspan out);

#endif
