/* SPDX-License-Identifier: ISC */
/*
 * icmp.c - what ICMP and ICMPv6 have in common.
 */
#include "icmp.h"

#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"
#include "../tcp/tcp.h"
#include "../wire/icmp6.h"

bool icmp_may_send(struct net *net, ns_t now)
{
    struct icmp_limit *l = &net->icmp;
    uint64_t regained = (now - l->at) / ICMP_TOKEN_NS;

    if (regained > 0) {
        l->spent = regained < l->spent ? l->spent - (uint32_t)regained : 0;
        l->at = now;
    }
    if (l->spent + ICMP_COST_MAX > ICMP_BURST) {
        net->count.icmp_errors_limited++;
        return false;
    }
    l->spent += 1 + rng_below(&net->rng, ICMP_COST_MAX);
    return true;
}

/* Pushes the ICMP header and sends the message back to where rx came from. */
static void answer(struct net *net, const struct ip_rx *rx, struct pkt *p,
                   const uint8_t head[ICMP_BYTES], ns_t now)
{
    struct ip_path path = {.dst = rx->src, .netif = rx->netif};
    uint8_t *icmp = pkt_push(p, ICMP_BYTES);
    uint64_t sum;

    if (!rx->not_unicast && !ip6_is_multicast(&rx->dst))
        path.src = rx->dst;
    if (ip_path_find(net, &path)) {
        net_drop(net, p, no_route);
        return;
    }
    memcpy(icmp, head, ICMP_BYTES);
    put_be16(icmp + 2, 0);
    sum = rx->v4 ? 0
                 : ip_pseudo_sum(&path.src, &path.dst, false, IPPROTO_ICMP6,
                                 p->len);
    sum = pkt_sum(p, 0, p->len, sum);
    put_be16(icmp + 2, (uint16_t)~csum_fold(sum));
    ip_send(net, &path, rx->v4 ? IPPROTO_ICMP4 : IPPROTO_ICMP6, p, now);
}

void icmp_echo(struct net *net, const struct ip_rx *rx, uint8_t reply_type,
               uint32_t rest, ns_t now)
{
    struct pkt *p = net_pkt(net);
    uint8_t head[ICMP_BYTES];

    if (!p)
        return;
    if (!pkt_add_range(p, rx->pkt, rx->l4 + ICMP_BYTES, rx->len - ICMP_BYTES)) {
        net_drop(net, p, no_memory);
        return;
    }
    icmp_emit(head, &(struct icmp_hdr){.type = reply_type, .rest = rest});
    net->count.echoes++;
    if (!rx->v4 && rx->len > IP6_MTU_MIN - IP6_BYTES)
        net->big_echo = rx->src;
    answer(net, rx, p, head, now);
}

void icmp_send_error(struct net *net, const struct ip_rx *rx, uint32_t quote,
                     const uint8_t head[ICMP_BYTES], ns_t now)
{
    uint32_t have = rx->l4 - rx->l3 + rx->len;
    struct pkt *p;

    if (!icmp_may_send(net, now) || !(p = net_pkt(net)))
        return;
    if (!pkt_add_range(p, rx->pkt, rx->l3, have < quote ? have : quote)) {
        net_drop(net, p, no_memory);
        return;
    }
    net->count.icmp_errors_out++;
    answer(net, rx, p, head, now);
}

void icmp_protocol_unreachable(struct net *net, const struct ip_rx *rx,
                               ns_t now)
{
    if (rx->v4)
        icmp4_error(net, rx, ICMP4_UNREACH, ICMP4_CODE_PROTO, 0, now);
    else
        icmp6_error(net, rx, ICMP6_PARAM, ICMP6_CODE_NEXT, rx->next_at, now);
}

void icmp_port_unreachable(struct net *net, const struct ip_rx *rx, ns_t now)
{
    if (rx->v4)
        icmp4_error(net, rx, ICMP4_UNREACH, ICMP4_CODE_PORT, 0, now);
    else
        icmp6_error(net, rx, ICMP6_UNREACH, ICMP6_CODE_PORT, 0, now);
}

void icmp_pass_on(struct net *net, const struct ip_error *e, ns_t now)
{
    net->count.icmp_errors_in++;
    if (e->proto == IPPROTO_TCP_)
        tcp_icmp(net->tcp, e, now);
    else if (e->proto == IPPROTO_UDP_)
        udp_icmp(net, e, now);
}
