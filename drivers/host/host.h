/* SPDX-License-Identifier: ISC */
/*
 * host.h - network devices of a Linux process.
 */
#ifndef HOST_H
#define HOST_H

#include <base/pool.h>
#include <billet/netif.h>

enum {
    HOST_DEVICE_BYTES = 108,  /* of a device's name, "unix:PATH" the longest */
    HOST_FAILURE_BYTES = 160, /* of the words why it cannot be opened */
    HOST_TAP_NAME_BYTES = 16
};

struct host_net_config {
    const char *name;   /* of the network: "uplink" */
    const char *device; /* "tap0", or "unix:PATH" for QEMU's stream sockets */
    uint8_t mac[6];     /* all zero: one that belongs to the device's name */
    struct pool *pkts;
    struct block_pool *rx_blocks;
    struct arena *arena;
};

/* Bytes of the arena that one device takes at most. */
size_t host_net_bytes(void);

/*
 * Opens the device; it stays open until the process ends.  E_NOENT: there is
 * no such tap.  E_REFUSED: it is there, but not for us.  E_INVAL: the name
 * cannot be one.  E_IO: anything else.  E_FULL: the arena is used up.  `why`
 * has the words in each case.
 */
MUST_USE enum err host_net_open(const struct host_net_config *,
                                struct netif **out,
                                char why[HOST_FAILURE_BYTES]);

/* The device's `index`-th network as the process is recorded (`real` is what
 * it goes through) or as a record is played (NULL).  E_FULL: the arena. */
MUST_USE enum err host_tape_open(const struct host_net_config *,
                                 unsigned index, struct netif *real,
                                 struct netif **out);

/* The address that belongs to a device's name on this machine: locally
 * administered, and the same in each run. */
void host_net_mac(uint8_t mac[6], const char *device);

#endif
