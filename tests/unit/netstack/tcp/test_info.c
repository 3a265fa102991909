/* SPDX-License-Identifier: ISC */
/*
 * test_info.c - what a walk over the connections says, with IPv4 and IPv6.
 */
#include "rig.h"
#include "tcp_suite.h"

#include <string.h>

static struct rig_end end;

START_TEST(test_figures_of_one_connection)
{
    struct net *net = rig_new(_i);
    struct ipaddr us = rig_local(net), peer = rig_remote(net);
    struct rig_peer p;
    struct tcp_info t;
    struct tcp_counts n;
    uint32_t at = 0;

    memset(&end, 0, sizeof(end));
    rig_listen(net, RIG_PORT, &end);
    ck_assert(!tcp_info_next(net, &at, &t));
    p = rig_connect(net, TCP_OPT_MSS | TCP_OPT_TS | TCP_OPT_SACK_OK |
                             TCP_OPT_WSCALE);
    ck_assert(tcp_info_next(net, &at, &t));
    ck_assert_str_eq(t.state, "ESTABLISHED");
    ck_assert_str_eq(t.recovery, "open");
    ck_assert_str_eq(t.congestion, "cubic");
    ck_assert(ipaddr_eq(&t.local.addr, &us));
    ck_assert(ipaddr_eq(&t.remote.addr, &peer));
    ck_assert_uint_eq(t.local.port, RIG_PORT);
    ck_assert_uint_eq(t.remote.port, RIG_PEER_PORT);
    ck_assert_uint_eq(t.mss, (_i ? 1440 : 1460) - 12);
    ck_assert_uint_eq(t.path_mtu, 1500);
    ck_assert_uint_eq(t.snd_wscale, 2);
    ck_assert(t.timestamps && t.sack && t.wscale && !t.ecn);
    ck_assert_uint_eq(t.ssthresh, 0);
    ck_assert_uint_ge(t.cwnd, 10 * 1400);
    ck_assert_uint_eq(t.snd_queued + t.rcv_queued + t.unacked + t.pieces, 0);
    ck_assert(!tcp_info_next(net, &at, &t));

    /* Sent, lost, sent again; and something that nobody reads. */
    ck_assert_uint_eq(stream_write(end.s, SPAN("hello")), 5);
    rig_turn(net);
    rig_send(&p, TCP_ACK | TCP_PSH, "1234567", 7);
    rig_after(net, 1500 * NS_PER_MS);
    at = 0;
    ck_assert(tcp_info_next(net, &at, &t));
    ck_assert_uint_eq(t.unacked, 5);
    ck_assert_uint_eq(t.snd_queued, 5);
    ck_assert_uint_eq(t.rcv_queued, 7);
    ck_assert_uint_eq(t.pieces, 1);
    ck_assert_uint_ge(t.retransmits, 1);
    ck_assert_uint_ge(t.backoff, 1);
    ck_assert_str_eq(t.recovery, "loss");
    ck_assert_uint_eq(t.idle, 1500 * NS_PER_MS);
    ck_assert_uint_gt(t.rto_us, 200000 - 1);

    stream_release(end.s);
    rig_turn(net);
    at = 0;
    ck_assert(!tcp_info_next(net, &at, &t));
    tcp_counts(net, &n);
    ck_assert_uint_eq(n.connections, 0);
    ck_assert_uint_eq(n.connections_max, rig_limits.tcp_conns);
    ck_assert_uint_eq(n.half_open_max, rig_limits.tcp_half_open);
    tcp_unlisten(net, RIG_PORT);
    rig_free(net);
}
END_TEST

static struct stream *owned[16];
static unsigned nowned;

static bool keep(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    (void)user;
    owned[nowned++] = s;
    return true;
}

/* Those that stay are seen exactly once, whoever goes meanwhile. */
START_TEST(test_walk_goes_on_while_connections_end)
{
    struct net *net = rig_new(_i);
    uint32_t at = 0, seen = 0;
    struct tcp_info t;

    nowned = 0;
    ck_assert_uint_eq(tcp_listen(net, RIG_PORT, keep, NULL), OK);
    for (uint16_t i = 0; i < 12; i++) {
        struct tcp_seg s = {.seq = 9, .flags = TCP_SYN, .wnd = 999};
        struct rig_frame f;

        rig_in_from(net, (uint16_t)(5000 + i), RIG_PORT, &s, NULL);
        f = rig_out(net);
        s = (struct tcp_seg){
            .seq = 10, .ack = f.h.seg.seq + 1, .flags = TCP_ACK, .wnd = 999};
        rig_in_from(net, (uint16_t)(5000 + i), RIG_PORT, &s, NULL);
        rig_turn(net);
    }
    ck_assert_uint_eq(nowned, 12);
    for (unsigned i = 0; tcp_info_next(net, &at, &t); i++) {
        ck_assert_uint_lt(t.remote.port - 5000u, 12);
        ck_assert(!(seen & 1u << (t.remote.port - 5000)));
        seen |= 1u << (t.remote.port - 5000);
        if (i == 4) {
            stream_release(owned[0]);
            stream_release(owned[11]);
            rig_turn(net);
        }
    }
    ck_assert_uint_eq(seen | 1u | 1u << 11, 0xfff);
    for (unsigned i = 1; i < 11; i++)
        stream_release(owned[i]);
    rig_turn(net);
    tcp_unlisten(net, RIG_PORT);
    rig_free(net);
}
END_TEST

TCP_SUITE("tcp info", LOOP(test_figures_of_one_connection, 0, 2),
          LOOP(test_walk_goes_on_while_connections_end, 0, 2))
