/* SPDX-License-Identifier: ISC */
#include "pools.h"

#include <base/bytes.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int peer;
static uint8_t frame[65550];

/* The device's other side: accepts one connection. */
static void setup(void)
{
    static char device[128];
    struct host_net_config c;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(at.sun_path, sizeof(at.sun_path), "/tmp/billet-%d", getpid());
    unlink(at.sun_path);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    snprintf(device, sizeof(device), "unix:%s", at.sun_path);
    c = pools(device);
    ck_assert_int_eq(host_net_open(&c, &nif, why), OK);
    peer = accept(listener, NULL, NULL);
    ck_assert_int_ge(peer, 0);
    close(listener);
    unlink(at.sun_path);
}

static void say(const void *bytes, size_t n)
{
    ck_assert_int_eq(write(peer, bytes, n), (ssize_t)n);
}

static void say_frame(size_t n, uint8_t seed)
{
    uint8_t length[4];

    make_frame(frame, n, seed);
    put_be32(length, (uint32_t)n);
    say(length, 4);
    say(frame, n);
}

static struct pkt *receive(void)
{
    struct pktq in = {0};

    nif->ops->rx(nif, &in, 1);
    return pktq_pop(&in);
}

static void read_all(void *to, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = read(peer, (uint8_t *)to + at, n - at);

        ck_assert_int_gt(got, 0);
        at += (size_t)got;
    }
}

START_TEST(test_frames_of_all_sizes_arrive)
{
    static const size_t sizes[] = {14, 60, 1514, 2048, 2049, 9000, 65550};

    setup();
    ck_assert_ptr_null(receive());
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        say_frame(sizes[i], (uint8_t)i);
        is_frame(receive(), frame, sizes[i]);
        ck_assert_ptr_null(receive());
    }
    ck_assert_uint_eq(nif->counters.rx_frames, ARRAY_LEN(sizes));
    ck_assert_uint_eq(pkts.in_use, 0);
}
END_TEST

START_TEST(test_a_frame_in_single_bytes_and_several_at_once)
{
    static const uint8_t length[4] = {0, 0, 0, 100};
    struct pktq in = {0};

    setup();
    make_frame(frame, 100, 3);
    for (unsigned i = 0; i < 4; i++) {
        say(length + i, 1);
        ck_assert_ptr_null(receive());
    }
    for (unsigned i = 0; i < 99; i++) {
        say(frame + i, 1);
        ck_assert_ptr_null(receive());
    }
    say(frame + 99, 1);
    is_frame(receive(), frame, 100);
    for (unsigned i = 0; i < 5; i++)
        say_frame(100, 9);
    ck_assert_uint_eq(nif->ops->rx(nif, &in, 3), 3);
    ck_assert_uint_eq(nif->ops->rx(nif, &in, 3), 2);
    ck_assert_uint_eq(in.count, 5);
    while (in.head)
        is_frame(pktq_pop(&in), frame, 100);
}
END_TEST

START_TEST(test_sent_frames_have_their_length_before_them)
{
    static uint8_t got[65550];
    struct pktq out = {0};

    setup();
    for (size_t n = 60; n < 60000; n = n * 3 + 1) {
        uint8_t length[4];

        make_frame(frame, n, 1);
        pktq_push(&out, make_pkt(frame, n));
        ck_assert_uint_eq(nif->ops->tx(nif, &out), 1);
        read_all(length, 4);
        ck_assert_uint_eq(be32(length), n);
        read_all(got, n);
        ck_assert_mem_eq(got, frame, n);
    }
    ck_assert_uint_eq(pkts.in_use, 0);
}
END_TEST

START_TEST(test_a_full_socket_is_back_pressure_and_loses_nothing)
{
    static uint8_t got[1004];
    struct pktq out = {0};
    unsigned sent = 0, seen = 0;

    setup();
    make_frame(frame, 1000, 5);
    while (!out.head) {
        pktq_push(&out, make_pkt(frame, 1000));
        sent += nif->ops->tx(nif, &out);
    }
    ck_assert_uint_gt(sent, 10);
    sent++;
    while (seen < sent) {
        read_all(got, sizeof(got));
        ck_assert_uint_eq(be32(got), 1000);
        ck_assert_mem_eq(got + 4, frame, 1000);
        seen++;
        nif->ops->tx(nif, &out);
        nif->ops->flush(nif);
    }
    ck_assert_ptr_null(out.head);
    ck_assert_uint_eq(pkts.in_use, 0);
}
END_TEST

START_TEST(test_no_packet_or_block_loses_the_frame_and_counts)
{
    struct block *held[BLOCKS];
    unsigned n = 0;

    setup();
    pkts.fail_after = 0;
    say_frame(100, 1);
    ck_assert_ptr_null(receive());
    ck_assert_uint_eq(nif->counters.rx_no_memory, 1);
    pkts.fail_after = -1;
    while ((held[n] = block_get(&blocks)))
        n++;
    say_frame(65000, 2); /* 33 blocks were set aside for it before */
    is_frame(receive(), frame, 65000);
    blocks.blocks.fail_after = 0;
    say_frame(65000, 2);
    ck_assert_ptr_null(receive());
    ck_assert_uint_eq(nif->counters.rx_no_memory, 2);
    blocks.blocks.fail_after = -1;
    while (n)
        buf_drop(&held[--n]->buf);
    say_frame(65000, 3);
    is_frame(receive(), frame, 65000);
}
END_TEST

START_TEST(test_a_length_that_is_a_lie_shuts_the_device_off)
{
    setup();
    say("\xff\xff\xff\xff", 4);
    ck_assert_ptr_null(receive());
    ck_assert(nif->failed);
    ck_assert_str_eq(nif->failure, "a frame of more than 64 KiB");
    ck_assert_ptr_null(receive());
    ck_assert_uint_eq(blocks.blocks.in_use, 0);
}
END_TEST

START_TEST(test_frames_too_short_are_counted)
{
    setup();
    say("\0\0\0\x0d", 4);
    say("0123456789abc", 13);
    say("\0\0\0\0", 4);
    ck_assert_ptr_null(receive());
    ck_assert_ptr_null(receive());
    ck_assert_uint_eq(nif->counters.rx_bad, 2);
    ck_assert(!nif->failed);
}
END_TEST

START_TEST(test_the_end_of_the_other_side_shuts_the_device_off)
{
    struct pktq out = {0};

    setup();
    close(peer);
    ck_assert_ptr_null(receive());
    ck_assert(nif->failed);
    make_frame(frame, 100, 1);
    pktq_push(&out, make_pkt(frame, 100));
    ck_assert_uint_eq(nif->ops->tx(nif, &out), 0);
    nif->ops->flush(nif);
}
END_TEST

START_TEST(test_nobody_listens)
{
    struct host_net_config c = pools("unix:/nowhere/at/all");
    char longer[200] = "unix:";

    ck_assert_int_eq(host_net_open(&c, &nif, why), E_REFUSED);
    ck_assert_str_eq(why, "cannot connect to unix:/nowhere/at/all: No such "
                          "file or directory");
    memset(longer + 5, 'x', sizeof(longer) - 6);
    c.device = longer;
    ck_assert_int_eq(host_net_open(&c, &nif, why), E_INVAL);
}
END_TEST

START_TEST(test_addresses_are_local_unicast_and_stay_with_the_name)
{
    uint8_t a[6], b[6], c[6];

    host_net_mac(a, "tap0");
    host_net_mac(b, "tap0");
    host_net_mac(c, "tap1");
    ck_assert_mem_eq(a, b, 6);
    ck_assert_mem_ne(a, c, 6);
    ck_assert_int_eq(a[0] & 3, 2);
    ck_assert_int_eq(c[0] & 3, 2);
}
END_TEST

RUN_TESTS("socket", PANICS(), test_frames_of_all_sizes_arrive,
          test_a_frame_in_single_bytes_and_several_at_once,
          test_sent_frames_have_their_length_before_them,
          test_a_full_socket_is_back_pressure_and_loses_nothing,
          test_no_packet_or_block_loses_the_frame_and_counts,
          test_a_length_that_is_a_lie_shuts_the_device_off,
          test_frames_too_short_are_counted,
          test_the_end_of_the_other_side_shuts_the_device_off,
          test_nobody_listens,
          test_addresses_are_local_unicast_and_stay_with_the_name)
