/* SPDX-License-Identifier: ISC */
/*
 * test_property.c - what must hold for any input: a stream cut, repeated and
 * shuffled in any way gives the same bytes; two stacks come to an end over a
 * wire that loses and reorders; when any pool is empty for a moment, nothing
 * leaks and nothing stops.
 */
#include "rig.h"
#include "tcp_suite.h"

#include <stdlib.h>

enum { STREAM = 20000 };

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 11 + i / 257);
}

static unsigned dice(unsigned n)
{
    return (unsigned)rand() % n;
}

/* ---- one stack, a peer who plays tricks ---- */

struct cut {
    uint32_t from, len;
};

/* Cuts that cover the stream, and others that lie across. */
static unsigned make_cuts(struct cut *c, unsigned max)
{
    unsigned n = 0;
    uint32_t at = 0;

    while (at < STREAM) {
        uint32_t len = dice(4) ? 1 + dice(1460) : 1 + dice(20);

        if (len > STREAM - at)
            len = STREAM - at;
        c[n++] = (struct cut){at, len};
        at += len;
    }
    for (unsigned i = 0; i < 40 && n < max; i++) {
        uint32_t from = dice(STREAM - 1);

        at = 1 + dice(1460);
        c[n++] = (struct cut){from, at < STREAM - from ? at : STREAM - from};
    }
    return n;
}

/* Swaps neighbours up to `reach` apart. */
static void shuffle(struct cut *c, unsigned n, unsigned reach)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned j = i + dice(reach);
        struct cut t = c[i];

        if (j >= n)
            continue;
        c[i] = c[j];
        c[j] = t;
    }
}

START_TEST(test_any_cut_and_order_gives_the_same_bytes)
{
    static struct cut cuts[4096];
    static uint8_t stream[STREAM];
    static struct rig_end end;
    struct net *net = rig_new(_i % 2);
    struct rig_peer p;
    unsigned n;

    srand((unsigned)_i);
    memset(&end, 0, sizeof(end));
    end.release_when_closed = true;
    for (size_t i = 0; i < STREAM; i++)
        stream[i] = byte_at(i);
    rig_listen(net, RIG_PORT, &end);
    p = rig_connect(net, TCP_OPT_MSS | (_i % 3 ? TCP_OPT_SACK_OK : 0));
    n = make_cuts(cuts, ARRAY_LEN(cuts));
    /* What is refused, for want of room, comes again. */
    for (unsigned round = 0; end.ngot < STREAM; round++) {
        ck_assert_uint_lt(round, 300);
        shuffle(cuts, n, 1 + dice(60));
        for (unsigned i = 0; i < n; i++) {
            struct tcp_seg s = rig_seg(&p, TCP_ACK, cuts[i].len);

            s.seq += cuts[i].from;
            rig_in(net, &s, stream + cuts[i].from);
            if (dice(3) == 0)
                rig_read(&end);
            rig_forget(net);
        }
        rig_read(&end);
    }
    ck_assert_uint_eq(end.ngot, STREAM);
    ck_assert_mem_eq(end.got, stream, STREAM);
    p.seq += STREAM;
    rig_send(&p, TCP_RST, NULL, 0);
    tcp_unlisten(net, RIG_PORT);
    rig_forget(net);
    rig_free(net);
}
END_TEST

/* ---- two stacks ---- */

struct pair {
    struct net *net[2]; /* 0 dials, 1 listens and echoes */
    struct rig_end end[2];
    size_t sent;
    bool shut[2];
    unsigned loss, reorder; /* in 100 */
};

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    rig_attach(user, s);
    return true;
}

static void pair_open(struct pair *p, bool v6, bool tso)
{
    memset(p, 0, sizeof(*p));
    for (int i = 0; i < 2; i++) {
        p->net[i] = rig_new(v6);
        if (tso) {
            p->net[i]->caps |= NETIF_TSO4 | NETIF_TSO6;
            p->net[i]->tso_max = 16000;
        }
    }
    ck_assert_uint_eq(tcp_listen(p->net[1], RIG_PORT, on_accept, &p->end[1]),
                      OK);
}

static bool pair_dial(struct pair *p)
{
    struct endpoint to = {.addr = rig_remote(p->net[0]), .port = RIG_PORT};
    struct stream *s;

    if (tcp_connect(p->net[0], &to, &s))
        return false;
    rig_attach(&p->end[0], s);
    return true;
}

/* The applications: 0 sends STREAM bytes, 1 sends back what it reads. */
static void pair_apps(struct pair *p)
{
    struct rig_end *a = &p->end[0], *b = &p->end[1];

    while (a->s && p->sent < STREAM) {
        struct mspan room = stream_reserve(a->s);

        if (!room.n)
            break;
        if (room.n > STREAM - p->sent)
            room.n = STREAM - p->sent;
        for (size_t i = 0; i < room.n; i++)
            room.p[i] = byte_at(p->sent + i);
        stream_commit(a->s, room.n);
        p->sent += room.n;
    }
    if (a->s && p->sent == STREAM && !p->shut[0]) {
        stream_shutdown(a->s);
        p->shut[0] = true;
    }
    if (a->s)
        rig_read(a);
    for (struct span in; b->s && (in = stream_peek(b->s)).n;) {
        size_t n = stream_write(b->s, in);

        if (!n)
            break;
        stream_consume(b->s, n);
    }
    if (b->s && b->events & STREAM_EOF && !stream_peek(b->s).n && !p->shut[1]) {
        stream_shutdown(b->s);
        p->shut[1] = true;
    }
}

static void pair_end(struct rig_end *e)
{
    if (e->s && e->events & STREAM_CLOSED) {
        stream_release(e->s);
        e->s = NULL;
    }
}

static void carry(struct pair *p, int from)
{
    struct net *a = p->net[from], *b = p->net[!from];
    unsigned n = rig_sent(a);

    while (n--) {
        struct rig_frame f = rig_out(a);

        if (dice(100) < p->reorder && n) {
            struct rig_frame again = rig_out(a); /* overtaken by the next */

            n--;
            (void)again;
            rig_in_from(b, again.h.src, again.h.dst, &again.h.seg, again.data);
            continue;
        }
        if (dice(100) < p->loss)
            continue;
        rig_in_from(b, f.h.src, f.h.dst, &f.h.seg, f.data);
    }
}

/* Runs until both ends are closed, or for `limit` of time. */
static bool pair_run(struct pair *p, ns_t limit, struct pool *watch)
{
    ns_t end = p->net[0]->now + limit;

    while (p->net[0]->now < end) {
        ns_t at = NS_NEVER;

        for (int i = 0; i < 2; i++) {
            pair_apps(p);
            rig_turn(p->net[i]);
            pair_end(&p->end[i]);
            carry(p, i);
        }
        if (watch && watch->refusals)
            watch->fail_after = -1; /* empty for this moment only */
        if (p->net[0]->first != p->net[0]->last)
            continue;
        for (int i = 0; i < 2; i++) {
            ns_t d = tcp_next_deadline(p->net[i]->tcp);

            at = d < at ? d : at;
        }
        if (at == NS_NEVER && !p->net[0]->tcp->conns.in_use &&
            !p->net[1]->tcp->conns.in_use)
            return true;
        if (at < p->net[0]->now + 10 * NS_PER_US)
            at = p->net[0]->now + 10 * NS_PER_US;
        p->net[0]->now = p->net[1]->now = at < end ? at : end;
    }
    return false;
}

static void pair_close(struct pair *p)
{
    tcp_unlisten(p->net[1], RIG_PORT);
    for (int i = 0; i < 2; i++)
        rig_free(p->net[i]);
}

START_TEST(test_two_stacks_over_a_bad_wire)
{
    static struct pair p;

    srand((unsigned)_i);
    pair_open(&p, _i % 2, false);
    p.loss = (unsigned)_i % 5 * 5;
    p.reorder = (unsigned)_i % 3 * 10;
    ck_assert(pair_dial(&p));
    ck_assert(pair_run(&p, 4000 * NS_PER_SEC, NULL));
    ck_assert_uint_eq(p.end[0].ngot, STREAM);
    for (size_t i = 0; i < STREAM; i++)
        ck_assert_uint_eq(p.end[0].got[i], byte_at(i));
    pair_close(&p);
}
END_TEST

START_TEST(test_same_seed_same_run)
{
    static struct pair p;
    uint64_t seen[2];

    for (int k = 0; k < 2; k++) {
        srand(5);
        pair_open(&p, false, false);
        p.loss = 10;
        ck_assert(pair_dial(&p));
        ck_assert(pair_run(&p, 4000 * NS_PER_SEC, NULL));
        seen[k] = p.net[0]->now ^ p.net[0]->tcp->count.out_segs << 40;
        pair_close(&p);
    }
    ck_assert_uint_eq(seen[0], seen[1]);
}
END_TEST

/* The N-th get of a pool fails, for N = 1, 2, ... until none does. */
static struct pool *pool_of(struct net *net, int which)
{
    struct tcp *t = net->tcp;
    struct pool *all[] = {&t->conns, &t->halves, &t->tws,        &t->pieces,
                          &t->sets,  &net->pkts, &net->tx.blocks};

    return all[which];
}

START_TEST(test_any_pool_fails_once)
{
    static struct pair p;
    int host = _i / 7, which = _i % 7;

    for (int64_t n = 0;; n++) {
        struct pool *pool;
        bool failed;

        ck_assert_int_lt(n, 20000);
        srand((unsigned)n);
        pair_open(&p, n % 2, n % 3 == 0);
        p.loss = n % 4 ? 0 : 5;
        p.reorder = 10;
        pool = pool_of(p.net[host], which);
        pool->fail_after = n;
        if (pair_dial(&p))
            ck_assert(pair_run(&p, 4000 * NS_PER_SEC, pool));
        failed = pool->refusals != 0;
        pool->fail_after = -1;
        /* either all of it or, where no slot was to be had, nothing */
        if (p.end[0].ngot != STREAM)
            ck_assert(failed && which == 0);
        pair_close(&p);
        if (!failed)
            return;
        n += n / 8;
    }
}
END_TEST

TCP_SUITE("tcp property",
          LOOP(test_any_cut_and_order_gives_the_same_bytes, 0, 30),
          LOOP(test_two_stacks_over_a_bad_wire, 0, 30),
          TEST(test_same_seed_same_run), LOOP(test_any_pool_fails_once, 0, 14))
