/* SPDX-License-Identifier: ISC */
/*
 * test_net_send.c - the network driver on an honest device: frames out,
 * notifications, wake-ups; nothing is lost at the end.
 */
#include "net_case.h"

START_TEST(test_small_frame_goes_out_in_one_descriptor)
{
    uint8_t got[256];
    struct fake_chain c;

    start(true, RIG_ALL);
    send_one(rig_pkt(&r, 9, 60, 0, 0));
    ck_assert(fake_pop(&r.fake, QUEUE_TX, &c));
    ck_assert_uint_eq(c.n, 1);
    ck_assert_uint_eq(fake_drain(&c, got, sizeof(got)), HDR_BYTES + 60);
    for (unsigned i = 0; i < HDR_BYTES; i++)
        ck_assert_uint_eq(got[i], 0);
    for (unsigned i = 0; i < 60; i++)
        ck_assert_uint_eq(got[HDR_BYTES + i], 9 + i);
    fake_use(&r.fake, QUEUE_TX, c.id, 0);
    ck_assert_uint_eq(r.pkts.in_use, 1);
    rig_sink(&r);
    ck_assert_uint_eq(r.pkts.in_use, 0);
    ck_assert_uint_eq(r.nif->counters.tx_frames, 1);
    ck_assert_uint_eq(r.nif->counters.tx_bytes, 60);
}
END_TEST

START_TEST(test_header_goes_apart_where_the_device_is_old)
{
    static const struct {
        uint64_t less;
        bool modern;
        unsigned hdr, segs;
    } t[] = {{0, true, 12, 3},
             {F(VIRTIO_F_ANY_LAYOUT), true, 12, 3},
             {0, false, 12, 3},
             {F(VIRTIO_F_ANY_LAYOUT), false, 12, 4},
             {F(NET_F_MRG_RXBUF), false, 10, 3},
             {F(VIRTIO_F_ANY_LAYOUT) | F(NET_F_MRG_RXBUF), false, 10, 4}};
    uint8_t got[4096];
    struct fake_chain c;

    start(t[_i].modern, RIG_ALL & ~t[_i].less);
    send_one(rig_pkt(&r, 0, 54, 2, 1000));
    ck_assert(fake_pop(&r.fake, QUEUE_TX, &c));
    ck_assert_uint_eq(c.n, t[_i].segs);
    ck_assert_uint_eq(c.indirect, t[_i].segs >= VQ_INDIRECT_MIN);
    ck_assert_uint_eq(fake_drain(&c, got, sizeof(got)), t[_i].hdr + 2054);
    for (unsigned i = 0; i < 2054; i++)
        ck_assert_uint_eq(got[t[_i].hdr + i], i & 0xff);
    fake_use(&r.fake, QUEUE_TX, c.id, 0);
}
END_TEST

/* What a firewall passes on: all in fragments, no header of ours. */
START_TEST(test_received_frame_can_be_sent_as_it_is)
{
    uint8_t got[4096];
    struct fake_chain c;

    start(_i & 1, _i & 2 ? RIG_ALL : RIG_ALL & ~F(VIRTIO_F_ANY_LAYOUT));
    ck_assert(rig_deliver(&r, plain, frame, 3000));
    send_one(receive_one());
    ck_assert(fake_pop(&r.fake, QUEUE_TX, &c));
    ck_assert_uint_eq(fake_drain(&c, got, sizeof(got)), HDR_BYTES + 3000);
    ck_assert_int_eq(memcmp(got + HDR_BYTES, frame, 3000), 0);
    fake_use(&r.fake, QUEUE_TX, c.id, 0);
}
END_TEST

START_TEST(test_offload_is_asked_for_in_the_header)
{
    struct pkt *p;
    uint8_t got[4096];
    struct fake_chain c;

    start(true, RIG_ALL);
    p = rig_pkt(&r, 0, 66, 1, 2000);
    p->flags = PKT_CSUM_PARTIAL | (_i == 1 ? PKT_GSO4 : _i == 2 ? PKT_GSO6 : 0);
    p->csum_start = 34;
    p->csum_off = 16;
    p->gso_size = 1448;
    p->gso_hdr = 66;
    send_one(p);
    ck_assert(fake_pop(&r.fake, QUEUE_TX, &c));
    fake_drain(&c, got, sizeof(got));
    ck_assert_uint_eq(got[HDR_FLAGS], HDR_NEEDS_CSUM);
    ck_assert_uint_eq(le16(got + HDR_CSUM_START), 34);
    ck_assert_uint_eq(le16(got + HDR_CSUM_OFFSET), 16);
    ck_assert_uint_eq(got[HDR_GSO_TYPE], _i == 1   ? HDR_GSO_TCP4
                                         : _i == 2 ? HDR_GSO_TCP6
                                                   : 0);
    ck_assert_uint_eq(le16(got + HDR_GSO_SIZE), _i ? 1448 : 0);
    ck_assert_uint_eq(le16(got + HDR_LEN), _i ? 66 : 0);
    ck_assert_uint_eq(le16(got + HDR_BUFFERS), 0);
    fake_use(&r.fake, QUEUE_TX, c.id, 0);
}
END_TEST

START_TEST(test_longest_packet_fits_with_and_without_tables)
{
    struct fake_chain c;

    start(true, _i ? RIG_ALL : RIG_ALL & ~F(VIRTIO_F_INDIRECT_DESC));
    send_one(rig_pkt(&r, 0, 66, PKT_FRAGS_MAX, 100));
    ck_assert(fake_pop(&r.fake, QUEUE_TX, &c));
    ck_assert_uint_eq(c.n, PKT_FRAGS_MAX + 1);
    ck_assert_uint_eq(c.descriptors, _i ? 1 : PKT_FRAGS_MAX + 1);
    fake_use(&r.fake, QUEUE_TX, c.id, 0);
}
END_TEST

START_TEST(test_packet_longer_than_the_ring_is_dropped_and_counted)
{
    struct pktq q = {0};

    rig_init(&r, true, RIG_ALL);
    r.fake.queue[QUEUE_TX].max = 8;
    rig_attach(&r);
    pktq_push(&q, rig_pkt(&r, 0, 66, 8, 10));
    pktq_push(&q, rig_pkt(&r, 0, 66, 7, 10));
    ck_assert_uint_eq(r.nif->ops->tx(r.nif, &q), 1);
    ck_assert_uint_eq(q.count, 0);
    ck_assert_uint_eq(r.nif->counters.tx_drops, 1);
}
END_TEST

START_TEST(test_full_ring_is_back_pressure)
{
    struct pktq q = {0};
    unsigned sent = 0;

    start(true, RIG_ALL);
    for (unsigned i = 0; i < 100; i++)
        pktq_push(&q, rig_pkt(&r, (uint8_t)i, 60, 0, 0));
    ck_assert_uint_eq(r.nif->ops->tx(r.nif, &q), 64);
    ck_assert_uint_eq(q.count, 36);
    r.nif->ops->flush(r.nif);
    ck_assert_uint_eq(r.fake.queue[QUEUE_TX].notified, 1);
    /* asleep: half of the ring is worth a wake-up, the first frame is not */
    ck_assert(!r.nif->ops->arm(r.nif));
    for (unsigned i = 0; i < 64; i++) {
        uint16_t before = r.fake.queue[QUEUE_TX].used;
        struct fake_chain c;

        ck_assert(fake_pop(&r.fake, QUEUE_TX, &c));
        fake_use(&r.fake, QUEUE_TX, c.id, 0);
        ck_assert_uint_eq(fake_interrupts(&r.fake, QUEUE_TX, before), i == 31);
    }
    rig_sink(&r);
    ck_assert_uint_eq(r.pkts.in_use, 36);
    sent = r.nif->ops->tx(r.nif, &q);
    ck_assert_uint_eq(sent, 36);
    r.nif->ops->flush(r.nif);
}
END_TEST

START_TEST(test_one_notification_for_a_turn)
{
    struct pktq q = {0};

    start(true, RIG_ALL);
    r.fake.queue[QUEUE_RX].notified = 0;
    for (unsigned i = 0; i < 20; i++) {
        pktq_push(&q, rig_pkt(&r, 0, 60, 1, 500));
        ck_assert(rig_deliver(&r, plain, frame, 60));
    }
    rig_sink(&r);
    r.nif->ops->tx(r.nif, &q);
    ck_assert_uint_eq(r.fake.queue[QUEUE_TX].notified, 0);
    r.nif->ops->flush(r.nif);
    r.nif->ops->flush(r.nif);
    ck_assert_uint_eq(r.fake.queue[QUEUE_TX].notified, 1);
    ck_assert_uint_le(r.fake.queue[QUEUE_RX].notified, 1);
}
END_TEST

START_TEST(test_no_notification_that_was_not_asked_for)
{
    struct fake_queue *tx;

    start(true, _i ? RIG_ALL : RIG_ALL & ~F(VIRTIO_F_EVENT_IDX));
    tx = &r.fake.queue[QUEUE_TX];
    fake_quiet(&r.fake, QUEUE_TX);
    send_one(rig_pkt(&r, 0, 60, 0, 0));
    ck_assert_uint_eq(tx->notified, 0);
    ck_assert_uint_eq(r.nif->counters.kicks, r.fake.queue[QUEUE_RX].notified);
}
END_TEST

START_TEST(test_wake_ups_come_only_when_armed)
{
    bool events = _i;
    uint16_t before;

    start(true, events ? RIG_ALL : RIG_ALL & ~F(VIRTIO_F_EVENT_IDX));
    before = r.fake.queue[QUEUE_RX].used;
    ck_assert(rig_deliver(&r, plain, frame, 60));
    ck_assert(!fake_interrupts(&r.fake, QUEUE_RX, before));
    ck_assert(r.nif->ops->arm(r.nif)); /* it raced: no sleep */
    ck_assert_uint_eq(rig_sink(&r), 1);
    ck_assert(!r.nif->ops->arm(r.nif));
    before = r.fake.queue[QUEUE_RX].used;
    ck_assert(rig_deliver(&r, plain, frame, 60));
    ck_assert(fake_interrupts(&r.fake, QUEUE_RX, before));
    ck_assert_uint_eq(rig_sink(&r), 1);
    before = r.fake.queue[QUEUE_RX].used;
    ck_assert(rig_deliver(&r, plain, frame, 60));
    ck_assert(!fake_interrupts(&r.fake, QUEUE_RX, before));
    ck_assert_uint_eq(rig_sink(&r), 1);
    ck_assert_uint_eq(r.nif->poll_us, 0);
}
END_TEST

START_TEST(test_sleep_is_short_while_sent_frames_are_out)
{
    start(true, RIG_ALL);
    send_one(rig_pkt(&r, 0, 60, 0, 0));
    ck_assert(!r.nif->ops->arm(r.nif));
    ck_assert_uint_eq(r.nif->poll_us, POLL_REAP_US);
    rig_transmit(&r);
    rig_sink(&r);
    ck_assert(!r.nif->ops->arm(r.nif));
    ck_assert_uint_eq(r.nif->poll_us, 0);
}
END_TEST

START_TEST(test_device_without_interrupt_is_polled)
{
    rig_init(&r, true, RIG_ALL);
    r.fake.no_interrupt = true;
    rig_attach(&r);
    ck_assert(!r.nif->ops->arm(r.nif));
    ck_assert_uint_eq(r.nif->poll_us, POLL_NO_INTERRUPT);
}
END_TEST

START_TEST(test_link_follows_the_configuration)
{
    start(true, RIG_ALL);
    r.fake.config[CONFIG_STATUS] = 0;
    r.fake.dev.config_changes++;
    ck_assert(r.nif->ops->arm(r.nif)); /* do not sleep on it */
    rig_sink(&r);
    ck_assert(!r.nif->link_up);
    ck_assert(!r.nif->ops->arm(r.nif));
    r.fake.config[CONFIG_STATUS] = 1;
    r.fake.dev.config_changes++;
    rig_sink(&r);
    ck_assert(r.nif->link_up);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("virtio-net, sending");
    TCase *tx = tcase_create("send"), *sleep = tcase_create("sleep");

    tcase_add_checked_fixture(tx, set_up, tear_down);
    tcase_add_test(tx, test_small_frame_goes_out_in_one_descriptor);
    tcase_add_loop_test(tx, test_header_goes_apart_where_the_device_is_old, 0,
                        6);
    tcase_add_loop_test(tx, test_received_frame_can_be_sent_as_it_is, 0, 4);
    tcase_add_loop_test(tx, test_offload_is_asked_for_in_the_header, 0, 3);
    tcase_add_loop_test(tx, test_longest_packet_fits_with_and_without_tables, 0,
                        2);
    tcase_add_test(tx, test_packet_longer_than_the_ring_is_dropped_and_counted);
    tcase_add_test(tx, test_full_ring_is_back_pressure);
    tcase_add_test(tx, test_one_notification_for_a_turn);
    tcase_add_loop_test(tx, test_no_notification_that_was_not_asked_for, 0, 2);
    suite_add_tcase(suite, tx);
    tcase_add_checked_fixture(sleep, set_up, tear_down);
    tcase_add_loop_test(sleep, test_wake_ups_come_only_when_armed, 0, 2);
    tcase_add_test(sleep, test_sleep_is_short_while_sent_frames_are_out);
    tcase_add_test(sleep, test_device_without_interrupt_is_polled);
    tcase_add_test(sleep, test_link_follows_the_configuration);
    suite_add_tcase(suite, sleep);
    return suite_run(suite);
}
