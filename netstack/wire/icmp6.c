/* SPDX-License-Identifier: ISC */
/*
 * icmp6.c - what an ICMPv6 error quotes.
 */
#include "icmp6.h"

bool icmp6_quote_parse(struct icmp6_quote *q, struct span in)
{
    struct ip6_hdr ip;
    struct ip6_walk w = {.at = IP6_BYTES, .next_at = 6, .hop_by_hop_ok = true};
    enum ip6_walk_end end;

    if (!ip6_parse(&ip, in))
        return false;
    w.next = ip.next;
    end = ip6_walk(&w, in);
    if (end == IP6_WALK_FRAGMENT && w.frag_off == 0) {
        w.next = w.frag_next;
        w.at += IP6_FRAG_BYTES;
        end = ip6_walk(&w, in);
    }
    if (end != IP6_WALK_UPPER || in.n - w.at < ICMP_QUOTE_L4)
        return false;
    q->ip = ip;
    q->proto = w.next;
    memcpy(q->l4, in.p + w.at, ICMP_QUOTE_L4);
    return true;
}
