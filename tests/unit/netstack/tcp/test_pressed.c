/* SPDX-License-Identifier: ISC */
/*
 * test_pressed.c - few blocks left to receive with: smaller windows, copies,
 * what is dropped first.
 */
#include "pressure_case.h"
#include "tcp_suite.h"

/* Pressed: the window that is offered gets smaller, but never taken back. */
START_TEST(test_pressed_window_is_smaller)
{
    static uint8_t data[1460];
    struct rig_frame f = {0};

    open_net(1);
    take(&net->rx, rig_limits.rx_blocks * 7 / 8);
    for (int i = 0; i < 40; i++) {
        rig_send(&peers[0], TCP_ACK, data, sizeof(data));
        rig_read(&ends[0]);
        rig_turn(net);
    }
    while (!rig_quiet(net))
        f = rig_out(net);
    ck_assert_uint_lt((uint32_t)f.h.seg.wnd << 1, rig_limits.tcp_rcvbuf / 2);
    give_back();
    for (int i = 0; i < 4; i++) {
        rig_send(&peers[0], TCP_ACK, data, sizeof(data));
        rig_read(&ends[0]);
        rig_turn(net);
    }
    while (!rig_quiet(net))
        f = rig_out(net);
    ck_assert_uint_gt((uint32_t)f.h.seg.wnd << 1, rig_limits.tcp_rcvbuf / 2);
    close_net();
}
END_TEST

/* A backlog is refused, the next one's first payload is not, nor are ACKs and
 * FINs. */
START_TEST(test_pressed_takes_a_little_of_each)
{
    static uint8_t data[1460];

    open_net(2);
    rig_send(&peers[0], TCP_ACK, data, sizeof(data));
    take(&net->rx, rig_limits.rx_blocks * 7 / 8);
    rig_send(&peers[0], TCP_ACK, data, sizeof(data)); /* has a backlog */
    ck_assert_uint_eq(net->tcp->count.dropped__memory, 1);
    rig_send(&peers[1], TCP_ACK, data, sizeof(data));
    ck_assert_uint_eq(ends[1].last, STREAM_READABLE);
    ck_assert_uint_eq(net->tcp->count.dropped__memory, 1);
    rig_send(&peers[1], TCP_ACK | TCP_FIN, NULL, 0);
    ck_assert_uint_eq(ends[1].last, STREAM_EOF);
    write_much(0);
    rig_turn(net);
    peers[0].ack += 1460;
    peers[0].seq -= 1460;
    rig_send(&peers[0], TCP_ACK, data, sizeof(data)); /* its ACK counts */
    ck_assert_uint_eq(net->tcp->count.dropped__memory, 2);
    ck_assert_uint_eq(conn_at(net->tcp, 0)->tcb.snd_una, peers[0].ack);
    close_net();
}
END_TEST

START_TEST(test_pressed_copies_small_payloads)
{
    open_net(1);
    take(&net->rx, rig_limits.rx_blocks * 7 / 8);
    for (int i = 0; i < 50; i++)
        rig_send(&peers[0], TCP_ACK, "0123456789", 10);
    ck_assert_uint_eq(net->rx.blocks.in_use, nhogs);
    ck_assert_uint_eq(net->tcp->count.rx_copies, 50);
    rig_read(&ends[0]);
    ck_assert_uint_eq(ends[0].ngot, 500);
    close_net();
}
END_TEST

START_TEST(test_byte_by_byte_costs_no_piece_each)
{
    unsigned pieces;

    open_net(2);
    take(&net->rx, rig_limits.rx_blocks * 7 / 8);
    pieces = net->tcp->pieces.in_use - net->tcp->nspare;
    for (int i = 0; i < 100; i++) /* in turns, so that nothing is adjacent */
        for (unsigned k = 0; k < 2; k++)
            rig_send(&peers[k], TCP_ACK, &"ab"[i % 2], 1);
    ck_assert_uint_le(net->tcp->pieces.in_use - net->tcp->nspare - pieces,
                      2 * (100 / SMALL_GRAIN + 1));
    for (unsigned k = 0; k < 2; k++) {
        rig_read(&ends[k]);
        ck_assert_uint_eq(ends[k].ngot, 100);
        for (int i = 0; i < 100; i++)
            ck_assert_int_eq(ends[k].got[i], "ab"[i % 2]);
    }
    close_net();
}
END_TEST

/* The last blocks are the NIC's, the last pieces for who has none. */
START_TEST(test_the_last_is_not_given_to_a_backlog)
{
    static uint8_t data[1460];
    void *held[1024];
    unsigned n = 0;
    struct tcp *tcp;

    open_net(2);
    tcp = net->tcp;
    take(&net->rx, rig_limits.rx_blocks * 15 / 16);
    rig_send(&peers[1], TCP_ACK, data, sizeof(data));
    ck_assert_uint_eq(tcp->count.dropped__memory, 1);
    peers[1].seq -= 1460;
    rig_send(&peers[1], TCP_ACK, data, 10); /* small: copied */
    ck_assert_uint_eq(tcp->count.dropped__memory, 1);
    give_back();
    rig_read(&ends[1]);
    rig_send(&peers[0], TCP_ACK, data, sizeof(data));
    while (!pieces_pressed(tcp))
        held[n++] = pool_get(&tcp->pieces);
    rig_send(&peers[0], TCP_ACK, data, sizeof(data));
    ck_assert_uint_eq(tcp->count.dropped__memory, 1 + 1);
    rig_send(&peers[1], TCP_ACK, data, sizeof(data));
    ck_assert_uint_eq(tcp->count.dropped__memory, 1 + 1);
    while (n)
        pool_put(&tcp->pieces, held[--n]);
    close_net();
}
END_TEST

/* First to go is what came out of order, of whoever has had it longest. */
START_TEST(test_pressed_drops_out_of_order_first)
{
    struct tcp_seg s;
    uint8_t data[1000] = {0};

    open_net(2);
    for (unsigned i = 0; i < 2; i++) {
        s = rig_seg(&peers[i], TCP_ACK, sizeof(data));
        s.seq += 2000;
        rig_in_from(net, peers[i].port, RIG_PORT, &s, data);
    }
    rig_turn(net);
    ck_assert_uint_eq(net->tcp->sets.in_use, 2);
    take(&net->rx, rig_limits.rx_blocks * 7 / 8);
    rig_send(&peers[1], TCP_ACK, data, 100);
    ck_assert_uint_eq(net->tcp->count.ooo_reneged, 1);
    ck_assert_ptr_null(conn_at(net->tcp, 0)->ooo);
    ck_assert_ptr_nonnull(conn_at(net->tcp, 1)->ooo);
    s.seq += 2000; /* and none is taken in addition */
    rig_in_from(net, peers[1].port, RIG_PORT, &s, data);
    ck_assert_uint_eq(net->tcp->count.dropped__ooo, 1);
    close_net();
}
END_TEST

START_TEST(test_reneged_data_comes_again)
{
    struct tcp_seg s;

    open_net(1);
    s = rig_seg(&peers[0], TCP_ACK, 5);
    s.seq += 5;
    rig_in_from(net, peers[0].port, RIG_PORT, &s, "world");
    ck_assert(ooo_drop_oldest(net->tcp));
    ck_assert(!ooo_drop_oldest(net->tcp));
    rig_send(&peers[0], TCP_ACK, "hello", 5);
    ck_assert_uint_eq(conn_at(net->tcp, 0)->tcb.rcv_nxt, peers[0].seq);
    rig_send(&peers[0], TCP_ACK, "world", 5);
    rig_read(&ends[0]);
    ck_assert_mem_eq(ends[0].got, "helloworld", 10);
    close_net();
}
END_TEST

/* Out-of-order data of one connection has a bound of its own. */
START_TEST(test_out_of_order_is_bounded)
{
    unsigned most = OOO_PIECES_MIN + rig_limits.tcp_rcvbuf / 1024;
    struct tcp_seg s;

    open_net(1);
    for (uint32_t i = 0; i < 2 * most; i++) {
        s = rig_seg(&peers[0], TCP_ACK, 1);
        s.seq += 2 + i; /* next to each other: one range, many pieces */
        rig_in_from(net, peers[0].port, RIG_PORT, &s, "x");
    }
    ck_assert_uint_le(conn_at(net->tcp, 0)->nooo, most);
    ck_assert_uint_gt(net->tcp->count.dropped__ooo, 0);
    ck_assert_uint_le(net->rx.blocks.in_use, 1);
    close_net();
}
END_TEST

TCP_SUITE("tcp pressed", TEST(test_byte_by_byte_costs_no_piece_each),
          TEST(test_the_last_is_not_given_to_a_backlog),
          TEST(test_pressed_window_is_smaller),
          TEST(test_pressed_takes_a_little_of_each),
          TEST(test_pressed_copies_small_payloads),
          TEST(test_pressed_drops_out_of_order_first),
          TEST(test_reneged_data_comes_again),
          TEST(test_out_of_order_is_bounded))
