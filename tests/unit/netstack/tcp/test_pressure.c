/* SPDX-License-Identifier: ISC */
/*
 * test_pressure.c - memory that runs out: architecture 6, the table of what is
 * done when which pool is scarce.
 */
#include "rig.h"
#include "tcp_suite.h"

enum { ALL = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK };

static struct rig_end ends[16];
static unsigned nends;
static struct net *net;
static struct rig_peer peers[16];
static struct block *hog[512];
static unsigned nhogs;

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    (void)user;
    rig_attach(&ends[nends++], s);
    return true;
}

static void connect_one(unsigned i)
{
    struct tcp_seg syn = {.seq = 1000,
                          .flags = TCP_SYN,
                          .wnd = 65535,
                          .opts = ALL,
                          .mss = 1460,
                          .wscale = 2};
    struct rig_frame f;

    peers[i] = (struct rig_peer){.net = net,
                                 .port = (uint16_t)(4000 + i),
                                 .to = RIG_PORT,
                                 .seq = 1001,
                                 .wnd = 65535};
    rig_in_from(net, peers[i].port, RIG_PORT, &syn, NULL);
    rig_turn(net);
    f = rig_out(net);
    peers[i].ack = f.h.seg.seq + 1;
    rig_send(&peers[i], TCP_ACK, NULL, 0);
    ck_assert_uint_eq(nends, i + 1);
}

static void open_net(unsigned conns)
{
    memset(ends, 0, sizeof(ends));
    nends = nhogs = 0;
    net = rig_new(false);
    ck_assert_uint_eq(tcp_listen(net, RIG_PORT, on_accept, NULL), OK);
    for (unsigned i = 0; i < conns; i++)
        connect_one(i);
}

static void take(struct block_pool *from, uint32_t until)
{
    while (from->blocks.in_use < until)
        hog[nhogs++] = block_get(from);
}

static void give_back(void)
{
    while (nhogs)
        buf_drop(&hog[--nhogs]->buf);
}

static void close_net(void)
{
    give_back();
    for (unsigned i = 0; i < nends; i++)
        if (ends[i].s)
            stream_release(ends[i].s);
    tcp_unlisten(net, RIG_PORT);
    rig_turn(net);
    rig_forget(net);
    rig_free(net);
}

static size_t write_much(unsigned i)
{
    static uint8_t data[100000];

    return stream_write(ends[i].s, (struct span){data, sizeof(data)});
}

/* ---- blocks for sending ---- */

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

/* ---- blocks that are received into ---- */

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
          TEST(test_byte_by_byte_costs_no_piece_each),
          TEST(test_the_last_is_not_given_to_a_backlog),
          TEST(test_released_while_waiting),
          TEST(test_pressed_window_is_smaller),
          TEST(test_pressed_takes_a_little_of_each),
          TEST(test_pressed_copies_small_payloads),
          TEST(test_pressed_drops_out_of_order_first),
          TEST(test_reneged_data_comes_again),
          TEST(test_out_of_order_is_bounded), TEST(test_no_packet_to_send_with),
          TEST(test_output_has_a_budget))
