/* SPDX-License-Identifier: ISC */
/*
 * core.h - the TCP state machine, without I/O.
 *
 * The core does sequence arithmetic only.  It sees lengths, never payload; it
 * is told the time; it allocates nothing and calls nobody.  Inputs are the
 * tcp_on_*() calls, effects are their return values, and tcp_next() lists what
 * to send.  A `struct tcb` is plain data: copy, compare, save or fuzz it.  (The
 * two sets it points to are lent to it while something is missing; the lender
 * takes them back when tcp_spare_*() says so.)
 *
 * LISTEN and half-open connections live in listen.c, TIME-WAIT in timewait.c,
 * so that each of these costs what it must and no more.
 */
#ifndef TCP_CORE_H
#define TCP_CORE_H

#include "cc.h"
#include "rack.h"
#include "seqset.h"

#include <billet/stream.h>

enum tcp_state { /* RFC 9293 3.3.2; CLOSED and LISTEN have no tcb */
                 TCP_SYN_SENT,
                 TCP_SYN_RCVD,
                 TCP_ESTABLISHED,
                 TCP_FIN_WAIT_1,
                 TCP_FIN_WAIT_2,
                 TCP_CLOSING,
                 TCP_TIME_WAIT, /* only until the last ACK has left */
                 TCP_CLOSE_WAIT,
                 TCP_LAST_ACK,
                 TCP_DONE /* over; nothing is sent or taken any more */
};
enum { TCP_STATES = TCP_DONE + 1 };

/* Where loss recovery stands. */
enum tcp_ca {
    TCP_CA_OPEN,     /* nothing is missing as far as known */
    TCP_CA_DISORDER, /* duplicate ACKs, not yet enough of them */
    TCP_CA_RECOVERY, /* fast recovery: RFC 8985, without SACK RFC 6582 */
    TCP_CA_LOSS      /* after a retransmission timeout */
};

enum {
    TCP_MSS_FLOOR = 88,     /* a peer's smaller MSS is raised to this: each byte
                             * would cost more in headers than it is worth */
    TCP_MSS_DEFAULT4 = 536, /* RFC 9293 3.7.1: MUST-15 */
    TCP_MSS_DEFAULT6 = 1220,
    TCP_TS_BYTES = 12, /* of each segment, with its padding */
    TCP_DUP_THRESH = 3,
    TCP_ACKS_MAX = 64,      /* duplicate ACKs owed at once; beyond: fewer */
    TCP_CHALLENGE_MAX = 10, /* a TCP_CHALLENGE_S, per connection */
    TCP_CHALLENGE_S = 5,
    TCP_BACKOFF_MAX = 16,
    TCP_KEEP_PROBES = 4
};

#define TCP_RTO_INITIAL   (1 * NS_PER_SEC)   /* RFC 6298 2.1 */
#define TCP_RTO_AFTER_SYN (3 * NS_PER_SEC)   /* RFC 6298 5.7 */
#define TCP_RTO_SLACK     (200 * NS_PER_MS)  /* see rtt.c */
#define TCP_RTO_MAX       (60 * NS_PER_SEC)  /* RFC 6298 2.5 */
#define TCP_DELACK        (40 * NS_PER_MS)   /* RFC 9293 MUST-40: < 500 */
#define TCP_SYN_TIMEOUT   (180 * NS_PER_SEC) /* MUST-23: 3 minutes at least */
#define TCP_USER_TIMEOUT  (300 * NS_PER_SEC) /* RFC 9293 3.8.3 */

/* Why an input was not taken, one reason each; the shell counts by these. */
#define TCP_DROPS(X)                                                           \
    X(seq, "Segments outside the receive window")                              \
    X(paws, "Segments with an old timestamp (RFC 7323 PAWS)")                  \
    X(no_ts, "Segments without the timestamp that was agreed on")              \
    X(no_ack, "Segments without ACK in a synchronized state")                  \
    X(ack_unsent, "Segments that acknowledge what was never sent")             \
    X(ack_old, "Segments with an ACK too old to be true (RFC 5961 5)")         \
    X(rst_inexact, "Resets inside the window, not at its edge (RFC 5961 3)")   \
    X(syn, "SYNs on a synchronized connection (RFC 5961 4)")                   \
    X(handshake, "Segments that do not fit the handshake")                     \
    X(after_fin, "Payload after the end of the stream")                        \
    X(ooo, "Out-of-order payload for which there was no room")                 \
    X(memory, "Payload in order for which there was no memory")

enum tcp_drop {
    TCP_DROP_NONE,
#define X(name, help) TCP_DROP_##name,
    TCP_DROPS(X)
#undef X
        TCP_DROP_REASONS
};

/* What the shell must do after an input. */
struct tcp_act {
    uint32_t acked;    /* release this many bytes of the send queue */
    uint32_t take_off; /* keep the segment's payload from here ... */
    uint32_t take_len; /* ... this much, if not 0, ... */
    uint32_t take_seq; /* ... which starts at this sequence number; what lies
                        * below tcb.rcv_nxt after the call is in order */
    uint8_t events;    /* enum stream_event */
    uint8_t error;     /* enum err, with STREAM_CLOSED */
    union {
        struct {
            uint8_t drop;     /* enum tcp_drop */
            bool reset;       /* answer the segment as 3.10.7.1 does */
            bool challenged;  /* a challenge ACK will go out */
            bool bad_sack;    /* it reported what was never sent */
            bool rtx_timeout; /* for the counters, as the next one */
            bool fast_rtx;
            bool spurious; /* recovery was for nothing, and is undone */
            bool probe;    /* a tail loss probe is sent */
        };
        uint64_t notes; /* all of these at once */
    };
};

/* How much of a segment's payload the shell can keep just now. */
enum tcp_room { TCP_ROOM_ALL, TCP_ROOM_IN_ORDER, TCP_ROOM_NONE };

/* What the retransmission timer is for. */
enum tcp_timer {
    TCP_TIMER_RTO, /* retransmission, or the window probe */
    TCP_TIMER_REO, /* RACK looks again for losses */
    TCP_TIMER_TLP  /* the tail loss probe */
};

/* RFC 5682: whether a timeout was for nothing. */
enum tcp_frto {
    TCP_FRTO_NONE,
    TCP_FRTO_SENT, /* the first segment has been sent again */
    TCP_FRTO_NEW   /* it was acknowledged; new data shall tell */
};

struct tcb {
    uint8_t state, ca; /* enum tcp_state, enum tcp_ca */
    uint8_t snd_wscale, rcv_wscale;
    bool ts_ok, sack_ok, wscale_ok;
    union {
        struct {
            bool ack_now;     /* an ACK goes out at once */
            bool syn_pending; /* a SYN is to be sent */
            bool rtx_now;     /* the first unacknowledged segment again */
            bool keep_now;    /* a keepalive probe */
        };
        uint32_t todo; /* all of these at once */
    };

    /* Hot: what every segment in order touches. */
    uint32_t rcv_nxt, rcv_adv; /* rcv_adv: right edge of the widest offer */
    uint32_t snd_una, snd_nxt; /* snd_nxt: highest sent, FIN included */
    uint32_t snd_end;          /* after the last byte written */
    uint32_t sent_flight;      /* in flight when data was sent last */
    uint32_t snd_wnd, snd_wl1, snd_wl2, snd_wnd_max;
    uint32_t rcv_limit, rcv_unread; /* buffer, and what is in it */
    uint32_t rcv_acked;             /* rcv_nxt as last sent to the peer */
    uint32_t ts_recent, ts_recent_s, ts_offset;
    uint16_t mss;     /* payload of a full segment, timestamps deducted */
    uint16_t rcv_mss; /* the peer's segments, as estimated from the largest */
    uint16_t rcv_mss_max, mss_default; /* that we offered; if none is said */
    bool fin_queued, fin_sent;         /* by us */
    bool fin_early;   /* the peer's FIN came ahead of its data... */
    uint8_t dup_acks; /* pure ACKs owed for segments out of order */
    uint8_t backoff;
    bool probing, probe_now; /* the zero-window probe; see next.c */
    bool probed;             /* a byte beyond snd_nxt has been sent */
    uint32_t fin_seq;        /* ... and will be at this number */

    struct cc cc;
    struct rack rack;
    struct seq_set *ooo;   /* received out of order; NULL: none lent */
    struct seq_set *board; /* reported by SACK; NULL: none lent */
    uint32_t iss, irs;

    /* Recovery. */
    uint32_t recover;    /* RecoveryPoint: what was sent when it began */
    uint32_t high_rxt;   /* retransmitted up to here */
    uint32_t lost_below; /* what is not SACKed below here counts as lost */
    uint32_t prr_delivered, prr_out, prr_flight; /* RFC 6937, since it began */
    uint32_t undo_bytes;   /* sent again and not reported as duplicate */
    uint32_t undo_from;    /* SND.UNA when it began */
    uint32_t undo_ts;      /* timestamp of the first retransmission */
    bool undo_ts_ok, undo; /* there is one; there is something to undo */
    uint8_t frto;          /* enum tcp_frto */
    uint8_t timer;         /* enum tcp_timer, of rtx_at */
    bool ecn_ok, ecn_ask; /* agreed on (RFC 3168); to be asked for */
    bool ecn_echo;        /* congestion was met on the way to us */
    bool cwr_due;         /* say that the window is smaller */
    uint32_t ecn_end;     /* until this is acknowledged, it stays so */
    bool dsack_due;        /* report what came twice (RFC 2883) */
    struct seq_range dsack;
    uint32_t inflate; /* bytes that dup ACKs say have left, without SACK */
    uint8_t dups;
    bool rescue_ok;  /* RFC 6675 NextSeg rule 4 is still to be had */
    bool partial;    /* a partial ACK has come (RFC 6582 3.2, step 3) */
    bool stale_dups; /* dup ACKs may be echoes of our own retransmissions */

    /* Round trip time and timers. */
    uint8_t syn_rtx; /* SYNs sent again */
    uint8_t keep_probes;
    bool rtt_timed; /* rtt_seq is being timed */
    uint8_t challenges;
    uint32_t challenge_s;
    uint32_t srtt8, rttvar4; /* times 8 and 4, of 1024 ns; 0: none yet */
    uint32_t rtt_seq;
    ns_t rtt_at, rto;
    ns_t rtx_at;   /* retransmission or probe; NS_NEVER: off */
    ns_t ack_at;   /* delayed ACK */
    ns_t alive_at; /* last sign of life in reply to us, or start of waiting */
    ns_t heard_at; /* last segment received */
    ns_t sent_at;  /* last payload sent */
    ns_t pace_at;  /* there is more to send then; 0: it does not wait */
    uint32_t pace_left, pace_clock; /* bytes that could leave then */
    ns_t keep_idle, user_timeout; /* 0: off, the default */
};

/* How a connection is opened, by either side. */
struct tcp_open {
    uint32_t iss, ts_offset;
    uint32_t rcv_limit;    /* bytes of receive buffer */
    uint16_t mss;          /* what the path carries without options */
    uint16_t mss_default;  /* the peer's, when it does not say */
    bool ts, sack, wscale; /* what may be agreed on */
    bool ecn, ecn_ask;     /* also; asked for in our SYN */
    uint8_t cc;            /* enum cc_kind */
};

/* What the peer's SYN said, as kept by a half-open entry or a cookie. */
struct tcp_synced {
    uint32_t irs, ts_recent;
    uint32_t iss, ts_offset; /* ours, as the SYN-ACK had them */
    uint16_t peer_mss;       /* 0: did not say */
    uint8_t snd_wscale;
    bool ts, sack, wscale, ecn;
    bool resent;   /* our SYN-ACK had to be sent again */
    uint16_t wnd;  /* that our SYN-ACK offered */
    uint16_t data; /* bytes of payload on the SYN, kept and acknowledged */
    ns_t sent_at;  /* when it was sent; 0: not known */
};

/* SYN-SENT: tcp_next() has a SYN. */
void tcp_active(struct tcb *, const struct tcp_open *, ns_t now);
/* SYN-RECEIVED, the SYN-ACK sent: the peer's ACK is the next input. */
void tcp_passive(struct tcb *, const struct tcp_open *,
                 const struct tcp_synced *, ns_t now);

struct tcp_act tcp_on_segment(struct tcb *, const struct tcp_seg *,
                              enum tcp_room, ns_t now);
struct tcp_act tcp_on_timer(struct tcb *, ns_t now);
void tcp_on_write(struct tcb *, uint32_t n); /* the owner added n bytes */
/* The owner freed n bytes.  True: the peer should hear of it. */
bool tcp_on_read(struct tcb *, uint32_t n);
void tcp_on_shutdown(struct tcb *);
/* Ends it.  True: a RST is due to the peer. */
bool tcp_on_abort(struct tcb *);
void tcp_make_rst(const struct tcb *, struct tcp_seg *out, ns_t now);
/* The path carries less than thought: what was sent larger is sent again. */
void tcp_on_mss(struct tcb *, uint16_t mss, ns_t now);
/* 0: the default. */
void tcp_set_user_timeout(struct tcb *, ns_t timeout, ns_t now);
/* Everything received out of order has been thrown away. */
void tcp_forget_ooo(struct tcb *);
/* The receive buffer's size; an offer made is never taken back. */
static inline void tcp_set_rcv_limit(struct tcb *t, uint32_t limit)
{
    t->rcv_limit = limit;
}

/* Next segment to send, payload at most `max` bytes (a multiple of tcb.mss).
 * Call until false. */
bool tcp_next(struct tcb *, uint32_t max, struct tcp_seg *out, ns_t now);
/* Whether tcp_next() is worth calling; true once too often at most. */
static inline bool tcp_has_next(const struct tcb *t)
{
    return t->todo || t->dup_acks || t->ca != TCP_CA_OPEN || t->rack.tlp_due ||
           (int32_t)(t->snd_nxt - t->snd_end) < 0 ||
           t->fin_queued != t->fin_sent;
}

/* When tcp_on_timer() is next due; NS_NEVER if it is not. */
static inline ns_t tcp_deadline_of(const struct tcb *t)
{
    ns_t at = t->rtx_at < t->ack_at ? t->rtx_at : t->ack_at;
    ns_t keep;

    if (t->pace_at - 1 < at) /* 0 is never */
        at = t->pace_at;
    if (!t->keep_idle)
        return at;
    keep = t->heard_at + t->keep_idle +
           t->keep_probes * (t->keep_idle / TCP_KEEP_PROBES);
    return keep < at ? keep : at;
}

static inline bool tcp_synchronized(const struct tcb *t)
{
    return t->state >= TCP_ESTABLISHED && t->state != TCP_DONE;
}

/* Whether the owner may still write, and whether all it wrote was acked. */
static inline bool tcp_may_write(const struct tcb *t)
{
    return !t->fin_queued && t->state != TCP_DONE;
}

/* Timestamps tick every 1.05 ms: a shift instead of a division. */
static inline uint32_t tcp_ticks(ns_t now)
{
    return (uint32_t)(now >> 20);
}

static inline uint32_t tcp_tsval(const struct tcb *t, ns_t now)
{
    return tcp_ticks(now) + t->ts_offset;
}

/* The window scale for a buffer, and the window of a SYN (never scaled). */
uint8_t tcp_wscale_for(uint32_t rcv_limit);
static inline uint16_t tcp_syn_wnd(uint32_t rcv_limit)
{
    return rcv_limit > UINT16_MAX ? UINT16_MAX : (uint16_t)rcv_limit;
}

#endif
