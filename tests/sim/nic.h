/* SPDX-License-Identifier: ISC */
/*
 * nic.h - a network device whose other side is a simulated link.
 *
 * It keeps what it is given until it has sent it, as a real one does, so a
 * buffer that is freed or changed too early is seen on the wire.
 */
#ifndef SIM_NIC_H
#define SIM_NIC_H

#include <base/pool.h>
#include <billet/netif.h>

#include "lan.h"

enum {
    NIC_RING = 128,     /* packets; beyond: tx() leaves them in the queue */
    NIC_INBOX_MAX = 512 /* frames; beyond: lost, as on a full receive ring */
};

struct nic {
    struct netif netif;
    struct port port;
    ns_t now; /* of the turn, for the netif calls, which have no time */
    struct pool *pkts;
    struct block_pool *blocks;
    struct {
        struct pkt *pkt;
        ns_t until;
    } ring[NIC_RING];
    unsigned head, busy;
    struct inbox {
        struct inbox *next;
        size_t n;
        uint8_t bytes[];
    } * first, **last;
    unsigned inbox_n;
    uint64_t inbox_lost;
    bool blocked; /* a packet did not fit: wake up when one does */
};

void nic_open(struct nic *, struct lan *, const uint8_t mac[6], uint32_t caps,
              struct pool *pkts, struct block_pool *rx_blocks);
void nic_close(struct nic *);
/* Gives back what has been sent by `now`. */
void nic_reclaim(struct nic *, ns_t now);
/* Whether there is something to take in. */
bool nic_pending(const struct nic *);
/* When it wants to be looked at to give back what it has sent; NS_NEVER. */
ns_t nic_deadline(const struct nic *);

#endif
