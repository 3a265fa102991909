/* SPDX-License-Identifier: ISC */
/*
 * test_down.c - all connections come to their end with the machine.
 */
#include "conn_case.h"
#include "tcp_suite.h"

static uint8_t next_flags(void)
{
    return rig_out(net).h.seg.flags;
}

START_TEST(test_deaf_refuses_who_comes_and_keeps_who_is_there)
{
    struct tcp_seg syn = {.seq = 77, .flags = TCP_SYN, .wnd = 65535, .opts = 0};

    open_conn();
    rig_forget(net);
    ck_assert(!tcp_down(net->tcp, NET_DOWN_DEAF, net->now));
    rig_in_from(net, 4001, RIG_PORT, &syn, NULL);
    ck_assert_uint_eq(next_flags(), TCP_RST | TCP_ACK);
    ck_assert(rig_quiet(net));
    ck_assert_uint_eq(rig_conn(net)->tcb.state, TCP_ESTABLISHED);
    close_conn();
}
END_TEST

START_TEST(test_close_sends_what_is_queued_and_a_fin_once)
{
    struct rig_frame f;

    open_conn();
    rig_forget(net);
    ck_assert_uint_eq(write_all(100), 100);
    ck_assert(tcp_down(net->tcp, NET_DOWN_CLOSE, net->now));
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.len, 100);
    ck_assert(f.h.seg.flags & TCP_FIN);
    ck_assert_uint_eq(stream_reserve(end.s).n, 0);
    ck_assert(tcp_down(net->tcp, NET_DOWN_CLOSE, net->now));
    rig_turn(net);
    ck_assert(rig_quiet(net));
    ack(101);
    ck_assert(!tcp_down(net->tcp, NET_DOWN_CLOSE, net->now));
    /* The peer has everything: no reset may take it away again. */
    ck_assert(!tcp_down(net->tcp, NET_DOWN_CUT, net->now));
    rig_turn(net);
    ck_assert(rig_quiet(net));
    close_conn();
}
END_TEST

START_TEST(test_cut_resets_who_has_not_answered)
{
    open_conn();
    rig_forget(net);
    ck_assert(tcp_down(net->tcp, NET_DOWN_CLOSE, net->now));
    rig_turn(net);
    ck_assert(next_flags() & TCP_FIN);
    ck_assert(!tcp_down(net->tcp, NET_DOWN_CUT, net->now));
    rig_turn(net);
    ck_assert(next_flags() & TCP_RST);
    ck_assert(end.events & STREAM_CLOSED);
    close_conn();
}
END_TEST

START_TEST(test_a_peer_that_has_ended_hears_our_end)
{
    open_conn();
    rig_send(&peer, TCP_ACK | TCP_FIN, NULL, 0);
    rig_after(net, NS_PER_SEC);
    rig_forget(net);
    ck_assert_uint_eq(rig_conn(net)->tcb.state, TCP_CLOSE_WAIT);
    ck_assert(tcp_down(net->tcp, NET_DOWN_CLOSE, net->now));
    rig_turn(net);
    ck_assert(next_flags() & TCP_FIN);
    ack(1);
    ck_assert(!tcp_down(net->tcp, NET_DOWN_CLOSE, net->now));
    ck_assert(end.events & STREAM_CLOSED);
    close_conn();
}
END_TEST

TCP_SUITE("tcp down", TEST(test_deaf_refuses_who_comes_and_keeps_who_is_there),
          TEST(test_close_sends_what_is_queued_and_a_fin_once),
          TEST(test_cut_resets_who_has_not_answered),
          TEST(test_a_peer_that_has_ended_hears_our_end))
