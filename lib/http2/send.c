/* SPDX-License-Identifier: ISC */
/*
 * send.c - DATA out of what was written and lent, without a copy of its own,
 * and all of nghttp2's bytes to the stream below.
 *
 * A frame that was begun is finished, whatever becomes of its stream: the
 * stream's memory stays until then.
 */
#include "http2_impl.h"

static struct span front(const struct h2_stream *st)
{
    const struct h2_block *b = st->out.first;
    struct span s = {0};

    if (b)
        return (struct span){b->bytes + b->at, b->n - b->at};
    if (st->nloans) {
        s = st->loan[0]->bytes;
        s.p += st->loan_at;
        s.n -= st->loan_at;
    }
    return s;
}

static size_t waiting(const struct h2_stream *st)
{
    size_t n = st->out.n;

    for (unsigned i = 0; i < st->nloans; i++)
        n += st->loan[i]->bytes.n;
    return n - st->loan_at;
}

static void first_loan_done(struct h2_stream *st)
{
    struct loan *l = st->loan[0];

    for (unsigned i = 1; i < st->nloans; i++)
        st->loan[i - 1] = st->loan[i];
    st->nloans--;
    st->loan_at = 0;
    l->done(l);
}

void h2_loans_done(struct h2_stream *st)
{
    while (st->nloans)
        first_loan_done(st);
}

/* The first `n` bytes of front() are on their way. */
static void took(struct h2_stream *st, size_t n)
{
    if (st->out.first) {
        h2_took(st->conn, &st->out, n);
    } else {
        st->loan_at += n;
        if (st->loan_at == st->loan[0]->bytes.n)
            first_loan_done(st);
    }
    if (st->writer_waits && st->nloans < H2_LOANS && st->out.n < H2_OUT_MOST &&
        !st->released) {
        st->writer_waits = false;
        h2_post(st, STREAM_WRITABLE);
    }
}

nghttp2_ssize h2_read_data(nghttp2_session *session, int32_t id, uint8_t *into,
                           size_t most, uint32_t *flags,
                           nghttp2_data_source *source, void *user)
{
    struct h2_stream *st = nghttp2_session_get_stream_user_data(session, id);
    size_t n;

    (void)into;
    (void)source;
    (void)user;
    if (!st)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    n = front(st).n;
    n = n < most ? n : most;
    if (n == 0 && !st->shut) {
        st->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (st->shut && n == waiting(st))
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (nghttp2_ssize)n;
}

/* True: the frame is through. */
static bool write_cut(struct h2_conn *c)
{
    struct h2_cut *cut = &c->cut;
    size_t n;

    while (cut->at < H2_FRAME_HEAD) {
        n = stream_write(c->lower,
                         (struct span){cut->head + cut->at,
                                       (size_t)(H2_FRAME_HEAD - cut->at)});
        if (n == 0)
            return false;
        cut->at = (uint8_t)(cut->at + n);
    }
    while (cut->left) {
        struct span s = front(cut->from);

        s.n = s.n < cut->left ? s.n : cut->left;
        ASSERT(s.n);
        if ((n = stream_write(c->lower, s)) == 0)
            return false;
        took(cut->from, n);
        cut->left -= n;
    }
    c->reap |= cut->from->released;
    cut->on = false;
    return true;
}

int h2_send_data(nghttp2_session *session, nghttp2_frame *frame,
                 const uint8_t *head, size_t n, nghttp2_data_source *source,
                 void *user)
{
    struct h2_conn *c = user;
    struct h2_stream *st =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)source;
    ASSERT(!c->cut.on && frame->data.padlen == 0);
    if (!st || waiting(st) < n)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    c->cut = (struct h2_cut){.from = st, .left = n, .on = true};
    memcpy(c->cut.head, head, H2_FRAME_HEAD);
    return write_cut(c) ? 0 : NGHTTP2_ERR_PAUSE;
}

static bool write_left(struct h2_conn *c)
{
    while (c->left.n) {
        size_t n = stream_write(c->lower, c->left);

        if (n == 0)
            return false;
        c->left.p += n;
        c->left.n -= n;
    }
    return true;
}

bool h2_blocked(const struct h2_conn *c)
{
    return c->cut.on || c->left.n;
}

bool h2_pump(struct h2_conn *c)
{
    bool moved = false;

    for (;;) {
        nghttp2_ssize n;
        bool was_cut = c->cut.on;

        if ((c->cut.on && !write_cut(c)) || !write_left(c))
            return moved;
        n = nghttp2_session_mem_send2(c->session, &c->left.p);
        if (n < 0) {
            c->starved = true; /* it has no other reason */
            return false;
        }
        c->left.n = (size_t)n;
        if (n == 0 && !c->cut.on)
            return moved || was_cut;
        moved = true;
    }
}
