/* SPDX-License-Identifier: ISC */
/*
 * pkt.h - network packets and the memory behind them.
 *
 * Ownership.  A packet is in exactly one place: a pool, one queue, one device
 * ring, or one local variable.  Passing it on moves it.  Its fragments hold
 * references on bufs (blocks, loans); a buf is freed when the last reference
 * is dropped.
 *
 * A received packet: everything is in the fragments, `hdr_len` is 0, and the
 * Ethernet header starts at fragment 0.  Drivers promise that fragment 0 holds
 * the whole packet or at least its first PKT_PULL_MIN bytes.
 *
 * A packet to send: the headers are in hdr[PKT_HDR_MAX - hdr_len ..], built
 * back to front by pkt_push(); the payload, if any, is in the fragments.
 */
#ifndef BILLET_PKT_H
#define BILLET_PKT_H

#include <billet/base.h>

struct pool;

enum {
    PKT_HDR_MAX = 128,  /* virtio-net 12 + Ethernet 14 + 802.1Q 4 + IPv6 40 +
                         * TCP 56 = 126 */
    PKT_FRAGS_MAX = 34, /* 64 KiB in 2 KiB blocks, and two that straddle */
    PKT_PULL_MIN = 128
};

/* A block of device-visible memory, fixed in size, from a bounded pool. */
struct block {
    struct buf buf;
    struct pool *home;
    uint8_t *data;
    uint32_t size;
};

struct frag {
    struct buf *buf; /* one reference */
    const uint8_t *p;
    uint32_t len;
};

enum pkt_flag {
    PKT_CSUM_GOOD = 1 << 0,    /* rx: the device vouches for the L4 checksum */
    PKT_CSUM_PARTIAL = 1 << 1, /* tx: pseudo-header sum stands in the field;
                                * the device finishes at csum_start/off.
                                * rx, with CSUM_GOOD: the sender's device did
                                * not, for it never was on a wire */
    PKT_GSO4 = 1 << 2,     /* tx: TCP/IPv4 to be cut into gso_size payloads; rx:
                            * was merged from such */
    PKT_GSO6 = 1 << 3,     /* the same for TCP/IPv6 */
    PKT_FORWARDED = 1 << 4 /* not sent by us; netif says where it came in */
};

struct pkt {
    struct pkt *next; /* link in the one queue that owns this packet */
    struct pool *home;
    uint32_t len; /* bytes in hdr and all fragments together */
    uint16_t flags, nfrags;
    uint16_t hdr_len;
    uint16_t csum_start; /* from the start of the Ethernet header */
    uint16_t csum_off;   /* from csum_start */
    uint16_t gso_size;   /* TCP payload bytes of each cut */
    uint16_t gso_hdr;    /* bytes of all headers, Ethernet to TCP */
    uint8_t netif;       /* rx: where it came in; tx: where it goes; from 1 */
    struct frag frag[PKT_FRAGS_MAX];
    uint8_t hdr[PKT_HDR_MAX];
};

/* FIFO of packets; moving a packet in or out moves its ownership. */
struct pktq {
    struct pkt *head, **tail; /* tail is NULL in a zeroed, empty queue */
    uint32_t count;
};

/* NULL when the pool is empty.  Header fields are zero, frags empty. */
struct pkt *pkt_get(struct pool *);
/* Drops every fragment and returns the packet to its pool. */
void pkt_put(struct pkt *);

/* Room for `n` more header bytes in front; asserts that they fit. */
static inline uint8_t *pkt_push(struct pkt *p, unsigned n)
{
    ASSERT(p->hdr_len + n <= PKT_HDR_MAX);
    p->hdr_len = (uint16_t)(p->hdr_len + n);
    p->len += n;
    return p->hdr + PKT_HDR_MAX - p->hdr_len;
}

/* Append bytes [p, p+len) of `buf`; takes a reference of its own.  False when
 * the packet has PKT_FRAGS_MAX fragments already. */
bool pkt_add_frag(struct pkt *, struct buf *, const uint8_t *p, uint32_t len);

/* Copy `n` bytes from offset `at` of the whole packet (header first). False
 * when it is shorter. */
bool pkt_copy(const struct pkt *, uint32_t at, void *out, uint32_t n);

/* To the end. */
static inline void pktq_push(struct pktq *q, struct pkt *p)
{
    p->next = NULL;
    if (!q->head)
        q->head = p;
    else
        *q->tail = p;
    q->tail = &p->next;
    q->count++;
}

/* All of `from` behind what `q` has. */
static inline void pktq_join(struct pktq *q, struct pktq *from)
{
    if (!from->head)
        return;
    if (!q->head)
        q->head = from->head;
    else
        *q->tail = from->head;
    q->tail = from->tail;
    q->count += from->count;
    *from = (struct pktq){0};
}

/* The first; NULL when there is none. */
static inline struct pkt *pktq_pop(struct pktq *q)
{
    struct pkt *p = q->head;

    if (p) {
        q->head = p->next;
        p->next = NULL;
        q->count--;
    }
    return p;
}

#endif
