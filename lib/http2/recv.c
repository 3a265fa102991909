/* SPDX-License-Identifier: ISC */
/*
 * recv.c - from frames to requests, as text that the server reads.
 *
 * nghttp2 has seen to it that names and values are what they may be (RFC 9113
 * 8.2, 8.3), and the server's own parser looks at all of it again.
 */
#include "http2_impl.h"

#include <nghttp2_callbacks.h>
#include <nghttp2_option.h>

static struct h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static struct span span_rc(nghttp2_rcbuf *b)
{
    nghttp2_vec v = nghttp2_rcbuf_get_buf(b);

    return (struct span){v.base, v.len};
}

static bool is(struct span a, const char *text)
{
    return span_eq(a, span_of(text));
}

static bool make_room(struct h2_stream *st, size_t n)
{
    uint32_t size = st->head_size ? st->head_size : 512;
    uint8_t *bigger;

    while (size < st->head_n + n)
        size *= 2;
    if (size == st->head_size)
        return true;
    if (!(bigger = h2_get(st->conn, size)))
        return false;
    if (st->head_n)
        memcpy(bigger, st->head, st->head_n);
    h2_put(st->conn, st->head);
    st->head = bigger;
    st->head_size = size;
    return true;
}

/* What is beyond the limit is left out, and then the parser must not see an
 * end: it says 431. */
static void add(struct h2_stream *st, struct span s)
{
    if (st->head_n + s.n > HTTP_HEAD_MAX) {
        st->too_large = true;
        s.n = HTTP_HEAD_MAX - st->head_n;
    }
    if (s.n == 0 || !make_room(st, s.n))
        return;
    memcpy(st->head + st->head_n, s.p, s.n);
    st->head_n += (uint32_t)s.n;
}

static void add_text(struct h2_stream *st, const char *text)
{
    add(st, span_of(text));
}

void h2_drop_pseudo(struct h2_stream *st)
{
    nghttp2_rcbuf **all[] = {&st->method, &st->path, &st->authority};

    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        if (*all[i])
            nghttp2_rcbuf_decref(*all[i]);
        *all[i] = NULL;
    }
}

/* Some clients, h2load for one, leave the brackets of an IPv6 address out. */
static void add_host(struct h2_stream *st, struct span host)
{
    const uint8_t *colon = host.n ? memchr(host.p, ':', host.n) : NULL;
    bool bare = colon && host.p[0] != '[' &&
                memchr(colon + 1, ':', (size_t)(host.p + host.n - colon - 1));

    add_text(st, bare ? "host: [" : "host: ");
    add(st, host);
    add_text(st, bare ? "]\r\n" : "\r\n");
}

/* The request line, when all pseudo-header fields are there: they come before
 * all others (RFC 9113 8.3). */
static void begin(struct h2_stream *st)
{
    struct span method = st->method ? span_rc(st->method) : SPAN("");

    if (st->begun)
        return;
    st->begun = true;
    st->head_only = is(method, "HEAD");
    add(st, method);
    add_text(st, " ");
    if (st->path)
        add(st, span_rc(st->path));
    else if (st->authority) /* CONNECT */
        add(st, span_rc(st->authority));
    add_text(st, " HTTP/1.1\r\nconnection: close\r\n");
    if (st->authority)
        add_host(st, span_rc(st->authority));
}

static void add_line(struct h2_stream *st, struct span name, struct span value)
{
    bool cookie = is(name, "cookie");

    if (cookie && st->cookie && st->head_n >= 2) {
        st->head_n -= 2; /* RFC 9113 8.2.3: its crumbs are one field */
        add_text(st, "; ");
    } else {
        add(st, name);
        add_text(st, ": ");
    }
    add(st, value);
    add_text(st, "\r\n");
    st->cookie = cookie;
}

static int on_begin_headers(nghttp2_session *session,
                            const nghttp2_frame *frame, void *user)
{
    struct h2_conn *c = user;
    struct http2 *h2 = c->h2;
    struct h2_stream *st = NULL;

    if (frame->hd.type != NGHTTP2_HEADERS ||
        frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    h2->m.streams++;
    if (c->nstreams < 2 * H2_STREAMS &&
        h2->heap.total - h2->heap.in_use >= H2_ROOM_BYTES)
        st = h2_stream_new(c, frame->hd.stream_id);
    if (!st) {
        h2->m.refused++;
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
                                  frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        return h2_pay(c, COST_REFUSED);
    }
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, st);
    return 0;
}

static void keep(nghttp2_rcbuf **where, nghttp2_rcbuf *value)
{
    if (*where)
        return;
    nghttp2_rcbuf_incref(value);
    *where = value;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
                     nghttp2_rcbuf *name_rc, nghttp2_rcbuf *value_rc,
                     uint8_t flags, void *user)
{
    struct h2_stream *st = stream_of(session, frame->hd.stream_id);
    struct span name = span_rc(name_rc), value = span_rc(value_rc);

    (void)flags;
    (void)user;
    if (!st || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0; /* trailers are for nobody */
    st->list_bytes += (uint32_t)(name.n + value.n + 32);
    if (st->list_bytes > H2_LIST_MOST)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (is(name, ":method")) {
        keep(&st->method, value_rc);
    } else if (is(name, ":path")) {
        keep(&st->path, value_rc);
    } else if (is(name, ":authority")) {
        keep(&st->authority, value_rc);
    } else if (name.n && name.p[0] != ':') {
        begin(st);
        if (is(name, "content-length"))
            st->has_length = true;
        /* said twice, and the same: once is enough */
        if (!is(name, "host") || !st->authority ||
            !span_eq(value, span_rc(st->authority)))
            add_line(st, name, value);
    }
    return 0;
}

/* The request's head is complete; how its body is framed for the server. */
static void on_request(struct h2_stream *st, bool ends)
{
    struct h2_conn *c = st->conn;

    begin(st);
    if (ends && !st->has_length)
        add_text(st, "content-length: 0\r\n");
    st->in_chunks = !ends && !st->has_length;
    if (st->in_chunks)
        add_text(st, "transfer-encoding: chunked\r\n");
    add_text(st, "\r\n");
    h2_drop_pseudo(st);
    st->got_end = ends;
    c->asked = true;
    h2_post(st, STREAM_OPEN | STREAM_READABLE);
}

static void on_end(struct h2_stream *st)
{
    if (!st || st->got_end)
        return;
    st->got_end = true;
    h2_post(st, STREAM_READABLE);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame,
                    void *user)
{
    struct h2_conn *c = user;
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    struct h2_stream *st =
        frame->hd.stream_id ? stream_of(session, frame->hd.stream_id) : NULL;

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (st && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            on_request(st, ends);
        else if (ends)
            on_end(st);
        return 0;
    case NGHTTP2_DATA:
        if (ends)
            on_end(st);
        return frame->hd.length == 0 && !ends ? h2_pay(c, COST_EMPTY) : 0;
    case NGHTTP2_RST_STREAM:
        c->h2->m.resets++;
        return h2_pay(c, COST_RESET);
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
        return frame->hd.flags & NGHTTP2_FLAG_ACK ? 0 : h2_pay(c, COST_PING);
    case NGHTTP2_WINDOW_UPDATE:
        return frame->window_update.window_size_increment < CRUMB_BYTES
                   ? h2_pay(c, COST_CRUMB)
                   : 0;
    default:
        return 0;
    }
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd,
                          void *user)
{
    (void)session;
    return hd->type == NGHTTP2_PRIORITY ? h2_pay(user, COST_CRUMB) : 0;
}

static int on_invalid(nghttp2_session *session, const nghttp2_frame *frame,
                      int error, void *user)
{
    (void)session;
    (void)frame;
    (void)error;
    return h2_pay(user, COST_INVALID);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                   const uint8_t *data, size_t n, void *user)
{
    struct h2_conn *c = user;
    struct h2_stream *st = stream_of(session, id);

    (void)flags;
    if (!st)
        return nghttp2_session_consume(session, id, n);
    if (!h2_append(c, &st->in, (struct span){data, n}))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    h2_post(st, STREAM_READABLE);
    return 0;
}

/* Both sides have ended it, or one has reset it. */
static int on_close(nghttp2_session *session, int32_t id, uint32_t code,
                    void *user)
{
    struct h2_stream *st = stream_of(session, id);

    (void)user;
    if (!st)
        return 0;
    st->id = 0;
    h2_drop_pseudo(st);
    if (!st->end_sent || code != NGHTTP2_NO_ERROR) {
        st->stream.error = E_RESET;
        h2_post(st, STREAM_CLOSED);
    }
    return 0;
}

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame,
                   void *user)
{
    bool can_end =
        frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    struct h2_stream *st;

    (void)user;
    if (!can_end || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
        !(st = stream_of(session, frame->hd.stream_id)))
        return 0;
    st->end_sent = true;
    h2_post(st, STREAM_EOF); /* the server waits for nothing else */
    return 0;
}

nghttp2_session *h2_session(struct h2_conn *c)
{
    static const nghttp2_session_callbacks callbacks = {
        .on_begin_headers_callback = on_begin_headers,
        .on_header_callback2 = on_header,
        .on_frame_recv_callback = on_frame,
        .on_begin_frame_callback = on_begin_frame,
        .on_invalid_frame_recv_callback = on_invalid,
        .on_data_chunk_recv_callback = on_data,
        .on_stream_close_callback = on_close,
        .on_frame_send_callback = on_sent,
        .send_data_callback = h2_send_data};
    static const nghttp2_option option = {
        .no_auto_window_update = 1,
        .no_closed_streams = 1,
        .max_outbound_ack = H2_ACKS,
        .stream_reset_burst = UINT64_MAX,
        .opt_set_mask =
            NGHTTP2_OPT_NO_AUTO_WINDOW_UPDATE | NGHTTP2_OPT_NO_CLOSED_STREAMS |
            NGHTTP2_OPT_MAX_OUTBOUND_ACK | NGHTTP2_OPT_STREAM_RESET_RATE_LIMIT};
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_HEAD_MAX},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
    nghttp2_session *session;

    if (nghttp2_session_server_new3(&session, &callbacks, c, &option, &c->mem))
        return NULL;
    if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings,
                                ARRAY_LEN(settings)) ||
        nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                              H2_CONN_WINDOW)) {
        nghttp2_session_del(session);
        return NULL;
    }
    return session;
}
