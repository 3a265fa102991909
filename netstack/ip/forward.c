/* SPDX-License-Identifier: ISC */
/*
 * forward.c - datagrams for others: whether they may pass, and by which way
 * (RFC 1812 5.2 and 5.3, RFC 8200, RFC 4291 2.5.6).
 */
#include "../stack.h"
#include "../wire/icmp6.h"
#include "input.h"

/* With an address or a broadcast address of ours a datagram of others lies. */
static bool is_ours(struct net *net, const struct ipaddr *a, bool broadcast)
{
    for (unsigned i = 1; i <= net->nnifs; i++) {
        struct nif *nif = net_nif(net, i);

        if (addr_may_be_ours(nif->addr_filter, a->b[15]) &&
            (addr_find(nif, a) || (broadcast && ipaddr_is_v4(a) &&
                                   addr_is_broadcast(nif, ip4_of(a)))))
            return true;
    }
    return false;
}

/* RFC 3927 7, RFC 4291 2.5.6, RFC 1812 5.3.7: what stays where it is. */
static bool stays(const struct ipaddr *a)
{
    if (!ipaddr_is_v4(a))
        return ip6_is_link_local(a) || ip6_is_multicast(a) ||
               ip6_is_unspecified(a) || ip6_is_loopback(a);
    return !ip4_is_unicast(ip4_of(a)) || ip4_is_loopback(ip4_of(a)) ||
           ip4_of(a) >> 16 == 0xa9fe;
}

/* The whole of forward.h's promise about errors: RFC 1812 4.3.2.7 adds to what
 * icmp.h says that only the first fragment is worth one. */
static void tell(struct net *net, const struct ip_rx *rx, unsigned type,
                 unsigned code, uint32_t rest, ns_t now)
{
    struct ip_rx about = *rx;
    struct forward_pkt f;
    uint8_t frag[2];

    /* Our own address there is the answer's source; any that we have. */
    about.dst = (struct ipaddr){0};
    if (!route_find(net, &rx->src, rx->netif))
        about.netif = 0;
    if (rx->v4) {
        if (pkt_copy(rx->pkt, rx->l3 + 6, frag, 2) && be16(frag) & IP4_OFFSET)
            return;
        icmp4_error(net, &about, (uint8_t)type, (uint8_t)code, rest, now);
        return;
    }
    if (forward_describe(&f, rx) == FORWARD_PLAIN) {
        about.proto = f.proto; /* for an error about an error is none */
        about.l4 = rx->l3 + f.l4;
        about.len = f.len - f.l4;
    }
    icmp6_error(net, &about, (uint8_t)type, (uint8_t)code, rest, now);
}

static void unreachable(struct net *net, const struct ip_rx *rx, uint8_t code4,
                        uint8_t code6, ns_t now)
{
    tell(net, rx, rx->v4 ? ICMP4_UNREACH : ICMP6_UNREACH,
         rx->v4 ? code4 : code6, 0, now);
}

bool forward_way(struct net *net, struct ip_path *way, const struct ipaddr *dst)
{
    const struct route *r = route_find(net, dst, 0);
    struct neigh_slot *s;
    struct nif *nif;

    if (!r || is_ours(net, dst, true)) /* RFC 2644: no directed broadcasts */
        return false;
    nif = net_nif(net, r->netif);
    s = neigh_find(net, r->netif, r->has_via ? &r->via : dst);
    *way = (struct ip_path){.dst = *dst,
                            .gen = net->path_gen,
                            .neighbour = s ? s->hint : NEIGH_UNKNOWN,
                            .mtu = ipaddr_is_v4(dst) ? nif->mtu4 : nif->mtu6,
                            .netif = r->netif,
                            .v4 = ipaddr_is_v4(dst)};
    return true;
}

static struct ip_path *find_way(struct net *net, const struct ipaddr *dst)
{
    uint32_t mixed = (be32(dst->b + 12) ^ be32(dst->b + 8)) * 0x9e3779b1u;
    struct ip_path *way = &net->forward.way[mixed >> 16 & (FORWARD_WAYS - 1)];

    if (way->gen == net->path_gen && addr_same(&way->dst, dst))
        return way;
    if (forward_way(net, way, dst))
        return way;
    way->gen = 0;
    return NULL;
}

/* The answer of the hook; true: go on. */
static bool accepted(struct net *net, forward_fn *hook, struct forward_pkt *f,
                     struct ip_rx *rx, ns_t now)
{
    struct ip_rx before = *rx;
    enum forward_verdict verdict = hook(f, net->forward.config.user);

    if (verdict == FORWARD_ACCEPT) {
        rx->src = f->src;
        rx->dst = f->dst;
        return true;
    }
    before.proto = f->proto;
    before.l4 = rx->l3 + f->l4;
    before.len = f->len - f->l4;
    if (verdict == FORWARD_REJECT)
        unreachable(net, &before, ICMP4_CODE_ADMIN, ICMP6_CODE_ADMIN, now);
    else if (verdict == FORWARD_RESET && f->proto == IPPROTO_TCP_)
        forward_reset(net, &before, now);
    else if (verdict == FORWARD_RESET)
        unreachable(net, &before, ICMP4_CODE_PORT, ICMP6_CODE_PORT, now);
    net_drop(net, rx->pkt, forward_refused);
    return false;
}

/* The datagram alone: the frame's header goes, and what pads it. */
static void strip(struct ip_rx *rx)
{
    uint32_t total = rx->l4 - rx->l3 + rx->len;
    struct pkt *p = rx->pkt;

    p->frag[0].p += rx->l3;
    p->frag[0].len -= rx->l3;
    p->len -= rx->l3;
    p->csum_start = (uint16_t)(p->csum_start - rx->l3);
    while (p->len > total) {
        struct frag *last = &p->frag[p->nfrags - 1];
        uint32_t n = p->len - total < last->len ? p->len - total : last->len;

        last->len -= n;
        p->len -= n;
        if (last->len == 0) {
            buf_drop(last->buf);
            p->nfrags--;
        }
    }
    rx->l4 -= rx->l3;
    rx->l3 = 0;
}

/* RFC 1812 5.3.1: one second or one hop less.  The header is together. */
static void age(const struct ip_rx *rx)
{
    uint8_t *ip = forward_bytes(rx->pkt, 0, IP4_BYTES);
    uint32_t sum;

    if (!rx->v4) {
        ip[7]--;
        return;
    }
    ip[8]--;
    sum = be16(ip + 10) + 0x100u; /* RFC 1141: the word is 0x100 less */
    put_be16(ip + 10, (uint16_t)(sum + (sum >= 0xffff)));
}

/* No datagram has such a fragment; and when it was cut, its end would come out
 * as a first fragment, one that the hook has not seen. */
static bool ends_beyond_64_kib(const struct ip_rx *rx)
{
    uint32_t offset = (be16(rx->pkt->frag[0].p + 6) & IP4_OFFSET) * 8u;

    return rx->v4 && offset + rx->l4 + rx->len > UINT16_MAX;
}

/* RFC 1191 4, RFC 4443 3.2. */
static bool fits(struct net *net, const struct ip_rx *rx,
                 const struct ip_path *way, ns_t now)
{
    uint32_t needs = forward_needs(rx);
    const uint8_t *ip = rx->pkt->frag[0].p;

    if (needs == 0 || ends_beyond_64_kib(rx)) {
        net_drop(net, rx->pkt, forward_bad);
        return false;
    }
    if (needs <= way->mtu || (rx->v4 && !(be16(ip + 6) & IP4_DF)))
        return true;
    tell(net, rx, rx->v4 ? ICMP4_UNREACH : ICMP6_TOO_BIG,
         rx->v4 ? ICMP4_CODE_TOO_BIG : 0, way->mtu, now);
    net_drop(net, rx->pkt, forward_too_big);
    return false;
}

/* What needs no way: addresses that may leave their link, and time left. */
static bool may_pass(struct net *net, struct ip_rx *rx, unsigned flags,
                     ns_t now)
{
    if (flags & IP_IN_GROUP) { /* RFC 1812 5.3.4 */
        net_drop(net, rx->pkt, link_broadcast);
    } else if (is_ours(net, &rx->src, true)) {
        net_drop(net, rx->pkt, martian);
    } else if (stays(&rx->src) || stays(&rx->dst)) {
        if (!rx->v4 && ip6_is_link_local(&rx->src) && !stays(&rx->dst))
            unreachable(net, rx, 0, ICMP6_CODE_SCOPE, now);
        net_drop(net, rx->pkt, forward_scope);
    } else if (rx->ttl <= 1) {
        tell(net, rx, rx->v4 ? ICMP4_TIME : ICMP6_TIME, 0, 0, now);
        net_drop(net, rx->pkt, forward_ttl);
    } else {
        return true;
    }
    return false;
}

static bool came_the_way_back(const struct net *net, const struct ip_rx *rx)
{
    const struct route *r = route_find(net, &rx->src, 0);

    return r && r->netif == rx->netif;
}

/* By the hook, if there is one that asks for this. */
static bool shown(struct net *net, struct ip_rx *rx, const struct ip_path *way,
                  ns_t now)
{
    forward_fn *hook = net->forward.config.routed;
    struct forward_pkt f;
    enum forward_known known;

    if (rx->v4 && !hook)
        return true;
    known = forward_describe(&f, rx);
    if (known == FORWARD_SOURCE_ROUTE) {
        net_drop(net, rx->pkt, ip6_source_route);
        return false;
    }
    if (!hook)
        return true;
    if (known == FORWARD_OBSCURE) { /* nothing passes a judge unseen */
        net_drop(net, rx->pkt, ip6_extension);
        return false;
    }
    f.out = way->netif;
    f.mtu = way->mtu;
    return accepted(net, hook, &f, rx, now);
}

static void pass_on(struct net *net, struct ip_rx *rx, unsigned flags, ns_t now)
{
    struct ip_path *way;

    if (!may_pass(net, rx, flags, now))
        return;
    if (net->forward.config.reverse_path && !came_the_way_back(net, rx)) {
        net_drop(net, rx->pkt, forward_reverse_path);
        return;
    }
    if (!(way = find_way(net, &rx->dst))) {
        unreachable(net, rx, ICMP4_CODE_NET, ICMP6_CODE_NO_ROUTE, now);
        net_drop(net, rx->pkt, forward_no_route);
        return;
    }
    strip(rx);
    if (!fits(net, rx, way, now) || !shown(net, rx, way, now))
        return;
    age(rx);
    if (rx->v4)
        net->count.forwarded__ip4++;
    else
        net->count.forwarded__ip6++;
    forward_emit(net, way, rx, now);
}

/* A group, a link's own affairs, an answer to our DHCP client. */
static bool is_for_hosts(const struct nif *nif, const struct ip_rx *rx)
{
    uint8_t port[2];

    if (!rx->v4)
        return ip6_is_multicast(&rx->dst) || ip6_is_link_local(&rx->dst);
    return ip4_is_multicast(ip4_of(&rx->dst)) ||
           ip4_of(&rx->dst) == UINT32_MAX ||
           addr_is_broadcast(nif, ip4_of(&rx->dst)) ||
           (rx->proto == IPPROTO_UDP_ && dhcp_wants_any(nif) &&
            pkt_copy(rx->pkt, rx->l4 + 2, port, 2) &&
            be16(port) == DHCP4_CLIENT_PORT);
}

static enum forward_end input(struct net *net, struct ip_rx *rx, unsigned flags,
                              ns_t now)
{
    forward_fn *hook = net->forward.config.arrived;
    struct forward_pkt f;

    if (is_for_hosts(net_nif(net, rx->netif), rx))
        return FORWARD_HOST;
    if (hook) {
        if (forward_describe(&f, rx) != FORWARD_PLAIN) {
            net_drop(net, rx->pkt, ip6_extension);
            return FORWARD_TAKEN;
        }
        f.for_us = is_ours(net, &rx->dst, false);
        if (!accepted(net, hook, &f, rx, now))
            return FORWARD_TAKEN;
    }
    if (is_ours(net, &rx->dst, false)) /* RFC 1122 3.3.6 for what is ours */
        return flags & IP_IN_GROUP ? FORWARD_HOST : FORWARD_OURS;
    pass_on(net, rx, flags, now);
    return FORWARD_TAKEN;
}

/* RFC 1812 5.2.7.1, RFC 4443 3.1: host, or address, unreachable. */
static void lost(struct net *net, const struct pkt *p, ns_t now)
{
    struct ip_rx rx = {.pkt = (struct pkt *)p, .netif = p->netif};
    struct span in = {p->frag[0].p, p->frag[0].len};
    struct ip4_hdr h4;
    struct ip6_hdr h6;

    if (p->hdr_len || p->nfrags == 0)
        return; /* cut by us: the others of its kind are told of */
    if (ip4_parse(&h4, in)) {
        rx.v4 = true;
        rx.src = ip4_addr(h4.src);
        rx.dst = ip4_addr(h4.dst);
        rx.proto = h4.proto;
        rx.l4 = h4.hdr_len;
    } else if (ip6_parse(&h6, in)) {
        rx.src = h6.src;
        rx.dst = h6.dst;
        rx.proto = h6.next;
        rx.l4 = IP6_BYTES;
    } else {
        return;
    }
    rx.len = p->len - rx.l4;
    unreachable(net, &rx, ICMP4_CODE_HOST, ICMP6_CODE_ADDR, now);
}

void net_set_forward(struct net *net, const struct net_forward *f)
{
    static const struct forward_ops ops = {.input = input, .lost = lost};

    net->forward = (struct forward){.ops = f ? &ops : NULL};
    if (f)
        net->forward.config = *f;
    for (unsigned i = 0; i < NET_NETIFS_MAX; i++)
        net->nif[i].in_flags = f && f->arrived ? IP_IN_SEEN : 0;
    net->path_gen++; /* which addresses answer where has changed */
}
