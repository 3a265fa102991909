/* SPDX-License-Identifier: ISC */
/*
 * icmp6.c - ICMPv6 (RFC 4443).
 */
#include "../wire/icmp6.h"
#include "../wire/group.h"

#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"
#include "../wire/ndp.h"

/* RFC 4443 2.4 (e). */
void icmp6_error(struct net *net, const struct ip_rx *rx, uint8_t type,
                 uint8_t code, uint32_t rest, ns_t now)
{
    uint8_t head[ICMP_BYTES], first;

    if (rx->not_unicast || ip6_is_unspecified(&rx->src))
        return;
    if (rx->proto == IPPROTO_ICMP6 &&
        (!pkt_copy(rx->pkt, rx->l4, &first, 1) || icmp6_is_error(first) ||
         first == ICMP6_REDIRECT))
        return;
    icmp_emit(head,
              &(struct icmp_hdr){.type = type, .code = code, .rest = rest});
    icmp_send_error(net, rx, IP6_MTU_MIN - IP6_BYTES - ICMP_BYTES, head, now);
}

static enum ip_error_kind kind_of(const struct icmp_hdr *h)
{
    switch (h->type) {
    case ICMP6_TOO_BIG:
        return IP_ERR_TOO_BIG;
    case ICMP6_TIME:
        return IP_ERR_TIME;
    case ICMP6_PARAM:
        return h->code == ICMP6_CODE_NEXT ? IP_ERR_PORT : IP_ERR_PARAM;
    }
    switch (h->code) {
    case ICMP6_CODE_PORT:
        return IP_ERR_PORT;
    case ICMP6_CODE_ADMIN:
    case ICMP6_CODE_POLICY:
    case ICMP6_CODE_REJECT:
        return IP_ERR_PROHIBITED;
    default:
        return IP_ERR_UNREACH;
    }
}

/* An answered echo was too big for its way.  Believed of the last large one
 * alone, for what is quoted shows nothing that a stranger could not know. */
static bool about_echo(struct net *net, const struct ip_error *e, ns_t now)
{
    if (e->proto != IPPROTO_ICMP6 || e->kind != IP_ERR_TOO_BIG ||
        e->quoted[0] != ICMP6_ECHO_REPLY || !addr_same(&e->dst, &net->big_echo))
        return false;
    net->count.icmp_errors_in++;
    if (e->mtu <= UINT16_MAX)
        ip_pmtu_update(net, &e->dst, (uint16_t)e->mtu, now);
    return true;
}

static void error_input(struct net *net, const struct ip_rx *rx,
                        const struct icmp_hdr *h, ns_t now)
{
    uint8_t room[IP6_BYTES + IP6_EXT_BYTES_MAX + ICMP_QUOTE_L4];
    uint32_t n = rx->len - ICMP_BYTES;
    struct ip_error e = {.netif = rx->netif, .kind = kind_of(h)};
    struct icmp6_quote q;
    const uint8_t *in;

    n = n < sizeof(room) ? n : sizeof(room);
    in = pkt_together(rx->pkt, rx->l4 + ICMP_BYTES, n,
                      (struct mspan){room, sizeof(room)});
    if (!in || !icmp6_quote_parse(&q, (struct span){in, n})) {
        net->count.drops__icmp_short++;
        return;
    }
    e.proto = q.proto;
    e.src = q.ip.src;
    e.dst = q.ip.dst;
    memcpy(e.quoted, q.l4, sizeof(e.quoted));
    if (e.kind == IP_ERR_TOO_BIG)
        e.mtu = h->rest;
    /* RFC 8201 4: no link is narrower, so such a report must be discarded. */
    if (!ip_is_ours(net, rx->netif, &e.src) ||
        (e.kind == IP_ERR_TOO_BIG && e.mtu < IP6_MTU_MIN)) {
        net->count.drops__icmp_ignored++;
        return;
    }
    if (!about_echo(net, &e, now))
        icmp_pass_on(net, &e, now);
}

static bool is_ndp(uint8_t type)
{
    return type >= NDP_RS && type <= NDP_REDIRECT;
}

void icmp6_input(struct net *net, struct ip_rx *rx, ns_t now)
{
    uint8_t room[ICMP_BYTES];
    const uint8_t *in = pkt_together(rx->pkt, rx->l4, ICMP_BYTES,
                                     (struct mspan){room, sizeof(room)});
    struct icmp_hdr h;
    uint64_t sum;

    if (!in || rx->len < ICMP_BYTES ||
        !icmp_parse(&h, (struct span){in, ICMP_BYTES})) {
        net_drop(net, rx->pkt, icmp_short);
        return;
    }
    sum = ip_pseudo_sum(&rx->src, &rx->dst, false, IPPROTO_ICMP6, rx->len);
    if (csum_fold(pkt_sum(rx->pkt, rx->l4, rx->len, sum)) != 0xffff) {
        net_drop(net, rx->pkt, icmp_checksum);
        return;
    }
    if (is_ndp(h.type)) {
        ndp_input(net, rx, now);
        return;
    }
    if (h.type == MLD_QUERY) {
        mld_input(net, rx, now);
        return;
    }
    if (ip6_is_unspecified(&rx->src))
        net->count.drops__martian++;
    else if (h.type == ICMP6_ECHO && h.code == 0) {
        /* RFC 4443 4.2: to a group, too, but that is what floods are made of */
        if (!rx->not_unicast || icmp_may_send(net, now))
            icmp_echo(net, rx, ICMP6_ECHO_REPLY, h.rest, now);
    } else if (h.type >= ICMP6_UNREACH && h.type <= ICMP6_PARAM)
        error_input(net, rx, &h, now);
    else
        net->count.drops__icmp_ignored++;
    pkt_put(rx->pkt);
}
