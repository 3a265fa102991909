/* SPDX-License-Identifier: ISC */
/*
 * stack_frames.c - frames with the lengths, checksums and numbers that the
 * stack under fuzz_stack.c must believe, until they are bent.
 */
#include <base/csum.h>
#include <wire/icmp6.h>
#include <wire/tcp.h>

#include "stack_bench.h"

/* Ethernet and IP around the l4 bytes at b + 54, then bent as told. */
static void deliver_ip(uint8_t *b, size_t n, uint8_t proto, bool v4,
                       const struct ipaddr *src, const struct ipaddr *dst,
                       size_t csum_at)
{
    uint8_t *start = b + (v4 ? 20 : 0), *l4 = b + 54;
    uint64_t sum = 0;
    uint8_t bends = take8() & 3;
    bool plain = v4 && proto == IPPROTO_ICMP4;

    if (!plain)
        sum = ip_pseudo_sum(src, dst, v4, proto, (uint32_t)n);
    put_be16(l4 + csum_at, 0);
    put_be16(l4 + csum_at, (uint16_t)~csum_fold(csum_add(sum, l4, n, false)));
    eth_emit(start, &(struct eth_hdr){.dst = OUR_MAC,
                                      .src = PEER_MAC,
                                      .type = v4 ? ETH_IP4 : ETH_IP6});
    if (v4)
        ip4_emit(start + 14, &(struct ip4_hdr){.src = ip4_of(src),
                                               .dst = ip4_of(dst),
                                               .total_len = (uint16_t)(n + 20),
                                               .ttl = 64,
                                               .proto = proto});
    else
        ip6_emit(start + 14, &(struct ip6_hdr){.src = *src,
                                               .dst = *dst,
                                               .payload_len = (uint16_t)n,
                                               .next = proto,
                                               .hop_limit = 255});
    n += (size_t)(l4 - start);
    while (bends--) {
        size_t at = take16() % n;

        start[at] = take8();
    }
    bench_deliver(start, n);
}

/* An answer to the last segment: its numbers, a bit off if the input says. */
void send_tcp_answer(uint8_t *b)
{
    const struct seen *s = &bench.tcp;
    uint8_t how = take8(), *l4 = b + 54;
    unsigned opts = (how & 3) * 4;
    size_t n;

    put_be16(l4, s->dport);
    put_be16(l4 + 2, s->sport);
    put_be32(l4 + 4, s->ack + (how & 4 ? take8() : 0));
    put_be32(l4 + 8, s->seq + s->len + ((s->flags & 3) ? 1 : 0) -
                         (how & 8 ? take8() : 0));
    l4[12] = (uint8_t)((5 + opts / 4) << 4);
    l4[13] = how & 16 ? take8() : s->flags & 2 ? 0x12 : 0x10;
    put_be16(l4 + 14, how & 32 ? take16() : 8192);
    put_be16(l4 + 18, 0);
    for (unsigned i = 0; i < opts; i++)
        l4[20 + i] = take8();
    n = 20 + opts + take_bytes(l4 + 20 + opts, how & 64 ? 1400 : 16);
    deliver_ip(b, n, IPPROTO_TCP_, s->v4, &s->dst, &s->src, 16);
}

/* A SYN to a listener. */
void send_syn(uint8_t *b)
{
    struct ipaddr src = ip4_addr(PEER4), dst = ip4_addr(OUR4);

    bench.tcp = (struct seen){.v4 = true,
                              .src = dst,
                              .dst = src,
                              .sport = 80,
                              .dport = (uint16_t)(1024 + take8()),
                              .flags = 2};
    send_tcp_answer(b);
}

/* What came in the last datagram goes back, changed: DHCP and DNS. */
void send_udp_answer(uint8_t *b)
{
    const struct seen *s = &bench.udp;
    struct ipaddr dst = s->src, src = s->dst;
    uint8_t *l4 = b + 54;
    size_t n = bench.udp_bytes;

    memcpy(l4 + 8, bench.udp_data, n);
    if (s->dport == 67) {
        l4[8] = 2;
        put_be32(l4 + 8 + 16, OUR4);
        n = 240 + take_bytes(l4 + 8 + 240, 300);
        src = ip4_addr(PEER4);
        dst = ip4_addr(UINT32_MAX);
    } else {
        l4[10] = 0x81;
        l4[11] = take8();
        l4[14] = take8() & 1;
        l4[15] = take8() & 7;
        n += take_bytes(l4 + 8 + n, 400);
    }
    put_be16(l4, s->dport);
    put_be16(l4 + 2, s->sport);
    put_be16(l4 + 4, (uint16_t)(n + 8));
    deliver_ip(b, n + 8, IPPROTO_UDP_, s->v4, &src, &dst, 6);
}

void send_icmp(uint8_t *b)
{
    bool v4 = take8() & 1;
    struct ipaddr src = ip4_addr(PEER4), dst = ip4_addr(OUR4);
    struct ifaddr *a = addr_first(&bench.net->nif[0], false);
    size_t n = 8 + take_bytes(b + 54 + 8, 1200);

    b[54] = take8();
    b[55] = take8() & 7;
    put_be32(b + 58, (uint32_t)take16());
    if (!v4) {
        if (!a)
            return;
        src = (struct ipaddr){{0xfe, 0x80, [15] = take8()}};
        dst = a->addr;
    }
    deliver_ip(b, n, v4 ? IPPROTO_ICMP4 : IPPROTO_ICMP6, v4, &src, &dst, 2);
}

void send_arp(uint8_t *b)
{
    struct arp_msg m = {.op = (uint16_t)(1 + (take8() & 1)),
                        .sender_mac = PEER_MAC + take8() % 4,
                        .sender = PEER4 + take8() % 4,
                        .target_mac = OUR_MAC,
                        .target = OUR4};

    eth_emit(b, &(struct eth_hdr){OUR_MAC, m.sender_mac, ETH_ARP});
    arp_emit(b + ETH_BYTES, &m);
    bench_deliver(b, ETH_BYTES + ARP_BYTES);
}
