/* SPDX-License-Identifier: ISC */
/*
 * net_impl.h - shared by net.c, which moves frames, and net_start.c, which
 * brings the device up.
 */
#ifndef VIRTIO_NET_IMPL_H
#define VIRTIO_NET_IMPL_H

#include <virtio/virtio.h>

enum virtio_net_feature { /* 5.1.3 */
                          NET_F_CSUM = 0,
                          NET_F_GUEST_CSUM = 1,
                          NET_F_MTU = 3,
                          NET_F_MAC = 5,
                          NET_F_GUEST_TSO4 = 7,
                          NET_F_GUEST_TSO6 = 8,
                          NET_F_HOST_TSO4 = 11,
                          NET_F_HOST_TSO6 = 12,
                          NET_F_MRG_RXBUF = 15,
                          NET_F_STATUS = 16
};

enum { /* of the header before each frame, 5.1.6 */
       HDR_FLAGS = 0,
       HDR_GSO_TYPE = 1,
       HDR_LEN = 2,
       HDR_GSO_SIZE = 4,
       HDR_CSUM_START = 6,
       HDR_CSUM_OFFSET = 8,
       HDR_BUFFERS = 10,
       HDR_BYTES = 12,        /* virtio 1, or with MRG_RXBUF */
       HDR_LEGACY_BYTES = 10, /* else: without HDR_BUFFERS */
       HDR_NEEDS_CSUM = 1,    /* flags */
       HDR_DATA_VALID = 2,
       HDR_GSO_NONE = 0, /* types */
       HDR_GSO_TCP4 = 1,
       HDR_GSO_TCP6 = 4,
       HDR_GSO_ECN = 0x80
};

enum { /* of the configuration, 5.1.4 */
       CONFIG_MAC = 0,
       CONFIG_STATUS = 6,
       CONFIG_MTU = 10,
       CONFIG_LINK_UP = 1 /* in the status */
};

enum {
    QUEUE_RX = 0,
    QUEUE_TX = 1,
    ETH_BYTES = 14,
    VLAN_BYTES = 4,
    MTU_DEFAULT = 1500,
    MTU_MIN = 68,              /* RFC 791 */
    FRAME_MAX = 65550,         /* 64 KiB of IP less one, and Ethernet */
    TSO_MAX = 65535 - 40 - 60, /* payload: 64 KiB of IPv6 and full options */
    LEGACY_RING = 256,         /* what hypervisors give legacy devices */
    RING_MIN = 4,              /* descriptors; below: no use */
    RX_FIRST = 64,             /* buffers posted when the device starts; the
                                * first turn posts the rest of a long ring */
    RX_BATCH = 16,             /* buffers posted again at once, or a quarter */
    POLL_REAP_US = 5000,       /* sent frames wait so long for a wake-up */
    POLL_NO_INTERRUPT = 500    /* a device without an interrupt is asked each */
};

struct virtio_net {
    struct netif nif;
    struct virtio_dev *dev;
    struct pool *pkts;
    struct block_pool *rx_blocks;
    uint8_t hdr_bytes;
    bool split_rx, split_tx; /* the header needs a descriptor of its own */
    bool merge;              /* frames may span buffers */
    bool armed;   /* the device sends interrupts until it is told not to */
    bool tx_full; /* a frame did not fit since the last arm() */
    uint16_t rx_want, rx_batch; /* buffers in the ring; posted at once */
    uint16_t tx_frags;    /* fragments of a packet at most: a chain may not be
                           * longer than the ring, not even in a table */
    uint32_t config_seen; /* of dev->config_changes */
    struct vq rx, tx;
};

static inline struct virtio_net *virtio_net(struct netif *nif)
{
    return CONTAINER(nif, struct virtio_net, nif);
}

extern const struct netif_ops virtio_net_ops;

/* Post the first buffers. */
void virtio_net_prime(struct virtio_net *);

/* Shut the device off: it lied, or died. */
void virtio_net_fail(struct virtio_net *, const char *why);

/* Read link_up again, and see whether the device still works. */
void virtio_net_reread(struct virtio_net *);

#endif
