/* SPDX-License-Identifier: ISC */
/*
 * test_core_property.c - two state machines and a wire that loses, doubles,
 * reorders and cuts: whatever it does, and wherever the numbers begin, all is
 * delivered and acknowledged, once.  Each round is another seed.
 */
#include "core_rig.h"
#include "tcp_suite.h"

enum { ROUNDS = 300, BYTES = 40000, WIRE_MAX = 1024, STEPS_MAX = 50000 };

static uint64_t seed;

static uint32_t dice(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 20) % n;
}

struct under_way {
    struct tcp_seg s;
    ns_t at;
};

struct side {
    struct tcb t;
    struct seq_set ooo, board;
    struct under_way wire[WIRE_MAX]; /* to it */
    unsigned n;
    uint64_t acked, taken;
};

static struct side a, b; /* a sends */
static ns_t now;
static unsigned loss, twice; /* in 100 */

static void up(struct side *x, uint32_t iss, uint32_t irs, uint8_t cc, bool ts,
               bool sack)
{
    struct tcp_open o = {.iss = iss,
                         .ts_offset = dice(UINT32_MAX),
                         .rcv_limit = 30000,
                         .mss = MSS,
                         .mss_default = 536,
                         .ts = ts,
                         .sack = sack,
                         .cc = cc};
    struct tcp_synced p = {.irs = irs,
                           .iss = iss,
                           .ts_offset = o.ts_offset,
                           .peer_mss = MSS,
                           .ts = ts,
                           .sack = sack,
                           .wnd = 30000,
                           .sent_at = now};
    struct tcp_seg s = {.seq = irs + 1,
                        .ack = iss + 1,
                        .wnd = 30000,
                        .flags = TCP_ACK,
                        .opts = ts ? TCP_OPT_TS : 0,
                        .tsval = 1};

    memset(x, 0, sizeof(*x));
    tcp_passive(&x->t, &o, &p, now);
    tcp_on_segment(&x->t, &s, TCP_ROOM_ALL, now);
    ck_assert_uint_eq(x->t.state, TCP_ESTABLISHED);
    x->t.ooo = &x->ooo;
    x->t.board = sack ? &x->board : NULL;
}

static void put(struct side *to, const struct tcp_seg *s)
{
    if (dice(100) < loss)
        return;
    for (unsigned n = 1 + (dice(100) < twice); n; n--) {
        ck_assert_uint_lt(to->n, WIRE_MAX);
        to->wire[to->n++] = (struct under_way){
            *s, now + (dice(8) ? 20 : 1 + dice(60)) * NS_PER_MS};
    }
}

/* Now and then what was one segment arrives as two. */
static void cut_and_put(struct side *to, struct tcp_seg s)
{
    struct tcp_seg head = s;

    if (s.len > 1 && !dice(5)) {
        head.len = 1 + dice(s.len - 1);
        head.flags = TCP_ACK;
        s.seq += head.len;
        s.len -= head.len;
        put(to, &head);
    }
    put(to, &s);
}

static void talk(struct side *from, struct side *to)
{
    struct tcp_seg s = {0}; /* what only who receives sets stays so */

    while (tcp_next(&from->t, (1 + dice(3)) * from->t.mss, &s, now))
        cut_and_put(to, s);
}

static void hear(struct side *x, unsigned i)
{
    struct tcp_seg s = x->wire[i].s;
    uint32_t before = x->t.rcv_nxt;
    struct tcp_act act;

    x->wire[i] = x->wire[--x->n];
    act = tcp_on_segment(&x->t, &s, dice(20) ? TCP_ROOM_ALL : TCP_ROOM_IN_ORDER,
                         now);
    ck_assert(!(act.events & STREAM_CLOSED));
    x->acked += act.acked;
    x->taken += x->t.rcv_nxt - before;
    if (x->t.rcv_unread)
        tcp_on_read(&x->t, x->t.rcv_unread);
}

/* The next event; the earliest thing on either wire, or a timer. */
static void step(void)
{
    struct side *all[2] = {&a, &b}, *who = NULL;
    ns_t at = NS_NEVER;
    unsigned which = 0;

    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < all[k]->n; i++)
            if (all[k]->wire[i].at < at) {
                at = all[k]->wire[i].at;
                who = all[k];
                which = i;
            }
    for (unsigned k = 0; k < 2; k++)
        if (tcp_deadline_of(&all[k]->t) < at) {
            at = tcp_deadline_of(&all[k]->t);
            who = NULL;
        }
    ck_assert_uint_ne(at, NS_NEVER);
    now = at > now ? at : now;
    if (who)
        hear(who, which);
    else
        for (unsigned k = 0; k < 2; k++)
            ck_assert(!(tcp_on_timer(&all[k]->t, now).events & STREAM_CLOSED));
    talk(&a, &b);
    talk(&b, &a);
}

START_TEST(test_all_is_delivered_once_over_any_wire)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* Half of them pass 0, or where signs change. */
        uint32_t iss, irs, left = BYTES;
        unsigned steps = 0;
        bool ts, sack;

        seed = (round + 1) * UINT64_C(0x9e3779b97f4a7c15);
        iss = (round & 1 ? UINT32_MAX : INT32_MAX) - dice(BYTES);
        irs = dice(2) ? UINT32_MAX : dice(UINT32_MAX);
        ts = dice(2);
        sack = dice(3);
        loss = dice(12);
        twice = dice(20);
        now = T0;
        up(&a, iss, irs, (uint8_t)dice(CC_KINDS), ts, sack);
        up(&b, irs, iss, CC_CUBIC, ts, sack);
        a.t.ts_recent = tcp_tsval(&b.t, now);
        b.t.ts_recent = tcp_tsval(&a.t, now);
        while (a.acked < BYTES) {
            uint32_t n = left ? 1 + dice(left < 5000 ? left : 5000) : 0;

            ck_assert_msg(steps++ < STEPS_MAX, "no end in round %u", round);
            if (n) {
                tcp_on_write(&a.t, n);
                left -= n;
                talk(&a, &b);
            }
            step();
        }
        ck_assert_uint_eq(a.acked, BYTES);
        ck_assert_uint_eq(b.taken, BYTES);
        ck_assert_uint_eq(b.t.rcv_nxt, iss + 1 + BYTES);
        ck_assert_uint_eq(a.t.snd_una, a.t.snd_end);
        ck_assert_uint_eq(a.taken, 0);
    }
}
END_TEST

TCP_SUITE("tcp core property", TEST(test_all_is_delivered_once_over_any_wire))
