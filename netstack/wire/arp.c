/* SPDX-License-Identifier: ISC */
/*
 * arp.c - see arp.h.
 */
#include "arp.h"

enum { HTYPE_ETHERNET = 1, HLEN = 6, PLEN = 4 };

bool arp_parse(struct arp_msg *m, struct span in)
{
    if (in.n < ARP_BYTES || be16(in.p) != HTYPE_ETHERNET ||
        be16(in.p + 2) != ETH_IP4 || in.p[4] != HLEN || in.p[5] != PLEN)
        return false;
    if (be16(in.p + 6) != ARP_REQUEST && be16(in.p + 6) != ARP_REPLY)
        return false;
    *m = (struct arp_msg){.op = be16(in.p + 6),
                          .sender_mac = mac_get(in.p + 8),
                          .sender = be32(in.p + 14),
                          .target_mac = mac_get(in.p + 18),
                          .target = be32(in.p + 24)};
    return true;
}

void arp_emit(uint8_t out[ARP_BYTES], const struct arp_msg *m)
{
    put_be16(out, HTYPE_ETHERNET);
    put_be16(out + 2, ETH_IP4);
    out[4] = HLEN;
    out[5] = PLEN;
    put_be16(out + 6, m->op);
    mac_put(out + 8, m->sender_mac);
    put_be32(out + 14, m->sender);
    mac_put(out + 18, m->target_mac);
    put_be32(out + 24, m->target);
}
