/* SPDX-License-Identifier: ISC */
/*
 * timewait.c - what a segment means to a connection in TIME-WAIT: RFC 9293
 * 3.10.7.4 with RFC 6191 and RFC 5961.
 */
#include "timewait.h"

/* RFC 6191 2: whether a SYN is surely from a new incarnation. */
static bool is_new(const struct tw *w, const struct tcp_seg *s)
{
    bool ts = s->opts & TCP_OPT_TS;

    if (w->ts_ok && ts && s->tsval != w->ts_recent)
        return seq_lt(w->ts_recent, s->tsval);
    if (!w->ts_ok && ts)
        return true;
    return seq_lt(w->rcv_nxt, s->seq);
}

enum tw_verdict tw_on_segment(const struct tw *w, const struct tcp_seg *s)
{
    bool old_ts =
        w->ts_ok && s->opts & TCP_OPT_TS && seq_lt(s->tsval, w->ts_recent);

    if (s->flags & TCP_RST)
        return s->seq == w->rcv_nxt ? TW_END : TW_IGNORE;
    if (s->flags & TCP_SYN) {
        if (!(s->flags & TCP_ACK) && is_new(w, s))
            return TW_REOPEN;
        return TW_ACK; /* RFC 5961 4 */
    }
    if (old_ts)
        return TW_ACK;
    if (!(s->flags & TCP_ACK))
        return TW_IGNORE;
    if (s->flags & TCP_FIN && s->seq + s->len + 1 == w->rcv_nxt)
        return TW_RESTART;
    if (s->len || s->flags & TCP_FIN || s->seq != w->rcv_nxt)
        return TW_ACK;
    return TW_IGNORE;
}
