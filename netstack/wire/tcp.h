/* SPDX-License-Identifier: ISC */
/*
 * tcp.h - TCP segments (RFC 9293 3.1) with their options.  No state.
 *
 * A segment is held as values: the state machine computes with them, and never
 * sees payload, only its length.
 */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include <base/bytes.h>

enum {
    TCP_BYTES = 20,
    TCP_HDR_MAX = 60,
    /* What we send stays within PKT_HDR_MAX: 36 bytes of options.  Three SACK
     * blocks beside a timestamp fit when nothing pads them. */
    TCP_EMIT_MAX = 56,
    TCP_SACKS_MAX = 4,
    TCP_WSCALE_MAX = 14, /* RFC 7323 2.3 */
    TCP_CSUM_AT = 16
};

enum tcp_flag {
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_ACK = 16,
    TCP_URG = 32,
    TCP_ECE = 64, /* RFC 3168 6.1 */
    TCP_CWR = 128,
    TCP_ECN_FLAGS = TCP_ECE | TCP_CWR
};

/* Options that a segment carries, one bit each; SACK blocks are counted. */
enum tcp_opt {
    TCP_OPT_MSS = 1,
    TCP_OPT_WSCALE = 2,
    TCP_OPT_SACK_OK = 4,
    TCP_OPT_TS = 8,
    TCP_OPT_UTO = 16,
    TCP_OPT_ECN = 32 /* none on the wire: what a SYN's flags say */
};

/* Sequence numbers [start, end), modulo 2^32. */
struct seq_range {
    uint32_t start, end;
};

static inline bool seq_lt(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
    return seq_lt(a, b) ? b : a;
}

static inline uint32_t seq_min(uint32_t a, uint32_t b)
{
    return seq_lt(a, b) ? a : b;
}

struct tcp_seg {
    uint32_t seq, ack;
    uint32_t len; /* bytes of payload */
    uint16_t wnd; /* as on the wire, not scaled */
    uint8_t flags, opts;
    bool ce, ect; /* of the IP header: congestion met; ECN can be marked */
    uint32_t tsval, tsecr; /* these five: only if `opts` says so */
    uint16_t mss, uto;     /* uto: as on the wire (RFC 5482) */
    uint8_t wscale;        /* clamped to TCP_WSCALE_MAX */
    uint8_t nsack;
    struct seq_range sack[TCP_SACKS_MAX];
};

struct tcp_hdr {
    uint16_t src, dst;
    uint32_t hdr_len;
    struct tcp_seg seg;
};

/* `in` is at the header and has min(len, TCP_HDR_MAX) bytes at least; `len` is
 * header and payload together.  False when lengths or options contradict each
 * other.  The checksum is not looked at. */
bool tcp_parse(struct tcp_hdr *h, struct span in, uint32_t len);

/* Bytes of the header that tcp_emit() will write: a multiple of 4. */
unsigned tcp_emit_bytes(const struct tcp_seg *);
/* Writes the header with a checksum of 0.  `n` is tcp_emit_bytes(). */
void tcp_emit(uint8_t *out, unsigned n, uint16_t src, uint16_t dst,
              const struct tcp_seg *);

#endif
