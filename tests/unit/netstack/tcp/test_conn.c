/* SPDX-License-Identifier: ISC */
/*
 * test_conn.c - what the owner of a connection reads, and how it ends: stream.h
 * to the letter.
 */
#include "conn_case.h"
#include "tcp_suite.h"

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

TCP_SUITE("tcp conn", TEST(test_peek_and_consume_by_pieces),
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
