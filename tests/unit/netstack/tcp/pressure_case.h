/* SPDX-License-Identifier: ISC */
/*
 * pressure_case.h - connections that share few blocks.
 */
#ifndef PRESSURE_CASE_H
#define PRESSURE_CASE_H

#include "rig.h"

enum { ALL = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK };

static struct rig_end ends[16];
static unsigned nends;
static struct net *net;
static struct rig_peer peers[16];
static struct block *hog[512];
static unsigned nhogs;

static inline bool on_accept(struct stream *s, const struct endpoint *peer,
                             void *user)
{
    (void)peer;
    (void)user;
    rig_attach(&ends[nends++], s);
    return true;
}

static inline void connect_one(unsigned i)
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

static inline void open_net(unsigned conns)
{
    memset(ends, 0, sizeof(ends));
    nends = nhogs = 0;
    net = rig_new(false);
    ck_assert_uint_eq(tcp_listen(net, RIG_PORT, on_accept, NULL), OK);
    for (unsigned i = 0; i < conns; i++)
        connect_one(i);
}

static inline void take(struct block_pool *from, uint32_t until)
{
    while (from->blocks.in_use < until)
        hog[nhogs++] = block_get(from);
}

static inline void give_back(void)
{
    while (nhogs)
        buf_drop(&hog[--nhogs]->buf);
}

static inline void close_net(void)
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

static inline size_t write_much(unsigned i)
{
    static uint8_t data[100000];

    return stream_write(ends[i].s, (struct span){data, sizeof(data)});
}

#endif
