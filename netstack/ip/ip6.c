/* SPDX-License-Identifier: ISC */
/*
 * ip6.c - received IPv6 (RFC 8200): checks, extension headers, and whether it
 * is for us.
 */
#include "../pieces.h"
#include "../stack.h"
#include "../tcp/tcp.h"
#include "../wire/icmp6.h"
#include "input.h"

enum { HEADERS_MAX = IP6_BYTES + IP6_EXT_BYTES_MAX + IP6_FRAG_BYTES };

/* With an address of ours as its source a datagram lies; unless we have it in
 * optimism, and this is the objection of who has it in earnest. */
static bool is_ours_for_sure(struct nif *nif, const struct ipaddr *src)
{
    const struct ifaddr *a;

    if (!addr_may_be_ours(nif->addr_filter, src->b[15]))
        return false;
    a = addr_find(nif, src);
    return a && a->state != ADDR_OPTIMISTIC;
}

/* What no wire may carry: RFC 4291 2.5.3, 2.7; IPv4-mapped addresses, which
 * would pass for IPv4 above us. */
static bool addrs_can_be(struct nif *nif, const struct ip_rx *rx)
{
    return !ipaddr_is_v4(&rx->dst) && !ip6_is_loopback(&rx->dst) &&
           !ipaddr_is_v4(&rx->src) && !ip6_is_loopback(&rx->src) &&
           !ip6_is_multicast(&rx->src) && !is_ours_for_sure(nif, &rx->src);
}

static bool for_us(struct nif *nif, struct ip_rx *rx, unsigned flags)
{
    const struct ifaddr *last = addr_find(nif, &rx->dst);

    if (flags & IP_IN_SELF)
        return true;
    if (last) {
        nif->addr6 = last;
        rx->not_unicast = flags & IP_IN_GROUP; /* RFC 4443 2.4 (e.4) */
        return true;
    }
    rx->not_unicast = true;
    return ip6_is_multicast(&rx->dst) && group_has(nif, &rx->dst);
}

/* RFC 8200 4.2: what an option of an unknown type asks for. */
static void unknown_option(struct net *net, struct ip_rx *rx,
                           const struct ip6_walk *w, ns_t now)
{
    struct ip_rx about = *rx;

    if (w->code == 2)
        about.not_unicast = false; /* to multicast, too: RFC 4443 2.4 (e.3) */
    if (w->code >= 2)
        icmp6_error(net, &about, ICMP6_PARAM, ICMP6_CODE_OPTION, w->at, now);
    net_drop(net, rx->pkt, ip6_option);
}

static void walk_failed(struct net *net, struct ip_rx *rx,
                        enum ip6_walk_end end, const struct ip6_walk *w,
                        ns_t now)
{
    switch (end) {
    case IP6_WALK_OPTION:
        unknown_option(net, rx, w, now);
        break;
    case IP6_WALK_ROUTE:
        icmp6_error(net, rx, ICMP6_PARAM, ICMP6_CODE_FIELD, w->at, now);
        net_drop(net, rx->pkt, ip6_source_route);
        break;
    case IP6_WALK_BAD:
        if (w->next == IP6_NH_HOP_BY_HOP && !w->hop_by_hop_ok)
            icmp6_error(net, rx, ICMP6_PARAM, ICMP6_CODE_NEXT, w->at, now);
        net_drop(net, rx->pkt, ip6_extension);
        break;
    default:
        net_drop(net, rx->pkt, ip6_extension);
    }
}

/* Fields of a header that a whole packet has shown: the fragment's own headers
 * end at w->at, counted from the IPv6 header. */
static void walk(struct net *net, struct ip_rx *rx, struct ip6_walk *w,
                 ns_t now)
{
    uint8_t room[HEADERS_MAX];
    uint32_t total = rx->l4 - rx->l3 + rx->len;
    uint32_t n = total < HEADERS_MAX ? total : HEADERS_MAX;
    const uint8_t *in =
        pkt_together(rx->pkt, rx->l3, n, (struct mspan){room, sizeof(room)});
    uint32_t head;
    enum ip6_walk_end end = ip6_walk(w, (struct span){in, n});

    if (end != IP6_WALK_UPPER && end != IP6_WALK_FRAGMENT) {
        walk_failed(net, rx, end, w, now);
        return;
    }
    rx->l4 = rx->l3 + w->at;
    rx->len = total - w->at;
    if (end == IP6_WALK_FRAGMENT) {
        frag6_input(net, rx, w, now);
        return;
    }
    head = rx->len < 60 ? rx->len : 60;
    if (rx->pkt->frag[0].len < rx->l4 + head) {
        net_drop(net, rx->pkt, ip6_extension); /* ip.h's promise to TCP */
        return;
    }
    rx->proto = w->next;
    rx->next_at = (uint16_t)w->next_at;
    ip_deliver(net, rx, now);
}

void ip6_deliver_from(struct net *net, struct ip_rx *rx, uint8_t next, ns_t now)
{
    struct ip6_walk w = {.at = rx->l4 - rx->l3, .next_at = 6, .next = next};

    walk(net, rx, &w, now);
}

static bool is_upper(uint8_t next)
{
    return next == IPPROTO_TCP_ || next == IPPROTO_UDP_ ||
           next == IPPROTO_ICMP6;
}

/* Field by field: an initialiser would be built elsewhere and copied. */
static inline void describe(struct ip_rx *rx, const struct ip6_hdr *h,
                            struct pkt *p, uint32_t at, const struct nif *nif)
{
    rx->pkt = p;
    rx->l3 = at;
    rx->l4 = at + IP6_BYTES;
    rx->len = h->payload_len;
    rx->src = h->src;
    rx->dst = h->dst;
    rx->proto = h->next;
    rx->ttl = h->hop_limit;
    rx->tos = h->tclass;
    rx->netif = nif->index;
    rx->next_at = 6;
    rx->v4 = false;
    rx->not_unicast = false;
    rx->fragmented = false;
}

/* What is not plain in any way: extension headers, groups, lies. */
static RARE void input_fully(struct net *net, struct nif *nif, struct pkt *p,
                             uint32_t at, unsigned flags, ns_t now)
{
    struct ip6_walk w = {.at = IP6_BYTES, .next_at = 6, .hop_by_hop_ok = true};
    enum forward_end end = FORWARD_HOST;
    struct ip6_hdr h;
    struct ip_rx rx;

    if (nif->none6) {
        net_drop(net, p, not_configured);
        return;
    }
    if (!ip6_parse(&h, (struct span){p->frag[0].p + at, p->frag[0].len - at})) {
        net_drop(net, p, ip6_header);
        return;
    }
    if (h.payload_len > p->len - at - IP6_BYTES) {
        net_drop(net, p, ip6_length);
        return;
    }
    describe(&rx, &h, p, at, nif);
    if (!(flags & IP_IN_SELF) &&
        (!addrs_can_be(nif, &rx) ||
         (h.next != IPPROTO_ICMP6 && ip6_is_unspecified(&rx.src)))) {
        net_drop(net, p, martian);
        return;
    }
    if (net->forward.ops && !(flags & IP_IN_SELF))
        end = net->forward.ops->input(net, &rx, flags, now);
    if (end == FORWARD_TAKEN)
        return;
    if (end == FORWARD_HOST && !for_us(nif, &rx, flags)) {
        net_drop(net, p, not_ours);
        return;
    }
    net->count.datagrams__ip6_in++;
    w.next = h.next;
    if (is_upper(h.next))
        ip_deliver(net, &rx, now);
    else
        walk(net, &rx, &w, now);
}

/* TCP to the address of ours that was asked for last, from a source that
 * cannot be wrong: its first 8 bytes are not zero, it is no group. */
static inline bool is_plain(const struct ip6_hdr *h, const struct nif *nif,
                            unsigned flags)
{
    const struct ifaddr *last = nif->addr6;

    return h->next == IPPROTO_TCP_ && flags == 0 && last &&
           addr_same(&last->addr, &h->dst) && be64(h->src.b) != 0 &&
           !ip6_is_multicast(&h->src) &&
           !addr_may_be_ours(nif->addr_filter, h->src.b[15]);
}

void ip6_input(struct net *net, struct nif *nif, struct pkt *p, uint32_t at,
               unsigned flags, ns_t now)
{
    struct ip6_hdr h UNSET;
    struct ip_rx rx UNSET;

    if (!ip6_parse(&h, (struct span){p->frag[0].p + at, p->frag[0].len - at}) ||
        h.payload_len > p->len - at - IP6_BYTES || !is_plain(&h, nif, flags)) {
        input_fully(net, nif, p, at, flags, now);
        return;
    }
    describe(&rx, &h, p, at, nif);
    net->count.datagrams__ip6_in++;
    tcp_input(net->tcp, &rx, now);
}
