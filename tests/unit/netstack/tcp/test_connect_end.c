/* SPDX-License-Identifier: ISC */
/*
 * test_connect_end.c - TIME-WAIT of connections opened from here, and what is
 * counted.
 */
#include "connect_case.h"
#include "tcp_suite.h"

#include <metrics/metrics_impl.h>

/* We close first: a record is left. */
static void in_time_wait(int v6)
{
    connected(v6);
    stream_shutdown(end.s);
    rig_turn(net);
    peer.ack++;
    rig_send(&peer, TCP_ACK | TCP_FIN, NULL, 0);
    ck_assert(end.events & STREAM_CLOSED);
    ck_assert_uint_eq(net->tcp->tws.in_use, 1);
    rig_forget(net);
}

START_TEST(test_time_wait_answers_a_repeated_fin)
{
    struct rig_frame f;

    in_time_wait(_i);
    rig_after(net, 50 * NS_PER_SEC);
    peer.seq--;
    rig_send(&peer, TCP_ACK | TCP_FIN, NULL, 0);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_ACK);
    ck_assert_uint_eq(f.h.seg.seq, peer.ack);
    ck_assert_uint_eq(f.h.seg.ack, peer.seq);
    rig_after(net, 55 * NS_PER_SEC); /* the wait began anew */
    ck_assert_uint_eq(net->tcp->tws.in_use, 1);
    rig_after(net, 6 * NS_PER_SEC);
    ck_assert_uint_eq(net->tcp->tws.in_use, 0);
    ck_assert_uint_eq(tcp_next_deadline(net->tcp), NS_NEVER);
    close_net();
}
END_TEST

START_TEST(test_time_wait_answers_are_limited)
{
    in_time_wait(_i);
    peer.seq--;
    for (int i = 0; i < 100; i++) {
        rig_send(&peer, TCP_ACK | TCP_FIN, NULL, 0);
        peer.seq--;
    }
    ck_assert_uint_le(rig_sent(net), 16);
    rig_forget(net);
    close_net();
}
END_TEST

START_TEST(test_time_wait_ends_by_an_exact_reset)
{
    in_time_wait(_i);
    rig_send(&peer, TCP_RST, NULL, 0);
    ck_assert_uint_eq(net->tcp->tws.in_use, 0);
    ck_assert(rig_quiet(net));
    close_net();
}
END_TEST

/* RFC 6191, RFC 9293 MAY-2: the peer comes again from the same port. */
START_TEST(test_time_wait_is_reopened)
{
    struct rig_end other = {.release_when_closed = true};
    struct tcp_seg syn;
    uint32_t old_nxt;

    in_time_wait(_i);
    old_nxt = peer.ack;
    syn = (struct tcp_seg){.seq = peer.seq + 10, .flags = TCP_SYN, .wnd = 1000};
    rig_in_from(net, SERVER, peer.to, &syn, NULL); /* nobody listens */
    rig_turn(net);
    ck_assert_uint_eq(net->tcp->tws.in_use, 1);
    rig_listen(net, peer.to, &other);
    rig_in_from(net, SERVER, peer.to, &syn, NULL);
    rig_turn(net);
    ck_assert_uint_eq(net->tcp->tws.in_use, 0);
    ck_assert_uint_eq(net->tcp->halves.in_use, 1);
    ck_assert(seq_lt(old_nxt, rig_out(net).h.seg.seq));
    ck_assert_uint_eq(net->tcp->count.time_wait_reused, 1);
    tcp_unlisten(net, peer.to);
    close_net();
}
END_TEST

START_TEST(test_oldest_time_wait_is_recycled)
{
    unsigned most, i;

    open_net(_i);
    most = net->tcp->tws.count;
    for (i = 0; i < most + 5; i++) {
        struct tcp_seg s;

        memset(&end, 0, sizeof(end));
        end.release_when_closed = true;
        ck_assert_uint_eq(dial(SERVER), OK);
        stream_shutdown(end.s);
        rig_turn(net);
        peer = (struct rig_peer){.net = net, .port = SERVER, .seq = 9};
        {
            struct rig_frame f = rig_out(net);

            peer.to = f.h.src;
            peer.ack = f.h.seg.seq + 1;
        }
        peer.wnd = 1000;
        s = rig_seg(&peer, TCP_SYN | TCP_ACK, 0);
        rig_in_from(net, SERVER, peer.to, &s, NULL);
        rig_turn(net);
        peer.seq++;
        peer.ack++;
        rig_send(&peer, TCP_ACK | TCP_FIN, NULL, 0);
        rig_forget(net);
    }
    ck_assert_uint_eq(net->tcp->tws.in_use, most);
    ck_assert_uint_eq(net->tcp->count.time_wait_recycled, 5);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    rig_after(net, 61 * NS_PER_SEC);
    ck_assert_uint_eq(net->tcp->tws.in_use, 0);
    close_net();
}
END_TEST

START_TEST(test_counters_are_shown)
{
    static struct metrics m;
    char text[METRICS_LINE_BYTES * 4];
    uint32_t cursor = 0;
    bool seen = false;

    m.n = 0;
    connected(_i);
    tcp_metrics(net->tcp, &m);
    ck_assert_uint_eq(metrics_get(&m, "tcp_active_opens"), 1);
    for (size_t n; (n = metrics_format(
                        &m, &cursor,
                        (struct mspan){(uint8_t *)text, sizeof(text) - 1}));) {
        text[n] = 0;
        seen |= strstr(text, "tcp_curr_estab 1") != NULL;
    }
    ck_assert(seen);
    close_net();
}
END_TEST

/* Each reason is counted under its own name. */
START_TEST(test_drop_reasons_match_their_counters)
{
    struct tcp_metrics *m;

    connected(_i);
    m = &net->tcp->count;
    rig_send(&peer, 0, NULL, 0);
    ck_assert_uint_eq(m->dropped__no_ack, 1);
    peer.seq += 100000;
    rig_send(&peer, TCP_ACK, NULL, 0);
    peer.seq -= 100000;
    ck_assert_uint_eq(m->dropped__seq, 1);
    rig_send(&peer, TCP_SYN, NULL, 0);
    ck_assert_uint_eq(m->dropped__syn, 1);
    peer.seq++;
    rig_send(&peer, TCP_RST, NULL, 0);
    peer.seq--;
    ck_assert_uint_eq(m->dropped__rst_inexact, 1);
    peer.ack++;
    rig_send(&peer, TCP_ACK, NULL, 0);
    peer.ack--;
    ck_assert_uint_eq(m->dropped__ack_unsent, 1);
    ck_assert_uint_eq(m->challenge_acks, 4);
    rig_send(&peer, TCP_ACK | TCP_FIN, NULL, 0);
    rig_send(&peer, TCP_ACK, "x", 1);
    ck_assert_uint_eq(m->dropped__after_fin, 1);
    rig_forget(net);
    close_net();
}
END_TEST

#define BOTH(t) LOOP(t, 0, 2)

TCP_SUITE("tcp connect end", BOTH(test_time_wait_answers_a_repeated_fin),
          BOTH(test_time_wait_answers_are_limited),
          BOTH(test_time_wait_ends_by_an_exact_reset),
          BOTH(test_time_wait_is_reopened),
          BOTH(test_oldest_time_wait_is_recycled),
          BOTH(test_counters_are_shown),
          BOTH(test_drop_reasons_match_their_counters))
