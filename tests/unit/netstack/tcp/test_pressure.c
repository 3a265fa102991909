/* SPDX-License-Identifier: ISC */
/*
 * test_pressure.c - no block left to send with: who waits, who gives way.
 */
#include "pressure_case.h"
#include "tcp_suite.h"

START_TEST(test_no_block_no_room_then_writable)
{
    open_net(1);
    take(&net->tx, rig_limits.tx_blocks);
    ck_assert_uint_eq(stream_reserve(ends[0].s).n, 0);
    for (int i = 0; i < 5; i++)
        rig_turn(net);
    ck_assert_uint_eq(ends[0].events, 0);
    ck_assert_uint_gt(tcp_next_deadline(net->tcp), net->now); /* no spin */
    give_back();
    rig_turn(net);
    ck_assert_uint_eq(ends[0].events, STREAM_WRITABLE);
    ck_assert_uint_gt(stream_reserve(ends[0].s).n, 0);
    close_net();
}
END_TEST

START_TEST(test_scarce_blocks_are_one_for_each)
{
    open_net(3);
    take(&net->tx, rig_limits.tx_blocks - 4);
    ck_assert_uint_eq(write_much(0), 4096);
    ck_assert_uint_eq(write_much(1), 4096);
    ck_assert_uint_eq(write_much(2), 4096);
    ck_assert_uint_eq(net->tx.blocks.in_use, rig_limits.tx_blocks - 1);
    close_net();
}
END_TEST

/* Who waits first is served first, and only as many as there are blocks. */
START_TEST(test_waiting_owners_are_woken_in_order)
{
    open_net(4);
    take(&net->tx, rig_limits.tx_blocks);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(stream_reserve(ends[i].s).n, 0);
    buf_drop(&hog[--nhogs]->buf);
    buf_drop(&hog[--nhogs]->buf);
    rig_turn(net);
    ck_assert_uint_eq(ends[0].events, STREAM_WRITABLE);
    ck_assert_uint_eq(ends[1].events, STREAM_WRITABLE);
    ck_assert_uint_eq(ends[2].events, 0);
    ck_assert_uint_eq(ends[3].events, 0);
    close_net();
}
END_TEST

START_TEST(test_released_while_waiting)
{
    open_net(2);
    take(&net->tx, rig_limits.tx_blocks);
    ck_assert_uint_eq(stream_reserve(ends[0].s).n, 0);
    ck_assert_uint_eq(stream_reserve(ends[1].s).n, 0);
    stream_release(ends[0].s);
    ends[0].s = NULL;
    rig_turn(net);
    give_back();
    rig_turn(net);
    ck_assert_uint_eq(ends[1].events, STREAM_WRITABLE);
    ck_assert_uint_eq(net->tcp->conns.in_use, 1);
    close_net();
}
END_TEST

/* All blocks are out: whoever only holds its own, behind a closed window, goes;
 * whose data is on its way does not. */
START_TEST(test_stuck_connection_gives_way_to_one_that_is_not)
{
    open_net(3);
    write_much(2);
    rig_turn(net);
    peers[0].wnd = 0;
    rig_send(&peers[0], TCP_ACK, NULL, 0);
    write_much(0);
    take(&net->tx, rig_limits.tx_blocks);
    ck_assert_uint_eq(stream_reserve(ends[1].s).n, 0);
    ck_assert_uint_eq(net->tcp->count.reaped, 0);
    rig_turn(net);
    ck_assert_uint_gt(tcp_next_deadline(net->tcp), net->now);
    for (int i = 0; i < 8; i++) {
        rig_after(net, 250 * NS_PER_MS);
        peers[2].ack = conn_at(net->tcp, 2)->tcb.snd_nxt;
        rig_send(&peers[2], TCP_ACK, NULL, 0);
        rig_forget(net);
    }
    ck_assert_uint_eq(net->tcp->count.reaped, 1);
    ck_assert_uint_eq(ends[0].last, STREAM_CLOSED);
    ck_assert_int_eq(ends[0].s->error, E_FULL);
    ck_assert_uint_eq(ends[1].events, STREAM_WRITABLE);
    ck_assert_uint_gt(stream_reserve(ends[1].s).n, 0);
    ck_assert_uint_eq(ends[2].events & STREAM_CLOSED, 0);
    close_net();
}
END_TEST

static void close_window(unsigned i)
{
    peers[i].wnd = 0;
    rig_send(&peers[i], TCP_ACK, NULL, 0);
    write_much(i);
    rig_turn(net);
}

/* Whoever has just closed its window has 50 ms to open it again. */
START_TEST(test_closed_window_is_patiently_looked_at)
{
    open_net(2);
    close_window(0);
    take(&net->tx, rig_limits.tx_blocks);
    ck_assert_uint_eq(stream_reserve(ends[1].s).n, 0);
    rig_after(net, 20 * NS_PER_MS);
    rig_after(net, 20 * NS_PER_MS);
    ck_assert_uint_eq(net->tcp->count.reaped, 0);
    rig_after(net, 20 * NS_PER_MS);
    ck_assert_uint_eq(net->tcp->count.reaped, 1);
    ck_assert_int_eq(ends[0].s->error, E_FULL);
    ck_assert_uint_eq(ends[1].events, STREAM_WRITABLE);
    close_net();
}
END_TEST

/* The last sixteenth: one goes for each that comes, and nobody has to wait. */
START_TEST(test_stuck_connection_goes_before_the_last_block)
{
    open_net(3);
    close_window(0);
    rig_after(net, 60 * NS_PER_MS);
    take(&net->tx, rig_limits.tx_blocks * 15 / 16 - 1);
    ck_assert_uint_gt(stream_reserve(ends[1].s).n, 0);
    ck_assert_uint_eq(net->tcp->count.reaped, 0);
    ck_assert_uint_eq(write_much(1) > 0, 1);
    ck_assert_uint_gt(stream_reserve(ends[2].s).n, 0);
    ck_assert_uint_eq(net->tcp->count.reaped, 1);
    ck_assert_int_eq(ends[0].s->error, E_FULL);
    close_net();
}
END_TEST

/* The same where the NIC's last blocks would be given away. */
START_TEST(test_stuck_connection_goes_before_the_nics_last_block)
{
    open_net(2);
    close_window(0);
    rig_after(net, 60 * NS_PER_MS);
    take(&net->rx, rig_limits.rx_blocks * 15 / 16);
    rig_send(&peers[1], TCP_ACK, "0123456789", 10);
    ck_assert_uint_eq(net->tcp->count.reaped, 1);
    ck_assert_uint_eq(net->tcp->count.dropped__memory, 0);
    close_net();
}
END_TEST

/* Packets: sending waits a millisecond, and nothing is lost. */
START_TEST(test_no_packet_to_send_with)
{
    struct pkt *held[512];
    unsigned n = 0;

    open_net(1);
    stream_write(ends[0].s, SPAN("hello"));
    while (net->pkts.in_use < net->pkts.count)
        held[n++] = pkt_get(&net->pkts);
    rig_turn(net);
    ck_assert(rig_quiet(net));
    ck_assert_uint_eq(net->tcp->count.no_packet, 1);
    ck_assert_uint_eq(tcp_next_deadline(net->tcp), net->now + NS_PER_MS);
    while (n)
        pkt_put(held[--n]);
    rig_after(net, NS_PER_MS);
    ck_assert_uint_eq(rig_out(net).len, 5);
    close_net();
}
END_TEST

/* tcp_output() sends at most what it is asked for, and goes on next time. */
START_TEST(test_output_has_a_budget)
{
    open_net(3);
    for (unsigned i = 0; i < 3; i++)
        write_much(i);
    ck_assert_uint_eq(tcp_output(net->tcp, 4, net->now), 4);
    ck_assert_uint_eq(tcp_next_deadline(net->tcp), 0);
    ck_assert_uint_eq(tcp_output(net->tcp, 100, net->now), 26);
    ck_assert_uint_eq(tcp_output(net->tcp, 100, net->now), 0);
    close_net();
}
END_TEST

TCP_SUITE("tcp pressure", TEST(test_no_block_no_room_then_writable),
          TEST(test_scarce_blocks_are_one_for_each),
          TEST(test_waiting_owners_are_woken_in_order),
          TEST(test_stuck_connection_gives_way_to_one_that_is_not),
          TEST(test_closed_window_is_patiently_looked_at),
          TEST(test_stuck_connection_goes_before_the_last_block),
          TEST(test_stuck_connection_goes_before_the_nics_last_block),
          TEST(test_released_while_waiting), TEST(test_no_packet_to_send_with),
          TEST(test_output_has_a_budget))
