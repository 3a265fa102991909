/* SPDX-License-Identifier: ISC */
/*
 * rig.h - TCP without IP: a fake ip.h under the shell, on virtual time.
 *
 * What is sent is caught and taken apart; what is to arrive is put together
 * from values.  The peer is 192.0.2.2 (or 2001:db8::2) port 4000, we are .1
 * (::1) port 80.
 */
#ifndef RIG_H
#define RIG_H

#include <tcp/shell.h>

#include <check.h>

enum {
    RIG_SENT_MAX = 4096,
    RIG_PORT = 80,
    RIG_PEER_PORT = 4000,
    RIG_L4 = 54 /* where TCP begins in an injected frame */
};

struct rig_frame {
    struct tcp_hdr h;
    struct ipaddr src, dst;
    uint16_t flags, gso_size;
    uint8_t tos, ttl;
    bool csum_ok;
    uint32_t len; /* payload */
    uint8_t *data;
};

struct net { /* what the shell sees as the stack */
    struct tcp *tcp;
    struct arena arena;
    struct pool pkts, rx_blocks_home;
    struct block_pool rx, tx;
    ns_t now;
    uint32_t caps, tso_max;
    uint16_t mtu;
    bool v6, no_route, csum_bad, hold_frames;
    bool remote_set;
    struct ipaddr remote; /* of what comes in, instead of .2 */
    unsigned confirms, pmtu_updates;
    struct net_addr addrs[4];
    unsigned naddrs;
    struct rig_frame sent[RIG_SENT_MAX]; /* ring; first..last */
    unsigned first, last;
    struct pktq held; /* frames that a device still refers to */
    void *memory;
    size_t bytes;
};

struct rig_end { /* an application that owns a stream */
    struct stream *s;
    unsigned events; /* all that ever came */
    unsigned calls;
    unsigned last;
    struct endpoint peer;
    bool refuse, release_when_closed, echo;
    uint8_t got[1 << 20];
    size_t ngot;
};

extern struct limits rig_limits;
extern uint32_t rig_per_source; /* no limit; a test may set another */

struct net *rig_new(bool v6);
struct net *rig_new_limits(bool v6, const struct limits *);
/* Checks that nothing was lost, and frees all. */
void rig_free(struct net *);

/* A segment from the peer; `data` may be NULL when s->len is 0. */
void rig_in_from(struct net *, uint16_t sport, uint16_t dport,
                 const struct tcp_seg *s, const void *data);
void rig_in(struct net *, const struct tcp_seg *s, const void *data);
/* One turn without input. */
void rig_turn(struct net *);
void rig_after(struct net *, ns_t);
/* The next frame that was sent; fails the test when there is none. */
struct rig_frame rig_out(struct net *);
bool rig_quiet(const struct net *);
unsigned rig_sent(const struct net *);
void rig_forget(struct net *);

/* A listener whose connections go to `end`. */
void rig_listen(struct net *, uint16_t port, struct rig_end *end);
void rig_attach(struct rig_end *, struct stream *);
void rig_read(struct rig_end *);
struct ipaddr rig_local(const struct net *), rig_remote(const struct net *);

/* The peer's side of a connection, by hand. */
struct rig_peer {
    struct net *net;
    uint16_t port, to;
    uint32_t seq, ack; /* next to send, next expected */
    uint32_t tsval, tsecr;
    bool ts;
    uint16_t wnd;
};
/* Connects to port 80 with these options; ends ESTABLISHED. */
struct rig_peer rig_connect(struct net *, uint8_t opts);
struct tcp_seg rig_seg(struct rig_peer *, uint8_t flags, uint32_t len);
void rig_send(struct rig_peer *, uint8_t flags, const void *data, uint32_t len);
/* The connection itself, for white-box looks. */
struct conn *rig_conn(struct net *);

#endif
