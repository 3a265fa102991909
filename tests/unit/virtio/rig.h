/* SPDX-License-Identifier: ISC */
/*
 * rig.h - the network driver on a fake device, with pools of its own.
 */
#ifndef TESTS_VIRTIO_RIG_H
#define TESTS_VIRTIO_RIG_H

#include "fake.h"

#include <virtio/net_impl.h>

enum { RIG_PKTS = 160, RIG_BLOCKS = 200, RIG_BLOCK_BYTES = 2048 };

struct rig {
    uint8_t *memory;
    struct arena arena;
    struct pool pkts;
    struct block_pool blocks;
    struct fake fake;
    struct virtio_net_config config;
    struct netif *nif;
};

/* Everything that a driver here can use. */
#define RIG_ALL                                                                \
    (UINT64_C(1) << NET_F_CSUM | 1u << NET_F_GUEST_CSUM | 1u << NET_F_MTU |    \
     1u << NET_F_MAC | 1u << NET_F_GUEST_TSO4 | 1u << NET_F_GUEST_TSO6 |       \
     1u << NET_F_HOST_TSO4 | 1u << NET_F_HOST_TSO6 | 1u << NET_F_MRG_RXBUF |   \
     1u << NET_F_STATUS | 1u << VIRTIO_F_ANY_LAYOUT |                          \
     1u << VIRTIO_F_INDIRECT_DESC | 1u << VIRTIO_F_EVENT_IDX)

/* Pools and an honest device with MAC 52:54:00:12:34:56, MTU 1500, link up;
 * change `fake` and `config` at will, then attach. */
void rig_init(struct rig *, bool modern, uint64_t offers);
void rig_attach(struct rig *);
void rig_free(struct rig *);

/* A packet of `hdr` header bytes and the fragments' bytes, counting up from
 * `seed`; fragments lie in blocks of the rig. */
struct pkt *rig_pkt(struct rig *, uint8_t seed, unsigned hdr, unsigned nfrags,
                    unsigned frag_bytes);

/* The device delivers a frame: `hdr` is its header of HDR_BYTES, of which the
 * count of buffers is filled in here when 0.  False: no buffers. */
bool rig_deliver(struct rig *, const uint8_t hdr[HDR_BYTES], const void *frame,
                 uint32_t n);

/* The device finishes everything that was sent; returns how many frames. */
unsigned rig_transmit(struct rig *);

/* rx, give each packet back; returns how many frames. */
unsigned rig_sink(struct rig *);

#endif
