/* SPDX-License-Identifier: ISC */
/*
 * lan.h - an Ethernet segment with a switch in it, as bad as one likes.
 *
 * Each frame that a port sends is checked (wire_fault), hashed, and put on its
 * way to the ports it is for; it arrives later, twice, changed or never.
 */
#ifndef SIM_LAN_H
#define SIM_LAN_H

#include <stdio.h>

#include "dice.h"
#include "wire.h"

enum {
    LAN_PORTS_MAX = 104,
    LAN_FLIGHT_MAX = 1 << 16 /* frames on the way; beyond: the test fails */
};

struct lan_quality {
    ns_t delay, jitter;    /* one way; jitter does reorder */
    uint64_t bits_per_sec; /* of each port, outwards; 0: no limit */
    ns_t queue;            /* most time a frame waits to be sent; 0: any */
    uint32_t loss_ppm, dup_ppm, reorder_ppm, corrupt_ppm;
    ns_t reorder_by;
    uint32_t mtu; /* 0: 1500 */
};

struct lan;

struct port {
    struct lan *link;
    uint8_t mac[6];
    bool up;
    ns_t busy_until; /* when all that it was given is on the wire */
    void (*arrive)(struct port *, struct span frame);
    void *user;
};

struct wire_frame;

struct lan {
    struct lan_quality quality;
    struct dice dice;
    struct port *port[LAN_PORTS_MAX];
    unsigned nports, in_flight;
    struct wire_frame *first, *last; /* by arrival */
    uint64_t order;                  /* frames put on the way so far */
    uint64_t hash;                   /* of every frame sent, with its time */
    uint64_t sent, lost, doubled, late, changed, overflowed, bytes;
    /* Tests: sees each frame before it goes; false loses it. */
    bool (*gate)(struct lan *, struct span frame, void *user);
    void *gate_user;
    char fault[160]; /* the first frame that was wrong; empty: none */
    FILE *pcap;      /* SIM_PCAP=FILE in the environment asks for one */
};

void lan_open(struct lan *, const struct lan_quality *, uint64_t seed);
void lan_close(struct lan *);
void lan_plug(struct lan *, struct port *);
/* The frame is copied. */
void lan_send(struct port *from, struct span frame, ns_t now);
/* When the next frame arrives; NS_NEVER. */
ns_t lan_deadline(const struct lan *);
/* Everything that has arrived by `now`. */
void lan_deliver(struct lan *, ns_t now);

#endif
