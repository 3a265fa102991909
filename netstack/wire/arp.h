/* SPDX-License-Identifier: ISC */
/*
 * arp.h - ARP for IPv4 over Ethernet (RFC 826).  No state.
 */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include "eth.h"

enum { ARP_BYTES = 28, ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp_msg {
    uint16_t op;
    mac_t sender_mac, target_mac;
    uint32_t sender, target;
};

/* False for any other hardware, protocol or operation. */
bool arp_parse(struct arp_msg *, struct span in);
void arp_emit(uint8_t out[ARP_BYTES], const struct arp_msg *);

#endif
