/* SPDX-License-Identifier: ISC */
/*
 * duid.h - who this host is to DHCP servers of both families: the DUID
 * (RFC 8415 11), the IAID of a NIC, and both as a DHCPv4 client identifier
 * (RFC 4361).
 *
 * A DUID must stay the same over restarts, and there is nowhere to store one:
 * so it is a DUID-LL, from the station address of the first NIC.
 */
#ifndef DHCP_DUID_H
#define DHCP_DUID_H

#include "../wire/eth.h"

enum {
    DUID_LL = 3,
    DUID_HW_ETHERNET = 1,
    DUID_BYTES = 10, /* of ours */
    CLIENT_ID_BYTES = 1 + 4 + DUID_BYTES
};

static inline void duid_emit(uint8_t out[DUID_BYTES], mac_t first)
{
    put_be16(out, DUID_LL);
    put_be16(out + 2, DUID_HW_ETHERNET);
    mac_put(out + 4, first);
}

/* The index tells NICs apart that share a station address, as VLANs do. */
static inline uint32_t iaid_of(mac_t mac, uint8_t index)
{
    return (uint32_t)mac ^ (uint32_t)(index - 1) << 24;
}

static inline void client_id_emit(uint8_t out[CLIENT_ID_BYTES], mac_t first,
                                  uint32_t iaid)
{
    out[0] = 255;
    put_be32(out + 1, iaid);
    duid_emit(out + 5, first);
}

#endif
