/* SPDX-License-Identifier: ISC */
/*
 * node.h - a whole host: pools, stack, loop and one network device, joined as
 * boot/networking.c joins them.
 */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include <loop/loop_impl.h>
#include <net.h>

#include "nic.h"

struct node_config {
    struct limits limits; /* zeros: small defaults, see node.c */
    uint32_t caps;        /* of the NIC, enum netif_cap */
    uint32_t pkts;        /* packets in the pool; 0: enough */
    bool dhcp4, auto6, none6, none4;
};

struct node {
    const char *name;
    uint64_t seed;
    uint8_t index; /* from 1 */
    void *memory;
    struct arena arena;
    struct pool pkts;
    struct block_pool rx_blocks, tx_blocks;
    struct nic nic;
    struct pktq waiting; /* frames that the NIC has not taken yet */
    struct net *net;
    struct loop loop;
    struct source source;
    struct ipaddr addr4, addr6; /* static ones */
    uint64_t turns, wakes;      /* turns in all; deadlines that came */
    bool poked;                 /* turn it though it did not ask */
    uint32_t base_pkts, base_rx, base_tx; /* in use when it was born */
    bool wants4, wants6, saw_dhcp_wait;
};

struct node *node_new(struct lan *, const struct node_config *, uint8_t index,
                      uint64_t seed, ns_t now);
void node_free(struct node *);

/* One turn.  False when nothing was done: it may sleep. */
bool node_turn(struct node *, ns_t now);
/* When it wants to be turned again, its frames aside. */
ns_t node_deadline(const struct node *);
/* NULL when all its memory is back, else what is not. */
const char *node_holds(const struct node *);

/* A usable address of that family, chosen or acquired. */
bool node_addr(const struct node *, bool v4, struct ipaddr *out);

#endif
