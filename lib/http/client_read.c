/* SPDX-License-Identifier: ISC */
/*
 * client_read.c - the answer: its head, how its body ends (RFC 9112 6.3), and
 * its body as fast as it is taken.
 */
#include <base/bytes.h>

#include "client_impl.h"

#define BODY_MAX (UINT64_C(1) << 20)

bool http_answer_next(const struct http_answer *a, struct span name,
                      uint32_t *cursor, struct span *value)
{
    struct span found;

    if (*cursor == 0)
        *cursor = a->head->fields;
    while (http1_line_next(a->head, a->text, cursor, &found, value))
        if (http1_same(found, name))
            return true;
    return false;
}

static bool over_bound(struct http_link *l, const char *why)
{
    client_end(l, E_FULL, why);
    return false;
}

static uint64_t body_max(const struct http_fetch *f)
{
    return f->body_max ? f->body_max : BODY_MAX;
}

/* Where the body ends.  HEAD and 204, 304 have none, whatever they say. */
static void frame(struct http_link *l)
{
    unsigned status = l->head.method;

    l->body = (struct http1_body){0};
    if (l->fetch->now == HTTP_HEAD || status == 204 || status == 304)
        return;
    http1_body_start(&l->body, &l->head);
    l->until_close = !(l->head.flags & (HTTP1_CHUNKED | HTTP1_HAS_LENGTH));
}

static struct http_answer answer(const struct http_link *l)
{
    bool known = l->head.flags & HTTP1_HAS_LENGTH;

    return (struct http_answer){.status = l->head.method,
                                .length = known ? l->head.length
                                          : l->until_close ||
                                                  l->head.flags & HTTP1_CHUNKED
                                              ? HTTP_ANY_LENGTH
                                              : 0,
                                .head = &l->head,
                                .text = l->text};
}

/* The head is complete.  False: the fetch is over, or elsewhere. */
static bool take_head(struct http_link *l)
{
    struct http_fetch *f = l->fetch;
    uint32_t serial = l->serial;

    if (l->head.method < 200) {
        if (l->head.method == 101 || ++l->interim > CLIENT_INTERIM_MAX) {
            client_end(l, E_PROTO, "an interim answer that was not asked for");
            return false;
        }
        http1_head_start(&l->head);
        l->head_n = 0;
        return true;
    }
    f->status = l->head.method;
    l->state = LINK_READING;
    frame(l);
    if (client_redirect(l))
        return false;
    if (http1_body_over(&l->body)
            ? false
            : l->head.flags & HTTP1_HAS_LENGTH && l->head.length > body_max(f))
        return over_bound(l, "the answer's body is too long");
    if (f->on_head) {
        struct http_answer a = answer(l);

        f->on_head(f, &a);
    }
    return l->serial == serial;
}

/* Gathers the head.  True: it moved on. */
static bool read_head(struct http_link *l, struct span in)
{
    size_t room = HTTP_HEAD_MAX - l->head_n, before = l->head_n;
    size_t n = in.n < room ? in.n : room;
    unsigned status;

    memcpy(l->text + l->head_n, in.p, n);
    status = http1_answer_parse(&l->head, (struct span){l->text, before + n});
    if (status == 200)
        n = l->head.bytes - before;
    l->head_n = before + n;
    stream_consume(l->s, n);
    if (status == 0)
        return true;
    if (status == 200)
        return take_head(l);
    client_end(l, l->head.refusal == HTTP1_TOO_LARGE ? E_FULL : E_PROTO,
               l->head.refusal == HTTP1_SMUGGLING
                   ? "an answer that two would read differently"
               : l->head.refusal == HTTP1_TOO_LARGE
                   ? "the answer's head is too long"
                   : "a malformed answer");
    return false;
}

/* Lends `data` to the application.  True: all of it was taken. */
static bool take_data(struct http_link *l, struct span data)
{
    struct http_fetch *f = l->fetch;
    uint32_t serial = l->serial;
    size_t n = data.n;

    if (data.n > body_max(f) - f->got)
        return over_bound(l, "the answer's body is too long");
    if (f->on_body)
        n = f->on_body(f, data);
    if (l->serial != serial)
        return false;
    ASSERT(n <= data.n);
    f->got += n;
    if (!l->until_close)
        http1_body_took(&l->body, n);
    stream_consume(l->s, n);
    l->waits_take = n < data.n;
    return !l->waits_take;
}

/* True: it moved on. */
static bool read_body(struct http_link *l, struct span in)
{
    struct span data = in;
    size_t framing = 0;
    enum http1_got got = HTTP1_DATA;

    if (!l->until_close)
        got = http1_body_next(&l->body, in, &framing, &data);
    if (framing)
        stream_consume(l->s, framing); /* and `data` is no more */
    switch (got) {
    case HTTP1_DATA:
        return framing ? true : take_data(l, data);
    case HTTP1_MORE:
        return true;
    case HTTP1_END:
        client_end(l, OK, NULL);
        return false;
    default:
        client_end(l, E_PROTO, "a malformed chunk");
        return false;
    }
}

bool client_read(struct http_link *l)
{
    uint32_t serial = l->serial;

    while (!l->waits_take) {
        struct span in;

        if (l->state == LINK_READING && !l->until_close &&
            http1_body_over(&l->body)) {
            client_end(l, OK, NULL);
            return false;
        }
        in = stream_peek(l->s);
        if (in.n == 0)
            break;
        l->heard = true;
        l->since = loop_now(l->client->loop);
        if (!(l->state == LINK_SENDING ? read_head(l, in) : read_body(l, in)))
            break;
    }
    return l->serial == serial;
}
