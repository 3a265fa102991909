/* SPDX-License-Identifier: ISC */
/*
 * send.c - bodies of answers, as room comes.
 *
 * Each send_*() goes on until all is queued (true) or the stream has no room
 * (false, and it says when there is).  Lent pieces are at most HTTP_PIECE_MAX
 * long, so that a slow reader is told from a dead one.
 */
#include "http_impl.h"

/* No room: from now on it is the answer that is slow, though its body may have
 * been waited for until now. */
static void wait_for_reader(struct http_exchange *x)
{
    ns_t last = loop_now(x->server->loop) + x->server->timeouts.write;

    if (last < x->deadline)
        conn_until(x, last);
}

/* Copies what fits of [*at, n) of `p`; true when all is gone. */
static bool push(struct http_exchange *x, const uint8_t *p, uint32_t n,
                 uint32_t *at)
{
    size_t took = stream_write(x->stream, (struct span){p + *at, n - *at});

    *at += (uint32_t)took;
    if (took)
        conn_progress(x, took, x->server->timeouts.write);
    if (*at < n)
        wait_for_reader(x);
    return *at == n;
}

static bool push_frame(struct http_exchange *x)
{
    uint32_t at = x->frame_at;
    bool all;

    if (at == x->frame_n)
        return true;
    all = push(x, x->frame, x->frame_n, &at);
    x->frame_at = (uint8_t)at;
    return all;
}

/* A head, or generated text, that found its place in a scratch buffer. */
static bool push_scratch(struct http_exchange *x)
{
    struct http_scratch *s = x->scratch;
    uint32_t at;
    bool all;

    if (!s)
        return true;
    at = s->out_at;
    all = push(x, s->out, s->out_n, &at);
    s->out_at = (uint16_t)at;
    if (all)
        scratch_put(x);
    return all;
}

/* Its own first.  As many more as the stream takes, which is what fills a path
 * where 128 KiB are soon on their way; when all are out, its own come back. */
static struct http_loan *free_loan(struct http_exchange *x)
{
    struct http_loan *l;

    for (unsigned i = 0; i < HTTP_LOANS; i++) {
        if (!x->loan[i].out)
            return &x->loan[i];
    }
    l = pool_get(&x->server->loans);
    if (l)
        *l = (struct http_loan){.loan.done = loan_done, .x = x, .shared = true};
    return l;
}

/* Queues some of `piece`; returns how much. */
static size_t lend(struct http_exchange *x, struct span piece)
{
    struct http_loan *l;

    if (piece.n < HTTP_LEND_MIN || !stream_lends(x->stream)) {
        size_t n = stream_write(x->stream, piece);

        if (n)
            conn_progress(x, n, x->server->timeouts.write);
        return n;
    }
    l = free_loan(x);
    if (!l) /* loan_done() goes on */
        return 0;
    l->loan.bytes = piece;
    if (!stream_lend(x->stream, &l->loan)) {
        if (l->shared)
            pool_put(&x->server->loans, l);
        return 0;
    }
    l->out = true;
    x->loans_out++;
    return piece.n;
}

static struct span next_piece(struct http_exchange *x)
{
    struct span p;

    if (x->out == OUT_MEMORY)
        p = (struct span){x->from.memory, HTTP_PIECE_MAX};
    else
        p = x->from.pieces.next(x, x->from.pieces.at);
    ASSERT(p.n > 0);
    if (p.n > HTTP_PIECE_MAX)
        p.n = HTTP_PIECE_MAX;
    if (p.n > x->out_left)
        p.n = (size_t)x->out_left;
    return p;
}

static bool send_lent(struct http_exchange *x)
{
    while (x->out_left > 0) {
        size_t n = lend(x, next_piece(x));

        if (n == 0)
            return false;
        x->out_left -= n;
        x->server->m.sent_bytes += n;
        if (x->out == OUT_MEMORY)
            x->from.memory += n;
        else
            x->from.pieces.at += n;
    }
    return true;
}

static void end_chunks(struct http_exchange *x, const char *end)
{
    x->out = OUT_LAST;
    x->frame_at = x->frame_n = 0;
    if (x->chunked) {
        x->frame_n = (uint8_t)strlen(end);
        memcpy(x->frame, end, x->frame_n);
    }
}

/* Lets the application write behind the room for a chunk's size, and frames
 * what it wrote.  0: that was the end. */
static size_t write_chunk(struct http_exchange *x, struct mspan room)
{
    enum { SIZE_BYTES = 6 /* "0400\r\n" */, END_BYTES = 2 };
    static const char hex[] = "0123456789abcdef";
    unsigned front = x->chunked ? SIZE_BYTES : 0;
    unsigned back = x->chunked ? END_BYTES : 0;
    struct mspan mid = {room.p + front, room.n - front - back};
    size_t n;

    if (mid.n > 0xffff)
        mid.n = 0xffff;
    n = x->from.write(x, mid);
    ASSERT(n <= mid.n);
    if (n == 0 || !x->chunked)
        return n;
    for (unsigned i = 0; i < 4; i++)
        room.p[i] = (uint8_t)hex[n >> (12 - 4 * i) & 15];
    memcpy(room.p + 4, "\r\n", 2);
    memcpy(mid.p + n, "\r\n", 2);
    return n + SIZE_BYTES + END_BYTES;
}

static bool send_written(struct http_exchange *x)
{
    for (;;) {
        struct mspan room = stream_reserve(x->stream);
        size_t n;

        if (room.n == 0)
            return false;
        if (room.n >= HTTP_WRITE_MIN + 8) {
            if ((n = write_chunk(x, room)))
                stream_commit(x->stream, n);
        } else {
            struct http_scratch *s;

            if (!scratch_take(x))
                return false;
            s = x->scratch;
            n = write_chunk(x, (struct mspan){s->out, sizeof(s->out)});
            s->out_n = (uint16_t)n;
            if (!push_scratch(x))
                return false;
        }
        x->server->m.sent_bytes += n;
        if (n == 0)
            break;
        conn_progress(x, n, x->server->timeouts.write);
    }
    end_chunks(x, "0\r\n\r\n");
    return push_frame(x);
}

/* Announces a chunk of `n` bytes; ends the one before when there was one. */
static void frame_chunk(struct http_exchange *x, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    unsigned shift = 60, at = x->frame_n = 0;

    x->frame_at = 0;
    if (!x->chunked)
        return;
    while (shift && (n >> shift & 15) == 0)
        shift -= 4;
    for (;; shift -= 4) {
        x->frame[at++] = (uint8_t)hex[n >> shift & 15];
        if (shift == 0)
            break;
    }
    x->frame[at++] = '\r';
    x->frame[at++] = '\n';
    x->frame_n = (uint8_t)at;
}

/* No more of the body for now, or ever. */
static bool echo_stops(struct http_exchange *x, enum http1_got got)
{
    struct http *h = x->server;

    if (got == HTTP1_END) {
        end_chunks(x, "0\r\n\r\n");
        return push_frame(x);
    }
    if (got == HTTP1_BAD)
        h->m.refused__body_syntax++;
    else if (x->eof)
        h->m.aborted++;
    if (got == HTTP1_BAD || x->eof)
        conn_end(x);
    else
        x->blocked_in = true;
    return false;
}

/* Each peeked run of the body is a chunk of the answer, or a plain part of it.
 * A chunk that is announced ends only when all its bytes are through. */
static bool send_echo(struct http_exchange *x)
{
    struct http *h = x->server;

    x->blocked_in = false;
    while (push_frame(x)) {
        struct span data;
        size_t n;
        enum http1_got got = body_next(x, &data);

        if (got != HTTP1_DATA)
            return echo_stops(x, got);
        if (x->from.echo_left == 0) {
            if (data.n > x->body_left) {
                h->m.refused__body_size++;
                conn_end(x);
                return false;
            }
            x->body_left -= data.n;
            x->from.echo_left = data.n;
            frame_chunk(x, data.n);
            continue;
        }
        if (data.n > x->from.echo_left)
            data.n = (size_t)x->from.echo_left;
        n = stream_write(x->stream, data);
        if (n == 0) {
            wait_for_reader(x);
            return false;
        }
        stream_consume(x->stream, n);
        http1_body_took(&x->body, n);
        conn_progress(x, n, h->timeouts.body);
        h->m.received_bytes += n;
        h->m.sent_bytes += n;
        x->from.echo_left -= n;
        if (x->from.echo_left == 0 && x->chunked) {
            memcpy(x->frame, "\r\n", 2);
            x->frame_at = 0;
            x->frame_n = 2;
        }
    }
    return false;
}

bool send_more(struct http_exchange *x)
{
    if (!push_scratch(x))
        return false;
    switch ((enum http_out)x->out) {
    case OUT_MEMORY:
    case OUT_PIECES:
        return send_lent(x);
    case OUT_WRITTEN:
        return send_written(x);
    case OUT_ECHO:
        return send_echo(x);
    case OUT_LAST:
        return push_frame(x);
    default:
        return true;
    }
}
