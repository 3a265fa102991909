/* SPDX-License-Identifier: ISC */
/*
 * reply.c - answers, from an application's words to bytes in the send buffer.
 *
 * An answer's head, and a short body with it, is written in one go, where
 * conn.c has made sure of HTTP_REPLY_MAX bytes of room: in the stream's own
 * window if it is that large, else in a scratch buffer.
 */
#include <base/fmt.h>
#include <proto/http_date.h>

#include "http_impl.h"

void put_span(struct http_writer *w, struct span s)
{
    ASSERT((size_t)(w->end - w->p) >= s.n);
    if (s.n == 0)
        return;
    memcpy(w->p, s.p, s.n);
    w->p += s.n;
}

void put_text(struct http_writer *w, const char *text)
{
    put_span(w, span_of(text));
}

void put_u64(struct http_writer *w, uint64_t v)
{
    char digits[20];

    put_span(w, (struct span){(uint8_t *)digits, fmt_u64(digits, v)});
}

static RARE bool scratch_room(struct http_exchange *x)
{
    if (!scratch_take(x))
        return false;
    x->server->room =
        (struct mspan){x->scratch->out + x->scratch->out_n,
                       sizeof(x->scratch->out) - x->scratch->out_n};
    return true;
}

bool reply_room(struct http_exchange *x)
{
    struct http *h = x->server;

    h->room = stream_reserve(x->stream);
    h->room_direct = h->room.n >= HTTP_REPLY_MAX &&
                     !(x->scratch && x->scratch->out_n > x->scratch->out_at);
    return h->room_direct || scratch_room(x);
}

struct http_writer reply_begin(struct http_exchange *x)
{
    struct http *h = x->server;
    struct http_writer w = {h->room.p, h->room.p + h->room.n};

    ASSERT(x->state == CONN_HANDLING);
    return w;
}

/* The Date line is written anew once a second (RFC 9110 6.6.1). */
static RARE void refresh_date(struct http *h, ns_t now)
{
    uint64_t wall = h->clock ? clock_wall_ns(h->clock, now) : 0;

    if (wall == 0 && h->wall_base)
        wall = h->wall_base * NS_PER_SEC + now;
    h->date_until = now + NS_PER_SEC - wall % NS_PER_SEC;
    if (wall == 0)
        return;
    memcpy(h->ok, HTTP_OK_LINE "Date: ", HTTP_OK_BYTES + 6);
    http_date_format(h->ok + HTTP_OK_BYTES + 6, wall / NS_PER_SEC);
    memcpy(h->ok + sizeof(h->ok) - 4, "\r\n\r\n", 4);
    h->date_n = 6 + HTTP_DATE_BYTES + 2;
}

static void look_at_clock(struct http *h)
{
    ns_t now = loop_now(h->loop);

    if (now >= h->date_until)
        refresh_date(h, now);
}

static void put_tail(struct http_exchange *x, struct http_writer *w)
{
    struct http *h = x->server;
    const uint8_t *date = h->ok + HTTP_OK_BYTES;

    look_at_clock(h);
    if (x->secure)
        put_span(w, h->config.secure_fields);
    if (x->keep && !x->old && h->date_n) { /* nearly always */
        put_span(w, (struct span){date, h->date_n + 2u});
        return;
    }
    put_span(w, (struct span){date, h->date_n});
    if (!x->keep)
        put_span(w, SPAN("Connection: close\r\n"));
    else if (x->old)
        put_span(w, SPAN("Connection: keep-alive\r\n"));
    put_span(w, SPAN("\r\n"));
}

/* Whether what is left of the request's body ends the connection: the client
 * may not send it (it waits for 100), or it is too much to skip. */
static bool body_in_the_way(const struct http_exchange *x)
{
    return !http1_body_over(&x->body) && x->out != OUT_ECHO &&
           (x->expects || x->body.left > HTTP_SKIP_MAX);
}

static void commit(struct http_exchange *x, size_t n)
{
    struct http *h = x->server;

    if (h->room_direct)
        stream_commit(x->stream, n);
    else
        x->scratch->out_n = (uint16_t)(x->scratch->out_n + n);
    h->m.sent_bytes += n;
}

static void count(struct http *h, unsigned status)
{
    uint64_t *of_class[] = {&h->m.requests__1xx, &h->m.requests__3xx,
                            &h->m.requests__4xx, &h->m.requests__5xx};

    ASSERT(status >= 100 && status < 600);
    if (status / 100 == 2)
        h->m.requests__2xx++;
    else
        (*of_class[status < 200 ? 0 : status / 100 - 2])++;
}

/* Nothing is left to be written by the answer's head. */
static void written(struct http_exchange *x, const struct http_writer *w,
                    unsigned status)
{
    struct http *h = x->server;

    commit(x, (size_t)(w->p - h->room.p));
    count(h, status);
    x->expects = false;
    conn_enter(x, CONN_SENDING);
    if (x->out != OUT_NONE || x->scratch)
        conn_until(x, loop_now(h->loop) + h->timeouts.write);
}

void reply_end(struct http_exchange *x, struct http_writer *w, unsigned status,
               struct span body, bool lasting)
{
    if (x->keep && body_in_the_way(x))
        x->keep = false;
    put_tail(x, w);
    if (x->head_only) {
        x->out = OUT_NONE;
    } else if (body.n < HTTP_LEND_MIN || !lasting) {
        put_span(w, body);
    } else {
        x->out = OUT_MEMORY;
        x->from.memory = body.p;
        x->out_left = body.n;
    }
    written(x, w, status);
}

/* Whether the answer is the variant's bytes as the baker laid them out, behind
 * a status line and a date: to nearly all requests for what is short. */
static bool in_one_piece(const struct http_exchange *x,
                         const struct http_variant *v)
{
    return !x->old && !x->secure && !x->head_only &&
           http1_body_over(&x->body) && v->body.n < HTTP_LEND_MIN &&
           v->body.p == v->head.p + v->head.n + 2;
}

void reply_variant(struct http_exchange *x, const struct http_variant *v)
{
    struct http_writer w = reply_begin(x);
    const struct http *h = x->server;

    look_at_clock(x->server);
    if (in_one_piece(x, v) && h->date_n) {
        ASSERT((size_t)(w.end - w.p) >= sizeof(h->ok));
        memcpy(w.p, h->ok, sizeof(h->ok) - 2);
        w.p += sizeof(h->ok) - 2;
        if (!x->keep)
            put_span(&w, SPAN("Connection: close\r\n"));
        put_span(&w, (struct span){v->head.p, v->head.n + 2 + v->body.n});
        written(x, &w, 200);
        return;
    }
    put_span(&w, SPAN(HTTP_OK_LINE));
    put_span(&w, v->head);
    reply_end(x, &w, 200, v->body, true);
}

/* All lines of a head but the last ones. */
static void put_head(struct http_exchange *x, struct http_writer *w,
                     const struct http_reply *r, uint64_t length)
{
    bool empty = r->status == 204 || r->status == 304 || r->status < 200;

    put_span(w, SPAN("HTTP/1.1 "));
    put_span(w, http_phrase(r->status));
    put_span(w, SPAN("\r\nServer: Billet\r\n"));
    if (r->type.n) {
        put_span(w, SPAN("Content-Type: "));
        put_span(w, r->type);
        put_span(w, SPAN("\r\n"));
    }
    if (x->chunked) {
        put_span(w, SPAN("Transfer-Encoding: chunked\r\n"));
    } else if (length != HTTP_ANY_LENGTH && !empty) {
        put_span(w, SPAN("Content-Length: "));
        put_u64(w, length);
        put_span(w, SPAN("\r\n"));
    }
    put_span(w, x->server->config.fields);
    put_span(w, r->fields);
}

static void reply_whole(struct http_exchange *x, const struct http_reply *r,
                        bool lasting)
{
    struct http_writer w = reply_begin(x);

    put_head(x, &w, r, r->body.n);
    reply_end(x, &w, r->status, r->body, lasting);
}

void http_reply(struct http_exchange *x, const struct http_reply *r)
{
    reply_whole(x, r, true);
}

void http_reply_copy(struct http_exchange *x, const struct http_reply *r)
{
    ASSERT(r->body.n + r->fields.n <= HTTP_COPY_MAX);
    reply_whole(x, r, false);
}

void http_reply_pieces(struct http_exchange *x, const struct http_reply *r,
                       uint64_t length, http_piece_fn *next)
{
    struct http_writer w = reply_begin(x);

    x->out = OUT_PIECES;
    x->from.pieces.next = next;
    x->from.pieces.at = 0;
    x->out_left = length;
    put_head(x, &w, r, length);
    reply_end(x, &w, r->status, SPAN(""), true);
}

/* Of a length that is not known before its end: in chunks, or to a client of
 * 1.0 up to the end of the connection. */
static void of_unknown_length(struct http_exchange *x)
{
    x->chunked = !x->old && !x->framed;
    x->keep = x->keep && x->chunked;
}

void http_reply_written(struct http_exchange *x, const struct http_reply *r,
                        http_write_fn *write)
{
    struct http_writer w = reply_begin(x);

    of_unknown_length(x);
    x->out = OUT_WRITTEN;
    x->from.write = write;
    put_head(x, &w, r, HTTP_ANY_LENGTH);
    reply_end(x, &w, r->status, SPAN(""), true);
}

static void put_continue(struct http_exchange *x, struct http_writer *w)
{
    if (x->expects)
        put_span(w, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
    x->expects = false;
}

/* Nothing of the answer before something of the body. */
static void await_body(struct http_exchange *x)
{
    struct http_writer w = reply_begin(x);

    put_continue(x, &w);
    commit(x, (size_t)(w.p - x->server->room.p));
    conn_enter(x, CONN_TAKING);
    conn_until(x, loop_now(x->server->loop) + x->server->timeouts.body);
}

void http_reply_echo(struct http_exchange *x, const struct http_reply *r)
{
    x->body_fn = NULL;
    x->from.echo = r;
    await_body(x);
}

void reply_echo_begin(struct http_exchange *x)
{
    struct http_writer w = reply_begin(x);
    const struct http_reply *r = x->from.echo;
    uint64_t length = x->body.left;

    if (x->in_chunks) {
        of_unknown_length(x);
        length = HTTP_ANY_LENGTH;
    }
    x->out = OUT_ECHO;
    x->from.echo_left = 0;
    put_head(x, &w, r, length);
    reply_end(x, &w, r->status, SPAN(""), true);
    conn_until(x, loop_now(x->server->loop) + x->server->timeouts.body);
}

void http_read_body(struct http_exchange *x, http_body_fn *fn,
                    void (*gone)(void *), void *user)
{
    x->body_fn = fn;
    x->gone_fn = gone;
    x->later_user = user;
    await_body(x);
}
