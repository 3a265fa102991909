/* SPDX-License-Identifier: ISC */
/*
 * config_http.c - HTTP/1.1 with a service that is asked a question or two: a
 * connection for each, and nothing believed of the answer.
 *
 * Not <billet/http_client.h>: that one would take memory for good, and cannot
 * choose the port that it asks from.
 */
#include "config_http.h"

#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/fiber.h>
#include <fiber/fstream.h>

static bool dial(struct ask *a, const struct ask_for *q)
{
    struct endpoint to = {.addr = q->service, .port = 80};
    struct tcp_dial from = {.port = q->from};
    ns_t timeout = a->fs.timeout, deadline;
    struct stream *s;

    a->fs = (struct fstream){.env = a->env, .timeout = timeout};
    if (tcp_connect_from(a->env->net, &to, &from, &s))
        return false;
    fstream_attach(a->env, &a->fs, s);
    a->fs.open = false;
    deadline = fstream_deadline_(&a->fs, timeout);
    while (!a->fs.error && !a->fs.open) {
        if (a->fs.closed)
            a->fs.error = s->error ? s->error : E_CLOSED;
        else
            a->fs.error = fstream_wait_(&a->fs, deadline);
    }
    return !a->fs.error;
}

static bool send(struct ask *a, const struct ask_for *q)
{
    char host[IPADDR_TEXT_BYTES];
    bool v4 = ipaddr_is_v4(&q->service);
    size_t n;

    ipaddr_format(host, &q->service);
    n = fmt(a->request, sizeof(a->request),
            "%s %s HTTP/1.1\r\nHost: %s%s%s\r\nUser-Agent: billet\r\n"
            "Accept: */*\r\nConnection: close\r\n%s%s%s%s%s\r\n",
            q->method, q->path, v4 ? "" : "[", host, v4 ? "" : "]",
            q->fields ? q->fields : "", q->value ? q->name : "",
            q->value ? q->value : "", q->value ? "\r\n" : "",
            q->method[0] == 'P' ? "Content-Length: 0\r\n" : "");
    return n < sizeof(a->request) - 1 &&
           !fstream_write_all(&a->fs, (struct span){(uint8_t *)a->request, n});
}

/* More of the answer, behind its first `*n` bytes. */
static bool receive(struct ask *a, size_t *n)
{
    size_t got;

    if (*n == sizeof(a->answer) ||
        fstream_read_some(
            &a->fs, (struct mspan){a->answer + *n, sizeof(a->answer) - *n},
            &got))
        return false;
    *n += got;
    return got > 0;
}

static bool read_head(struct ask *a, size_t *n)
{
    unsigned status;

    *n = 0;
    http1_head_start(&a->head);
    do
        if (!receive(a, n))
            return false;
    while ((status = http1_answer_parse(&a->head,
                                        (struct span){a->answer, *n})) == 0);
    return status == 200 && a->head.method >= 200;
}

/* To the end of the connection. */
static bool read_all(struct ask *a, size_t *n)
{
    while (receive(a, n))
        ;
    return !a->fs.error && *n < sizeof(a->answer);
}

/* What the framing leaves moves together, from the end of the head on. */
static bool read_body(struct ask *a, size_t n, size_t *end)
{
    struct http1_body body;
    size_t at = a->head.bytes, framing;
    struct span data;

    http1_body_start(&body, &a->head);
    *end = at;
    while (!http1_body_over(&body)) {
        enum http1_got got = http1_body_next(
            &body, (struct span){a->answer + at, n - at}, &framing, &data);

        at += framing;
        if (got == HTTP1_DATA) {
            memmove(a->answer + *end, data.p, data.n);
            *end += data.n;
            at += data.n;
            http1_body_took(&body, data.n);
        } else if (got == HTTP1_BAD || (got == HTTP1_MORE && !receive(a, &n))) {
            return false;
        }
    }
    return true;
}

static unsigned talk(struct ask *a, const struct ask_for *q, struct span *body)
{
    size_t n, end;

    if (!dial(a, q) || !send(a, q) || !read_head(a, &n))
        return 0;
    if (a->head.method == 204 || a->head.method == 304) {
        end = a->head.bytes;
    } else if (a->head.flags & (HTTP1_CHUNKED | HTTP1_HAS_LENGTH)) {
        if (!read_body(a, n, &end))
            return 0;
    } else {
        if (!read_all(a, &n))
            return 0;
        end = n;
    }
    *body = (struct span){a->answer + a->head.bytes, end - a->head.bytes};
    return a->head.method;
}

unsigned ask(struct ask *a, const struct ask_for *q, struct span *body)
{
    unsigned status;

    *body = (struct span){0};
    status = talk(a, q, body);
    fstream_close(&a->fs);
    return status;
}
