/* SPDX-License-Identifier: ISC */
/*
 * test_core_random.c - anything may happen to the core, in any order; what must
 * hold after each step is written down here once.
 */
#include "core_rig.h"
#include "tcp_suite.h"

#include <stdlib.h>

enum { STEPS = 4000 };

static struct seq_set ooo, board;

static uint32_t dice(uint32_t n)
{
    return (uint32_t)rand() % n;
}

static bool within(uint32_t seq, uint32_t from, uint32_t to)
{
    return seq - from <= to - from;
}

/* A claim that must hold.  Check's own assertions are too slow for so many, so
 * the first broken one is carried up. */
#define HOLDS(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            return #claim;                                                     \
    } while (0)

static const char *check_set(const struct seq_set *s, uint32_t above,
                             uint32_t to)
{
    HOLDS(s->n <= SEQ_SET_MAX);
    for (unsigned i = 0; i < s->n; i++) {
        HOLDS(seq_lt(s->r[i].start, s->r[i].end));
        HOLDS(seq_lt(above, s->r[i].start));
        HOLDS(seq_le(s->r[i].end, to));
        HOLDS(i == 0 || seq_lt(s->r[i - 1].end, s->r[i].start));
    }
    return NULL;
}

static const char *check_recovery(const struct tcb *t)
{
    HOLDS(t->cc.cwnd >= t->mss);
    HOLDS(tcp_pipe(t) <= 2 * tcp_flight(t));
    HOLDS(t->rack.nsent <= TCP_SENT_MAX);
    HOLDS(t->rack.nresent <= TCP_RESENT_MAX);
    HOLDS(t->rack.nsent != 0 || !tcp_flight(t));
    HOLDS(!t->rack.wait || t->ca != TCP_CA_OPEN);
    HOLDS(!t->frto || t->ca == TCP_CA_LOSS);
    if (t->ca == TCP_CA_OPEN) {
        HOLDS(board.n == 0);
        return NULL;
    }
    HOLDS(within(t->high_rxt, t->snd_una, t->snd_nxt));
    HOLDS(within(t->lost_below, t->snd_una, t->snd_nxt));
    return NULL;
}

/* The invariants of a tcb between two calls. */
static const char *check(const struct tcb *t)
{
    uint32_t end = t->snd_end + t->fin_sent;
    const char *broken;

    HOLDS(t->state <= TCP_DONE);
    HOLDS(t->state != TCP_DONE || tcp_deadline_of(t) == NS_NEVER);
    if (t->state == TCP_DONE)
        return NULL;
    HOLDS(within(t->snd_nxt, t->snd_una, end));
    HOLDS(!t->fin_sent || (t->fin_queued && t->snd_nxt == end));
    if (t->state < TCP_ESTABLISHED)
        return NULL;
    HOLDS(seq_le(t->rcv_nxt, t->rcv_adv));
    HOLDS(t->rcv_adv - t->rcv_nxt <= 1u << 30);
    HOLDS(seq_le(t->rcv_acked, t->rcv_nxt));
    /* no timer without a reason */
    HOLDS(t->rtx_at == NS_NEVER || tcp_flight(t) || t->probing);
    HOLDS(t->ack_at == NS_NEVER || t->rcv_acked != t->rcv_nxt);
    if ((broken = check_set(&ooo, t->rcv_nxt, t->rcv_adv)))
        return broken;
    if ((broken = check_set(&board, t->snd_una, t->snd_nxt)))
        return broken;
    return check_recovery(t);
}

/* What may be sent at all. */
static const char *check_seg(const struct tcb *t, const struct tcp_seg *s,
                             uint32_t edge)
{
    uint32_t end = s->seq + s->len + !!(s->flags & (TCP_FIN | TCP_SYN));
    uint32_t right = s->ack + ((uint32_t)s->wnd << t->rcv_wscale);

    HOLDS(tcp_emit_bytes(s) <= TCP_EMIT_MAX);
    if (s->flags & TCP_SYN)
        return NULL;
    HOLDS(s->flags & TCP_ACK);
    HOLDS(seq_lt(t->snd_una - 2, s->seq));
    HOLDS(seq_le(end, t->snd_nxt + t->probed));
    HOLDS(!s->len || seq_le(s->seq + s->len, t->snd_end));
    /* the right edge is never taken back by more than rounding */
    HOLDS(seq_le(edge, right + (1u << t->rcv_wscale)));
    return check(t);
}

static const char *send_all(struct tcb *t, ns_t now)
{
    uint32_t max = t->mss * (1 + dice(8));
    uint32_t edge = t->rcv_adv;
    const char *broken;
    struct tcp_seg s;

    for (unsigned n = 0; tcp_next(t, max, &s, now); n++) {
        HOLDS(n < 4000);
        if ((broken = check_seg(t, &s, edge)))
            return broken;
    }
    HOLDS(t->state < TCP_ESTABLISHED || t->state == TCP_DONE ||
          !tcp_flight(t) || t->rtx_at != NS_NEVER);
    return check(t);
}

/* A number near one that means something. */
static uint32_t near(uint32_t a, uint32_t b)
{
    uint32_t base = dice(2) ? a : b;

    switch (dice(6)) {
    case 0:
        return base + dice(5) - 2;
    case 1:
        return a + dice(b - a + 1);
    case 2:
        return base + dice(60000) - 30000;
    case 3:
        return (uint32_t)rand() * 2u;
    default:
        return base;
    }
}

static struct tcp_seg any_segment(const struct tcb *t)
{
    static const uint8_t usual[] = {TCP_ACK, TCP_ACK,
                                    TCP_ACK, TCP_ACK | TCP_PSH,
                                    TCP_ACK, TCP_ACK | TCP_FIN};
    struct tcp_seg s = {.seq = near(t->rcv_nxt, t->rcv_adv),
                        .ack = near(t->snd_una, t->snd_nxt),
                        .wnd = (uint16_t)(dice(4) ? 20000 : dice(2000)),
                        .flags = usual[dice(6)],
                        .len = dice(3) ? dice(1500) : 0};

    if (dice(200) == 0)
        s.flags = (uint8_t)dice(256);
    s.ce = dice(10) == 0;
    if (dice(10) == 0)
        s.flags |= TCP_ECE;
    if (s.flags & TCP_FIN && dice(20))
        s.flags = TCP_ACK;
    if (t->ts_ok && dice(20)) {
        s.opts = TCP_OPT_TS;
        s.tsval = t->ts_recent + dice(3) - (dice(50) == 0);
        s.tsecr = t->ts_offset + dice(1u << 20);
    }
    while (t->sack_ok && s.nsack < 3 && dice(3) == 0) {
        uint32_t from = near(t->snd_una, t->snd_nxt);

        s.sack[s.nsack++] = (struct seq_range){from, from + dice(4000)};
    }
    return s;
}

static void own_call(struct tcb *t, ns_t now)
{
    switch (dice(12)) {
    case 0:
        if (dice(40) == 0)
            tcp_on_shutdown(t);
        break;
    case 1:
        if (dice(200) == 0)
            tcp_on_abort(t);
        break;
    case 2:
        tcp_on_mss(t, (uint16_t)(500 + dice(1000)), now);
        break;
    case 3:
        tcp_set_rcv_limit(t, 5000 + dice(15000));
        break;
    case 4:
        tcp_forget_ooo(t);
        break;
    case 5:
        tcp_set_user_timeout(t, dice(2) ? 0 : 1000 * NS_PER_SEC, now);
        break;
    case 6:
        t->keep_idle = dice(3) ? 0 : NS_PER_SEC;
        t->heard_at = now; /* as tcp_keepalive() does */
        break;
    case 7:
    case 8:
        if (t->rcv_unread)
            tcp_on_read(t, 1 + dice(t->rcv_unread));
        break;
    default:
        if (tcp_may_write(t) && t->snd_end - t->snd_una < 100000)
            tcp_on_write(t, 1 + dice(5000));
    }
}

static struct tcb start(void)
{
    struct tcb t;

    seq_set_clear(&ooo);
    seq_set_clear(&board);
    t = dice(4) ? at_rest() : at((enum tcp_state)dice(TCP_DONE));
    if (t.state == TCP_ESTABLISHED) {
        uint32_t shift = dice(2) ? 0 : UINT32_MAX - ISS - dice(50000);

        t.ts_ok = dice(2);
        t.sack_ok = dice(2);
        t.ecn_ok = dice(2);
        t.cc.kind = (uint8_t)dice(CC_KINDS);
        t.rcv_wscale = (uint8_t)dice(5);
        t.iss += shift;
        t.snd_una += shift;
        t.snd_nxt += shift;
        t.snd_end += shift;
        t.snd_wl2 += shift;
        t.recover += shift;
        t.rack.fack += shift;
        t.rack.end += shift;
        t.rack.dsack_end += shift;
        t.ecn_end += shift;
        t.high_rxt += shift;
        t.lost_below += shift;
    }
    t.ooo = &ooo;
    t.board = &board;
    return t;
}

static void step(struct tcb *t, ns_t *now, ns_t later)
{
    struct tcp_seg s = any_segment(t);

    switch (dice(8)) {
    case 0:
        *now = tcp_deadline_of(t) == NS_NEVER ? later : tcp_deadline_of(t);
        tcp_on_timer(t, *now);
        break;
    case 1:
    case 2:
        own_call(t, *now);
        break;
    case 3:
        *now += dice(50) * NS_PER_MS;
        break;
    default:
        tcp_on_segment(t, &s, (enum tcp_room)(dice(20) ? 0 : dice(3)), *now);
    }
}

/* A look at the timers settles what was due: nothing spins. */
static const char *settle(struct tcb *t, ns_t now)
{
    const char *broken = send_all(t, now);

    if (broken || tcp_deadline_of(t) > now)
        return broken;
    tcp_on_timer(t, now);
    broken = send_all(t, now);
    HOLDS(broken || tcp_deadline_of(t) > now);
    return broken;
}

START_TEST(test_anything_in_any_order)
{
    const char *broken = NULL;
    ns_t now = T0;
    struct tcb t;

    srand((unsigned)_i);
    t = start();
    for (unsigned n = 0; n < STEPS && !broken; n++) {
        step(&t, &now, T0 + n * NS_PER_MS);
        broken = check(&t);
        if (!broken)
            broken = settle(&t, now);
        if (t.state == TCP_DONE)
            t = start();
    }
    ck_assert_msg(!broken, "%s", broken);
}
END_TEST

TCP_SUITE("tcp core random", LOOP(test_anything_in_any_order, 0, 40))
