/* SPDX-License-Identifier: ISC */
/*
 * tcp.c - RFC 862, 863 and 864 over TCP.
 *
 * Echo and discard keep nothing of a connection but the function that is
 * called for it: which one it is says whether the peer has finished.
 */
#include "echo.h"

#define SILENCE (60 * NS_PER_SEC) /* then we ask whether the peer lives */
#define STALL   (60 * NS_PER_SEC) /* without a byte of chargen being taken */

enum { CHARGEN_LOANS = 64 }; /* 4 MB, as a long fat path with losses takes */

struct piece {
    struct loan loan;
    struct chargen *c;
    bool out;
};

struct chargen {
    struct chargen *next; /* in echo.idle_chargens */
    struct echo *echo;
    struct stream *s; /* NULL: given back, but a loan may be out */
    struct piece piece[CHARGEN_LOANS];
    unsigned out;
    struct task task; /* go on, after a loan came back */
    struct timer timer;
};

static void welcome(struct echo *e, struct stream *s)
{
    e->m.open++;
    tcp_keepalive(s, SILENCE);
}

static void farewell(struct echo *e, struct stream *s)
{
    e->m.open--;
    stream_release(s);
}

/* True: nothing is left to be echoed just now. */
static bool pump(struct echo *e, struct stream *s)
{
    struct span in;
    size_t n;

    while ((in = stream_peek(s)).n > 0) {
        n = stream_write(s, in);
        if (n == 0)
            return false;
        stream_consume(s, n);
        e->m.bytes__echo += n;
    }
    return true;
}

static void on_closing(struct stream *s, unsigned events, void *user)
{
    if (events & STREAM_CLOSED)
        farewell(user, s);
}

/* The peer has finished; what it sent last may still wait for room. */
static void on_echo_last(struct stream *s, unsigned events, void *user)
{
    if (events & STREAM_CLOSED) {
        farewell(user, s);
        return;
    }
    if (pump(user, s)) {
        s->on_event = on_closing;
        stream_shutdown(s);
    }
}

static void on_echo(struct stream *s, unsigned events, void *user)
{
    if (events & (STREAM_EOF | STREAM_CLOSED)) {
        s->on_event = on_echo_last;
        on_echo_last(s, events, user);
        return;
    }
    pump(user, s);
}

static bool accept_echo(struct stream *s, const struct endpoint *peer,
                        void *user)
{
    struct echo *e = user;

    (void)peer;
    e->m.accepted__echo++;
    welcome(e, s);
    s->on_event = on_echo;
    s->user = e;
    return true;
}

static void drink(struct stream *s, uint64_t *bytes)
{
    struct span in;

    while ((in = stream_peek(s)).n > 0) {
        *bytes += in.n;
        stream_consume(s, in.n);
    }
}

static void on_discard(struct stream *s, unsigned events, void *user)
{
    struct echo *e = user;

    if (events & STREAM_CLOSED) {
        farewell(e, s);
        return;
    }
    drink(s, &e->m.bytes__discard);
    if (events & STREAM_EOF)
        stream_shutdown(s);
}

static bool accept_discard(struct stream *s, const struct endpoint *peer,
                           void *user)
{
    struct echo *e = user;

    (void)peer;
    e->m.accepted__discard++;
    welcome(e, s);
    s->on_event = on_discard;
    s->user = e;
    return true;
}

static void chargen_put(struct chargen *c)
{
    if (c->s || c->out || c->task.queued)
        return;
    c->next = c->echo->idle_chargens;
    c->echo->idle_chargens = c;
}

static void chargen_end(struct chargen *c)
{
    timer_clear(c->echo->env->loop, &c->timer);
    farewell(c->echo, c->s);
    c->s = NULL;
    chargen_put(c);
}

/* The pattern again and again, in place: each loan is whole periods, so the
 * next one continues it. */
static void generate(struct chargen *c)
{
    struct span pattern = echo_pattern(c->echo);

    for (unsigned i = 0; i < CHARGEN_LOANS; i++) {
        struct piece *p = &c->piece[i];

        if (p->out)
            continue;
        p->loan.bytes = pattern;
        if (!stream_lend(c->s, &p->loan))
            return;
        p->out = true;
        c->out++;
        c->echo->m.bytes__chargen += pattern.n;
    }
}

static void on_piece_done(struct loan *l)
{
    struct piece *p = CONTAINER(l, struct piece, loan);
    struct chargen *c = p->c;

    p->out = false;
    c->out--;
    if (c->s) {
        timer_set(c->echo->env->loop, &c->timer,
                  loop_now(c->echo->env->loop) + STALL);
        loop_defer(c->echo->env->loop, &c->task);
    } else {
        chargen_put(c);
    }
}

static void chargen_go_on(struct task *t, ns_t now)
{
    struct chargen *c = CONTAINER(t, struct chargen, task);

    (void)now;
    if (c->s)
        generate(c);
    else
        chargen_put(c);
}

static void chargen_stalled(struct timer *t, ns_t now)
{
    struct chargen *c = CONTAINER(t, struct chargen, timer);

    (void)now;
    c->echo->m.stalled++;
    chargen_end(c);
}

static void on_chargen(struct stream *s, unsigned events, void *user)
{
    struct chargen *c = user;
    uint64_t ignored = 0;

    if (events & STREAM_CLOSED) { /* half of it closed is not the end */
        chargen_end(c);
        return;
    }
    drink(s, &ignored);
    generate(c);
}

static bool accept_chargen(struct stream *s, const struct endpoint *peer,
                           void *user)
{
    struct echo *e = user;
    struct chargen *c = e->idle_chargens;

    (void)peer;
    if (!c)
        return false;
    e->idle_chargens = c->next;
    e->m.accepted__chargen++;
    welcome(e, s);
    s->on_event = on_chargen;
    s->user = c;
    c->s = s;
    timer_set(e->env->loop, &c->timer, loop_now(e->env->loop) + STALL);
    generate(c);
    return true;
}

enum err tcp_start(struct echo *e)
{
    struct chargen *c = NEW_ARRAY(e->env, struct chargen, CHARGENS_MAX);
    enum err err;

    for (unsigned i = 0; i < CHARGENS_MAX; i++) {
        c[i].echo = e;
        c[i].task.run = chargen_go_on;
        c[i].timer.fire = chargen_stalled;
        for (unsigned k = 0; k < CHARGEN_LOANS; k++) {
            c[i].piece[k].c = &c[i];
            c[i].piece[k].loan.done = on_piece_done;
        }
        chargen_put(&c[i]);
    }
    if ((err = tcp_listen(e->env->net, ECHO_PORT, accept_echo, e)) ||
        (err = tcp_listen(e->env->net, DISCARD_PORT, accept_discard, e)))
        return err;
    return tcp_listen(e->env->net, CHARGEN_PORT, accept_chargen, e);
}
