/* SPDX-License-Identifier: ISC */
/*
 * eth.h - Ethernet II frames (RFC 894, RFC 2464).  No state.
 */
#ifndef WIRE_ETH_H
#define WIRE_ETH_H

#include <base/bytes.h>

enum {
    ETH_BYTES = 14,
    ETH_VLAN_BYTES = 4,
    ETH_VID = 0xfff, /* in the tag; above it: priority */
    ETH_IP4 = 0x0800,
    ETH_ARP = 0x0806,
    ETH_VLAN = 0x8100,
    ETH_QINQ = 0x88a8,
    ETH_IP6 = 0x86dd
};

/* Six bytes of address, held as a number: the first byte on the wire is the
 * most significant of the low 48 bits.  Comparing is then one instruction. */
typedef uint64_t mac_t;
#define MAC_BROADCAST UINT64_C(0xffffffffffff)
#define MAC_GROUP_BIT UINT64_C(0x010000000000)

static inline mac_t mac_get(const uint8_t *p)
{
    return (uint64_t)be16(p) << 32 | be32(p + 2);
}

static inline void mac_put(uint8_t *p, mac_t mac)
{
    put_be16(p, (uint16_t)(mac >> 32));
    put_be32(p + 2, (uint32_t)mac);
}

static inline bool mac_is_group(mac_t mac)
{
    return mac & MAC_GROUP_BIT;
}

struct eth_hdr {
    mac_t dst, src;
    uint16_t type;
};

static inline bool eth_parse(struct eth_hdr *h, struct span in)
{
    uint64_t rest;

    if (in.n < ETH_BYTES)
        return false;
    rest = be64(in.p + 6);
    *h = (struct eth_hdr){
        .dst = be64(in.p) >> 16, .src = rest >> 16, .type = (uint16_t)rest};
    return true;
}

static inline void eth_emit(uint8_t out[ETH_BYTES], const struct eth_hdr *h)
{
    mac_put(out, h->dst);
    mac_put(out + 6, h->src);
    put_be16(out + 12, h->type);
}

#endif
