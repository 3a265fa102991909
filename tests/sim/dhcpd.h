/* SPDX-License-Identifier: ISC */
/*
 * dhcpd.h - a DHCP server made of bytes, without any code of the stack.
 *
 * It gives 10.0.0.(100 + n) to the n-th hardware address and keeps it so,
 * until told to be silent, to refuse, or to move its pool.
 */
#ifndef SIM_DHCPD_H
#define SIM_DHCPD_H

#include "world.h"

enum { DHCPD_CLIENTS_MAX = 8 };

struct dhcpd {
    struct world *world;
    struct port port;
    uint8_t addr[4];
    uint32_t lease_s;
    bool silent;         /* hears nothing */
    bool deaf_to_direct; /* hears only what is broadcast */
    uint8_t first;       /* last byte of the first address that it gives */
    uint8_t client[DHCPD_CLIENTS_MAX][6];
    unsigned clients;
    unsigned discovers, requests, renewals, rebindings, declines, releases,
        naks, strange;
};

void dhcpd_open(struct dhcpd *, struct world *, uint32_t lease_s);

#endif
