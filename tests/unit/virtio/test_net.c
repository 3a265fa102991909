/* SPDX-License-Identifier: ISC */
/*
 * test_net.c - the network driver on an honest device: start, and frames in;
 * nothing is lost at the end.
 */
#include "net_case.h"

START_TEST(test_start_takes_what_is_offered_and_known)
{
    char text[VIRTIO_DESCRIBE_BYTES];

    start(true, RIG_ALL | F(17) | F(22) | F(35));
    ck_assert_uint_eq(r.fake.accepted,
                      RIG_ALL | F(VIRTIO_F_VERSION_1) | FAKE_ALSO);
    ck_assert_uint_eq(r.fake.status, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER |
                                         VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK);
    ck_assert_int_eq(memcmp(r.nif->mac, "\x52\x54\x00\x12\x34\x56", 6), 0);
    ck_assert_uint_eq(r.nif->mtu, 1500);
    ck_assert(r.nif->link_up);
    ck_assert_uint_eq(r.nif->caps, NETIF_RX_CSUM | NETIF_TX_CSUM | NETIF_TSO4 |
                                       NETIF_TSO6 | NETIF_LRO);
    ck_assert_uint_gt(r.nif->tso_max, 65000);
    ck_assert_str_eq(r.nif->name, "uplink");
    ck_assert_uint_eq(vq_outstanding(&virtio_net(r.nif)->rx), 64);
    virtio_describe(&r.fake.dev, text, sizeof(text));
    ck_assert_str_eq(
        text, FAKE_ALSO ? "virtio-fake 1, virtio 1, fake, ring 64+64 "
                          "any_layout indirect_desc event_idx version_1 "
                          "packed csum guest_csum mtu mac guest_tso4 "
                          "guest_tso6 host_tso4 host_tso6 mrg_rxbuf status"
                        : "virtio-fake 1, virtio 1, fake, ring 64+64 "
                          "any_layout indirect_desc event_idx version_1 "
                          "csum guest_csum mtu mac guest_tso4 "
                          "guest_tso6 host_tso4 host_tso6 mrg_rxbuf status");
}
END_TEST

START_TEST(test_start_on_a_legacy_device_takes_no_high_features)
{
    rig_init(&r, false, RIG_ALL | F(VIRTIO_F_VERSION_1));
    r.fake.dev.size_fixed = true;
    rig_attach(&r);
    ck_assert(!r.nif->failed);
    ck_assert_uint_eq(r.fake.accepted, RIG_ALL);
    ck_assert_uint_eq(r.fake.status,
                      VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK);
    /* 256 entries as the device says, 64 of them used */
    ck_assert_uint_eq(virtio_net(r.nif)->rx.mask, 255);
    ck_assert_uint_eq(vq_outstanding(&virtio_net(r.nif)->rx), 64);
}
END_TEST

START_TEST(test_start_drops_features_without_what_they_need)
{
    static const struct {
        uint64_t missing, also;
    } t[] = {
        {F(NET_F_CSUM), F(NET_F_HOST_TSO4) | F(NET_F_HOST_TSO6)},
        {F(NET_F_GUEST_CSUM), F(NET_F_GUEST_TSO4) | F(NET_F_GUEST_TSO6)},
        {F(NET_F_MRG_RXBUF), F(NET_F_GUEST_TSO4) | F(NET_F_GUEST_TSO6)},
    };

    start(true, RIG_ALL & ~t[_i].missing);
    ck_assert_uint_eq(r.fake.accepted,
                      (RIG_ALL | F(VIRTIO_F_VERSION_1) | FAKE_ALSO) &
                          ~t[_i].missing & ~t[_i].also);
}
END_TEST

START_TEST(test_start_without_a_mac_uses_the_one_given)
{
    start(true, RIG_ALL & ~F(NET_F_MAC));
    ck_assert_int_eq(memcmp(r.nif->mac, r.config.mac, 6), 0);
}
END_TEST

START_TEST(test_start_takes_a_jumbo_mtu_only_with_merged_buffers)
{
    bool merge = _i;

    rig_init(&r, true, merge ? RIG_ALL : RIG_ALL & ~F(NET_F_MRG_RXBUF));
    put_le16(r.fake.config + CONFIG_MTU, 9000);
    rig_attach(&r);
    ck_assert(!r.nif->failed);
    ck_assert_uint_eq(r.nif->mtu, merge ? 9000 : 1500);
    ck_assert_uint_eq(r.fake.accepted >> NET_F_MTU & 1, merge);
}
END_TEST

START_TEST(test_start_on_short_queues_gives_up_what_needs_long_ones)
{
    rig_init(&r, true, RIG_ALL);
    r.fake.queue[QUEUE_RX].max = r.fake.queue[QUEUE_TX].max = 16;
    rig_attach(&r);
    ck_assert(!r.nif->failed);
    ck_assert_uint_eq(r.nif->caps, NETIF_RX_CSUM | NETIF_TX_CSUM | NETIF_LRO);
    ck_assert_uint_eq(r.nif->tso_max, 0);
}
END_TEST

START_TEST(test_start_with_little_memory_says_so)
{
    rig_init(&r, true, RIG_ALL);
    r.arena.end = r.arena.p + sizeof(struct virtio_net) + 1000;
    rig_attach(&r);
    ck_assert(r.nif->failed);
    ck_assert_str_eq(r.nif->failure, "memory is too short for its queue");
    ck_assert_uint_eq(r.fake.stops, 1);
}
END_TEST

START_TEST(test_start_takes_no_more_memory_than_it_says)
{
    uint8_t *before;

    rig_init(&r, _i, RIG_ALL);
    r.fake.dev.size_fixed = !_i;
    before = r.arena.p;
    rig_attach(&r);
    ck_assert_uint_le((size_t)(r.arena.p - before), virtio_net_bytes(64, 64));
    ck_assert_uint_le(virtio_net_bytes(64, 64), 50000);
}
END_TEST

START_TEST(test_frame_arrives_whole_in_one_fragment)
{
    static const struct {
        bool modern;
        uint64_t less;
        unsigned hdr;
    } t[] = {{true, 0, 12},
             {true, F(NET_F_MRG_RXBUF), 12},
             {false, 0, 12},
             {false, F(VIRTIO_F_ANY_LAYOUT), 12},
             {false, F(NET_F_MRG_RXBUF), 10},
             {false, F(NET_F_MRG_RXBUF) | F(VIRTIO_F_ANY_LAYOUT), 10}};
    struct pkt *p;

    start(t[_i].modern, RIG_ALL & ~t[_i].less);
    ck_assert_uint_eq(virtio_net(r.nif)->hdr_bytes, t[_i].hdr);
    ck_assert(rig_deliver(&r, plain, frame, 1514));
    p = receive_one();
    ck_assert_uint_eq(p->nfrags, 1);
    ck_assert_uint_eq(p->hdr_len, 0);
    ck_assert_uint_eq(p->flags, 0);
    ck_assert(pkt_is(p, frame, 1514));
    pkt_put(p);
    ck_assert_uint_eq(r.nif->counters.rx_frames, 1);
    ck_assert_uint_eq(r.nif->counters.rx_bytes, 1514);
}
END_TEST

/* 5.1.6.1: the header stands alone where the device expects it to. */
START_TEST(test_legacy_buffer_has_the_header_apart)
{
    struct fake_chain c;

    start(false, RIG_ALL & ~F(NET_F_MRG_RXBUF) & ~F(VIRTIO_F_ANY_LAYOUT));
    ck_assert(fake_peek(&r.fake, QUEUE_RX, &c));
    ck_assert_uint_eq(c.n, 2);
    ck_assert_uint_eq(c.seg[0].n, 10);
    ck_assert_uint_eq(c.seg[1].n, RIG_BLOCK_BYTES - 10);
    ck_assert_uint_eq(vq_outstanding(&virtio_net(r.nif)->rx), 32);
}
END_TEST

/* ... but merged buffers never had it apart. */
START_TEST(test_legacy_buffer_to_be_merged_is_one_piece)
{
    struct fake_chain c;

    start(false, RIG_ALL & ~F(VIRTIO_F_ANY_LAYOUT));
    ck_assert(fake_peek(&r.fake, QUEUE_RX, &c));
    ck_assert_uint_eq(c.n, 1);
    ck_assert_uint_eq(vq_outstanding(&virtio_net(r.nif)->rx), 64);
}
END_TEST

START_TEST(test_merged_frame_arrives_in_fragments)
{
    uint8_t hdr[HDR_BYTES] = {HDR_DATA_VALID, HDR_GSO_TCP4};
    struct pkt *p;

    put_le16(hdr + HDR_GSO_SIZE, 1448);
    start(_i, RIG_ALL);
    ck_assert(rig_deliver(&r, hdr, frame, 65549));
    p = receive_one();
    ck_assert_uint_eq(p->nfrags, 33);
    ck_assert_uint_eq(p->flags, PKT_CSUM_GOOD | PKT_GSO4);
    ck_assert_uint_eq(p->gso_size, 1448);
    ck_assert(pkt_is(p, frame, 65549));
    pkt_put(p);
    ck_assert_uint_eq(rig_sink(&r), 0);
}
END_TEST

START_TEST(test_checksum_is_good_only_when_it_was_negotiated)
{
    static const struct {
        uint8_t flags;
        bool negotiated, good;
    } t[] = {{HDR_DATA_VALID, true, true},
             {HDR_NEEDS_CSUM, true, true},
             {0, true, false},
             {HDR_DATA_VALID, false, false},
             {HDR_NEEDS_CSUM, false, false}};
    uint8_t hdr[HDR_BYTES] = {t[_i].flags};
    struct pkt *p;

    put_le16(hdr + HDR_CSUM_START, 34);
    put_le16(hdr + HDR_CSUM_OFFSET, 6);
    start(true, t[_i].negotiated ? RIG_ALL : RIG_ALL & ~F(NET_F_GUEST_CSUM));
    ck_assert(rig_deliver(&r, hdr, frame, 60));
    p = receive_one();
    ck_assert_uint_eq(p->flags & PKT_CSUM_GOOD, t[_i].good ? PKT_CSUM_GOOD : 0);
    ck_assert_int_eq(!!(p->flags & PKT_CSUM_PARTIAL),
                     t[_i].good && t[_i].flags == HDR_NEEDS_CSUM);
    ck_assert_uint_eq(p->csum_start, p->flags & PKT_CSUM_PARTIAL ? 34 : 0);
    ck_assert_uint_eq(p->csum_off, p->flags & PKT_CSUM_PARTIAL ? 6 : 0);
    pkt_put(p);
}
END_TEST

START_TEST(test_unusable_frame_is_dropped_and_counted)
{
    static const struct {
        uint8_t type, size;
        unsigned n;
        uint64_t less;
    } t[] = {
        {HDR_GSO_TCP4, 0, 100, 0}, /* pieces of nothing */
        {3, 100, 100, 0},          /* UDP fragmentation: not asked for */
        {HDR_GSO_ECN, 0, 100, 0},  /* a mark on nothing */
        {0x33, 100, 100, 0},       /* no such type */
        {HDR_GSO_TCP4, 100, 5000, F(NET_F_GUEST_TSO4)}, /* not asked for */
        {HDR_GSO_TCP6, 100, 5000, F(NET_F_GUEST_TSO6)},
        {0, 0, 13, 0}, /* shorter than an Ethernet header */
        {0, 0, 0, 0},
    };
    uint8_t hdr[HDR_BYTES] = {0, t[_i].type};

    hdr[HDR_GSO_SIZE] = t[_i].size;
    start(true, RIG_ALL & ~t[_i].less);
    ck_assert(rig_deliver(&r, hdr, frame, t[_i].n));
    ck_assert(rig_deliver(&r, plain, frame, 60));
    ck_assert_uint_eq(rig_sink(&r), 2); /* looked at, that is */
    ck_assert(!r.nif->failed);
    ck_assert_uint_eq(r.nif->counters.rx_bad, 1);
    ck_assert_uint_eq(r.nif->counters.rx_frames, 1);
}
END_TEST

START_TEST(test_rx_stops_at_its_budget)
{
    struct pktq q = {0};

    start(true, RIG_ALL);
    for (unsigned i = 0; i < 10; i++)
        ck_assert(rig_deliver(&r, plain, frame, 60 + i));
    ck_assert_uint_eq(r.nif->ops->rx(r.nif, &q, 4), 4);
    ck_assert_uint_eq(r.nif->ops->rx(r.nif, &q, 4), 4);
    ck_assert_uint_eq(r.nif->ops->rx(r.nif, &q, 4), 2);
    for (unsigned i = 0; i < 10; i++) { /* in order */
        struct pkt *p = pktq_pop(&q);

        ck_assert_uint_eq(p->len, 60 + i);
        pkt_put(p);
    }
}
END_TEST

START_TEST(test_buffers_are_posted_again_in_batches)
{
    struct vq *q;

    start(true, RIG_ALL);
    q = &virtio_net(r.nif)->rx;
    for (unsigned i = 0; i < RX_BATCH - 1; i++)
        ck_assert(rig_deliver(&r, plain, frame, 60));
    ck_assert_uint_eq(rig_sink(&r), RX_BATCH - 1);
    r.nif->ops->flush(r.nif);
    ck_assert_uint_eq(vq_outstanding(q), 64 - (RX_BATCH - 1));
    ck_assert(rig_deliver(&r, plain, frame, 60));
    ck_assert_uint_eq(rig_sink(&r), 1);
    r.nif->ops->flush(r.nif);
    ck_assert_uint_eq(vq_outstanding(q), 64);
}
END_TEST

START_TEST(test_rx_survives_a_long_flood)
{
    unsigned frames = 0;

    start(_i & 1, _i & 2 ? RIG_ALL : RIG_ALL & ~F(VIRTIO_F_EVENT_IDX));
    for (unsigned turn = 0; turn < 3000; turn++) {
        for (unsigned i = 0; i < turn % 37; i++)
            if (rig_deliver(&r, plain, frame, 14 + (turn * 31 + i) % 4000))
                frames++;
        while (rig_sink(&r) > 0)
            ;
        r.nif->ops->flush(r.nif);
        ck_assert(!r.nif->failed);
    }
    ck_assert_uint_eq(r.nif->counters.rx_frames, frames);
}
END_TEST

/* The boot does not wait for all of a long ring. */
START_TEST(test_long_ring_is_filled_in_the_first_turn)
{
    rig_init(&r, true, RIG_ALL);
    r.config.rx_ring = 128;
    rig_attach(&r);
    ck_assert_uint_eq(fake_waiting(&r.fake, QUEUE_RX), RX_FIRST);
    r.nif->ops->flush(r.nif);
    ck_assert_uint_eq(fake_waiting(&r.fake, QUEUE_RX), 128);
}
END_TEST

START_TEST(test_without_packets_frames_are_lost_and_counted)
{
    struct pkt *held[RIG_PKTS];

    start(true, RIG_ALL);
    for (unsigned i = 0; i < RIG_PKTS; i++)
        held[i] = pkt_get(&r.pkts);
    ck_assert(rig_deliver(&r, plain, frame, 5000));
    ck_assert(rig_deliver(&r, plain, frame, 60));
    ck_assert_uint_eq(rig_sink(&r), 2);
    ck_assert_uint_eq(r.nif->counters.rx_no_memory, 2);
    ck_assert_uint_eq(r.nif->counters.rx_frames, 0);
    for (unsigned i = 0; i < RIG_PKTS; i++)
        pkt_put(held[i]);
    ck_assert(rig_deliver(&r, plain, frame, 60));
    ck_assert_uint_eq(rig_sink(&r), 1);
    ck_assert_uint_eq(r.nif->counters.rx_frames, 1);
}
END_TEST

START_TEST(test_without_blocks_the_ring_dries_up_and_recovers)
{
    struct block *held[RIG_BLOCKS];
    unsigned n = 0, frames = 0;

    start(true, RIG_ALL);
    while ((held[n] = block_get(&r.blocks)))
        n++;
    for (unsigned i = 0; i < 4; i++) {
        struct pktq q = {0};

        while (rig_deliver(&r, plain, frame, 60))
            frames++;
        r.nif->ops->rx(r.nif, &q, 64); /* the stack keeps them all */
        r.nif->ops->flush(r.nif);
        ck_assert(!r.nif->failed);
        if (i == 3)
            ck_assert_uint_eq(vq_outstanding(&virtio_net(r.nif)->rx), 0);
        for (struct pkt *p; i == 3 && (p = pktq_pop(&q));)
            pkt_put(p);
        if (i == 0) {
            for (struct pkt *p; (p = pktq_pop(&q));)
                pkt_put(p);
            r.nif->ops->flush(r.nif);
            ck_assert_uint_eq(vq_outstanding(&virtio_net(r.nif)->rx), 64);
            i = 2;
        }
    }
    ck_assert_uint_eq(frames, 128);
    for (unsigned i = 0; i < n; i++)
        buf_drop(&held[i]->buf);
    r.nif->ops->flush(r.nif);
    ck_assert_uint_eq(vq_outstanding(&virtio_net(r.nif)->rx), 64);
}
END_TEST

/* Firmware used the device and left it running: Solo5's issue 483. */
START_TEST(test_device_is_reset_before_anything_else)
{
    start(_i, RIG_ALL);
    ck_assert_uint_eq(r.fake.resets, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("virtio-net");
    TCase *c = tcase_create("start"), *rx = tcase_create("receive");

    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, test_start_takes_what_is_offered_and_known);
    tcase_add_test(c, test_start_on_a_legacy_device_takes_no_high_features);
    tcase_add_loop_test(c, test_start_drops_features_without_what_they_need, 0,
                        3);
    tcase_add_test(c, test_start_without_a_mac_uses_the_one_given);
    tcase_add_loop_test(
        c, test_start_takes_a_jumbo_mtu_only_with_merged_buffers, 0, 2);
    tcase_add_test(c, test_start_on_short_queues_gives_up_what_needs_long_ones);
    tcase_add_test(c, test_start_with_little_memory_says_so);
    tcase_add_loop_test(c, test_start_takes_no_more_memory_than_it_says, 0, 2);
    tcase_add_loop_test(c, test_device_is_reset_before_anything_else, 0, 2);
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(rx, set_up, tear_down);
    tcase_add_loop_test(rx, test_frame_arrives_whole_in_one_fragment, 0, 6);
    tcase_add_test(rx, test_legacy_buffer_has_the_header_apart);
    tcase_add_test(rx, test_legacy_buffer_to_be_merged_is_one_piece);
    tcase_add_loop_test(rx, test_merged_frame_arrives_in_fragments, 0, 2);
    tcase_add_loop_test(rx, test_checksum_is_good_only_when_it_was_negotiated,
                        0, 5);
    tcase_add_loop_test(rx, test_unusable_frame_is_dropped_and_counted, 0, 8);
    tcase_add_test(rx, test_rx_stops_at_its_budget);
    tcase_add_test(rx, test_buffers_are_posted_again_in_batches);
    tcase_add_loop_test(rx, test_rx_survives_a_long_flood, 0, 4);
    tcase_add_test(rx, test_long_ring_is_filled_in_the_first_turn);
    tcase_add_test(rx, test_without_packets_frames_are_lost_and_counted);
    tcase_add_test(rx, test_without_blocks_the_ring_dries_up_and_recovers);
    suite_add_tcase(suite, rx);
    return suite_run(suite);
}
