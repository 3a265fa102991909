/* SPDX-License-Identifier: ISC */
/*
 * conn_case.h - one connection with its owner at one end and a peer that the
 * test speaks for at the other.
 */
#ifndef CONN_CASE_H
#define CONN_CASE_H

#include "rig.h"

enum { ALL = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK };

static struct rig_end end;
static struct net *net;
static struct rig_peer peer;

static inline void open_conn(void)
{
    memset(&end, 0, sizeof(end));
    end.release_when_closed = true;
    net = rig_new(false);
    rig_listen(net, RIG_PORT, &end);
    peer = rig_connect(net, ALL);
    ck_assert_ptr_nonnull(end.s);
}

static inline void close_conn(void)
{
    tcp_unlisten(net, RIG_PORT);
    if (end.s)
        stream_release(end.s);
    rig_turn(net);
    rig_free(net);
}

static inline uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

/* Fills the send queue as far as it goes. */
static inline size_t write_all(size_t n)
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

static inline void ack(uint32_t n)
{
    peer.ack += n;
    rig_send(&peer, TCP_ACK, NULL, 0);
}

#endif
