/* SPDX-License-Identifier: ISC */
/*
 * rig.c - see rig.h.
 */
#include "rig.h"

#include <base/bytes.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { MEMORY = 2 << 20, RINGS = 1 << 17 };

void rig_init(struct rig *r, bool modern, uint64_t offers)
{
    static const uint8_t config[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56,
                                     1,    0,    0, 0,    0xdc, 0x05};

    /* Low, for a legacy device is told a page number of 32 bits. */
    *r = (struct rig){.memory =
                          mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0)};
    ASSERT(r->memory != MAP_FAILED);
    arena_init(&r->arena, (struct mspan){r->memory, MEMORY});
    ASSERT(pool_init(&r->pkts, "pkts", &r->arena, sizeof(struct pkt), RIG_PKTS,
                     16));
    ASSERT(block_pool_init(&r->blocks, "blocks", &r->arena, RIG_BLOCK_BYTES,
                           RIG_BLOCKS));
    memset(r->arena.p, 0xa5, RINGS); /* arenas are not zeroed */
    fake_init(&r->fake, VIRTIO_KIND_NET, modern, offers);
    memcpy(r->fake.config, config, sizeof(config));
    r->config = (struct virtio_net_config){.name = "uplink",
                                           .pkts = &r->pkts,
                                           .rx_blocks = &r->blocks,
                                           .arena = &r->arena,
                                           .rx_ring = 64,
                                           .tx_ring = 64,
                                           .mac = {2, 0, 0, 0, 0, 1}};
}

void rig_attach(struct rig *r)
{
    r->nif = virtio_net_attach(&r->fake.dev, &r->config);
    ASSERT(r->nif);
}

void rig_free(struct rig *r)
{
    MEM_UNPOISON(r->memory, MEMORY);
    munmap(r->memory, MEMORY);
}

struct pkt *rig_pkt(struct rig *r, uint8_t seed, unsigned hdr, unsigned nfrags,
                    unsigned frag_bytes)
{
    struct pkt *p = pkt_get(&r->pkts);
    uint8_t *at;

    ASSERT(p);
    at = pkt_push(p, hdr);
    for (unsigned i = 0; i < hdr; i++)
        at[i] = seed++;
    for (unsigned i = 0; i < nfrags; i++) {
        struct block *b = block_get(&r->blocks);

        ASSERT(b && pkt_add_frag(p, &b->buf, b->data, frag_bytes));
        buf_drop(&b->buf);
        for (unsigned j = 0; j < frag_bytes; j++)
            b->data[j] = seed++;
    }
    return p;
}

/* How many buffers a frame of `n` bytes takes of those that are posted. */
static unsigned spans(struct rig *r, uint32_t n)
{
    struct fake saved = r->fake;
    struct fake_chain c;
    unsigned buffers = 0;

    while (n > 0 && fake_pop(&r->fake, QUEUE_RX, &c)) {
        n -= c.in < n ? c.in : n;
        buffers++;
    }
    r->fake = saved;
    return n > 0 ? 0 : buffers;
}

bool rig_deliver(struct rig *r, const uint8_t hdr[HDR_BYTES], const void *frame,
                 uint32_t n)
{
    unsigned head = virtio_net(r->nif)->hdr_bytes;
    uint8_t all[70000];
    struct fake_chain c;
    unsigned buffers;
    uint32_t at = 0;

    ASSERT(n + head <= sizeof(all));
    memcpy(all, hdr, head);
    memcpy(all + head, frame, n);
    buffers = spans(r, n + head);
    if (buffers == 0)
        return false;
    if (head == HDR_BYTES && le16(all + HDR_BUFFERS) == 0)
        put_le16(all + HDR_BUFFERS, (uint16_t)buffers);
    n += head;
    while (at < n && fake_pop(&r->fake, QUEUE_RX, &c)) {
        uint32_t part = n - at < c.in ? n - at : c.in;

        ASSERT(fake_fill(&c, all + at, part));
        fake_put(&r->fake, QUEUE_RX, c.id, part);
        at += part;
    }
    fake_show(&r->fake, QUEUE_RX);
    return true;
}

unsigned rig_transmit(struct rig *r)
{
    struct fake_chain c;
    unsigned n = 0;

    while (fake_pop(&r->fake, QUEUE_TX, &c)) {
        fake_put(&r->fake, QUEUE_TX, c.id, 0);
        n++;
    }
    if (n > 0)
        fake_show(&r->fake, QUEUE_TX);
    return n;
}

unsigned rig_sink(struct rig *r)
{
    struct pktq q = {0};
    unsigned n = r->nif->ops->rx(r->nif, &q, 64);

    for (struct pkt *p; (p = pktq_pop(&q));)
        pkt_put(p);
    return n;
}
