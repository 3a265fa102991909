/* SPDX-License-Identifier: ISC */
/*
 * core_rig.h - the state machine alone: a constructor for each state, one call
 * for each stimulus.
 *
 * The numbers: our ISS is 1000, the peer's is 5000, MSS 1000, both windows
 * 20000, no options, unless a test changes the tcb before it starts.
 */
#ifndef CORE_RIG_H
#define CORE_RIG_H

#include <tcp/core.h>
#include <tcp/core_int.h>

#include <check.h>

enum { ISS = 1000, IRS = 5000, MSS = 1000, WND = 20000, SENT = 100 };
#define T0 (1000 * NS_PER_SEC)

struct tcb at_syn_sent(void);
struct tcb at_syn_rcvd(void); /* both sides sent a SYN: MUST-10 */
struct tcb at_passive(void);  /* SYN-RECEIVED out of a half-open entry */
/* SENT bytes are in flight in ESTABLISHED and CLOSE-WAIT, the FIN alone in
 * FIN-WAIT-1, CLOSING and LAST-ACK. */
struct tcb at(enum tcp_state);
/* ESTABLISHED, nothing in flight. */
struct tcb at_rest(void);

/* A segment from the peer, in order and up to date but for what is said:
 *     on(&t, T0, TCP_ACK, .len = 10) */
struct core_seg {
    uint32_t seq_off, ack_off; /* added to rcv_nxt and snd_nxt */
    uint32_t seq, ack;         /* these, instead, when not 0 */
    uint32_t len, wnd;         /* wnd 0: WND; 1: really 0 */
    uint32_t tsval, tsecr;
    uint8_t opts, nsack;
    struct seq_range sack[4];
    enum tcp_room room;
    uint16_t mss;
    uint8_t wscale;
};
struct tcp_act on_seg(struct tcb *, ns_t now, uint8_t flags,
                      const struct core_seg *);
#define on(t, now, flags, ...)                                                 \
    on_seg(t, now, flags, &(struct core_seg){__VA_ARGS__})

/* What tcp_next() says now; fails the test when it says nothing. */
struct tcp_seg next(struct tcb *, ns_t now);
struct tcp_seg next_max(struct tcb *, uint32_t max, ns_t now);
bool silent(struct tcb *, ns_t now);
/* Sends all there is, returns the number of segments. */
unsigned drain(struct tcb *, ns_t now);
/* Lets the timers run until `end`; returns the last act that closed. */
struct tcp_act until(struct tcb *, ns_t end);

#endif
