/* SPDX-License-Identifier: ISC */
/*
 * stack_bench.h - the stack under fuzz_stack.c, what it sends and what it is
 * sent.
 */
#ifndef STACK_BENCH_H
#define STACK_BENCH_H

#include <stack.h>

#include "input.h"

enum { FRAME_MAX = 1600, STREAMS_MAX = 6 };

#define OUR_MAC  UINT64_C(0x020000000002)
#define PEER_MAC UINT64_C(0x020000000001)
#define OUR4     UINT32_C(0x0a000002)
#define PEER4    UINT32_C(0x0a000001)

/* The segment or datagram that was sent last, to answer it. */
struct seen {
    bool v4;
    struct ipaddr src, dst;
    uint16_t sport, dport;
    uint32_t seq, ack, len;
    uint8_t flags;
};

struct bench {
    struct arena arena;
    struct pool pkts;
    struct block_pool tx, rx;
    struct netif dev;
    struct net *net;
    ns_t now;
    struct seen tcp, udp;
    uint8_t udp_data[600];
    size_t udp_bytes;
    struct stream *stream[STREAMS_MAX];
    uint16_t port;
    bool failing;
    enum err last; /* any outcome of a call is fine */
};
extern struct bench bench;

/* A stack on a NIC, as the input says. */
void bench_start(void);
/* Turns until nothing is due now; then its books must balance. */
void bench_rest(void);
void bench_wait(ns_t duration);
void bench_deliver(const uint8_t *frame, size_t n);

/* Frames made right, then bent as the input says; `b` is room of zeros. */
void send_tcp_answer(uint8_t *b);
void send_syn(uint8_t *b);
void send_udp_answer(uint8_t *b);
void send_icmp(uint8_t *b);
void send_arp(uint8_t *b);

#endif
