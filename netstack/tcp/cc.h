/* SPDX-License-Identifier: ISC */
/*
 * cc.h - congestion control: how much may be in flight.
 *
 * Recovery (recover.c) decides what is lost; an algorithm here decides what
 * that means for the window.  One struct of functions each, chosen by number,
 * so that a connection stays plain data.  Slow start is the same for all, and
 * ends as HyStart++ says (RFC 9406).
 */
#ifndef TCP_CC_H
#define TCP_CC_H

#include <billet/base.h>

enum cc_kind { CC_CUBIC, CC_NEWRENO, CC_KINDS };

enum {
    CC_INITIAL_SEGMENTS = 10, /* RFC 6928 */
    CC_INITIAL_BYTES = 14600,
    CC_SLOW_START_SEGMENTS = 8, /* growth by one ACK; RFC 9406 4.3 */
    CC_CWND_MAX = 1 << 30
};

/* CUBIC's view of the path (RFC 9438); zero: no epoch has begun. */
struct cubic {
    ns_t epoch;          /* when the growth since the last loss began; 0: not */
    uint32_t k;          /* from then to w_max, in 1/1024 s */
    uint32_t w_max;      /* the window at the last loss; 0: none */
    uint32_t w_origin;   /* where the curve is flat */
    uint32_t w_est;      /* what Reno would have */
    uint32_t cwnd_prior; /* the window before the last loss */
};

/* HyStart++ (RFC 9406): times in 1024 ns. */
struct hystart {
    uint32_t window_end;    /* the round ends when this is acknowledged */
    uint32_t last_min, min; /* of the last round of plain slow start, of this
                             * round; 0: none */
    uint32_t part_min;      /* of the last samples, */
    uint8_t samples;        /* so many, up to HS_SAMPLES: a part of a round */
    uint8_t css_rounds;     /* 0: plain slow start */
    uint32_t parts, slow;   /* of this round; that saw a queue */
};

struct cc {
    uint32_t cwnd, ssthresh; /* bytes */
    uint32_t acked;          /* in congestion avoidance, since it last grew */
    uint8_t kind;            /* enum cc_kind */
    bool saved;              /* `was` can be gone back to */
    struct hystart hs;
    struct cubic cubic;
    struct {
        uint32_t cwnd, ssthresh;
        struct cubic cubic;
    } was; /* before the last loss, in case it was none */
};

/* What an ACK says. */
struct cc_ack {
    uint32_t mss, acked;
    uint32_t flight;    /* under way when data was sent last, which says
                         * whether the window was made use of */
    uint32_t una, nxt;  /* after this ACK */
    uint32_t rtt, srtt; /* of 1024 ns; 0: not known */
    ns_t now;
};

struct cc_ops {
    const char *name; /* "newreno" */
    /* In congestion avoidance, the window made use of. */
    void (*avoid)(struct cc *, const struct cc_ack *);
    /* What to have from now on, when `flight` was too much. */
    uint32_t (*reduced)(struct cc *, uint32_t mss, uint32_t flight);
};

extern const struct cc_ops cc_newreno, cc_cubic;
const struct cc_ops *cc_ops_of(const struct cc *);

/* The window to start with (RFC 6928; one segment if a SYN was lost). */
void cc_init(struct cc *, uint8_t kind, uint32_t mss, bool syn_lost);
void cc_on_ack(struct cc *, const struct cc_ack *);
/* Fast recovery begins, or the peer saw ECN's mark. */
void cc_on_loss(struct cc *, uint32_t mss, uint32_t flight);
/* The retransmission timer expired for the first time in a row. */
void cc_on_timeout(struct cc *, uint32_t mss, uint32_t flight);
/* That was for nothing: all is as before.  Once for each loss. */
void cc_undo(struct cc *);
/* Nothing was sent for longer than the timeout (RFC 5681 4.1). */
void cc_idle(struct cc *, uint32_t mss);
/* Fast recovery is over (RFC 6582 3.2, step 3). */
void cc_recovered(struct cc *, uint32_t mss, uint32_t flight);

#endif
