/* SPDX-License-Identifier: ISC */
/*
 * dispatch.c - from a complete head to the handler of its route, or to the
 * status that says why not.
 */
#include <proto/http1.h>

#include "http_impl.h"

void *http_state(struct http_exchange *x)
{
    if (!x->kept_used)
        memset(x->kept, 0, sizeof(x->kept));
    x->kept_used = true;
    return x->kept;
}

void *http_user(struct http_exchange *x)
{
    return x->server->config.user;
}

static const struct http_route *find_route(const struct http *h,
                                           struct span path)
{
    const struct http_way *way = h->way, *exact = way + h->nexact;
    const struct http_way *end = way + h->nways;

    if (!(h->exact_marks & http_mark(path)))
        way = exact;
    for (; way < exact; way++) {
        if (way->path.n == path.n && http_equal(way->path.p, path.p, path.n))
            return way->route;
    }
    for (; way < end; way++) {
        if (way->path.n <= path.n &&
            http_equal(way->path.p, path.p, way->path.n))
            return way->route;
    }
    return NULL;
}

static void put_allow(struct http_writer *w, unsigned methods)
{
    static const char *const names[] = {"GET",     "HEAD",   "POST",
                                        "PUT",     "DELETE", "PATCH",
                                        "OPTIONS", "TRACE",  "CONNECT"};
    const char *between = "Allow: ";

    if (methods & HTTP_GET)
        methods |= HTTP_HEAD;
    methods |= HTTP_OPTIONS;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (methods & 1u << i) {
            put_text(w, between);
            put_text(w, names[i]);
            between = ", ";
        }
    }
    put_text(w, "\r\n");
}

/* 405, or the answer to OPTIONS (RFC 9110 9.3.7). */
static RARE void say_allowed(struct http_exchange *x, unsigned method,
                             unsigned methods)
{
    uint8_t line[96];
    struct http_writer w = {line, line + sizeof(line)};
    struct span fields;

    put_allow(&w, methods);
    fields = (struct span){line, (size_t)(w.p - line)};
    if (method == HTTP_OPTIONS)
        http_reply(x, &(struct http_reply){.status = 204, .fields = fields});
    else
        http_reply_page(x, 405, fields);
}

static unsigned all_methods(const struct http *h)
{
    unsigned methods = 0;

    for (unsigned i = 0; i < h->nways; i++)
        methods |= h->way[i].route->methods;
    return methods;
}

/* What the head says about the body, against what the route takes.  0: good.
 */
static unsigned check_body(struct http *h, const struct http1_head *head,
                           const struct http_route *r)
{
    bool sends = head->method & (HTTP_POST | HTTP_PUT | HTTP_PATCH);
    uint64_t max = r->body_max ? r->body_max : HTTP_SKIP_MAX;

    if (head->flags & HTTP1_EXPECT_OTHER) {
        h->m.refused__expectation++;
        return 417;
    }
    if (sends && !(head->flags & (HTTP1_HAS_LENGTH | HTTP1_CHUNKED))) {
        h->m.refused__no_length++;
        return 411;
    }
    if (head->length > max) {
        h->m.refused__body_size++;
        return 413;
    }
    return 0;
}

static void handle(struct http_exchange *x, struct http_request *rq)
{
    struct http *h = x->server;
    const struct http_route *r = find_route(h, rq->path);
    unsigned methods, status;

    if (rq->method == HTTP_OPTIONS && span_eq(rq->path, SPAN("*"))) {
        say_allowed(x, HTTP_OPTIONS, all_methods(h));
        return;
    }
    if (rq->method == HTTP_CONNECT) { /* its target is no path */
        say_allowed(x, HTTP_CONNECT, all_methods(h));
        return;
    }
    if (h->config.insecure && !x->secure && !(r && r->plain)) {
        h->config.insecure(x, rq, h->config.user);
        return;
    }
    if (!r) {
        http_reply_page(x, 404, SPAN(""));
        return;
    }
    methods = r->methods | (r->methods & HTTP_GET ? HTTP_HEAD : 0);
    if (!(methods & rq->method)) {
        h->m.refused__method++;
        say_allowed(x, rq->method, r->methods);
        return;
    }
    if ((status = check_body(h, rq->head, r))) {
        http_reply_page(x, status, SPAN(""));
        return;
    }
    x->body_left = r->body_max;
    r->handle(x, rq, h->config.user);
}

static void begin(struct http_exchange *x, const struct http1_head *head)
{
    conn_clear(x);
    x->old = head->minor == 0;
    x->keep = x->old ? (head->flags & (HTTP1_KEEP_ALIVE | HTTP1_CLOSE)) ==
                           HTTP1_KEEP_ALIVE
                     : !(head->flags & HTTP1_CLOSE);
    x->keep &= !loop_stopping(x->server->loop);
    x->head_only = head->method == HTTP_HEAD;
    x->expects = (head->flags & HTTP1_CONTINUE) != 0;
    x->in_chunks = (head->flags & HTTP1_CHUNKED) != 0;
    http1_body_start(&x->body, head);
    if (http1_body_over(&x->body))
        x->expects = false;
}

/* The path as it was meant: it takes room of its own until the answer. */
static RARE unsigned smooth_path(struct http *h, struct http_request *rq)
{
    unsigned status = http1_path(
        rq->path, (struct mspan){h->path, sizeof(h->path)}, &rq->path.n);

    rq->path.p = h->path;
    return status;
}

void http_dispatch(struct http_exchange *x, const struct http1_head *head,
                   const uint8_t *text)
{
    struct http_request rq = {.method = head->method,
                              .path = http1_at(text, head->path),
                              .query = http1_at(text, head->query),
                              .body_bytes = head->length,
                              .have = head->have,
                              .head = head,
                              .text = text};
    unsigned status = 0;

    begin(x, head);
    if (head->flags & HTTP1_CHUNKED)
        rq.body_bytes = HTTP_ANY_LENGTH;
    if (head->flags & HTTP1_ROUGH_PATH)
        status = smooth_path(x->server, &rq);
    if (head->method == HTTP_UNKNOWN) {
        x->server->m.refused__method++;
        http_reply_page(x, 501, SPAN(""));
    } else if (status) {
        x->server->m.refused__syntax++;
        http_reply_page(x, status, SPAN(""));
    } else {
        handle(x, &rq);
    }
    ASSERT(x->state != CONN_HANDLING);
}

void http_refuse_head(struct http_exchange *x, const struct http1_head *head,
                      unsigned status)
{
    struct http_metrics *m = &x->server->m;
    uint64_t *by_reason[] = {[HTTP1_SYNTAX] = &m->refused__syntax,
                             [HTTP1_SMUGGLING] = &m->refused__smuggling,
                             [HTTP1_TOO_LARGE] = &m->refused__head_size};

    (*(status == 505 ? &m->refused__version : by_reason[head->refusal]))++;
    conn_clear(x);
    http_reply_page(x, status, SPAN(""));
}

void http_later(struct http_exchange *x,
                void (*ready)(struct http_exchange *, void *),
                void (*gone)(void *), void *user)
{
    struct http *h = x->server;

    conn_enter(x, CONN_WAITING);
    x->ready_fn = ready;
    x->gone_fn = gone;
    x->later_user = user;
    conn_until(x, loop_now(h->loop) + h->timeouts.reply);
}

void http_ready(struct http_exchange *x)
{
    ASSERT(x->state == CONN_WAITING);
    x->ready = true;
    conn_queue(x);
}
