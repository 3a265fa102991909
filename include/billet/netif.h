/* SPDX-License-Identifier: ISC */
/*
 * netif.h - what a network device is to the stack, and nothing more.
 *
 * Implemented by drivers/virtio/net, by drivers/host/tap, and by the simulated
 * link of the tests.
 */
#ifndef BILLET_NETIF_H
#define BILLET_NETIF_H

#include <billet/pkt.h>

enum netif_cap {
    NETIF_RX_CSUM = 1 << 0, /* may set PKT_CSUM_GOOD */
    NETIF_TX_CSUM = 1 << 1, /* completes PKT_CSUM_PARTIAL, TCP and UDP */
    NETIF_TSO4 = 1 << 2,    /* sends PKT_GSO4 */
    NETIF_TSO6 = 1 << 3,
    NETIF_LRO = 1 << 4 /* may deliver merged TCP segments */
};

struct netif;

struct netif_ops {
    /* Move up to `max` received packets to `into`.  Returns how many. */
    unsigned (*rx)(struct netif *, struct pktq *into, unsigned max);
    /* Move packets from `from` to the device until one does not fit.
     * What stays in `from` is back-pressure.  Nothing is notified yet. */
    unsigned (*tx)(struct netif *, struct pktq *from);
    /* Publish rx buffers and tx packets; notify the device at most once for
     * each direction. */
    void (*flush)(struct netif *);
    /* Enable the wake-up.  True: packets came in meanwhile, poll again. */
    bool (*arm)(struct netif *);
};

/* What a driver counts; shown as nic_*. */
#define NETIF_COUNTERS(X)                                                      \
    X(COUNTER, rx_frames, "", "Frames received")                               \
    X(COUNTER, rx_bytes, "", "Bytes received")                                 \
    X(COUNTER, tx_frames, "", "Frames sent")                                   \
    X(COUNTER, tx_bytes, "", "Bytes sent")                                     \
    X(COUNTER, rx_no_memory, "", "Frames lost for want of a buffer or packet") \
    X(COUNTER, rx_bad, "", "Frames the device delivered broken")               \
    X(COUNTER, tx_drops, "", "Frames that could not be sent")                  \
    X(COUNTER, kicks, "", "Notifications sent to the device")                  \
    X(COUNTER, wakeups, "", "Wake-ups received from the device")

struct netif_counters {
#define X(kind, field, labels, help) uint64_t field;
    NETIF_COUNTERS(X)
#undef X
};

struct netif {
    const struct netif_ops *ops;
    const char *name; /* of the network in the manifest: "uplink" */
    const char *kind; /* of the device, for the log: "virtio-net-pci" */
    uint8_t mac[6];
    bool link_up;
    bool failed; /* shut off: it lied or died; `failure` says why */
    const char *failure;
    uint16_t mtu;     /* IP bytes; the Ethernet header is not counted */
    uint32_t caps;    /* enum netif_cap */
    uint32_t tso_max; /* largest TCP payload of one packet; 0 without TSO */
    uint32_t poll_us; /* set by arm(): call rx() again within so many
                       * microseconds even if nothing wakes us, to get sent
                       * packets back; 0: no need to */
    struct netif_counters counters;
};

#endif
