/* SPDX-License-Identifier: ISC */
/*
 * net_impl.h - what tap.c and socket.c have in common; inside drivers/host.
 */
#ifndef HOST_NET_IMPL_H
#define HOST_NET_IMPL_H

#include <host/host.h>
#include <sys/uio.h>

enum {
    FRAME_MAX = 65550, /* 64 KiB of IP less one, and Ethernet */
    FRAME_MIN = 14,
    READY_MAX = PKT_FRAGS_MAX - 1, /* blocks that the longest frame fills */
    MTU_DEFAULT = 1500
};

/* Blocks that the next frame is received into; iov[1 + i] is ready[i].  The
 * first iov and the one behind the last are the driver's. */
struct host_rx {
    struct pool *pkts;
    struct block_pool *blocks;
    struct block *ready[READY_MAX];
    struct iovec iov[READY_MAX + 2];
    size_t room; /* bytes of them all */
    unsigned n;
};

/* A device of either kind begins with this. */
struct host_nic {
    struct netif nif;
    int fd;
    bool armed;    /* asleep since the last look */
    bool tx_waits; /* for the descriptor to become writable */
    struct host_rx rx;
};

enum err tap_open(const struct host_net_config *, struct netif **out,
                  char why[HOST_FAILURE_BYTES]);
enum err socket_open(const struct host_net_config *, struct netif **out,
                     char why[HOST_FAILURE_BYTES]);

size_t tap_bytes(void);
size_t socket_bytes(void);
size_t host_tape_bytes(void); /* 0 when nothing is recorded or played */

/* Sets up what does not depend on the kind, and has the descriptor watched.
 * False: too many are. */
MUST_USE bool host_nic_init(struct host_nic *, const struct host_net_config *,
                            int fd, const char *kind, const struct netif_ops *);

/* Takes blocks until the longest frame fits, or the pool is empty. */
void host_rx_offer(struct host_rx *);

/* The first `n` bytes of the offered blocks as a packet; NULL, counted, when
 * there is no packet or `n` is no frame. */
struct pkt *host_rx_take(struct host_nic *, size_t n);

/* Headers and fragments of `p` from iov[0] on; returns how many. */
unsigned host_tx_pieces(const struct pkt *p,
                        struct iovec iov[PKT_FRAGS_MAX + 1]);

/* For arm(), and at the start of rx(): counts wake-ups that brought frames. */
void host_nic_woken(struct host_nic *, unsigned frames);
/* Waits, or no more, until the descriptor is writable. */
void host_nic_tx_waits(struct host_nic *, bool);
/* Shuts the device off for good. */
void host_nic_fail(struct host_nic *, const char *failure);

#endif
