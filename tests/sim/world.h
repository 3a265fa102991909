/* SPDX-License-Identifier: ISC */
/*
 * world.h - hosts on a link, on virtual time.
 *
 * Time jumps from event to event, so hours pass in milliseconds, and the same
 * seed gives the same run to the last bit (world_hash).  A host that keeps
 * turning without time passing spins, and that is a failure.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "node.h"

enum {
    WORLD_NODES_MAX = 100,
    WORLD_ACTIONS_MAX = 32,
    WORLD_SPIN_MAX = 2000 /* turns of a host in one instant */
};

struct world {
    ns_t now;
    uint64_t seed;
    struct lan link;
    struct node *node[WORLD_NODES_MAX];
    unsigned nodes;
    struct action {
        ns_t at;
        void (*run)(struct world *, void *arg);
        void *arg;
    } action[WORLD_ACTIONS_MAX];
    unsigned actions;
};

void world_open(struct world *, const struct lan_quality *, uint64_t seed);
void world_close(struct world *);

/* A host with the stack under test.  Its number n from 1 on gives its
 * addresses: 10.0.0.n/24 and fd00::n/64, unless `c` asks for DHCP or SLAAC. */
struct node *world_add(struct world *, const struct node_config *c);

/* At that time from now. */
void world_at(struct world *, ns_t in, void (*run)(struct world *, void *),
              void *arg);

/* Runs for that long, or until done(arg); false when time ran out first. */
bool world_run(struct world *, ns_t most, bool (*done)(void *), void *arg);

/* Until every host has addresses that it may use. */
void world_settle(struct world *);

/* Lets everything end: nothing in flight, no stream, all pools full again, no
 * timer left but for what keeps addresses alive.  NULL, or what is not. */
const char *world_quiet(struct world *);

uint64_t world_hash(const struct world *);

#endif
