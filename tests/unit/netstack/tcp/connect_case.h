/* SPDX-License-Identifier: ISC */
/*
 * connect_case.h - a connection that is being opened from here, and its peer.
 */
#ifndef CONNECT_CASE_H
#define CONNECT_CASE_H

#include "rig.h"

enum { SERVER = 7, ALL = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK };

static struct rig_end end;
static struct net *net;
static struct rig_peer peer;

static inline enum err dial(uint16_t port)
{
    struct endpoint to = {.addr = rig_remote(net), .port = port};
    struct stream *s;
    enum err err = tcp_connect(net, &to, &s);

    if (!err)
        rig_attach(&end, s);
    return err;
}

static inline void open_net(int v6)
{
    memset(&end, 0, sizeof(end));
    net = rig_new(v6);
}

/* SYN-SENT; the SYN is in the peer's hands. */
static inline void dialling(int v6)
{
    struct rig_frame f;

    open_net(v6);
    ck_assert_uint_eq(dial(SERVER), OK);
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_SYN);
    peer = (struct rig_peer){.net = net,
                             .port = SERVER,
                             .to = f.h.src,
                             .seq = 700,
                             .ack = f.h.seg.seq + 1,
                             .wnd = 65535};
}

static inline void connected(int v6)
{
    struct tcp_seg s;

    dialling(v6);
    s = rig_seg(&peer, TCP_SYN | TCP_ACK, 0);
    s.opts = TCP_OPT_MSS;
    s.mss = 1460;
    rig_in_from(net, SERVER, peer.to, &s, NULL);
    rig_turn(net);
    peer.seq++;
    ck_assert_uint_eq(end.last, STREAM_OPEN);
    rig_forget(net);
}

static inline void close_net(void)
{
    if (end.s)
        stream_release(end.s);
    rig_turn(net);
    rig_free(net);
}

#endif
