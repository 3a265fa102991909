/* SPDX-License-Identifier: ISC */
/*
 * rtt.c - the retransmission timeout: RFC 6298, with one deviation.
 *
 * 2.4 asks for a minimum of one second; like Linux and others we take
 * RTO = SRTT + max(200 ms, 4 * RTTVAR) instead.  The slack above the round trip
 * time covers the peer's delayed ACK, which is what the second was for, and a
 * lost last segment costs a fifth of the wait.
 */
#include "core_int.h"

void tcp_rtt_sample(struct tcb *t, ns_t rtt)
{
    uint32_t r = (uint32_t)(rtt >> 10), slack, error;

    if (rtt >= TCP_RTO_MAX)
        r = (uint32_t)(TCP_RTO_MAX >> 10);
    if (r == 0)
        r = 1;
    if (!t->srtt8) {
        t->srtt8 = r << 3;
        t->rttvar4 = r << 1;
    } else {
        error = r > t->srtt8 >> 3 ? r - (t->srtt8 >> 3) : (t->srtt8 >> 3) - r;
        t->rttvar4 += error - (t->rttvar4 >> 2);
        t->srtt8 += r - (t->srtt8 >> 3);
    }
    slack = (uint32_t)(TCP_RTO_SLACK >> 10);
    if (t->rttvar4 > slack)
        slack = t->rttvar4;
    t->rto = (ns_t)((t->srtt8 >> 3) + slack) << 10;
    t->backoff = 0;
}

/* Karn's rule (RFC 6298 3): one segment a round trip is timed by the clock, if
 * nothing of it was sent twice.  Where something was, the echoed timestamp
 * still tells (RFC 7323 4), though only to the millisecond. */
void tcp_rtt_on_ack(struct arrival *a, uint32_t ack)
{
    struct tcb *t = a->t;
    uint32_t ticks;

    if (t->rtt_timed) {
        if (seq_lt(t->rtt_seq, ack)) {
            t->rtt_timed = false;
            a->rtt = (uint32_t)((a->now - t->rtt_at) >> 10) | 1;
            tcp_rtt_sample(t, a->now - t->rtt_at);
            return;
        }
    }
    if (!t->ts_ok || !(a->s->opts & TCP_OPT_TS) || !a->s->tsecr)
        return;
    ticks = tcp_tsval(t, a->now) - a->s->tsecr;
    if (ticks > TCP_RTO_MAX >> 20)
        return;
    if (!t->rtt_timed)
        tcp_rtt_sample(t, (ns_t)ticks << 20);
}
