/* SPDX-License-Identifier: ISC */
/*
 * icmp4.c - ICMP (RFC 792, RFC 1122 3.2.2).
 */
#include "../wire/icmp4.h"

#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"

/* RFC 1122 3.2.2: no error about an error, about what was not sent to us
 * alone, or to a source that is not one host (checked at input). */
void icmp4_error(struct net *net, const struct ip_rx *rx, uint8_t type,
                 uint8_t code, uint32_t rest, ns_t now)
{
    uint8_t head[ICMP_BYTES], first;

    if (rx->not_unicast)
        return;
    if (rx->proto == IPPROTO_ICMP4 &&
        (!pkt_copy(rx->pkt, rx->l4, &first, 1) || icmp4_is_error(first)))
        return;
    icmp_emit(head,
              &(struct icmp_hdr){.type = type, .code = code, .rest = rest});
    icmp_send_error(net, rx, ICMP4_DGRAM_MAX - IP4_BYTES - ICMP_BYTES, head,
                    now);
}

static enum ip_error_kind unreach_kind(uint8_t code)
{
    switch (code) {
    case ICMP4_CODE_PROTO:
    case ICMP4_CODE_PORT:
        return IP_ERR_PORT;
    case ICMP4_CODE_TOO_BIG:
        return IP_ERR_TOO_BIG;
    case ICMP4_CODE_ADMIN_NET:
    case ICMP4_CODE_ADMIN_HOST:
    case ICMP4_CODE_ADMIN:
        return IP_ERR_PROHIBITED;
    default:
        return IP_ERR_UNREACH;
    }
}

/* RFC 1191 5 and 7.1: an old router does not say how much it passes; the next
 * lower of the sizes that are common, then. */
static uint32_t guess_mtu(uint16_t total_len)
{
    static const uint16_t plateau[] = {65535, 32000, 17914, 8166, 4352,
                                       2002,  1492,  1006,  508,  296};

    for (unsigned i = 0; i < ARRAY_LEN(plateau); i++)
        if (plateau[i] < total_len)
            return plateau[i];
    return 68;
}

static void error_input(struct net *net, const struct ip_rx *rx,
                        const struct icmp_hdr *h, ns_t now)
{
    uint8_t room[IP4_HDR_MAX + ICMP_QUOTE_L4];
    uint32_t n = rx->len - ICMP_BYTES;
    struct ip_error e = {.v4 = true, .netif = rx->netif};
    struct icmp4_quote q;
    const uint8_t *in;

    n = n < sizeof(room) ? n : sizeof(room);
    in = pkt_together(rx->pkt, rx->l4 + ICMP_BYTES, n,
                      (struct mspan){room, sizeof(room)});
    if (!in || !icmp4_quote_parse(&q, (struct span){in, n})) {
        net->count.drops__icmp_short++;
        return;
    }
    e.proto = q.ip.proto;
    e.src = ip4_addr(q.ip.src);
    e.dst = ip4_addr(q.ip.dst);
    memcpy(e.quoted, q.l4, sizeof(e.quoted));
    e.kind = h->type == ICMP4_TIME    ? IP_ERR_TIME
             : h->type == ICMP4_PARAM ? IP_ERR_PARAM
                                      : unreach_kind(h->code);
    if (e.kind == IP_ERR_TOO_BIG)
        e.mtu = h->rest & 0xffff ? h->rest & 0xffff : guess_mtu(q.ip.total_len);
    if (!ip_is_ours(net, rx->netif, &e.src)) {
        net->count.drops__icmp_ignored++; /* not about us */
        return;
    }
    icmp_pass_on(net, &e, now);
}

void icmp4_input(struct net *net, struct ip_rx *rx, ns_t now)
{
    uint8_t room[ICMP_BYTES];
    const uint8_t *in = pkt_together(rx->pkt, rx->l4, ICMP_BYTES,
                                     (struct mspan){room, sizeof(room)});
    struct icmp_hdr h;

    if (!in || rx->len < ICMP_BYTES ||
        !icmp_parse(&h, (struct span){in, ICMP_BYTES})) {
        net_drop(net, rx->pkt, icmp_short);
        return;
    }
    if (csum_fold(pkt_sum(rx->pkt, rx->l4, rx->len, 0)) != 0xffff) {
        net_drop(net, rx->pkt, icmp_checksum);
        return;
    }
    if (h.type == ICMP4_ECHO && h.code == 0 && !rx->not_unicast)
        icmp_echo(net, rx, ICMP4_ECHO_REPLY, h.rest, now);
    else if (h.type == ICMP4_UNREACH || h.type == ICMP4_TIME ||
             h.type == ICMP4_PARAM)
        error_input(net, rx, &h, now);
    else /* redirects too: a host with one router needs none, RFC 6274 */
        net->count.drops__icmp_ignored++;
    pkt_put(rx->pkt);
}
