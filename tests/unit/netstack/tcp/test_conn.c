/* SPDX-License-Identifier: ISC */
/*
 * test_conn.c - a connection as its owner sees it: stream.h to the letter.
 */
#include "rig.h"
#include "tcp_suite.h"

enum { ALL = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK };

static struct rig_end end;
static struct net *net;
static struct rig_peer peer;

static void open_conn(void)
{
    memset(&end, 0, sizeof(end));
    end.release_when_closed = true;
    net = rig_new(false);
    rig_listen(net, RIG_PORT, &end);
    peer = rig_connect(net, ALL);
    ck_assert_ptr_nonnull(end.s);
}

static void close_conn(void)
{
    tcp_unlisten(net, RIG_PORT);
    if (end.s)
        stream_release(end.s);
    rig_turn(net);
    rig_free(net);
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

/* Fills the send queue as far as it goes. */
static size_t write_all(size_t n)
{
    size_t done = 0;

    while (done < n) {
        struct mspan room = stream_reserve(end.s);

        if (!room.n)
            break;
        if (room.n > n - done)
            room.n = n - done;
        for (size_t i = 0; i < room.n; i++)
            room.p[i] = pattern(done + i);
        stream_commit(end.s, room.n);
        done += room.n;
    }
    return done;
}

static void ack(uint32_t n)
{
    peer.ack += n;
    rig_send(&peer, TCP_ACK, NULL, 0);
}

/* ---- sending ---- */

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

/* ---- loans ---- */

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

/* ---- receiving ---- */

START_TEST(test_peek_and_consume_by_pieces)
{
    open_conn();
    rig_send(&peer, TCP_ACK, "hello ", 6);
    rig_send(&peer, TCP_ACK, "world", 5);
    ck_assert_uint_eq(stream_peek(end.s).n, 6);
    stream_consume(end.s, 2);
    ck_assert_uint_eq(stream_peek(end.s).n, 4);
    ck_assert_mem_eq(stream_peek(end.s).p, "llo ", 4);
    stream_consume(end.s, 4);
    ck_assert_mem_eq(stream_peek(end.s).p, "world", 5);
    stream_consume(end.s, 0);
    stream_consume(end.s, 5);
    ck_assert_uint_eq(stream_peek(end.s).n, 0);
    ck_assert_uint_eq(net->rx.blocks.in_use, 0);
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

START_TEST(test_window_closes_and_opens_with_reading)
{
    static uint8_t data[1460];
    struct rig_frame f = {0};
    uint32_t sent = 0;

    open_conn();
    while (sent + sizeof(data) <= 65535) {
        rig_send(&peer, TCP_ACK, data, sizeof(data));
        sent += sizeof(data);
    }
    rig_after(net, 100 * NS_PER_MS);
    while (!rig_quiet(net))
        f = rig_out(net);
    ck_assert_uint_lt((uint32_t)f.h.seg.wnd << 1, 1460);
    rig_read(&end);
    rig_turn(net);
    f = rig_out(net); /* at once: the peer is waiting */
    ck_assert_uint_eq((uint32_t)f.h.seg.wnd << 1, 65536);
    close_conn();
}
END_TEST

START_TEST(test_out_of_order_payload_is_put_in_order)
{
    struct tcp_seg s;

    open_conn();
    s = rig_seg(&peer, TCP_ACK, 3);
    s.seq += 6;
    rig_in(net, &s, "ghi");
    s.seq -= 3;
    rig_in(net, &s, "def");
    ck_assert_uint_eq(stream_peek(end.s).n, 0);
    ck_assert_uint_eq(rig_out(net).h.seg.nsack, 1);
    ck_assert_uint_eq(rig_out(net).h.seg.nsack, 1);
    rig_send(&peer, TCP_ACK, "abc", 3);
    rig_read(&end);
    ck_assert_uint_eq(end.ngot, 9);
    ck_assert_mem_eq(end.got, "abcdefghi", 9);
    ck_assert_uint_eq(rig_out(net).h.seg.ack, peer.seq + 6);
    ck_assert_uint_eq(net->tcp->sets.in_use, 0);
    close_conn();
}
END_TEST

/* What came first stays: nobody changes a byte that is held. */
START_TEST(test_overlap_is_first_come)
{
    struct tcp_seg s;

    open_conn();
    s = rig_seg(&peer, TCP_ACK, 3);
    s.seq += 3;
    rig_in(net, &s, "AAA");
    s.seq += 6;
    rig_in(net, &s, "BBB");
    s = rig_seg(&peer, TCP_ACK, 12); /* over all of it, in order */
    rig_in(net, &s, "xxxxxxxxxxxx");
    rig_read(&end);
    ck_assert_uint_eq(end.ngot, 12);
    ck_assert_mem_eq(end.got, "xxxAAAxxxBBB", 12);
    rig_forget(net);
    close_conn();
}
END_TEST

START_TEST(test_overlap_ahead_is_first_come_too)
{
    struct tcp_seg s;

    open_conn();
    s = rig_seg(&peer, TCP_ACK, 2);
    s.seq += 4;
    rig_in(net, &s, "AA");
    s.len = 6;
    s.seq -= 2;
    rig_in(net, &s, "yyyyyy");
    rig_send(&peer, TCP_ACK, "zz", 2);
    rig_read(&end);
    ck_assert_uint_eq(end.ngot, 8);
    ck_assert_mem_eq(end.got, "zzyyAAyy", 8);
    rig_forget(net);
    close_conn();
}
END_TEST

START_TEST(test_merged_segment_in_several_blocks)
{
    static uint8_t data[20000];
    struct tcp_seg s;

    open_conn();
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = pattern(i);
    s = rig_seg(&peer, TCP_ACK | TCP_PSH, sizeof(data));
    rig_in(net, &s, data);
    rig_read(&end);
    ck_assert_uint_eq(end.ngot, sizeof(data));
    ck_assert_mem_eq(end.got, data, sizeof(data));
    ck_assert_uint_eq(rig_out(net).h.seg.ack, peer.seq + 20000);
    rig_turn(net);
    rig_forget(net);
    close_conn();
}
END_TEST

/* ---- the end ---- */

START_TEST(test_closed_waits_until_all_is_read)
{
    open_conn();
    rig_send(&peer, TCP_ACK | TCP_FIN, "last words", 10);
    ck_assert_uint_eq(end.last, STREAM_READABLE | STREAM_EOF);
    stream_shutdown(end.s);
    rig_turn(net);
    rig_forget(net);
    ack(1);
    ck_assert_uint_eq(end.events & STREAM_CLOSED, 0);
    rig_read(&end);
    ck_assert_mem_eq(end.got, "last words", 10);
    rig_turn(net);
    ck_assert_uint_eq(end.last, STREAM_CLOSED);
    close_conn();
}
END_TEST

START_TEST(test_orderly_end_is_no_error)
{
    open_conn();
    end.release_when_closed = false;
    rig_send(&peer, TCP_ACK | TCP_FIN, NULL, 0);
    stream_shutdown(end.s);
    rig_turn(net);
    ack(1);
    ck_assert(end.events & STREAM_CLOSED);
    ck_assert_uint_eq(end.s->error, OK);
    rig_forget(net);
    close_conn();
}
END_TEST

START_TEST(test_reset_by_the_peer)
{
    open_conn();
    end.release_when_closed = false;
    rig_send(&peer, TCP_ACK, "unread", 6);
    rig_send(&peer, TCP_RST, NULL, 0);
    ck_assert_uint_eq(end.last, STREAM_CLOSED); /* at once */
    ck_assert_uint_eq(end.s->error, E_RESET);
    ck_assert_uint_eq(net->tcp->count.estab_resets, 1);
    ck_assert_uint_eq(stream_reserve(end.s).n, 0);
    ck_assert_uint_eq(stream_peek(end.s).n, 6);
    close_conn();
}
END_TEST

START_TEST(test_abort_resets_and_closes)
{
    struct rig_frame f;

    open_conn();
    end.release_when_closed = false;
    write_all(1000);
    stream_abort(end.s);
    ck_assert_uint_eq(end.calls, 0);
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_RST | TCP_ACK);
    ck_assert_uint_eq(f.h.seg.seq, peer.ack);
    ck_assert_uint_eq(f.h.seg.ack, peer.seq);
    ck_assert_uint_eq(end.last, STREAM_CLOSED);
    ck_assert_uint_eq(end.s->error, E_CLOSED);
    ck_assert_uint_eq(net->tx.blocks.in_use, 0);
    stream_abort(end.s); /* once more is nothing */
    rig_turn(net);
    ck_assert_uint_eq(end.calls, 1);
    close_conn();
}
END_TEST

START_TEST(test_release_of_an_open_stream_resets)
{
    open_conn();
    stream_release(end.s);
    end.s = NULL;
    rig_turn(net);
    ck_assert(rig_out(net).h.seg.flags & TCP_RST);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    ck_assert_uint_eq(end.calls, 0);
    close_conn();
}
END_TEST

START_TEST(test_release_after_both_ends_shut_goes_on_alone)
{
    struct rig_frame f;

    open_conn();
    rig_send(&peer, TCP_ACK | TCP_FIN, NULL, 0);
    rig_forget(net);
    write_all(100);
    stream_shutdown(end.s);
    stream_release(end.s);
    end.s = NULL;
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.len, 100);
    ck_assert(f.h.seg.flags & TCP_FIN);
    ck_assert(tcp_in_use(net->tcp));
    rig_after(net, NS_PER_SEC); /* lost; sent again without an owner */
    f = rig_out(net);
    ck_assert_uint_eq(f.len, 100);
    rig_forget(net);
    ack(101);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    close_conn();
}
END_TEST

START_TEST(test_half_closed_stream_still_receives)
{
    open_conn();
    stream_shutdown(end.s);
    rig_turn(net);
    ck_assert(rig_out(net).h.seg.flags & TCP_FIN);
    ack(1);
    ck_assert_uint_eq(stream_reserve(end.s).n, 0);
    rig_send(&peer, TCP_ACK, "still here", 10);
    rig_read(&end);
    ck_assert_uint_eq(end.ngot, 10);
    rig_send(&peer, TCP_ACK | TCP_FIN, NULL, 0);
    ck_assert_uint_eq(end.last, STREAM_EOF | STREAM_CLOSED);
    ck_assert_uint_eq(net->tcp->tws.in_use, 1);
    rig_forget(net);
    close_conn();
}
END_TEST

static bool accept_without_handler(struct stream *s,
                                   const struct endpoint *from, void *user)
{
    struct stream **out = user;

    (void)from;
    *out = s;
    return true;
}

START_TEST(test_stream_without_handler_is_released_when_it_closes)
{
    struct stream *s = NULL;

    memset(&end, 0, sizeof(end));
    net = rig_new(false);
    ck_assert_uint_eq(tcp_listen(net, RIG_PORT, accept_without_handler, &s),
                      OK);
    peer = rig_connect(net, ALL);
    ck_assert_ptr_nonnull(s);
    rig_send(&peer, TCP_RST, NULL, 0);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    close_conn();
}
END_TEST

/* In its callback an owner may release itself, others, and open more. */
static struct stream *victim;

static void wild(struct stream *s, unsigned events, void *user)
{
    struct endpoint to = {.addr = rig_remote(net), .port = 9};
    struct stream *fresh;

    (void)events;
    (void)user;
    if (victim)
        stream_release(victim);
    victim = NULL;
    ck_assert_uint_eq(tcp_connect(net, &to, &fresh), OK);
    stream_release(fresh);
    tcp_unlisten(net, RIG_PORT);
    stream_release(s);
    end.s = NULL;
}

START_TEST(test_owner_runs_wild_in_its_callback)
{
    struct endpoint to = {.port = 8};

    open_conn();
    to.addr = rig_remote(net);
    ck_assert_uint_eq(tcp_connect(net, &to, &victim), OK);
    end.s->on_event = wild;
    rig_send(&peer, TCP_ACK, "go", 2);
    rig_turn(net);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    rig_forget(net);
    close_conn();
}
END_TEST

START_TEST(test_names_of_the_ends)
{
    struct endpoint a, b;

    open_conn();
    tcp_peer(end.s, &a);
    tcp_local(end.s, &b);
    ck_assert_uint_eq(a.port, RIG_PEER_PORT);
    ck_assert_uint_eq(b.port, RIG_PORT);
    ck_assert(a.addr.b[15] == 2);
    close_conn();
}
END_TEST

START_TEST(test_keepalive_and_user_timeout)
{
    open_conn();
    end.release_when_closed = false;
    tcp_keepalive(end.s, 60 * NS_PER_SEC);
    rig_turn(net);
    rig_after(net, 61 * NS_PER_SEC);
    ck_assert_uint_eq(rig_out(net).h.seg.seq, peer.ack - 1);
    rig_after(net, 200 * NS_PER_SEC);
    ck_assert(end.events & STREAM_CLOSED);
    ck_assert_uint_eq(end.s->error, E_TIMEOUT);
    ck_assert_uint_eq(net->tcp->count.timeouts, 1);
    rig_forget(net);
    close_conn();

    open_conn();
    end.release_when_closed = false;
    tcp_user_timeout(end.s, 7 * NS_PER_SEC);
    write_all(10);
    rig_turn(net);
    rig_after(net, 6900 * NS_PER_MS);
    ck_assert_uint_eq(end.events, 0);
    rig_after(net, 200 * NS_PER_MS);
    ck_assert_uint_eq(end.s->error, E_TIMEOUT);
    rig_forget(net);
    close_conn();
}
END_TEST

/* An idle connection sleeps. */
START_TEST(test_idle_connection_has_no_deadline)
{
    open_conn();
    rig_after(net, 10 * NS_PER_SEC);
    ck_assert_uint_eq(tcp_next_deadline(net->tcp), NS_NEVER);
    ck_assert_uint_eq(net->tx.blocks.in_use + net->rx.blocks.in_use, 0);
    close_conn();
}
END_TEST

TCP_SUITE("tcp conn", TEST(test_bytes_leave_in_order_and_whole),
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
          TEST(test_peek_and_consume_by_pieces),
          TEST(test_small_payloads_are_copied_together),
          TEST(test_pinned_blocks_are_bounded),
          TEST(test_window_closes_and_opens_with_reading),
          TEST(test_out_of_order_payload_is_put_in_order),
          TEST(test_overlap_is_first_come),
          TEST(test_overlap_ahead_is_first_come_too),
          TEST(test_merged_segment_in_several_blocks),
          TEST(test_closed_waits_until_all_is_read),
          TEST(test_orderly_end_is_no_error), TEST(test_reset_by_the_peer),
          TEST(test_abort_resets_and_closes),
          TEST(test_release_of_an_open_stream_resets),
          TEST(test_release_after_both_ends_shut_goes_on_alone),
          TEST(test_half_closed_stream_still_receives),
          TEST(test_stream_without_handler_is_released_when_it_closes),
          TEST(test_owner_runs_wild_in_its_callback),
          TEST(test_names_of_the_ends), TEST(test_keepalive_and_user_timeout),
          TEST(test_idle_connection_has_no_deadline))
