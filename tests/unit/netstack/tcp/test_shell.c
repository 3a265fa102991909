/* SPDX-License-Identifier: ISC */
/*
 * test_shell.c - connections over a fake IP: open, transfer, close, both
 * families.
 */
#include "../../lib/suite.h"
#include "rig.h"

static struct rig_end end;

enum { ALL = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK | TCP_OPT_TS };

static struct net *open_net(bool v6)
{
    struct net *net = rig_new(v6);

    memset(&end, 0, sizeof(end));
    end.release_when_closed = true;
    rig_listen(net, RIG_PORT, &end);
    return net;
}

START_TEST(test_passive_open_transfer_close)
{
    struct net *net = open_net(_i);
    struct rig_peer p = rig_connect(net, ALL);
    struct rig_frame f;

    ck_assert_ptr_nonnull(end.s);
    ck_assert_uint_eq(end.peer.port, RIG_PEER_PORT);
    ck_assert(rig_quiet(net));

    rig_send(&p, TCP_ACK | TCP_PSH, "hello", 5);
    ck_assert_uint_eq(end.last, STREAM_READABLE);
    ck_assert(rig_quiet(net)); /* delayed */
    rig_read(&end);
    ck_assert_uint_eq(stream_write(end.s, SPAN("world!")), 6);
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.ack, p.seq); /* piggybacked */
    ck_assert_uint_eq(f.len, 6);
    ck_assert_mem_eq(f.data, "world!", 6);
    ck_assert(f.h.seg.flags & TCP_PSH);
    ck_assert(rig_quiet(net));
    p.ack += 6;
    p.tsecr = f.h.seg.tsval;
    rig_send(&p, TCP_ACK, NULL, 0);
    ck_assert_uint_eq(net->tx.blocks.in_use, 0);
    ck_assert_uint_eq(net->rx.blocks.in_use, 0);

    rig_send(&p, TCP_FIN | TCP_ACK, NULL, 0);
    ck_assert_uint_eq(end.last, STREAM_EOF);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.ack, p.seq);
    stream_shutdown(end.s);
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_FIN | TCP_ACK | TCP_PSH);
    p.ack++;
    rig_send(&p, TCP_ACK, NULL, 0);
    ck_assert_uint_eq(end.last, STREAM_CLOSED);
    ck_assert(rig_quiet(net));
    tcp_unlisten(net, RIG_PORT);
    ck_assert(!tcp_in_use(net->tcp));
    rig_free(net);
}
END_TEST

START_TEST(test_active_open_then_time_wait)
{
    struct net *net = open_net(_i);
    struct endpoint to = {.addr = rig_remote(net), .port = 7};
    struct stream *s;
    struct rig_frame f;
    struct rig_peer p = {.net = net, .seq = 700, .wnd = 65535, .port = 7};
    struct tcp_seg syn;

    ck_assert_uint_eq(tcp_connect(net, &to, &s), OK);
    rig_attach(&end, s);
    ck_assert_uint_eq(stream_write(s, SPAN("early")), 5);
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_SYN);
    ck_assert_uint_eq(f.h.seg.mss, _i ? 1440 : 1460);
    ck_assert_uint_eq(f.h.seg.opts, ALL);
    p.to = f.h.src;
    p.ack = f.h.seg.seq + 1;
    syn = rig_seg(&p, TCP_SYN | TCP_ACK, 0);
    syn.opts = TCP_OPT_MSS;
    syn.mss = 1000;
    rig_in_from(net, 7, p.to, &syn, NULL);
    rig_turn(net);
    p.seq++;
    ck_assert_uint_eq(end.last, STREAM_OPEN);
    f = rig_out(net);
    ck_assert_uint_eq(f.len, 5);
    ck_assert_uint_eq(f.h.seg.ack, 701);
    ck_assert(rig_quiet(net));
    p.ack += 5;
    stream_shutdown(s);
    rig_turn(net);
    f = rig_out(net);
    ck_assert(f.h.seg.flags & TCP_FIN);
    p.ack++;
    rig_send(&p, TCP_ACK, NULL, 0);
    rig_send(&p, TCP_FIN | TCP_ACK, NULL, 0);
    ck_assert_uint_eq(end.last, STREAM_EOF | STREAM_CLOSED);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.ack, p.seq);
    ck_assert_uint_eq(net->tcp->tws.in_use, 1);
    ck_assert_uint_eq(net->tcp->conns.in_use, 0);
    p.seq--;
    rig_send(&p, TCP_FIN | TCP_ACK, NULL, 0);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_ACK);
    ck_assert_uint_eq(f.h.seg.ack, p.seq);
    rig_after(net, 59 * NS_PER_SEC);
    ck_assert_uint_eq(net->tcp->tws.in_use, 1);
    rig_after(net, 2 * NS_PER_SEC);
    ck_assert_uint_eq(net->tcp->tws.in_use, 0);
    tcp_unlisten(net, RIG_PORT);
    rig_free(net);
}
END_TEST

RUN_CASES("tcp shell", LOOP(test_passive_open_transfer_close, 0, 2),
          LOOP(test_active_open_then_time_wait, 0, 2))
