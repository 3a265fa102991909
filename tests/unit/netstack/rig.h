/* SPDX-License-Identifier: ISC */
/*
 * rig.h - one stack on a bench: frames in from the test, frames out to it, and
 * virtual time.
 *
 * The stack is 10.0.0.2/24, gateway 10.0.0.1, and has a link-local IPv6
 * address; unless the test configures it otherwise.  Every frame put in lies
 * in memory of exactly its size, so a sanitizer sees a byte read beyond it.
 */
#ifndef RIG_H
#define RIG_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <stack.h>

enum { RIG_SENT_MAX = 512, RIG_FRAME_MAX = 2048 };

/* The peers' station addresses. */
#define RIG_MAC   UINT64_C(0x020000000002)
#define PEER_MAC  UINT64_C(0x020000000001)
#define OTHER_MAC UINT64_C(0x020000000003)
#define IP(a, b, c, d)                                                         \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))
#define OUR4   IP(10, 0, 0, 2)
#define PEER4  IP(10, 0, 0, 1)
#define OTHER4 IP(10, 0, 0, 3)

struct rig_frame {
    size_t n;
    uint16_t flags, csum_start, csum_off;
    uint8_t b[RIG_FRAME_MAX];
};

struct rig {
    void *memory;
    struct arena arena;
    struct pool pkts;
    struct block_pool tx_blocks, rx_blocks;
    struct netif dev;
    struct net *net;
    ns_t now;
    struct rig_frame *sent;
    unsigned nsent, taken;
    size_t split; /* 0: frames come in one piece, else in pieces */
    uint16_t rx_flags, rx_csum_start, rx_csum_off, rx_gso;
    uint8_t rx_netif; /* 0: the first */
    bool show_rs;     /* router solicitations, which go on for ever, too */
    bool show_groups; /* reports about multicast groups, too */
    uint32_t pkts_in_use, blocks_in_use; /* when nothing is going on */
};

/* A frame being written. */
struct out {
    size_t n;
    uint8_t b[70000];
};

struct ipaddr rig_addr(const char *text);
struct netif_config rig_static(void);

/* With the addresses ready and nothing sent left to look at. */
void rig_open(struct rig *, const struct netif_config *);
/* The same, right after net_add(). */
void rig_open_raw(struct rig *, const struct netif_config *);
/* Checks that all memory is back. */
void rig_close(struct rig *);

/* One turn: dispatches, and collects what is sent. */
void rig_turn(struct rig *);
/* Lets time pass, turning whenever the stack wants it. */
void rig_wait(struct rig *, ns_t);
void rig_in(struct rig *, const struct out *);
/* The same before the turn: nothing has been dispatched. */
void rig_put(struct rig *, const struct out *);
/* The next frame sent, or NULL. */
const struct rig_frame *rig_next(struct rig *);
void rig_forget(struct rig *);
/* Teaches the stack the peer's address. */
void rig_meet(struct rig *, const struct ipaddr *, mac_t);
/* Our link-local address. */
struct ipaddr rig_link_local(struct rig *);

void put_eth(struct out *, mac_t dst, mac_t src, uint16_t type);
void put_bytes(struct out *, const void *, size_t);
/* An ARP message in its frame. */
void put_arp(struct out *, mac_t dst, const struct arp_msg *);
/* A header for the `payload` bytes that follow, checksum right. */
void put_ip4(struct out *, uint32_t src, uint32_t dst, uint8_t proto,
             size_t payload);
void put_ip6(struct out *, const struct ipaddr *src, const struct ipaddr *dst,
             uint8_t proto, uint8_t hops, size_t payload);
/* Fills in the L4 checksum at l4 + at, for all bytes from l4 on. */
void fix_csum4(struct out *, size_t l4, size_t at, bool pseudo);
void fix_csum6(struct out *, size_t l4, size_t at);
/* Ethernet to payload, from the peer to us. */
void put_udp4(struct out *, uint32_t src, uint16_t sport, uint32_t dst,
              uint16_t dport, const void *, size_t);
void put_udp6(struct out *, const struct ipaddr *src, uint16_t sport,
              const struct ipaddr *dst, uint16_t dport, const void *, size_t);
void put_echo4(struct out *, uint32_t src, uint32_t dst, size_t payload);
void put_echo6(struct out *, const struct ipaddr *src, const struct ipaddr *dst,
               size_t payload);
/* An NDP message with its checksum: from `b`, type first. */
void put_ndp(struct out *, const struct ipaddr *src, const struct ipaddr *dst,
             const void *, size_t);

/* Whether the IP header and, where it is not left to the device, the L4
 * checksum of a sent frame are right. */
bool frame_is_sound(const struct rig_frame *);

#define drops(rig, reason) ((rig)->net->count.drops__##reason)

#endif
