/* SPDX-License-Identifier: ISC */
/*
 * test_conn_send.c - what the owner of a connection writes and lends: stream.h
 * to the letter.
 */
#include "conn_case.h"
#include "tcp_suite.h"

START_TEST(test_bytes_leave_in_order_and_whole)
{
    size_t got = 0;

    open_conn();
    ck_assert_uint_eq(write_all(30000), 30000);
    rig_turn(net);
    while (got < 30000) {
        struct rig_frame f;

        if (rig_quiet(net))
            ack((uint32_t)got + 1 - (peer.ack - rig_conn(net)->tcb.iss));
        f = rig_out(net);
        for (size_t i = 0; i < f.len; i++)
            ck_assert_uint_eq(f.data[i], pattern(got + i));
        got += f.len;
    }
    peer.ack = rig_conn(net)->tcb.snd_nxt;
    ack(0);
    ck_assert_uint_eq(net->tx.blocks.in_use, 0);
    close_conn();
}
END_TEST

START_TEST(test_retransmission_has_the_same_bytes)
{
    uint8_t first[1500];
    struct rig_frame f;

    open_conn();
    write_all(1200);
    rig_turn(net);
    f = rig_out(net);
    memcpy(first, f.data, f.len);
    rig_after(net, 2 * NS_PER_SEC);
    f = rig_out(net);
    ck_assert_uint_eq(f.len, 1200);
    ck_assert_mem_eq(f.data, first, 1200);
    ck_assert_uint_ge(net->tcp->count.retrans_segs, 1);
    rig_forget(net);
    close_conn();
}
END_TEST

START_TEST(test_full_send_buffer_and_writable)
{
    uint32_t want = rig_limits.tcp_sndbuf;

    open_conn();
    ck_assert_uint_eq(write_all(1 << 20), want);
    ck_assert_uint_eq(stream_reserve(end.s).n, 0);
    rig_turn(net);
    rig_forget(net);
    ck_assert_uint_eq(end.events & STREAM_WRITABLE, 0);
    ack(1460);
    ck_assert_uint_eq(end.last, STREAM_WRITABLE);
    ck_assert_uint_gt(stream_reserve(end.s).n, 0);
    rig_forget(net);
    ack(1460); /* nobody waits: no event */
    ck_assert_uint_eq(end.calls, 1);
    rig_forget(net);
    close_conn();
}
END_TEST

START_TEST(test_reserve_without_commit_holds_nothing)
{
    open_conn();
    ck_assert_uint_eq(stream_reserve(end.s).n, 4096);
    ck_assert_uint_eq(stream_reserve(end.s).n, 4096);
    ck_assert_uint_eq(net->tx.blocks.in_use, 1);
    rig_turn(net);
    ck_assert_uint_eq(net->tx.blocks.in_use, 0);
    stream_commit(end.s, 0);
    ck_assert(rig_quiet(net));
    close_conn();
}
END_TEST

START_TEST(test_writes_of_a_turn_are_one_segment)
{
    open_conn();
    for (int i = 0; i < 10; i++)
        ck_assert_uint_eq(stream_write(end.s, SPAN("0123456789")), 10);
    rig_turn(net);
    ck_assert_uint_eq(rig_out(net).len, 100);
    ck_assert(rig_quiet(net));
    close_conn();
}
END_TEST

START_TEST(test_segmentation_offload)
{
    struct rig_frame f;

    open_conn();
    net->caps |= NETIF_TSO4;
    net->tso_max = 65000;
    conn_refresh_path(rig_conn(net));
    write_all(20000);
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.len, 10 * 1460); /* the initial window, as one */
    ck_assert(f.flags & PKT_GSO4);
    ck_assert(f.flags & PKT_CSUM_PARTIAL);
    ck_assert_uint_eq(f.gso_size, 1460);
    for (size_t i = 0; i < f.len; i++)
        ck_assert_uint_eq(f.data[i], pattern(i));
    ck_assert(rig_quiet(net));
    close_conn();
}
END_TEST

START_TEST(test_checksum_without_a_device_that_does_it)
{
    struct rig_frame f;

    open_conn();
    net->caps = 0;
    conn_refresh_path(rig_conn(net));
    for (size_t n = 1; n < 200; n += 37) {
        ck_assert_uint_eq(write_all(n), n);
        rig_turn(net);
        f = rig_out(net); /* checks the sum */
        ck_assert_uint_eq(f.flags & PKT_CSUM_PARTIAL, 0);
        ack((uint32_t)n);
    }
    close_conn();
}
END_TEST

static unsigned done_calls;

static void on_done(struct loan *loan)
{
    (void)loan;
    done_calls++;
}

START_TEST(test_loan_is_done_when_acked_and_left)
{
    static uint8_t bytes[5000];
    struct loan loan = {.bytes = {bytes, sizeof(bytes)}, .done = on_done};
    struct pkt *p;

    done_calls = 0;
    open_conn();
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = pattern(i);
    net->hold_frames = true;
    ck_assert(stream_lend(end.s, &loan));
    ck_assert_uint_eq(done_calls, 0);
    rig_turn(net);
    ck_assert_ptr_eq(net->held.head->frag[0].p, bytes); /* in place */
    rig_forget(net);
    ack(5000);
    ck_assert_uint_eq(done_calls, 0); /* the device still refers to it */
    net->hold_frames = false;
    while ((p = pktq_pop(&net->held)))
        pkt_put(p);
    ck_assert_uint_eq(done_calls, 0); /* never from there, either */
    ck_assert_uint_eq(tcp_next_deadline(net->tcp), 0);
    rig_turn(net);
    ck_assert_uint_eq(done_calls, 1);
    close_conn();
}
END_TEST

START_TEST(test_loans_and_writes_keep_their_order)
{
    struct loan loan = {.bytes = SPAN("-lent-"), .done = on_done};
    struct rig_frame f;

    done_calls = 0;
    open_conn();
    stream_write(end.s, SPAN("one"));
    ck_assert(stream_lend(end.s, &loan));
    stream_write(end.s, SPAN("two"));
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.len, 12);
    ck_assert_mem_eq(f.data, "one-lent-two", 12);
    ack(12);
    ck_assert_uint_eq(done_calls, 1);
    ck_assert_uint_eq(net->tx.blocks.in_use, 0);
    close_conn();
}
END_TEST

START_TEST(test_one_loan_of_any_size_fits)
{
    static uint8_t bytes[300000];
    struct loan a = {.bytes = {bytes, sizeof(bytes)}, .done = on_done}, b = a;

    done_calls = 0;
    open_conn();
    ck_assert(stream_lend(end.s, &a));
    ck_assert(!stream_lend(end.s, &b));
    ck_assert_uint_eq(stream_reserve(end.s).n, 0);
    while (!(end.events & STREAM_WRITABLE)) {
        uint32_t n = 0;

        rig_turn(net);
        while (!rig_quiet(net))
            n += rig_out(net).len;
        ck_assert_uint_gt(n, 0);
        ack(n);
    }
    ck_assert(stream_lend(end.s, &b));
    stream_abort(end.s);
    rig_turn(net);
    rig_forget(net);
    ck_assert_uint_eq(done_calls, 2); /* and b, though never sent */
    close_conn();
}
END_TEST

START_TEST(test_empty_loan_is_refused)
{
    struct loan loan = {.done = on_done};

    done_calls = 0;
    open_conn();
    ck_assert(stream_lends(end.s));
    ck_assert(!stream_lend(end.s, &loan));
    rig_turn(net);
    ck_assert_uint_eq(done_calls, 0);
    close_conn();
}
END_TEST

/* More pieces than a packet has fragments. */
START_TEST(test_many_small_loans)
{
    static struct loan loans[100];
    static uint8_t bytes[100];
    uint32_t got = 0;

    done_calls = 0;
    open_conn();
    for (unsigned i = 0; i < 100; i++) {
        bytes[i] = (uint8_t)i;
        loans[i] = (struct loan){.bytes = {&bytes[i], 1}, .done = on_done};
        ck_assert(stream_lend(end.s, &loans[i]));
    }
    rig_turn(net);
    while (!rig_quiet(net)) {
        struct rig_frame f = rig_out(net);

        ck_assert_uint_eq(f.h.seg.seq, peer.ack + got);
        for (uint32_t i = 0; i < f.len; i++)
            ck_assert_uint_eq(f.data[i], got + i);
        got += f.len;
    }
    ck_assert_uint_eq(got, 100);
    ack(100);
    ck_assert_uint_eq(done_calls, 100);
    close_conn();
}
END_TEST

/* A flood of single bytes pins a block or two, not one each. */
START_TEST(test_small_payloads_are_copied_together)
{
    open_conn();
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t byte = pattern(i);

        rig_send(&peer, TCP_ACK, &byte, 1);
        rig_forget(net);
    }
    ck_assert_uint_le(net->rx.blocks.in_use, 1);
    ck_assert_uint_le(net->tx.blocks.in_use, 1);
    ck_assert_uint_le(rig_conn(net)->nrx, 2);
    rig_read(&end);
    ck_assert_uint_eq(end.ngot, 1000);
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_uint_eq(end.got[i], pattern(i));
    rig_turn(net);
    rig_forget(net);
    ck_assert_uint_eq(net->tx.blocks.in_use, 0);
    close_conn();
}
END_TEST

/* Segments of a size that is not small pin at most twice the buffer. */
START_TEST(test_pinned_blocks_are_bounded)
{
    static uint8_t data[256];

    open_conn();
    for (unsigned i = 0; i < 255; i++) {
        rig_send(&peer, TCP_ACK, data, sizeof(data));
        rig_forget(net);
    }
    ck_assert_uint_eq(rig_conn(net)->tcb.rcv_unread, 255 * 256);
    ck_assert_uint_le(net->rx.blocks.in_use * 2048,
                      2 * rig_limits.tcp_rcvbuf + 2048);
    rig_read(&end);
    ck_assert_uint_eq(end.ngot, 255 * 256);
    rig_turn(net);
    rig_forget(net);
    close_conn();
}
END_TEST

TCP_SUITE("tcp conn send", TEST(test_bytes_leave_in_order_and_whole),
          TEST(test_retransmission_has_the_same_bytes),
          TEST(test_full_send_buffer_and_writable),
          TEST(test_reserve_without_commit_holds_nothing),
          TEST(test_writes_of_a_turn_are_one_segment),
          TEST(test_segmentation_offload),
          TEST(test_checksum_without_a_device_that_does_it),
          TEST(test_loan_is_done_when_acked_and_left),
          TEST(test_loans_and_writes_keep_their_order),
          TEST(test_one_loan_of_any_size_fits),
          TEST(test_empty_loan_is_refused), TEST(test_many_small_loans),
          TEST(test_small_payloads_are_copied_together),
          TEST(test_pinned_blocks_are_bounded))
