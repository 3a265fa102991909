/* SPDX-License-Identifier: ISC */
/*
 * case.h - pools, time, and frames to send and receive: what the tests of
 * network cards share.
 */
#ifndef TESTS_NIC_CASE_H
#define TESTS_NIC_CASE_H

#include "../lib/suite.h"

#include <base/bytes.h>
#include <nic/nic.h>
#include <string.h>

enum { MEMORY = 1 << 20, PKTS = 128, BLOCKS = 96, RING = 64, OUT_MAX = 70000 };

static _Alignas(4096) uint8_t memory[MEMORY];
static struct arena arena;
static struct pool pkts;
static struct block_pool blocks;
static ns_t clock;
/* The last frame that the card sent, and how many. */
static uint8_t out[OUT_MAX];
static uint32_t out_len, outs;
static uint8_t pattern[4096];

static ns_t case_now(void)
{
    return clock;
}

static void case_rest(ns_t until)
{
    clock = until;
}

static const struct blk_host case_host = {
    .arena = &arena, .now = case_now, .rest = case_rest};

static struct nic_config case_config(void)
{
    return (struct nic_config){.name = "uplink",
                               .pkts = &pkts,
                               .rx_blocks = &blocks,
                               .host = &case_host,
                               .ring = RING};
}

static void case_begin(void)
{
    MEM_UNPOISON(memory, MEMORY); /* of a card before this one */
    memset(memory, 0xa5, sizeof(memory));
    arena_init(&arena, (struct mspan){memory, MEMORY});
    ck_assert(pool_init(&pkts, "pkts", &arena, sizeof(struct pkt), PKTS, 16));
    ck_assert(block_pool_init(&blocks, "blocks", &arena, 2048, BLOCKS));
    clock = NS_PER_SEC;
    out_len = outs = 0;
    for (unsigned i = 0; i < sizeof(pattern); i++)
        pattern[i] = (uint8_t)(i * 7 + i / 256);
}

/* A packet of `hdr` bytes of headers and fragments of `n` bytes each, which all
 * show the same block. */
static inline struct pkt *case_pkt(unsigned hdr, unsigned nfrags, uint32_t n)
{
    struct pkt *p = pkt_get(&pkts);
    struct block *b = block_get(&blocks);

    ck_assert(p && b);
    memcpy(b->data, pattern, 2048);
    memcpy(pkt_push(p, hdr), pattern + 100, hdr);
    for (unsigned i = 0; i < nfrags; i++)
        ck_assert(pkt_add_frag(p, &b->buf, b->data, n));
    buf_drop(&b->buf);
    return p;
}

static inline bool case_send(struct netif *nif, struct pkt *p)
{
    struct pktq q = {0};

    pktq_push(&q, p);
    nif->ops->tx(nif, &q);
    if (q.head) {
        pkt_put(pktq_pop(&q));
        return false;
    }
    nif->ops->flush(nif);
    return true;
}

/* One turn without anything to send.  Returns the frame that came, or NULL. */
static inline struct pkt *case_turn(struct netif *nif)
{
    struct pktq q = {0};
    struct pkt *p;

    nif->ops->rx(nif, &q, 64);
    nif->ops->flush(nif);
    p = pktq_pop(&q);
    ck_assert(!q.head);
    return p;
}

/* A frame came whose bytes are `n` of the pattern, where the card put them. */
static inline void case_expect(struct netif *nif, uint32_t n, uint16_t flags)
{
    struct pkt *p = case_turn(nif);

    ck_assert(p);
    ck_assert_uint_eq(p->len, n);
    ck_assert_uint_eq(p->nfrags, 1);
    ck_assert_uint_eq(p->flags, flags);
    ck_assert_mem_eq(p->frag[0].p, pattern, n);
    pkt_put(p);
}

/* Fills the ring, and what is beyond stays where it was. */
static inline void case_fill(struct netif *nif)
{
    struct pktq q = {0};
    unsigned sent;

    for (unsigned i = 0; i < RING + 8; i++)
        pktq_push(&q, case_pkt(60, 0, 0));
    sent = nif->ops->tx(nif, &q);
    ck_assert_uint_gt(sent, RING / 2);
    ck_assert_uint_lt(sent, RING);
    ck_assert_uint_eq(q.count, RING + 8 - sent);
    while (q.head)
        pkt_put(pktq_pop(&q));
}

/* A packet to be cut: Ethernet, IP, TCP in the headers. */
static inline struct pkt *case_large(bool v4, unsigned nfrags, uint32_t n)
{
    unsigned ip = v4 ? 20 : 40;
    struct pkt *p = case_pkt(14 + ip + 20, nfrags, n);
    uint8_t *eth = p->hdr + PKT_HDR_MAX - p->hdr_len;

    put_be16(eth + 12, v4 ? 0x0800 : 0x86dd);
    p->flags = (uint16_t)(PKT_CSUM_PARTIAL | (v4 ? PKT_GSO4 : PKT_GSO6));
    p->csum_start = (uint16_t)(14 + ip);
    p->csum_off = 16;
    p->gso_size = 1460;
    p->gso_hdr = (uint16_t)(14 + ip + 20);
    return p;
}

/* It lied: it is off, and stays so; what it had to send is back. */
static inline void case_is_off(struct netif *nif, const char *why)
{
    struct pktq q = {0};
    uint64_t drops = nif->counters.tx_drops;

    ck_assert(nif->failed);
    ck_assert_msg(strstr(nif->failure, why), "%s", nif->failure);
    ck_assert(!nif->link_up);
    ck_assert_uint_eq(pkts.in_use, 0);
    pktq_push(&q, case_pkt(60, 0, 0));
    ck_assert_uint_eq(nif->ops->tx(nif, &q), 0);
    ck_assert_uint_eq(nif->counters.tx_drops, drops + 1);
    ck_assert_ptr_null(case_turn(nif));
    ck_assert(!nif->ops->arm(nif));
}

#endif
