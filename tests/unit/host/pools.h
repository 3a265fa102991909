/* SPDX-License-Identifier: ISC */
/*
 * pools.h - packets and blocks for a device under test, and frames to check.
 */
#ifndef POOLS_H
#define POOLS_H

#include "../lib/suite.h"

#include <host/host.h>
#include <string.h>

enum { PKTS = 40, BLOCKS = 80 };

static struct arena arena;
static struct pool pkts;
static struct block_pool blocks;
static struct netif *nif;
static char why[HOST_FAILURE_BYTES];

static inline struct host_net_config pools(const char *device)
{
    static uint8_t memory[2 << 20] __attribute__((aligned(4096)));

    MEM_UNPOISON(memory, sizeof(memory));
    arena_init(&arena, (struct mspan){memory, sizeof(memory)});
    ck_assert(pool_init(&pkts, "pkts", &arena, sizeof(struct pkt), PKTS, 64));
    ck_assert(block_pool_init(&blocks, "rx", &arena, 2048, BLOCKS));
    return (struct host_net_config){.name = "uplink",
                                    .device = device,
                                    .pkts = &pkts,
                                    .rx_blocks = &blocks,
                                    .arena = &arena};
}

/* A frame of our own EtherType with a pattern in it. */
static inline void make_frame(uint8_t *f, size_t n, uint8_t seed)
{
    for (size_t i = 0; i < n; i++)
        f[i] = (uint8_t)(i * 13 + seed + i / 251);
    memset(f, 0xff, 6);
    memcpy(f + 6, "\x02\0\0\0\0\x01", 6);
    memcpy(f + 12, "\x88\xb5", 2);
}

/* A packet that has the first bytes in its header and the rest in blocks. */
static inline struct pkt *make_pkt(const uint8_t *f, size_t n)
{
    struct pkt *p = pkt_get(&pkts);
    unsigned head = n < 54 ? (unsigned)n : 54;

    memcpy(pkt_push(p, head), f, head);
    for (size_t at = head; at < n;) {
        struct block *b = block_get(&blocks);
        uint32_t part = n - at < 2048 ? (uint32_t)(n - at) : 2048;

        memcpy(b->data, f + at, part);
        ck_assert(pkt_add_frag(p, &b->buf, b->data, part));
        buf_drop(&b->buf);
        at += part;
    }
    return p;
}

/* Checks that `p` is exactly that frame, and gives it back. */
static inline void is_frame(struct pkt *p, const uint8_t *f, size_t n)
{
    static uint8_t got[65550];

    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq(p->len, n);
    ck_assert_uint_eq(p->hdr_len, 0);
    ck_assert(p->nfrags > 0 && (p->nfrags == 1 || p->frag[0].len >= 128));
    ck_assert(pkt_copy(p, 0, got, (uint32_t)n));
    ck_assert_mem_eq(got, f, n);
    pkt_put(p);
}

#endif
