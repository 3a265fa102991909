/* SPDX-License-Identifier: ISC */
/*
 * core_rig.c - the state machine alone.
 */
#include "core_rig.h"

static const struct tcp_open defaults = {.iss = ISS,
                                         .ts_offset = 7777,
                                         .rcv_limit = WND,
                                         .mss = MSS,
                                         .mss_default = 536,
                                         .ts = false,
                                         .sack = false,
                                         .wscale = false,
                                         .cc = CC_NEWRENO};

struct tcb at_syn_sent(void)
{
    struct tcb t;

    tcp_active(&t, &defaults, T0);
    ck_assert_uint_eq(next(&t, T0).flags, TCP_SYN);
    return t;
}

struct tcb at_syn_rcvd(void)
{
    struct tcb t = at_syn_sent();

    on(&t, T0, TCP_SYN, .seq = IRS);
    ck_assert_uint_eq(next(&t, T0).flags, TCP_SYN | TCP_ACK);
    ck_assert_uint_eq(t.state, TCP_SYN_RCVD);
    return t;
}

struct tcb at_passive(void)
{
    struct tcp_synced p = {
        .irs = IRS, .peer_mss = MSS, .wnd = WND, .sent_at = T0};
    struct tcb t;

    tcp_passive(&t, &defaults, &p, T0);
    return t;
}

struct tcb at_rest(void)
{
    struct tcb t = at_passive();

    on(&t, T0, TCP_ACK);
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    return t;
}

static void close_and_send(struct tcb *t)
{
    tcp_on_shutdown(t);
    ck_assert(next(t, T0).flags & TCP_FIN);
}

struct tcb at(enum tcp_state state)
{
    struct tcb t = at_rest();

    switch (state) {
    case TCP_SYN_SENT:
        return at_syn_sent();
    case TCP_SYN_RCVD:
        return at_syn_rcvd();
    case TCP_ESTABLISHED:
        tcp_on_write(&t, SENT);
        break;
    case TCP_FIN_WAIT_1:
        close_and_send(&t);
        break;
    case TCP_FIN_WAIT_2:
        close_and_send(&t);
        on(&t, T0, TCP_ACK);
        break;
    case TCP_CLOSING:
        close_and_send(&t);
        on(&t, T0, TCP_ACK | TCP_FIN, .ack_off = (uint32_t)-1);
        break;
    case TCP_TIME_WAIT:
        close_and_send(&t);
        on(&t, T0, TCP_ACK | TCP_FIN);
        break;
    case TCP_CLOSE_WAIT:
        on(&t, T0, TCP_ACK | TCP_FIN);
        tcp_on_write(&t, SENT);
        break;
    case TCP_LAST_ACK:
        on(&t, T0, TCP_ACK | TCP_FIN);
        close_and_send(&t);
        break;
    default:
        tcp_on_abort(&t);
    }
    drain(&t, T0);
    ck_assert_uint_eq(t.state, state);
    return t;
}

struct tcp_act on_seg(struct tcb *t, ns_t now, uint8_t flags,
                      const struct core_seg *c)
{
    struct tcp_seg s = {.seq = c->seq ? c->seq : t->rcv_nxt + c->seq_off,
                        .ack = c->ack ? c->ack : t->snd_nxt + c->ack_off,
                        .len = c->len,
                        .wnd = (uint16_t)(c->wnd == 0   ? WND
                                          : c->wnd == 1 ? 0
                                                        : c->wnd),
                        .flags = flags,
                        .opts = c->opts,
                        .tsval = c->tsval,
                        .tsecr = c->tsecr,
                        .mss = c->mss,
                        .wscale = c->wscale,
                        .nsack = c->nsack};

    if (c->tsval)
        s.opts |= TCP_OPT_TS;
    if (c->mss)
        s.opts |= TCP_OPT_MSS;
    memcpy(s.sack, c->sack, sizeof(s.sack));
    return tcp_on_segment(t, &s, c->room, now);
}

struct tcp_seg next_max(struct tcb *t, uint32_t max, ns_t now)
{
    struct tcp_seg s;

    ck_assert_msg(tcp_has_next(t) && tcp_next(t, max, &s, now),
                  "nothing to send");
    return s;
}

struct tcp_seg next(struct tcb *t, ns_t now)
{
    return next_max(t, t->mss, now);
}

bool silent(struct tcb *t, ns_t now)
{
    struct tcp_seg s;

    return !tcp_next(t, t->mss, &s, now);
}

unsigned drain(struct tcb *t, ns_t now)
{
    struct tcp_seg s;
    unsigned n = 0;

    while (tcp_next(t, t->mss, &s, now))
        n++;
    return n;
}

struct tcp_act until(struct tcb *t, ns_t end)
{
    struct tcp_act act = {0};
    ns_t at;

    while ((at = tcp_deadline_of(t)) <= end && t->state != TCP_DONE) {
        act = tcp_on_timer(t, at);
        drain(t, at);
    }
    return act;
}
