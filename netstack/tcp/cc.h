/* SPDX-License-Identifier: ISC */
/*
 * cc.h - congestion control: how much may be in flight.
 *
 * Recovery (recover.c) decides what is lost; an algorithm here decides what
 * that means for the window.  One struct of functions each, chosen by number,
 * so that a connection stays plain data.
 */
#ifndef TCP_CC_H
#define TCP_CC_H

#include <billet/base.h>

enum cc_kind { CC_NEWRENO, CC_KINDS };

enum {
    CC_INITIAL_SEGMENTS = 10, /* RFC 6928 */
    CC_INITIAL_BYTES = 14600,
    CC_SLOW_START_SEGMENTS = 8, /* growth by one ACK; RFC 9406 4.3 */
    CC_CWND_MAX = 1 << 30
};

struct cc {
    uint32_t cwnd, ssthresh; /* bytes */
    uint32_t acked;          /* in congestion avoidance, since it last grew */
    uint8_t kind;            /* enum cc_kind */
};

struct cc_ops {
    const char *name; /* "newreno" */
    /* `acked` bytes were acknowledged; `flight` were under way when data was
     * sent last, which says whether the window was made use of. */
    void (*ack)(struct cc *, uint32_t mss, uint32_t acked, uint32_t flight,
                ns_t now);
    /* Fast recovery begins. */
    void (*loss)(struct cc *, uint32_t mss, uint32_t flight, ns_t now);
    /* The retransmission timer expired for the first time in a row. */
    void (*timeout)(struct cc *, uint32_t mss, uint32_t flight, ns_t now);
};

extern const struct cc_ops cc_newreno;
const struct cc_ops *cc_ops_of(const struct cc *);

/* The window to start with (RFC 6928; one segment if a SYN was lost). */
void cc_init(struct cc *, uint8_t kind, uint32_t mss, bool syn_lost);
/* Nothing was sent for longer than the timeout (RFC 5681 4.1). */
void cc_idle(struct cc *, uint32_t mss);
/* Fast recovery is over (RFC 6582 3.2, step 3). */
void cc_recovered(struct cc *, uint32_t mss, uint32_t flight);

#endif
