/* SPDX-License-Identifier: ISC */
/*
 * body.c - request bodies: to the application, or to nobody.
 */
#include "http_impl.h"

enum http1_got body_next(struct http_exchange *x, struct span *data)
{
    enum http1_got got;
    size_t framing;

    do {
        got = http1_body_next(&x->body, stream_peek(x->stream), &framing, data);
        if (framing)
            stream_consume(x->stream, framing);
        x->server->m.received_bytes += framing;
    } while (got == HTTP1_MORE && framing > 0);
    return got;
}

/* No more for now, or it makes no sense. */
static bool body_stops(struct http_exchange *x, enum http1_got got)
{
    struct http *h = x->server;

    if (got == HTTP1_BAD) {
        h->m.refused__body_syntax++;
        return conn_give_up(x, 400);
    }
    if (x->eof) {
        h->m.aborted++;
        conn_end(x);
    }
    return false;
}

/* The request's body is the answer's: begin with the first of it. */
static bool echo_take(struct http_exchange *x)
{
    struct span data;
    enum http1_got got = body_next(x, &data);

    if (got != HTTP1_DATA && got != HTTP1_END)
        return body_stops(x, got);
    if (got == HTTP1_DATA && data.n > x->body_left) {
        x->server->m.refused__body_size++;
        return conn_give_up(x, 413);
    }
    if (!reply_room(x))
        return false;
    conn_enter(x, CONN_HANDLING);
    reply_echo_begin(x);
    return true;
}

/* The request's body goes to the application, piece by piece. */
bool body_take(struct http_exchange *x)
{
    struct http *h = x->server;
    struct span data;
    enum http1_got got;

    if (!send_more(x))
        return false;
    if (!x->body_fn)
        return echo_take(x);
    while ((got = body_next(x, &data)) == HTTP1_DATA) {
        if (data.n > x->body_left) {
            h->m.refused__body_size++;
            return conn_give_up(x, 413);
        }
        x->body_left -= data.n;
        h->m.received_bytes += data.n;
        x->body_fn(x, data, x->later_user);
        ASSERT(x->state == CONN_TAKING);
        stream_consume(x->stream, data.n);
        http1_body_took(&x->body, data.n);
        conn_progress(x, data.n, h->timeouts.body);
    }
    if (got != HTTP1_END)
        return body_stops(x, got);
    if (!reply_room(x))
        return false;
    conn_enter(x, CONN_HANDLING);
    x->gone_fn = NULL;
    x->body_fn(x, (struct span){0}, x->later_user);
    ASSERT(x->state != CONN_HANDLING);
    return true;
}

/* The rest of a body that nobody wanted. */
bool body_skip(struct http_exchange *x)
{
    struct http *h = x->server;
    struct span data;
    enum http1_got got;

    do {
        got = body_next(x, &data);
        if (got == HTTP1_DATA) {
            if (data.n > x->body_left)
                got = HTTP1_BAD;
            else
                x->body_left -= data.n;
        }
        if (got == HTTP1_DATA) {
            stream_consume(x->stream, data.n);
            http1_body_took(&x->body, data.n);
            conn_progress(x, data.n, h->timeouts.body);
        }
    } while (got == HTTP1_DATA);
    if (got == HTTP1_END) {
        conn_enter(x, CONN_READING);
        conn_rest(x);
        return true;
    }
    if (got == HTTP1_BAD || x->eof) {
        conn_linger(x, h->timeouts.write);
        return true;
    }
    return false;
}
