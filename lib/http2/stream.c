/* SPDX-License-Identifier: ISC */
/*
 * stream.c - one of HTTP/2's streams, as the server sees it: a request to
 * read, an answer to write, and the connection ends with it.
 *
 * A body whose length was not said is cut into chunks on its way to the
 * server, for which that is what the end looks like.
 */
#include "http2_impl.h"

static struct h2_stream *stream_at(struct stream *s)
{
    return CONTAINER(s, struct h2_stream, stream);
}

void h2_post(struct h2_stream *st, unsigned events)
{
    struct h2_conn *c = st->conn;

    st->events |= events;
    if (!st->ready) {
        st->ready = true;
        st->next_ready = NULL;
        *(c->ready ? c->ready_end : &c->ready) = st;
        c->ready_end = &st->next_ready;
    }
    h2_turn_later(c);
}

bool h2_append(struct h2_conn *c, struct h2_queue *q, struct span s)
{
    struct h2_block *b = q->last;
    size_t n = b ? b->size - b->n : 0;

    n = s.n < n ? s.n : n;
    if (n) {
        memcpy(b->bytes + b->n, s.p, n);
        b->n += (uint32_t)n;
        q->n += n;
        s.p += n;
        s.n -= n;
    }
    if (s.n == 0)
        return true;
    n = s.n < H2_BLOCK_MIN ? H2_BLOCK_MIN : s.n;
    if (!(b = h2_get(c, sizeof(*b) + n)))
        return false;
    *b = (struct h2_block){.n = (uint32_t)s.n, .size = (uint32_t)n};
    memcpy(b->bytes, s.p, s.n);
    *(q->last ? &q->last->next : &q->first) = b;
    q->last = b;
    q->n += s.n;
    return true;
}

void h2_took(struct h2_conn *c, struct h2_queue *q, size_t n)
{
    struct h2_block *b = q->first;

    b->at += (uint32_t)n;
    q->n -= n;
    if (b->at < b->n)
        return;
    if (!(q->first = b->next))
        q->last = NULL;
    h2_put(c, b);
}

void h2_queue_drop(struct h2_conn *c, struct h2_queue *q)
{
    while (q->first)
        h2_took(c, q, q->first->n - q->first->at);
}

static struct span front(const struct h2_queue *q)
{
    const struct h2_block *b = q->first;

    return b ? (struct span){b->bytes + b->at, b->n - b->at} : (struct span){0};
}

/* The size of the next chunk, which is all that is there; or the last one. */
static void next_frame(struct h2_stream *st)
{
    static const char hex[] = "0123456789abcdef";
    static const char last[] = "0\r\n\r\n";
    unsigned at = 0, shift = 28;

    st->frame_at = st->frame_n = 0;
    if (st->in.n == 0) {
        if (!st->got_end || st->in_ended)
            return;
        st->in_ended = true;
        st->frame_n = sizeof(last) - 1;
        memcpy(st->frame, last, st->frame_n);
        return;
    }
    st->chunk_left = st->in.n;
    while (shift && (st->in.n >> shift & 15) == 0)
        shift -= 4;
    for (;; shift -= 4) {
        st->frame[at++] = (uint8_t)hex[st->in.n >> shift & 15];
        if (shift == 0)
            break;
    }
    memcpy(st->frame + at, "\r\n", 2);
    st->frame_n = (uint8_t)(at + 2);
}

static struct span op_peek(struct stream *s)
{
    struct h2_stream *st = stream_at(s);
    struct span in = front(&st->in);

    if (st->head_at < st->head_n)
        return (struct span){st->head + st->head_at, st->head_n - st->head_at};
    if (!st->in_chunks)
        return in;
    if (st->frame_at == st->frame_n && st->chunk_left == 0)
        next_frame(st);
    if (st->frame_at < st->frame_n)
        return (struct span){st->frame + st->frame_at,
                             (size_t)(st->frame_n - st->frame_at)};
    if (in.n > st->chunk_left)
        in.n = st->chunk_left;
    return in;
}

static void drop_head(struct h2_stream *st)
{
    h2_put(st->conn, st->head);
    st->head = NULL;
    st->head_n = st->head_at = st->head_size = 0;
}

/* Opens the window by as much as was taken. */
static void consumed(struct h2_stream *st, size_t n)
{
    struct h2_conn *c = st->conn;

    if (!c->session || n == 0)
        return;
    if (st->id)
        nghttp2_session_consume(c->session, st->id, n);
    else
        nghttp2_session_consume_connection(c->session, n);
    h2_turn_later(c);
}

static void op_consume(struct stream *s, size_t n)
{
    struct h2_stream *st = stream_at(s);

    if (n == 0)
        return;
    if (st->head_at < st->head_n) {
        ASSERT(n <= st->head_n - st->head_at);
        st->head_at += (uint32_t)n;
        if (st->head_at == st->head_n)
            drop_head(st);
        return;
    }
    if (st->frame_at < st->frame_n) {
        ASSERT(n <= (size_t)(st->frame_n - st->frame_at));
        st->frame_at = (uint8_t)(st->frame_at + n);
        return;
    }
    h2_took(st->conn, &st->in, n);
    consumed(st, n);
    if (!st->in_chunks)
        return;
    ASSERT(n <= st->chunk_left);
    st->chunk_left -= n;
    if (st->chunk_left == 0) {
        memcpy(st->frame, "\r\n", 2);
        st->frame_at = 0;
        st->frame_n = 2;
    }
}

static bool may_write(const struct h2_stream *st)
{
    return st->id && !st->shut && !st->closed && st->conn->session;
}

static struct mspan op_reserve(struct stream *s)
{
    struct h2_stream *st = stream_at(s);
    struct http2 *h2 = st->conn->h2;

    if (!may_write(st))
        return (struct mspan){0};
    if (st->nloans || st->out.n >= H2_OUT_MOST) {
        st->writer_waits = true;
        return (struct mspan){0};
    }
    return (struct mspan){h2->stage, sizeof(h2->stage)};
}

static void wake_sender(struct h2_stream *st)
{
    if (st->deferred && st->id)
        nghttp2_session_resume_data(st->conn->session, st->id);
    st->deferred = false;
    h2_turn_later(st->conn);
}

static void op_abort(struct stream *s)
{
    struct h2_stream *st = stream_at(s);

    if (st->closed)
        return;
    st->stream.error = E_CLOSED;
    h2_post(st, STREAM_CLOSED);
}

static void op_commit(struct stream *s, size_t n)
{
    struct h2_stream *st = stream_at(s);
    struct http2 *h2 = st->conn->h2;
    struct mspan text = {h2->stage, n};
    size_t taken;

    ASSERT(n <= sizeof(h2->stage));
    if (n == 0 || !may_write(st))
        return;
    while (text.n && !st->answered) {
        if (!h2_answer(st, text, &taken)) {
            op_abort(s);
            return;
        }
        text.p += taken;
        text.n -= taken;
    }
    if (text.n && !st->no_body &&
        !h2_append(st->conn, &st->out, (struct span){text.p, text.n})) {
        op_abort(s);
        return;
    }
    wake_sender(st);
}

static bool op_lend(struct stream *s, struct loan *l)
{
    struct h2_stream *st = stream_at(s);

    if (!may_write(st) || !st->answered)
        return false;
    if (st->nloans == H2_LOANS) {
        st->writer_waits = true;
        return false;
    }
    st->loan[st->nloans++] = l;
    wake_sender(st);
    return true;
}

static void op_shutdown(struct stream *s)
{
    struct h2_stream *st = stream_at(s);

    if (!may_write(st))
        return;
    st->shut = true;
    if (st->answered)
        wake_sender(st);
    else
        op_abort(s); /* no answer at all */
}

/* All that refers to it but the memory itself, which goes at the end of a
 * turn: a loan's done() must not run from in here. */
static void op_release(struct stream *s)
{
    struct h2_stream *st = stream_at(s);
    struct h2_conn *c = st->conn;
    uint32_t why = st->end_sent ? NGHTTP2_NO_ERROR : NGHTTP2_INTERNAL_ERROR;

    st->released = true;
    s->on_event = NULL;
    if (st->joined)
        c->njoined--;
    st->joined = false;
    if (c->njoined == 0)
        c->since = loop_now(c->h2->loop);
    h2_forget(st, why);
    consumed(st, st->in.n);
    h2_queue_drop(c, &st->in);
    c->reap = true;
    h2_turn_later(c);
}

void h2_forget(struct h2_stream *st, uint32_t why)
{
    nghttp2_session *session = st->conn->session;

    if (st->id && session) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, st->id, why);
        nghttp2_session_set_stream_user_data(session, st->id, NULL);
    }
    st->id = 0;
}

static const struct stream_ops ops = {.peek = op_peek,
                                      .consume = op_consume,
                                      .reserve = op_reserve,
                                      .commit = op_commit,
                                      .shutdown = op_shutdown,
                                      .abort = op_abort,
                                      .release = op_release,
                                      .lend = op_lend};

struct h2_stream *h2_stream_new(struct h2_conn *c, int32_t id)
{
    struct h2_stream *st = h2_get(c, sizeof(*st));

    if (!st)
        return NULL;
    *st = (struct h2_stream){
        .stream = {.ops = &ops}, .conn = c, .id = id, .next = c->streams};
    if (st->next)
        st->next->prev = st;
    c->streams = st;
    c->nstreams++;
    return st;
}

void h2_stream_free(struct h2_stream *st)
{
    struct h2_conn *c = st->conn;

    *(st->prev ? &st->prev->next : &c->streams) = st->next;
    if (st->next)
        st->next->prev = st->prev;
    c->nstreams--;
    if (st->id && c->session)
        nghttp2_session_set_stream_user_data(c->session, st->id, NULL);
    h2_drop_pseudo(st);
    h2_loans_done(st);
    h2_queue_drop(c, &st->in);
    h2_queue_drop(c, &st->out);
    h2_put(c, st->head);
    h2_put(c, st->out_head);
    h2_put(c, st);
}
