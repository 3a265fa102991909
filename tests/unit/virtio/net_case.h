/* SPDX-License-Identifier: ISC */
/*
 * net_case.h - what the tests of the network driver begin and end with.
 */
#ifndef TESTS_VIRTIO_NET_CASE_H
#define TESTS_VIRTIO_NET_CASE_H

#include "../lib/suite.h"
#include "rig.h"

#include <base/bytes.h>
#include <check.h>
#include <stdlib.h>

static struct rig r;
static const uint8_t plain[HDR_BYTES];
static uint8_t frame[66000];

#define F(bit) (UINT64_C(1) << (bit))

static inline void set_up(void)
{
    for (unsigned i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 7);
}

/* Quiet: only posted buffers are out, all packets are back. */
static inline void tear_down(void)
{
    if (r.nif && !r.nif->failed) {
        r.nif->ops->flush(r.nif);
        rig_transmit(&r);
        rig_sink(&r);
        ck_assert(!r.nif->failed);
        ck_assert_uint_eq(r.pkts.in_use, 0);
        ck_assert_uint_eq(r.blocks.blocks.in_use,
                          vq_outstanding(&virtio_net(r.nif)->rx));
    }
    rig_free(&r);
}

static inline void start(bool modern, uint64_t offers)
{
    rig_init(&r, modern, offers);
    rig_attach(&r);
    ck_assert_msg(!r.nif->failed, "%s", r.nif->failure);
}

static inline struct pkt *receive_one(void)
{
    struct pktq q = {0};

    ck_assert_uint_eq(r.nif->ops->rx(r.nif, &q, 64), 1);
    ck_assert_uint_eq(q.count, 1);
    return pktq_pop(&q);
}

static inline void send_one(struct pkt *p)
{
    struct pktq q = {0};

    pktq_push(&q, p);
    ck_assert_uint_eq(r.nif->ops->tx(r.nif, &q), 1);
    ck_assert_uint_eq(q.count, 0);
    r.nif->ops->flush(r.nif);
}

static inline bool pkt_is(const struct pkt *p, const uint8_t *bytes, uint32_t n)
{
    uint8_t copy[sizeof(frame)];

    return p->len == n && pkt_copy(p, 0, copy, n) &&
           memcmp(copy, bytes, n) == 0;
}

#endif
