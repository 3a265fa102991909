/* SPDX-License-Identifier: ISC */
/*
 * listen_case.h - one listener, and segments that come to it.
 */
#ifndef LISTEN_CASE_H
#define LISTEN_CASE_H

#include "rig.h"

enum {
    ALL = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK | TCP_OPT_TS,
    SEQ = 1000
};

static struct rig_end end;
static struct net *net;

static inline void open_net(int v6)
{
    memset(&end, 0, sizeof(end));
    end.release_when_closed = true;
    net = rig_new(v6);
    rig_listen(net, RIG_PORT, &end);
}

static inline void close_net(void)
{
    tcp_unlisten(net, RIG_PORT);
    if (end.s)
        stream_release(end.s);
    rig_turn(net);
    rig_free(net);
}

static inline struct tcp_seg seg(uint8_t flags, uint32_t seq, uint32_t ack)
{
    return (struct tcp_seg){
        .seq = seq, .ack = ack, .flags = flags, .wnd = 65535};
}

static inline struct tcp_seg syn(uint32_t seq)
{
    struct tcp_seg s = seg(TCP_SYN, seq, 0);

    s.opts = ALL;
    s.mss = 1400;
    s.wscale = 3;
    s.tsval = 500;
    return s;
}

static inline struct rig_frame answer_to(struct tcp_seg s)
{
    rig_in(net, &s, NULL);
    return rig_out(net);
}

#endif
