/* SPDX-License-Identifier: ISC */
/*
 * conn.c - one connection: events in, one state after the other.
 *
 * conn_run() goes on until something must be waited for.  Whatever it calls
 * answers false for that, and then the connection may be gone already.
 */
#include "http_impl.h"

void conn_enter(struct http_exchange *x, enum http_conn_state to)
{
    enum { R = 1 << CONN_READING, H = 1 << CONN_HANDLING, G = 1 << CONN_GONE };
    static const uint8_t moves[CONN_STATES] = {
        [CONN_READING] = H | 1 << CONN_LINGERING | G,
        [CONN_HANDLING] =
            1 << CONN_WAITING | 1 << CONN_TAKING | 1 << CONN_SENDING | G,
        [CONN_WAITING] = H | G,
        [CONN_TAKING] = H | G,
        [CONN_SENDING] = R | 1 << CONN_SKIPPING | 1 << CONN_LINGERING | G,
        [CONN_SKIPPING] = R | 1 << CONN_LINGERING | G,
        [CONN_LINGERING] = G,
    };

    ASSERT(moves[x->state] & 1 << to);
    x->state = (uint8_t)to;
}

void conn_queue(struct http_exchange *x)
{
    struct http *h = x->server;

    if (x->queued)
        return;
    x->queued = true;
    x->run_next = NULL;
    *(h->run ? h->run_end : &h->run) = x;
    h->run_end = &x->run_next;
    loop_defer(h->loop, &h->task);
}

void conn_gone(struct http_exchange *x)
{
    void (*gone)(void *) = x->gone_fn;

    x->gone_fn = NULL;
    x->ready_fn = NULL;
    if (gone)
        gone(x->later_user);
}

/* Our last byte is queued: FIN, then wait for the peer's. */
void conn_linger(struct http_exchange *x, ns_t how_long)
{
    struct http *h = x->server;

    conn_unlist(x);
    conn_enter(x, CONN_LINGERING);
    x->since = loop_now(h->loop);
    x->out_left = HTTP_LINGER_MAX;
    stream_shutdown(x->stream);
    conn_list(&h->rest, x);
    conn_until(x, x->since + how_long);
}

static RARE void throw_away(struct http_exchange *x)
{
    struct span in;

    while ((in = stream_peek(x->stream)).n > 0) {
        if (in.n > x->out_left) {
            conn_end(x);
            return;
        }
        x->out_left -= in.n;
        stream_consume(x->stream, in.n);
    }
    if (x->eof)
        conn_end(x);
}

/* All of the answer is queued. */
static void answered(struct http_exchange *x)
{
    struct http *h = x->server;

    if (!x->keep) {
        bool extra = h->m.connections > h->config.conns; /* was told 503 */

        conn_linger(x, extra                               ? HTTP_LINGER_SHORT
                       : x->framed                         ? h->timeouts.write
                       : x->out == OUT_NONE || x->given_up ? HTTP_LINGER_REPLY
                                                           : h->timeouts.write);
    } else if (http1_body_over(&x->body)) {
        conn_enter(x, CONN_READING);
        conn_rest(x);
    } else {
        conn_enter(x, CONN_SKIPPING);
        x->body_left = HTTP_SKIP_MAX;
        conn_until(x, loop_now(h->loop) + h->timeouts.body);
    }
}

/* Dispatches or refuses; the head's bytes that are still in the stream go. */
static bool act(struct http_exchange *x, const struct http1_head *head,
                const uint8_t *text, unsigned status, size_t in_stream)
{
    if (!reply_room(x))
        return false;
    conn_unlist(x);
    conn_enter(x, CONN_HANDLING);
    if (status == 200)
        http_dispatch(x, head, text);
    else
        http_refuse_head(x, head, status);
    stream_consume(x->stream, in_stream);
    if (x->scratch && x->scratch->out_at == x->scratch->out_n)
        scratch_put(x);
    if (x->state == CONN_SENDING && x->out == OUT_NONE && !x->scratch)
        answered(x); /* mostly: it all went into the window */
    return true;
}

/* No more of the head will come: whoever still listens is told what is wrong
 * with what came. */
static RARE bool cut_short(struct http_exchange *x)
{
    struct http_scratch *s = x->scratch;
    unsigned status;

    s->head.seen = s->head.at; /* look at the unfinished line, too */
    status = http1_head_parse(&s->head, (struct span){s->in, s->in_n});
    return act(x, &s->head, s->in, status ? status : 400, 0);
}

/* A head that did not come in one piece is put together in a scratch buffer. */
static RARE bool gather(struct http_exchange *x)
{
    struct http_scratch *s = x->scratch;
    struct span in;

    while ((in = stream_peek(x->stream)).n > 0) {
        size_t had = s->in_n, n = sizeof(s->in) - had;
        unsigned status;

        n = in.n < n ? in.n : n;
        memcpy(s->in + had, in.p, n);
        s->in_n = (uint16_t)(had + n);
        status = http1_head_parse(&s->head, (struct span){s->in, s->in_n});
        x->server->m.received_bytes += n;
        if (status)
            return act(x, &s->head, s->in, status,
                       status == 200 ? s->head.bytes - had : n);
        stream_consume(x->stream, n);
    }
    return x->eof && cut_short(x);
}

static bool read_head(struct http_exchange *x)
{
    struct span in = stream_peek(x->stream);
    struct http1_head head UNSET;
    unsigned status;

    if (x->scratch)
        return gather(x);
    if (in.n == 0) {
        if (x->eof) {
            stream_shutdown(x->stream);
            conn_end(x);
        }
        return false;
    }
    http1_head_start(&head);
    status = http1_head_parse(&head, in);
    if (status == 200) {
        x->server->m.received_bytes += head.bytes;
        return act(x, &head, in.p, status, head.bytes);
    }
    if (status)
        return act(x, &head, in.p, status, in.n);
    if (!x->partial) {
        x->partial = true;
        conn_unlist(x);
        conn_until(x, loop_now(x->server->loop) + x->server->timeouts.header);
    }
    if (!scratch_take(x))
        return false;
    x->scratch->head = head;
    return gather(x);
}

static bool go_on(struct http_exchange *x)
{
    switch ((enum http_conn_state)x->state) {
    case CONN_READING:
        return read_head(x);
    case CONN_WAITING:
        if (!x->ready || !reply_room(x))
            return false;
        conn_enter(x, CONN_HANDLING);
        x->gone_fn = NULL;
        x->ready = false;
        x->ready_fn(x, x->later_user);
        ASSERT(x->state != CONN_HANDLING);
        return true;
    case CONN_TAKING:
        return body_take(x);
    case CONN_SENDING:
        if (!send_more(x))
            return false;
        answered(x);
        return true;
    case CONN_SKIPPING:
        return body_skip(x);
    case CONN_LINGERING:
        throw_away(x);
        return false;
    default:
        return false;
    }
}

void conn_run(struct http_exchange *x)
{
    unsigned requests = 0;

    while (x->state != CONN_READING || requests++ < HTTP_BURST) {
        if (!go_on(x))
            return;
    }
    conn_queue(x); /* others first */
}

void conn_on_event(struct stream *s, unsigned events, void *user)
{
    struct http_exchange *x = user;

    (void)s;
    if (events & STREAM_EOF)
        x->eof = true;
    if (events & STREAM_CLOSED) {
        if (x->state != CONN_LINGERING &&
            (x->state != CONN_READING || x->partial))
            x->server->m.aborted++;
        conn_end(x);
        return;
    }
    conn_run(x);
}
