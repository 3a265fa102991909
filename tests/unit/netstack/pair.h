/* SPDX-License-Identifier: ISC */
/*
 * pair.h - two stacks on one wire, on virtual time: 10.0.0.1 and 10.0.0.2,
 * 2001:db8::1 and ::2, a millisecond apart.
 */
#ifndef PAIR_H
#define PAIR_H

#include "rig.h"

enum { PAIR_BUF = 16384 }; /* a connection's, each way */

struct pair_node {
    void *memory;
    struct arena arena;
    struct pool pkts;
    struct block_pool tx_blocks, rx_blocks;
    struct netif dev;
    struct net *net;
    struct pktq in; /* on the wire, towards this node */
    ns_t arrives;
    uint32_t pkts_in_use, blocks_in_use; /* when nothing is going on */
};

struct pair {
    struct pair_node a, b;
    ns_t now;
    /* Called each millisecond or so; NULL: nobody is. */
    void (*turn)(struct pair *);
    /* Whether this frame is lost; NULL: none is. */
    bool (*lose)(const uint8_t *frame, size_t n);
    unsigned lost;
};

/* `a` asks `b` about names.  Addresses are ready, nothing is going on. */
void pair_open(struct pair *);
void pair_wait(struct pair *, ns_t);
/* From one time that something is due to the next, until `what` (may be NULL)
 * is true; false when the time is up. */
bool pair_until(struct pair *, ns_t most, bool (*what)(void));
/* Checks that all memory is back, when TIME-WAIT is over. */
void pair_close(struct pair *);

#endif
