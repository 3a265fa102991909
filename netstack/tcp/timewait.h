/* SPDX-License-Identifier: ISC */
/*
 * timewait.h - TIME-WAIT: a record of 64 bytes that answers for a connection
 * that is no more.  The decision is pure; the list keeps them in the order in
 * which they end, for all wait equally long.
 */
#ifndef TCP_TIMEWAIT_H
#define TCP_TIMEWAIT_H

#include "secret.h"

/* 2 MSL with an MSL of 30 s; RFC 9293 3.4.2 has 2 minutes, which nobody keeps
 * and which SHLD-... leaves to be chosen. */
#define TIME_WAIT_NS (60 * NS_PER_SEC)
#define TW_NONE      UINT32_MAX

struct tw {
    struct tcp_key key;
    uint32_t hash;
    uint32_t snd_nxt, rcv_nxt, ts_recent;
    uint32_t older, newer; /* indices; TW_NONE */
    uint16_t ends_s4;      /* when it ends, in units of 1/4 s, modulo 2^16 */
    bool ts_ok;
    uint8_t replies; /* ACKs still to be had */
};
_Static_assert(sizeof(struct tw) <= 64, "a TIME-WAIT record has grown");

struct tw_list {
    uint32_t oldest, newest;
};

enum tw_verdict {
    TW_IGNORE,
    TW_ACK,     /* answer with an ACK */
    TW_RESTART, /* the same, and 2 MSL begin anew */
    TW_REOPEN,  /* a new connection may take its place (RFC 6191) */
    TW_END      /* it is over */
};
enum tw_verdict tw_on_segment(const struct tw *, const struct tcp_seg *);

#endif
