/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/pool.h>
#include <string.h>

static uint8_t memory[65536] __attribute__((aligned(4096)));
static struct arena arena;
static struct pool pkts;
static struct block_pool blocks;

static void setup(void)
{
    arena_init(&arena, (struct mspan){memory, sizeof(memory)});
    ck_assert(pool_init(&pkts, "pkts", &arena, sizeof(struct pkt), 3, 64));
    ck_assert(block_pool_init(&blocks, "blocks", &arena, 2048, 4));
}

START_TEST(test_a_used_packet_comes_back_empty)
{
    struct pkt *p;

    setup();
    p = pkt_get(&pkts);
    memset(p, 0xee, offsetof(struct pkt, frag));
    p->home = &pkts;
    p->nfrags = 0;
    pkt_put(p);
    p = pkt_get(&pkts);
    ck_assert_uint_eq(p->len, 0);
    ck_assert_uint_eq(p->flags, 0);
    ck_assert_uint_eq(p->nfrags, 0);
    ck_assert_uint_eq(p->hdr_len, 0);
    ck_assert_uint_eq(p->gso_size, 0);
    ck_assert_uint_eq(p->gso_hdr, 0);
    ck_assert_uint_eq(p->csum_start, 0);
    ck_assert_uint_eq(p->csum_off, 0);
    ck_assert_uint_eq(p->netif, 0);
    ck_assert_ptr_null(p->next);
    ck_assert_ptr_eq(p->home, &pkts);
}
END_TEST

START_TEST(test_get_from_an_empty_pool_is_null)
{
    setup();
    for (unsigned i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(pkt_get(&pkts));
    ck_assert_ptr_null(pkt_get(&pkts));
}
END_TEST

START_TEST(test_fragments_hold_references_until_the_packet_is_put)
{
    struct block *b;
    struct pkt *p;

    setup();
    p = pkt_get(&pkts);
    b = block_get(&blocks);
    ck_assert(pkt_add_frag(p, &b->buf, b->data, 100));
    ck_assert(pkt_add_frag(p, &b->buf, b->data + 100, 50));
    ck_assert_uint_eq(p->len, 150);
    ck_assert_uint_eq(b->buf.refs, 3);
    buf_drop(&b->buf);
    ck_assert_uint_eq(blocks.blocks.in_use, 1);
    pkt_put(p);
    ck_assert_uint_eq(blocks.blocks.in_use, 0);
    ck_assert_uint_eq(pkts.in_use, 0);
}
END_TEST

START_TEST(test_a_packet_takes_no_more_than_its_fragments)
{
    struct block *b;
    struct pkt *p;

    setup();
    p = pkt_get(&pkts);
    b = block_get(&blocks);
    for (unsigned i = 0; i < PKT_FRAGS_MAX; i++)
        ck_assert(pkt_add_frag(p, &b->buf, b->data, 1));
    ck_assert(!pkt_add_frag(p, &b->buf, b->data, 1));
    ck_assert_uint_eq(b->buf.refs, PKT_FRAGS_MAX + 1);
    ck_assert_uint_eq(p->len, PKT_FRAGS_MAX);
}
END_TEST

START_TEST(test_copy_reads_any_range_across_header_and_fragments)
{
    uint8_t whole[60], got[60];
    struct block *b;
    struct pkt *p;

    setup();
    p = pkt_get(&pkts);
    b = block_get(&blocks);
    for (unsigned i = 0; i < 60; i++)
        whole[i] = (uint8_t)(i * 7);
    memcpy(b->data, whole + 20, 40);
    memcpy(pkt_push(p, 12), whole + 8, 12);
    memcpy(pkt_push(p, 8), whole, 8);
    ck_assert(pkt_add_frag(p, &b->buf, b->data, 3));
    ck_assert(pkt_add_frag(p, &b->buf, b->data + 3, 0));
    ck_assert(pkt_add_frag(p, &b->buf, b->data + 3, 37));
    ck_assert_uint_eq(p->len, 60);
    for (uint32_t at = 0; at <= 60; at++)
        for (uint32_t n = 0; n <= 60 - at; n++) {
            memset(got, 0, sizeof(got));
            ck_assert(pkt_copy(p, at, got, n));
            ck_assert_mem_eq(got, whole + at, n);
        }
    ck_assert(!pkt_copy(p, 0, got, 61));
    ck_assert(!pkt_copy(p, 61, got, 0));
    ck_assert(!pkt_copy(p, 2, got, UINT32_MAX));
}
END_TEST

START_TEST(test_queue_keeps_its_order_when_it_runs_empty_between)
{
    struct pktq q = {0};
    struct pkt *a, *b;

    setup();
    a = pkt_get(&pkts);
    b = pkt_get(&pkts);
    ck_assert_ptr_null(pktq_pop(&q));
    for (unsigned i = 0; i < 3; i++) {
        pktq_push(&q, a);
        pktq_push(&q, b);
        ck_assert_uint_eq(q.count, 2);
        ck_assert_ptr_eq(pktq_pop(&q), a);
        ck_assert_ptr_eq(pktq_pop(&q), b);
        ck_assert_ptr_null(pktq_pop(&q));
    }
}
END_TEST

START_TEST(test_queues_join_in_their_order)
{
    struct pktq q = {0}, more = {0};
    struct pkt *a, *b;

    setup();
    a = pkt_get(&pkts);
    b = pkt_get(&pkts);
    pktq_join(&q, &more);
    ck_assert_uint_eq(q.count, 0);
    pktq_push(&more, a);
    pktq_join(&q, &more); /* to an empty one */
    ck_assert_ptr_null(pktq_pop(&more));
    pktq_join(&q, &more); /* from an empty one */
    pktq_push(&more, b);
    pktq_join(&q, &more);
    ck_assert_uint_eq(q.count, 2);
    ck_assert_uint_eq(more.count, 0);
    ck_assert_ptr_eq(pktq_pop(&q), a);
    pktq_push(&q, a);
    ck_assert_ptr_eq(pktq_pop(&q), b);
    ck_assert_ptr_eq(pktq_pop(&q), a);
    ck_assert_ptr_null(pktq_pop(&q));
}
END_TEST

START_TEST(test_pushing_beyond_the_header_room_panics)
{
    struct pkt *p;

    setup();
    p = pkt_get(&pkts);
    pkt_push(p, PKT_HDR_MAX);
    pkt_push(p, 1);
}
END_TEST

RUN_TESTS("pkt", PANICS(test_pushing_beyond_the_header_room_panics),
          test_a_used_packet_comes_back_empty,
          test_get_from_an_empty_pool_is_null,
          test_fragments_hold_references_until_the_packet_is_put,
          test_a_packet_takes_no_more_than_its_fragments,
          test_copy_reads_any_range_across_header_and_fragments,
          test_queue_keeps_its_order_when_it_runs_empty_between,
          test_queues_join_in_their_order)
