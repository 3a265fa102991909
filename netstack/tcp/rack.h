/* SPDX-License-Identifier: ISC */
/*
 * rack.h - when what was sent, and what follows from it: RACK-TLP (RFC 8985).
 *
 * Part of a tcb.  Times are of 1024 ns, modulo 2^32 (73 minutes).
 */
#ifndef TCP_RACK_H
#define TCP_RACK_H

#include "../wire/tcp.h"

enum {
    TCP_SENT_MAX = 16,  /* a record for each 1/16 of a round trip; beyond: of
                         * two each, the first counts as sent with the next */
    TCP_RESENT_MAX = 8, /* runs of retransmissions; beyond: the timeout finds
                         * out about the oldest */
    RACK_PERSIST = 16   /* recoveries until a wide window is narrow again */
};

/* First transmissions, in order: up to `end`, by `at` at the latest. */
struct tcp_sent {
    uint32_t end, at;
};

struct tcp_resent {
    uint32_t start, end, at;
    bool lost; /* again; to be sent once more */
};

struct rack {
    /* What was sent last of all that has arrived. */
    uint32_t at, end, rtt;
    uint32_t min_rtt;      /* 0: none yet */
    uint32_t fack;         /* the highest number that has arrived */
    uint32_t began;        /* when the newest record of `sent` was begun */
    uint32_t wait;         /* until the next look for losses; 0: none needed */
    uint32_t tlp_end;      /* SND.NXT at the loss probe */
    uint32_t dsack_end;    /* one DSACK a round trip widens the window */
    bool tlp_out, tlp_rtx; /* a probe is out; it was a retransmission */
    bool tlp_due;          /* send one */
    bool reordered;        /* seen on this path */
    uint8_t widened, persist; /* steps of the reordering window; how long */
    uint8_t first, nsent, nresent;
    struct tcp_sent sent[TCP_SENT_MAX];       /* a ring from `first` on */
    struct tcp_resent resent[TCP_RESENT_MAX]; /* oldest first */
};

#endif
