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
    if (!ip4_is_unicast(src) || ip4_is_loopback(src))
        return false;
    return !addr_may_be_ours(nif->addr_filter, (uint8_t)src) ||
           (!addr_find(nif, &rx->src) && !addr_is_broadcast(nif, src));
}

static bool is_group(const struct nif *nif, uint32_t dst,
                     const struct ipaddr *a)
{
    return dst == UINT32_MAX || addr_is_broadcast(nif, dst) ||
           (ip4_is_multicast(dst) && group_has(nif, a));
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
    if (dst == nif->addr4 || addr_find(nif, &rx->dst)) {
        if (!(flags & IP_IN_GROUP))
            return true;
        net->count.drops__link_broadcast++; /* RFC 1122 3.3.6 */
        return false;
    }
    if (is_group(nif, dst, &rx->dst)) {
        rx->not_unicast = true;
        return true;
    }
    if (for_dhcp(nif, rx))
        return true;
    net->count.drops__not_ours++;
    return false;
}

/* Field by field: an initialiser would be built elsewhere and copied. */
static inline void describe(struct ip_rx *rx, const struct ip4_hdr *h,
                            struct pkt *p, uint32_t at, const struct nif *nif)
{
    rx->pkt = p;
    rx->l3 = at;
    rx->l4 = at + h->hdr_len;
    rx->len = (uint32_t)h->total_len - h->hdr_len;
    rx->src = ip4_addr(h->src);
    rx->dst = ip4_addr(h->dst);
    rx->proto = h->proto;
    rx->ttl = h->ttl;
    rx->tos = h->tos;
    rx->netif = nif->index;
    rx->next_at = 0;
    rx->v4 = true;
    rx->not_unicast = false;
    rx->fragmented = false;
}

/* What is not plain in any way: options, fragments, groups, lies. */
static RARE void input_fully(struct net *net, struct nif *nif, struct pkt *p,
                             uint32_t at, unsigned flags, ns_t now)
{
    const uint8_t *start = p->frag[0].p + at;
    enum forward_end end = FORWARD_HOST;
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
    if (!ip4_csum_ok(start, h.hdr_len)) {
        net_drop(net, p, ip4_checksum);
        return;
    }
    describe(&rx, &h, p, at, nif);
    if (!(flags & IP_IN_SELF) && !source_can_be(nif, &rx, h.src)) {
        net_drop(net, p, martian);
        return;
    }
    if (h.hdr_len > IP4_BYTES &&
        !options_are_fine(net, start + IP4_BYTES,
                          (unsigned)h.hdr_len - IP4_BYTES)) {
        pkt_put(p);
        return;
    }
    if (net->forward.ops && !(flags & IP_IN_SELF))
        end = net->forward.ops->input(net, &rx, flags, now);
    if (end == FORWARD_TAKEN)
        return;
    if (end == FORWARD_HOST && !for_us(net, nif, &rx, h.dst, flags)) {
        pkt_put(p);
        return;
    }
    net->count.datagrams__ip4_in++;
    if (h.frag & (IP4_MF | IP4_OFFSET))
        frag4_input(net, &rx, h.id, h.frag, now);
    else
        ip_deliver(net, &rx, now);
}

/* Whether such a host can send what nearly all send: not ourselves. */
static inline bool source_is_plain(const struct nif *nif, const uint8_t *src)
{
    return src[0] != 0 && src[0] < 224 && src[0] != 127 &&
           !addr_may_be_ours(nif->addr_filter, src[3]);
}

/* A whole datagram without options to our first address, from a source that
 * cannot be wrong: what nearly all are.  `have` bytes are at `h`. */
static inline bool is_plain(const uint8_t *h, uint32_t have,
                            const struct nif *nif, unsigned flags)
{
    return have >= IP4_BYTES && h[0] == 0x45 &&
           !(be16(h + 6) & (IP4_MF | IP4_OFFSET)) &&
           be32(h + 16) == nif->addr4 && flags == 0 &&
           source_is_plain(nif, h + 12) && be16(h + 2) >= IP4_BYTES;
}

/* Such a one's addresses need not be looked at, just moved. */
static inline void describe_plain(struct ip_rx *rx, const uint8_t *h,
                                  struct pkt *p, uint32_t at,
                                  const struct nif *nif)
{
    rx->pkt = p;
    rx->l3 = at;
    rx->l4 = at + IP4_BYTES;
    rx->len = be16(h + 2) - (uint32_t)IP4_BYTES;
    rx->src = rx->dst = (struct ipaddr){.b = {[10] = 0xff, [11] = 0xff}};
    memcpy(rx->src.b + 12, h + 12, 4);
    memcpy(rx->dst.b + 12, h + 16, 4);
    rx->proto = h[9];
    rx->ttl = h[8];
    rx->tos = h[1];
    rx->netif = nif->index;
    rx->next_at = 0;
    rx->v4 = true;
    rx->not_unicast = false;
    rx->fragmented = false;
}

void ip4_input(struct net *net, struct nif *nif, struct pkt *p, uint32_t at,
               unsigned flags, ns_t now)
{
    const uint8_t *h = p->frag[0].p + at;
    struct ip_rx rx UNSET;

    if (!is_plain(h, p->frag[0].len - at, nif, flags) ||
        be16(h + 2) > p->len - at || !ip4_csum_ok(h, IP4_BYTES)) {
        input_fully(net, nif, p, at, flags, now);
        return;
    }
    describe_plain(&rx, h, p, at, nif);
    net->count.datagrams__ip4_in++;
    if (rx.proto == IPPROTO_TCP_)
        tcp_input(net->tcp, &rx, now);
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
    } else if (rx->proto == IPPROTO_IGMP_ && rx->v4) {
        igmp_input(net, rx, now);
    } else if (rx->proto == IP6_NH_NONE && !rx->v4) {
        pkt_put(rx->pkt); /* RFC 8200 4.7: all is said */
    } else {
        icmp_protocol_unreachable(net, rx, now);
        net_drop(net, rx->pkt, protocol);
    }
}
