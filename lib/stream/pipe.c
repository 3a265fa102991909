/* SPDX-License-Identifier: ISC */
/*
 * pipe.c - two streams in memory.
 *
 * Loans and ring bytes keep their order: a loan remembers, in the count of
 * references that a pipe has no other use for, how many ring bytes go between
 * it and the loan before.
 */
#include "pipe.h"

static struct pipe_end *end_of(struct stream *s)
{
    return CONTAINER(s, struct pipe_end, stream);
}

static struct pipe_end *peer_of(struct pipe_end *e)
{
    return &e->pipe->end[e == &e->pipe->end[0]];
}

static void wake(struct pipe *p)
{
    if (p->loop)
        loop_defer(p->loop, &p->task);
}

static void post(struct pipe_end *e, unsigned events)
{
    e->events |= events;
    wake(e->pipe);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t piece(const struct pipe *p, size_t n)
{
    return p->piece_bytes ? least(p->piece_bytes, n) : n;
}

static size_t room(const struct pipe_queue *q)
{
    size_t used = (size_t)(q->in - q->out) + q->lent;

    return used < q->ring.n ? q->ring.n - used : 0;
}

/* Ring bytes that go before the first loan, or all there are. */
static size_t before_loan(const struct pipe_queue *q)
{
    return q->loans ? q->loans->buf.refs : q->behind;
}

/* What the reader sees first: ring bytes up to the wrap, or a loan. */
static struct span front(const struct pipe_queue *q)
{
    size_t at = (size_t)(q->out % q->ring.n), n = before_loan(q);

    if (n)
        return (struct span){q->ring.p + at, least(n, q->ring.n - at)};
    if (q->loans)
        return (struct span){q->loans->bytes.p + q->loan_used,
                             q->loans->bytes.n - q->loan_used};
    return (struct span){0};
}

/* Takes the first loan out, to run its done() later. */
static void finish_loan(struct pipe_queue *q)
{
    struct loan *loan = q->loans;

    q->loans = loan->next;
    q->lent -= loan->bytes.n - q->loan_used;
    q->loan_used = 0;
    loan->next = q->done;
    q->done = loan;
}

static void drop_all(struct pipe_queue *q)
{
    while (q->loans)
        finish_loan(q);
    q->out = q->in;
    q->behind = 0;
}

static bool empty(const struct pipe_queue *q)
{
    return q->in == q->out && !q->loans;
}

/* Both sides have ended and everything has arrived: an orderly end. */
static void close_when_done(struct pipe *p)
{
    for (unsigned i = 0; i < 2; i++)
        if (!p->end[i].queue.shut || !empty(&p->end[i].queue))
            return;
    if (p->over)
        return;
    p->over = true;
    post(&p->end[0], STREAM_CLOSED);
    post(&p->end[1], STREAM_CLOSED);
}

static struct span pipe_peek(struct stream *s)
{
    struct span seen = front(&end_of(s)->queue);

    seen.n = piece(end_of(s)->pipe, seen.n);
    return seen;
}

static void pipe_consume(struct stream *s, size_t n)
{
    struct pipe_end *e = end_of(s);
    struct pipe_queue *q = &e->queue;

    ASSERT(n <= front(q).n);
    if (before_loan(q)) {
        q->out += n;
        if (q->loans)
            q->loans->buf.refs -= (uint32_t)n;
        else
            q->behind -= n;
    } else if (n) {
        q->loan_used += n;
        q->lent -= n;
        if (q->loan_used == q->loans->bytes.n)
            finish_loan(q);
        wake(e->pipe);
    }
    if (q->sender_waits && room(q)) {
        q->sender_waits = false;
        post(peer_of(e), STREAM_WRITABLE);
    }
    close_when_done(e->pipe);
}

/* The queue that `s` sends into, when it may. */
static struct pipe_queue *sending(struct stream *s)
{
    struct pipe_queue *q = &peer_of(end_of(s))->queue;

    if (q->shut || end_of(s)->pipe->over)
        return NULL;
    if (room(q))
        return q;
    q->sender_waits = true;
    return NULL;
}

static struct mspan pipe_reserve(struct stream *s)
{
    struct pipe_queue *q = sending(s);
    size_t at, n;

    if (!q)
        return (struct mspan){0};
    at = (size_t)(q->in % q->ring.n);
    n = least(room(q), q->ring.n - at);
    return (struct mspan){q->ring.p + at, piece(end_of(s)->pipe, n)};
}

static void pipe_commit(struct stream *s, size_t n)
{
    struct pipe_end *to = peer_of(end_of(s));

    if (n == 0 || to->pipe->over)
        return;
    ASSERT(n <= room(&to->queue));
    to->queue.in += n;
    to->queue.behind += n;
    post(to, STREAM_READABLE);
}

static bool pipe_lend(struct stream *s, struct loan *loan)
{
    struct pipe_queue *q = sending(s);

    if (!q || loan->bytes.n == 0)
        return false;
    loan->next = NULL;
    loan->buf.refs = (uint32_t)q->behind;
    q->behind = 0;
    *(q->loans ? q->end : &q->loans) = loan;
    q->end = &loan->next;
    q->lent += loan->bytes.n;
    post(peer_of(end_of(s)), STREAM_READABLE);
    return true;
}

static void pipe_shutdown(struct stream *s)
{
    struct pipe_end *to = peer_of(end_of(s));

    if (to->queue.shut || to->pipe->over)
        return;
    to->queue.shut = true;
    post(to, STREAM_EOF);
    close_when_done(to->pipe);
}

static void pipe_abort(struct stream *s)
{
    struct pipe_end *e = end_of(s), *peer = peer_of(e);

    if (e->pipe->over)
        return;
    e->pipe->over = true;
    e->stream.error = E_CLOSED;
    peer->stream.error = E_RESET;
    drop_all(&e->queue);
    drop_all(&peer->queue);
    post(e, STREAM_CLOSED);
    post(peer, STREAM_CLOSED);
}

static void pipe_release(struct stream *s)
{
    struct pipe_end *e = end_of(s);

    if (!e->queue.shut || !peer_of(e)->queue.shut)
        pipe_abort(s);
    e->released = true;
    drop_all(&e->queue);
    wake(e->pipe);
    close_when_done(e->pipe);
}

static bool deliver(struct pipe_end *e)
{
    unsigned events = e->events;

    e->events = 0;
    if (!events || e->released || e->closed)
        return false;
    e->closed = events & STREAM_CLOSED;
    if (!e->stream.on_event) {
        e->released = e->closed;
        return false;
    }
    e->stream.on_event(&e->stream, events, e->stream.user);
    return true;
}

static unsigned finish_done(struct pipe_queue *q)
{
    unsigned n = 0;

    for (struct loan *loan; (loan = q->done); n++) {
        q->done = loan->next;
        loan->done(loan);
    }
    return n;
}

unsigned pipe_dispatch(struct pipe *p)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 2; i++)
        n += deliver(&p->end[i]);
    for (unsigned i = 0; i < 2; i++)
        n += finish_done(&p->end[i].queue);
    return n;
}

static void run(struct task *t, ns_t now)
{
    (void)now;
    pipe_dispatch(CONTAINER(t, struct pipe, task));
}

void pipe_init(struct pipe *p, struct loop *loop, struct mspan to_0,
               struct mspan to_1)
{
    static const struct stream_ops ops = {.peek = pipe_peek,
                                          .consume = pipe_consume,
                                          .reserve = pipe_reserve,
                                          .commit = pipe_commit,
                                          .shutdown = pipe_shutdown,
                                          .abort = pipe_abort,
                                          .release = pipe_release,
                                          .lend = pipe_lend};

    *p = (struct pipe){.loop = loop, .task = {.run = run}};
    for (unsigned i = 0; i < 2; i++) {
        p->end[i].stream.ops = &ops;
        p->end[i].pipe = p;
    }
    p->end[0].queue.ring = to_0;
    p->end[1].queue.ring = to_1;
    post(&p->end[0], STREAM_OPEN);
}
