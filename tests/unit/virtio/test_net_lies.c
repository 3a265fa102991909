/* SPDX-License-Identifier: ISC */
/*
 * test_net_lies.c - the network driver on a device that breaks the rules: it
 * is shut off with a reason, memory that is not its own stays untouched, and
 * the calls of the loop go on as if the cable were cut.
 */
#include "../lib/suite.h"
#include "rig.h"

#include <base/bytes.h>
#include <stdlib.h>

static struct rig r;
static const uint8_t plain[HDR_BYTES];
static uint8_t frame[8000];

/* Shut off for `why`, once, and every further call is harmless. */
static void check_shut_off(const char *why)
{
    struct pktq q = {0};
    unsigned notified;

    ck_assert(r.nif->failed);
    ck_assert_str_eq(r.nif->failure, why);
    ck_assert(!r.nif->link_up);
    ck_assert_uint_eq(r.fake.stops, 1);
    ck_assert_uint_ge(r.fake.resets, 1);
    notified =
        r.fake.queue[QUEUE_RX].notified + r.fake.queue[QUEUE_TX].notified;
    for (unsigned i = 0; i < 3; i++) {
        pktq_push(&q, rig_pkt(&r, 0, 60, 0, 0));
        ck_assert_uint_eq(r.nif->ops->rx(r.nif, &q, 64), 0);
        ck_assert_uint_eq(r.nif->ops->tx(r.nif, &q), 0);
        ck_assert_uint_eq(q.count, 0);
        r.nif->ops->flush(r.nif);
        ck_assert(!r.nif->ops->arm(r.nif));
        ck_assert_uint_eq(r.nif->poll_us, 0);
    }
    ck_assert_uint_eq(r.nif->counters.tx_drops, 3);
    ck_assert_uint_eq(r.fake.queue[QUEUE_RX].notified +
                          r.fake.queue[QUEUE_TX].notified,
                      notified);
    ck_assert_str_eq(r.nif->failure, why);
    ck_assert_uint_eq(r.pkts.in_use, 0); /* senders got theirs back */
}

static void set_up(void)
{
    rig_init(&r, true, RIG_ALL);
}

static void tear_down(void)
{
    rig_free(&r);
}

/* While the device starts. */

START_TEST(test_start_with_registers_nowhere)
{
    r.fake.stale_registers = true;
    rig_attach(&r);
    check_shut_off("its registers are nowhere");
}
END_TEST

START_TEST(test_start_when_reset_never_completes)
{
    r.fake.reset_never_ends = true;
    rig_attach(&r);
    check_shut_off("its reset never completed");
    ck_assert_uint_le(r.fake.status_reads, VIRTIO_RESET_READS + 1);
}
END_TEST

START_TEST(test_start_when_features_are_withdrawn)
{
    r.fake.features_withdrawn = true;
    rig_attach(&r);
    check_shut_off("it withdrew features that it had offered");
}
END_TEST

START_TEST(test_start_of_a_modern_device_without_version_1)
{
    r.fake.offers &= ~(UINT64_C(1) << VIRTIO_F_VERSION_1);
    rig_attach(&r);
    check_shut_off("it is a modern device that does not offer version_1");
}
END_TEST

START_TEST(test_start_when_it_is_never_ready)
{
    r.fake.never_ready = true;
    rig_attach(&r);
    check_shut_off("it never became ready");
    ck_assert_uint_eq(r.fake.queue[QUEUE_RX].notified, 0);
}
END_TEST

START_TEST(test_start_with_a_senseless_queue_size)
{
    static const uint32_t size[] = {3, 255, 257, 65536, UINT32_MAX, 1u << 31};

    if (FAKE_ALSO && _i < 6 && !(_i & 2)) /* a packed ring gets a smaller one */
        return;
    r.fake.queue[_i & 1].max = size[_i / 2];
    r.fake.dev.size_fixed = _i & 2;
    rig_attach(&r);
    check_shut_off("the size of its queue is not a power of two up to 32768");
}
END_TEST

START_TEST(test_start_without_a_queue)
{
    r.fake.queue[_i].max = 0;
    rig_attach(&r);
    check_shut_off("it lacks a queue");
}
END_TEST

START_TEST(test_start_with_queues_too_short)
{
    r.fake.queue[_i & 1].max = 1u << _i / 2;
    rig_attach(&r);
    check_shut_off("its queues are too short");
}
END_TEST

START_TEST(test_start_with_a_huge_queue_that_cannot_be_made_smaller)
{
    rig_free(&r);
    rig_init(&r, false, RIG_ALL);
    r.fake.dev.size_fixed = true;
    r.fake.queue[QUEUE_RX].max = 32768; /* 850 KB of rings */
    r.arena.end = r.arena.p + 400000;
    rig_attach(&r);
    check_shut_off("memory is too short for its queue");
}
END_TEST

START_TEST(test_start_when_a_queue_is_refused)
{
    r.fake.queue_refused = true;
    rig_attach(&r);
    check_shut_off("it refused a queue");
}
END_TEST

START_TEST(test_start_with_a_senseless_mtu)
{
    static const uint16_t mtu[] = {0, 1, 67};

    put_le16(r.fake.config + CONFIG_MTU, mtu[_i]);
    rig_attach(&r);
    check_shut_off("its MTU is below 68");
}
END_TEST

START_TEST(test_start_with_a_mac_that_is_none)
{
    static const uint8_t mac[][6] = {{0x53, 0x54, 0, 0x12, 0x34, 0x56},
                                     {0},
                                     {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

    memcpy(r.fake.config, mac[_i], 6);
    rig_attach(&r);
    check_shut_off("its MAC address is not that of one station");
}
END_TEST

START_TEST(test_start_without_any_mac)
{
    r.fake.offers &= ~(UINT64_C(1) << NET_F_MAC);
    memset(r.config.mac, 0, sizeof(r.config.mac));
    rig_attach(&r);
    check_shut_off("its MAC address is not that of one station");
}
END_TEST

START_TEST(test_start_with_a_configuration_that_never_holds_still)
{
    r.fake.restless_config = true;
    if (_i == 1) /* where it is read before features are agreed on */
        r.fake.offers &= ~(UINT64_C(1) << NET_F_MRG_RXBUF);
    if (_i == 2) { /* legacy: no generation to look at */
        rig_free(&r);
        rig_init(&r, false, RIG_ALL);
        r.fake.restless_config = true;
    }
    rig_attach(&r);
    check_shut_off("its configuration never held still");
}
END_TEST

/* While it runs, in receiving. */

static void running(void)
{
    rig_attach(&r);
    ck_assert(!r.nif->failed);
    memset(frame, 0x5a, sizeof(frame));
}

/* Take a buffer from the device's side. */
static struct fake_chain buffer(void)
{
    struct fake_chain c;

    ck_assert(fake_pop(&r.fake, QUEUE_RX, &c));
    return c;
}

START_TEST(test_receive_with_an_id_out_of_range)
{
    static const uint32_t id[] = {64,         255,     256,
                                  UINT16_MAX, 0x10000, UINT32_MAX};

    if (FAKE_ALSO && id[_i] > UINT16_MAX)
        return;
    running();
    buffer();
    fake_use(&r.fake, QUEUE_RX, id[_i], 60);
    ck_assert_uint_eq(rig_sink(&r), 0);
    check_shut_off("it finished a buffer that does not exist");
}
END_TEST

START_TEST(test_receive_of_a_buffer_twice)
{
    struct fake_chain c;

    running();
    c = buffer();
    ck_assert(
        rig_deliver(&r, plain, frame, 60)); /* frames before still count */
    fake_use(&r.fake, QUEUE_RX, c.id, 72);
    fake_use(&r.fake, QUEUE_RX, c.id, 72);
    put_le16(c.seg[0].p + HDR_BUFFERS, 1);
    memset(c.seg[0].p, 0, HDR_BUFFERS);
    ck_assert_uint_eq(rig_sink(&r), 2);
    check_shut_off("it finished a buffer that it did not have");
}
END_TEST

START_TEST(test_receive_index_jumps)
{
    static const uint16_t jump[] = {65, 100, 0x8000, UINT16_MAX};

    if (FAKE_ALSO) /* a full packed ring has no room for such a lie */
        return;
    running();
    fake_show_index(&r.fake, QUEUE_RX, jump[_i]);
    ck_assert(r.nif->ops->arm(r.nif)); /* there seems to be something */
    ck_assert_uint_eq(rig_sink(&r), 0);
    check_shut_off("it finished more buffers than it was given");
}
END_TEST

START_TEST(test_receive_of_more_than_a_buffer_holds)
{
    running();
    fake_use(&r.fake, QUEUE_RX, buffer().id,
             _i ? UINT32_MAX : RIG_BLOCK_BYTES + 1);
    ck_assert_uint_eq(rig_sink(&r), 0);
    check_shut_off("it wrote more than a buffer holds");
}
END_TEST

START_TEST(test_receive_of_less_than_a_header)
{
    running();
    fake_use(&r.fake, QUEUE_RX, buffer().id, _i ? 11 : 0);
    ck_assert_uint_eq(rig_sink(&r), 0);
    check_shut_off("it delivered a frame shorter than its header");
}
END_TEST

/* Completed buffers, the first of which says `says` belong to its frame. */
static void deliver_buffers(unsigned n, uint16_t says, uint32_t first_len)
{
    for (unsigned i = 0; i < n; i++) {
        struct fake_chain c = buffer();

        memset(c.seg[0].p, 0, c.in);
        if (i == 0)
            put_le16(c.seg[0].p + HDR_BUFFERS, says);
        fake_put(&r.fake, QUEUE_RX, c.id, i == 0 ? first_len : c.in);
    }
    fake_show(&r.fake, QUEUE_RX);
}

START_TEST(test_receive_in_no_buffers)
{
    running();
    deliver_buffers(1, 0, 1000);
    ck_assert_uint_eq(rig_sink(&r), 0);
    check_shut_off("it delivered a frame in no buffers");
}
END_TEST

START_TEST(test_receive_in_more_buffers_than_came)
{
    static const uint16_t says[] = {4, 65, UINT16_MAX};

    running();
    deliver_buffers(3, says[_i], 2048);
    ck_assert_uint_eq(rig_sink(&r), 0);
    check_shut_off("it delivered a frame in more buffers than it finished");
}
END_TEST

START_TEST(test_receive_in_more_buffers_than_a_packet_has)
{
    running();
    deliver_buffers(PKT_FRAGS_MAX + 1, PKT_FRAGS_MAX + 1, 2048);
    ck_assert_uint_eq(rig_sink(&r), 0);
    check_shut_off("it delivered a frame of more than 64 KiB");
}
END_TEST

START_TEST(test_receive_with_the_first_buffer_nearly_empty)
{
    running();
    deliver_buffers(2, 2, HDR_BYTES + PKT_PULL_MIN - 1);
    ck_assert_uint_eq(rig_sink(&r), 0);
    check_shut_off("it left the first buffer of a frame nearly empty");
}
END_TEST

/* The lie is in the middle of a merged frame. */
START_TEST(test_receive_of_a_merged_frame_with_a_foreign_buffer)
{
    bool dropping = _i; /* of a frame that would be dropped anyway */
    struct fake_chain c;

    running();
    c = buffer();
    memset(c.seg[0].p, 0, c.in);
    put_le16(c.seg[0].p + HDR_BUFFERS, 3);
    c.seg[0].p[HDR_GSO_TYPE] = dropping ? 3 : 0;
    fake_put(&r.fake, QUEUE_RX, c.id, 2048);
    fake_put(&r.fake, QUEUE_RX, buffer().id, 2048);
    fake_put(&r.fake, QUEUE_RX, c.id, 2048);
    fake_show(&r.fake, QUEUE_RX);
    ck_assert_uint_eq(rig_sink(&r), 0);
    check_shut_off("it finished a buffer that it did not have");
}
END_TEST

/* While it runs, in sending. */

static void send(unsigned frames)
{
    struct pktq q = {0};

    for (unsigned i = 0; i < frames; i++)
        pktq_push(&q, rig_pkt(&r, 0, 60, 1, 100));
    ck_assert_uint_eq(r.nif->ops->tx(r.nif, &q), frames);
    r.nif->ops->flush(r.nif);
}

START_TEST(test_send_is_finished_twice)
{
    struct fake_chain c;

    running();
    send(2);
    ck_assert(fake_pop(&r.fake, QUEUE_TX, &c));
    fake_use(&r.fake, QUEUE_TX, c.id, 0);
    fake_use(&r.fake, QUEUE_TX, c.id, 0);
    rig_sink(&r);
    check_shut_off("it finished a buffer that it did not have");
}
END_TEST

START_TEST(test_send_is_finished_before_it_was_sent)
{
    running();
    fake_use(&r.fake, QUEUE_TX, 0, 0);
    rig_sink(&r);
    check_shut_off("it finished more buffers than it was given");
}
END_TEST

START_TEST(test_send_is_finished_with_an_id_of_nobody)
{
    running();
    send(1);
    fake_use(&r.fake, QUEUE_TX, 64, 0);
    rig_sink(&r);
    check_shut_off("it finished a buffer that does not exist");
}
END_TEST

START_TEST(test_send_index_jumps)
{
    running();
    send(5);
    fake_show_index(&r.fake, QUEUE_TX, FAKE_ALSO ? 64 : 6);
    rig_sink(&r);
    check_shut_off("it finished more buffers than it was given");
}
END_TEST

/* Blocks lent for sending come back though the device never finished. */
START_TEST(test_packets_being_sent_return_to_their_owners)
{
    unsigned posted;

    running();
    posted = r.blocks.blocks.in_use;
    send(10);
    ck_assert_uint_eq(r.blocks.blocks.in_use, posted + 10);
    fake_use(&r.fake, QUEUE_RX, 1000, 0);
    rig_sink(&r);
    check_shut_off("it finished a buffer that does not exist");
    ck_assert_uint_eq(r.blocks.blocks.in_use, posted); /* stay with the liar */
}
END_TEST

/* Configuration and status while it runs. */

START_TEST(test_device_asks_to_be_reset)
{
    running();
    r.fake.status |= VIRTIO_NEEDS_RESET;
    r.fake.dev.config_changes++;
    rig_sink(&r);
    check_shut_off("it asked to be reset");
}
END_TEST

START_TEST(test_link_status_never_holds_still)
{
    running();
    r.fake.restless_config = true;
    r.fake.dev.config_changes++;
    rig_sink(&r);
    check_shut_off("its configuration never held still");
}
END_TEST

/* Interrupts without end are no reason for anything. */
START_TEST(test_configuration_changes_without_end_are_read_once_a_turn)
{
    unsigned reads;

    running();
    reads = r.fake.status_reads;
    for (unsigned i = 0; i < 10; i++) {
        r.fake.dev.config_changes += 1000;
        rig_sink(&r);
    }
    ck_assert_uint_eq(r.fake.status_reads, reads + 10);
    ck_assert(!r.nif->failed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("virtio-net lies");
    TCase *start = tcase_create("start"), *rx = tcase_create("receive");
    TCase *tx = tcase_create("send"), *config = tcase_create("configuration");

    tcase_add_checked_fixture(start, set_up, tear_down);
    tcase_add_test(start, test_start_with_registers_nowhere);
    tcase_add_test(start, test_start_when_reset_never_completes);
    tcase_add_test(start, test_start_when_features_are_withdrawn);
    tcase_add_test(start, test_start_of_a_modern_device_without_version_1);
    tcase_add_test(start, test_start_when_it_is_never_ready);
    tcase_add_loop_test(start, test_start_with_a_senseless_queue_size, 0, 12);
    tcase_add_loop_test(start, test_start_without_a_queue, 0, 2);
    tcase_add_loop_test(start, test_start_with_queues_too_short, 0, 4);
    tcase_add_test(start,
                   test_start_with_a_huge_queue_that_cannot_be_made_smaller);
    tcase_add_test(start, test_start_when_a_queue_is_refused);
    tcase_add_loop_test(start, test_start_with_a_senseless_mtu, 0, 3);
    tcase_add_loop_test(start, test_start_with_a_mac_that_is_none, 0, 3);
    tcase_add_test(start, test_start_without_any_mac);
    tcase_add_loop_test(
        start, test_start_with_a_configuration_that_never_holds_still, 0, 3);
    suite_add_tcase(suite, start);
    tcase_add_checked_fixture(rx, set_up, tear_down);
    tcase_add_loop_test(rx, test_receive_with_an_id_out_of_range, 0, 6);
    tcase_add_test(rx, test_receive_of_a_buffer_twice);
    tcase_add_loop_test(rx, test_receive_index_jumps, 0, 4);
    tcase_add_loop_test(rx, test_receive_of_more_than_a_buffer_holds, 0, 2);
    tcase_add_loop_test(rx, test_receive_of_less_than_a_header, 0, 2);
    tcase_add_test(rx, test_receive_in_no_buffers);
    tcase_add_loop_test(rx, test_receive_in_more_buffers_than_came, 0, 3);
    tcase_add_test(rx, test_receive_in_more_buffers_than_a_packet_has);
    tcase_add_test(rx, test_receive_with_the_first_buffer_nearly_empty);
    tcase_add_loop_test(
        rx, test_receive_of_a_merged_frame_with_a_foreign_buffer, 0, 2);
    suite_add_tcase(suite, rx);
    tcase_add_checked_fixture(tx, set_up, tear_down);
    tcase_add_test(tx, test_send_is_finished_twice);
    tcase_add_test(tx, test_send_is_finished_before_it_was_sent);
    tcase_add_test(tx, test_send_is_finished_with_an_id_of_nobody);
    tcase_add_test(tx, test_send_index_jumps);
    tcase_add_test(tx, test_packets_being_sent_return_to_their_owners);
    suite_add_tcase(suite, tx);
    tcase_add_checked_fixture(config, set_up, tear_down);
    tcase_add_test(config, test_device_asks_to_be_reset);
    tcase_add_test(config, test_link_status_never_holds_still);
    tcase_add_test(config,
                   test_configuration_changes_without_end_are_read_once_a_turn);
    suite_add_tcase(suite, config);
    return suite_run(suite);
}
