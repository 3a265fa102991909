/* SPDX-License-Identifier: ISC */
/*
 * ip4.c - received IPv4 (RFC 791, RFC 1122 3.2.1): checks, and whether it is
 * for us.
 */
#include "../stack.h"
#include "../tcp/tcp.h"
#include "input.h"

static bool options_are_fine(struct net *net, const uint8_t *p, unsigned n)
{
    switch (ip4_options((struct span){p, n})) {
    case IP4_OPTIONS_BAD:
        net->count.drops__ip4_options++;
        return false;
    case IP4_OPTIONS_ROUTE: /* RFC 7126 4.3: source routes are dropped */
        net->count.drops__ip4_source_route++;
        return false;
    case IP4_OPTIONS_SKIP:
        break;
    }
    return true;
}

/* RFC 1122 3.2.1.3: a source must be able to be the address of one host, and
 * not ours, for who sends with our address lies. */
static bool source_can_be(struct nif *nif, const struct ip_rx *rx, uint32_t src)
{
    return ip4_is_unicast(src) && !ip4_is_loopback(src) &&
           !addr_find(nif, &rx->src) && !addr_is_broadcast(nif, src);
}

static bool is_group(const struct nif *nif, uint32_t dst)
{
    return dst == UINT32_MAX || dst == UINT32_C(0xe0000001) ||
           addr_is_broadcast(nif, dst);
}

/* A server may answer to the address that it is about to give us. */
static bool for_dhcp(const struct nif *nif, const struct ip_rx *rx)
{
    uint8_t port[2];

    return rx->proto == IPPROTO_UDP_ && dhcp_wants_any(nif) &&
           pkt_copy(rx->pkt, rx->l4 + 2, port, sizeof(port)) &&
           be16(port) == DHCP4_CLIENT_PORT;
}

/* Counts the reason when it is not. */
static bool for_us(struct net *net, struct nif *nif, struct ip_rx *rx,
                   uint32_t dst, unsigned flags)
{
    if (flags & IP_IN_SELF)
        return true;
    if (addr_find(nif, &rx->dst)) {
        if (!(flags & IP_IN_GROUP))
            return true;
        net->count.drops__link_broadcast++; /* RFC 1122 3.3.6 */
        return false;
    }
    if (is_group(nif, dst)) {
        rx->not_unicast = true;
        return true;
    }
    if (for_dhcp(nif, rx))
        return true;
    net->count.drops__not_ours++;
    return false;
}

void ip4_input(struct net *net, struct nif *nif, struct pkt *p, uint32_t at,
               unsigned flags, ns_t now)
{
    const uint8_t *start = p->frag[0].p + at;
    struct ip4_hdr h;
    struct ip_rx rx;

    if (!ip4_parse(&h, (struct span){start, p->frag[0].len - at})) {
        net_drop(net, p, ip4_header);
        return;
    }
    if (h.total_len > p->len - at) {
        net_drop(net, p, ip4_length);
        return;
    }
    if (ip4_sum(start, h.hdr_len) != 0xffff) {
        net_drop(net, p, ip4_checksum);
        return;
    }
    rx = (struct ip_rx){.pkt = p,
                        .l3 = at,
                        .l4 = at + h.hdr_len,
                        .len = (uint32_t)h.total_len - h.hdr_len,
                        .src = ip4_addr(h.src),
                        .dst = ip4_addr(h.dst),
                        .proto = h.proto,
                        .ttl = h.ttl,
                        .tos = h.tos,
                        .netif = nif->index,
                        .v4 = true};
    if (!(flags & IP_IN_SELF) && !source_can_be(nif, &rx, h.src)) {
        net_drop(net, p, martian);
        return;
    }
    if ((h.hdr_len > IP4_BYTES &&
         !options_are_fine(net, start + IP4_BYTES,
                           (unsigned)h.hdr_len - IP4_BYTES)) ||
        !for_us(net, nif, &rx, h.dst, flags)) {
        pkt_put(p);
        return;
    }
    net->count.datagrams__ip4_in++;
    if (h.frag & (IP4_MF | IP4_OFFSET))
        frag4_input(net, &rx, h.id, h.frag, now);
    else
        ip_deliver(net, &rx, now);
}

void ip_deliver(struct net *net, struct ip_rx *rx, ns_t now)
{
    if (rx->proto == IPPROTO_TCP_) {
        tcp_input(net->tcp, rx, now);
    } else if (rx->proto == IPPROTO_UDP_) {
        udp_input(net, rx, now);
    } else if (rx->proto == IPPROTO_ICMP4 && rx->v4) {
        icmp4_input(net, rx, now);
    } else if (rx->proto == IPPROTO_ICMP6 && !rx->v4) {
        icmp6_input(net, rx, now);
    } else if (rx->proto == IP6_NH_NONE && !rx->v4) {
        pkt_put(rx->pkt); /* RFC 8200 4.7: all is said */
    } else {
        icmp_protocol_unreachable(net, rx, now);
        net_drop(net, rx->pkt, protocol);
    }
}
