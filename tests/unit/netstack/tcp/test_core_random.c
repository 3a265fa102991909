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

static void check_set(const struct seq_set *s, uint32_t above, uint32_t to)
{
    ck_assert_uint_le(s->n, SEQ_SET_MAX);
    for (unsigned i = 0; i < s->n; i++) {
        ck_assert(seq_lt(s->r[i].start, s->r[i].end));
        ck_assert(seq_lt(above, s->r[i].start));
        ck_assert(seq_le(s->r[i].end, to));
        if (i)
            ck_assert(seq_lt(s->r[i - 1].end, s->r[i].start));
    }
}

/* The invariants of a tcb between two calls. */
static void check(const struct tcb *t)
{
    uint32_t end = t->snd_end + t->fin_sent;

    ck_assert_uint_le(t->state, TCP_DONE);
    if (t->state == TCP_DONE) {
        ck_assert_uint_eq(tcp_deadline_of(t), NS_NEVER);
        return;
    }
    ck_assert(within(t->snd_nxt, t->snd_una, end));
    ck_assert(!t->fin_sent || (t->fin_queued && t->snd_nxt == end));
    if (t->state < TCP_ESTABLISHED)
        return;
    ck_assert(seq_le(t->rcv_nxt, t->rcv_adv));
    ck_assert_uint_le(t->rcv_adv - t->rcv_nxt, 1u << 30);
    ck_assert(seq_le(t->rcv_acked, t->rcv_nxt));
    check_set(&ooo, t->rcv_nxt, t->rcv_adv);
    check_set(&board, t->snd_una, t->snd_nxt);
    ck_assert_uint_ge(t->cc.cwnd, t->mss);
    ck_assert_uint_le(tcp_pipe(t), 2 * tcp_flight(t));
    if (t->ca != TCP_CA_OPEN) {
        ck_assert(within(t->high_rxt, t->snd_una, t->snd_nxt));
        ck_assert(within(t->lost_below, t->snd_una, t->snd_nxt));
    } else {
        ck_assert_uint_eq(board.n, 0);
    }
    /* no timer without a reason */
    if (t->rtx_at != NS_NEVER)
        ck_assert(tcp_flight(t) || t->probing);
    if (t->ack_at != NS_NEVER)
        ck_assert(t->rcv_acked != t->rcv_nxt);
}

/* What may be sent at all. */
static void check_seg(const struct tcb *t, const struct tcp_seg *s,
                      uint32_t edge)
{
    uint32_t end = s->seq + s->len + !!(s->flags & (TCP_FIN | TCP_SYN));

    ck_assert_uint_le(tcp_emit_bytes(s), TCP_EMIT_MAX);
    if (!(s->flags & TCP_SYN)) {
        ck_assert(s->flags & TCP_ACK);
        ck_assert(seq_lt(t->snd_una - 2, s->seq));
        ck_assert(seq_le(end, t->snd_nxt + t->probed));
        ck_assert(!s->len || seq_le(s->seq + s->len, t->snd_end));
        /* the right edge is never taken back by more than rounding */
        ck_assert(seq_le(edge, s->ack + ((uint32_t)s->wnd << t->rcv_wscale) +
                                   (1u << t->rcv_wscale)));
    }
}

static void send_all(struct tcb *t, ns_t now)
{
    uint32_t max = t->mss * (1 + dice(8));
    struct tcp_seg s;

    for (unsigned n = 0;; n++) {
        uint32_t edge = t->rcv_acked; /* at least what is acknowledged */

        ck_assert_uint_lt(n, 4000);
        if (!tcp_next(t, max, &s, now))
            break;
        check_seg(t, &s, edge);
        check(t);
    }
    if (t->state >= TCP_ESTABLISHED && t->state != TCP_DONE && tcp_flight(t))
        ck_assert_uint_ne(t->rtx_at, NS_NEVER);
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
        s.flags = (uint8_t)dice(64);
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
        t.rcv_wscale = (uint8_t)dice(5);
        t.iss += shift;
        t.snd_una += shift;
        t.snd_nxt += shift;
        t.snd_end += shift;
        t.snd_wl2 += shift;
        t.recover += shift;
        t.high_rxt += shift;
        t.lost_below += shift;
    }
    t.ooo = &ooo;
    t.board = &board;
    return t;
}

START_TEST(test_anything_in_any_order)
{
    ns_t now = T0;
    struct tcb t;

    srand((unsigned)_i);
    t = start();
    for (int step = 0; step < STEPS; step++) {
        struct tcp_seg s = any_segment(&t);

        switch (dice(8)) {
        case 0:
            now = tcp_deadline_of(&t);
            if (now == NS_NEVER)
                now = T0 + (ns_t)step * NS_PER_MS;
            tcp_on_timer(&t, now);
            break;
        case 1:
        case 2:
            own_call(&t, now);
            break;
        case 3:
            now += dice(50) * NS_PER_MS;
            break;
        default:
            tcp_on_segment(&t, &s, (enum tcp_room)(dice(20) ? 0 : dice(3)),
                           now);
        }
        check(&t);
        send_all(&t, now);
        check(&t);
        if (tcp_deadline_of(&t) <= now) { /* one look settles it: no spin */
            tcp_on_timer(&t, now);
            send_all(&t, now);
            ck_assert_uint_gt(tcp_deadline_of(&t), now);
        }
        if (t.state == TCP_DONE)
            t = start();
    }
}
END_TEST

TCP_SUITE("tcp core random", LOOP(test_anything_in_any_order, 0, 40))
