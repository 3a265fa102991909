/* SPDX-License-Identifier: ISC */
/*
 * test_buffers.c - buffers that grow as a path needs it, and shrink as memory
 * does.  Each with IPv4 and with IPv6.
 */
#include "rig.h"
#include "tcp_suite.h"

#include <stdlib.h>

enum {
    ALL = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK | TCP_OPT_TS,
    MSS = 1400,
    MOST = 1 << 20,
    TURNS = 64 /* in a round trip */
};
#define RTT (200 * NS_PER_MS)

static struct rig_end end;
static struct net *net;
static struct rig_peer p;
static struct block *hog[1024];
static unsigned nhogs;

/* A connection whose round trip has been measured. */
static void open_net(int v6, uint32_t rx_blocks, uint8_t opts)
{
    struct limits l = rig_limits;
    struct tcp_seg s = {.seq = 1000,
                        .flags = TCP_SYN,
                        .wnd = 65535,
                        .opts = opts,
                        .mss = MSS,
                        .wscale = 7};
    struct rig_frame f;

    l.tcp_rcvbuf = l.tcp_sndbuf = MOST;
    l.rx_blocks = rx_blocks;
    l.tx_blocks = 1024;
    memset(&end, 0, sizeof(end));
    end.release_when_closed = true;
    nhogs = 0;
    net = rig_new_limits(v6, &l);
    rig_listen(net, RIG_PORT, &end);
    rig_in(net, &s, NULL);
    f = rig_out(net);
    if (opts & TCP_OPT_WSCALE)
        ck_assert_uint_eq(f.h.seg.wscale, 5); /* for the largest */
    p = (struct rig_peer){.net = net,
                          .port = RIG_PEER_PORT,
                          .to = RIG_PORT,
                          .seq = 1001,
                          .ack = f.h.seg.seq + 1,
                          .ts = opts & TCP_OPT_TS,
                          .tsecr = f.h.seg.tsval,
                          .wnd = 65535};
    net->now += RTT;
    rig_send(&p, TCP_ACK, NULL, 0);
}

static void close_net(void)
{
    while (nhogs)
        buf_drop(&hog[--nhogs]->buf);
    stream_release(end.s);
    rig_turn(net);
    rig_forget(net);
    tcp_unlisten(net, RIG_PORT);
    rig_free(net);
}

/* In order, read at once; what was answered is not looked at. */
static void deliver(uint32_t bytes)
{
    static const uint8_t data[MSS];

    for (uint32_t n; bytes; bytes -= n) {
        n = bytes < MSS ? bytes : MSS;
        rig_send(&p, TCP_ACK, data, n);
        end.ngot = 0;
        rig_read(&end);
        rig_turn(net);
        rig_forget(net);
    }
}

static struct tcp_info info(void)
{
    struct tcp_info t;
    uint32_t at = 0;

    ck_assert(tcp_info_next(net, &at, &t));
    return t;
}

START_TEST(test_receive_buffer_follows_the_path)
{
    uint32_t before = 0;

    open_net(_i, 2048, ALL);
    ck_assert_uint_eq(info().rcv_buffer, BUFFER_BEGIN);
    for (unsigned round = 0; round < 8; round++) {
        uint32_t now = info().rcv_buffer;

        ck_assert_uint_ge(now, before);
        before = now;
        deliver(info().rcv_wnd);
        net->now += RTT;
    }
    ck_assert_uint_eq(info().rcv_buffer, MOST);
    ck_assert_uint_ge(info().rcv_wnd, MOST - MOST / 8);
    close_net();
}
END_TEST

/* A stream that needs no more gets no more. */
START_TEST(test_receive_buffer_stays_small)
{
    open_net(_i, 2048, ALL);
    for (unsigned round = 0; round < 20; round++) {
        deliver(10000);
        net->now += RTT;
    }
    ck_assert_uint_eq(info().rcv_buffer, BUFFER_BEGIN);
    close_net();
}
END_TEST

/* Nor does one whose bytes nobody reads. */
START_TEST(test_unread_bytes_do_not_open_the_window)
{
    static const uint8_t data[MSS];

    open_net(_i, 2048, ALL);
    while (info().rcv_wnd >= MSS) {
        rig_send(&p, TCP_ACK, data, MSS);
        net->now += RTT;
        rig_turn(net);
        rig_forget(net);
    }
    ck_assert_uint_eq(info().rcv_buffer, BUFFER_BEGIN);
    ck_assert_uint_le(info().rcv_queued, BUFFER_BEGIN);
    close_net();
}
END_TEST

START_TEST(test_receive_buffers_promise_half_of_free_memory)
{
    open_net(_i, 256, ALL); /* 512 KiB */
    for (unsigned round = 0; round < 8; round++) {
        deliver(info().rcv_wnd);
        net->now += RTT;
    }
    ck_assert_uint_gt(info().rcv_buffer, BUFFER_BEGIN);
    ck_assert_uint_le(info().rcv_buffer, 256 * 1024);
    close_net();
}
END_TEST

START_TEST(test_receive_buffer_shrinks_under_pressure)
{
    uint32_t last;

    open_net(_i, 1024, ALL);
    for (unsigned round = 0; round < 8; round++) {
        deliver(info().rcv_wnd);
        net->now += RTT;
    }
    last = info().rcv_buffer;
    ck_assert_uint_gt(last, 4 * BUFFER_BEGIN);
    while (net->rx.blocks.in_use < 1024 - 1024 / 8)
        hog[nhogs++] = block_get(&net->rx);
    for (unsigned round = 0; round < 12; round++) {
        deliver(MSS);
        net->now += RTT;
    }
    ck_assert_uint_eq(info().rcv_buffer, BUFFER_BEGIN / 4);
    while (nhogs)
        buf_drop(&hog[--nhogs]->buf);
    deliver(MSS);
    ck_assert_uint_eq(info().rcv_buffer, BUFFER_BEGIN);
    close_net();
}
END_TEST

static uint32_t write_all(void)
{
    uint32_t n = 0;
    struct mspan room;

    while ((room = stream_reserve(end.s)).n) {
        stream_commit(end.s, room.n);
        n += (uint32_t)room.n;
    }
    return n;
}

/* An ACK for each segment. */
static void ack_up_to(uint32_t end_seq)
{
    for (uint32_t n; p.ack != end_seq;) {
        n = end_seq - p.ack < MSS ? end_seq - p.ack : MSS;
        p.ack += n;
        rig_send(&p, TCP_ACK, NULL, 0);
        rig_forget(net);
    }
}

/* The sender may queue what its congestion window lets out, twice.  What left
 * in a turn is acknowledged a round trip later. */
START_TEST(test_send_buffer_follows_the_window)
{
    uint32_t last = 0, sent = 0, left[TURNS];

    open_net(_i, 256, ALL);
    for (unsigned turn = 0; turn < TURNS; turn++)
        left[turn] = p.ack;
    p.wnd = 65535; /* times 128 */
    for (unsigned round = 0; round < 12; round++) {
        struct tcp_info t;

        sent += write_all();
        t = info();
        ck_assert_uint_eq(t.snd_queued, t.snd_buffer);
        ck_assert_uint_ge(t.snd_buffer, last);
        ck_assert(t.snd_buffer >= 2 * t.cwnd || t.snd_buffer == MOST);
        last = t.snd_buffer;
        if (!round)
            ck_assert_uint_eq(last, BUFFER_BEGIN);
        for (unsigned turn = 0; turn < TURNS; turn++) {
            ack_up_to(left[turn]);
            rig_turn(net);
            rig_forget(net);
            left[turn] = p.ack + info().unacked;
            net->now += RTT / TURNS;
        }
    }
    ck_assert_uint_eq(last, MOST);
    ck_assert_uint_gt(sent, MOST);
    write_all();
    /* What it may queue shrinks while blocks are scarce. */
    while (net->tx.blocks.in_use < 1024 - 1024 / 4)
        hog[nhogs++] = block_get(&net->tx);
    ck_assert_uint_eq(info().snd_buffer, BUFFER_BEGIN);
    ck_assert_uint_eq(stream_reserve(end.s).n, 0);
    while (nhogs)
        buf_drop(&hog[--nhogs]->buf);
    ck_assert_uint_eq(info().snd_buffer, MOST);
    close_net();
}
END_TEST

/* Idle, it holds nothing, however large its buffers may be. */
START_TEST(test_idle_holds_no_block)
{
    uint32_t before;

    open_net(_i, 2048, ALL);
    before = net->rx.blocks.in_use + net->tx.blocks.in_use;
    for (unsigned round = 0; round < 8; round++) {
        deliver(info().rcv_wnd);
        net->now += RTT;
    }
    rig_after(net, NS_PER_SEC);
    rig_forget(net);
    ck_assert_uint_eq(info().pieces, 0);
    ck_assert_uint_eq(net->rx.blocks.in_use + net->tx.blocks.in_use, before);
    close_net();
}
END_TEST

TCP_SUITE("tcp buffers", LOOP(test_receive_buffer_follows_the_path, 0, 2),
          LOOP(test_receive_buffer_stays_small, 0, 2),
          LOOP(test_unread_bytes_do_not_open_the_window, 0, 2),
          LOOP(test_receive_buffers_promise_half_of_free_memory, 0, 2),
          LOOP(test_receive_buffer_shrinks_under_pressure, 0, 2),
          LOOP(test_send_buffer_follows_the_window, 0, 2),
          LOOP(test_idle_holds_no_block, 0, 2))
