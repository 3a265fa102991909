/* SPDX-License-Identifier: ISC */
/*
 * icmp4.c - what an ICMP error quotes.
 */
#include "icmp4.h"

bool icmp4_quote_parse(struct icmp4_quote *q, struct span in)
{
    struct ip4_hdr ip;

    if (!ip4_parse(&ip, in) || in.n - ip.hdr_len < ICMP_QUOTE_L4 ||
        (ip.frag & IP4_OFFSET) != 0)
        return false;
    q->ip = ip;
    memcpy(q->l4, in.p + ip.hdr_len, ICMP_QUOTE_L4);
    return true;
}
