/* SPDX-License-Identifier: ISC */
/*
 * client_send.c - the client's request: its head, and its body by push.
 */
#include <base/bytes.h>
#include <base/fmt.h>

#include "client_impl.h"

enum { CHUNK_HEAD = 6 /* "01ff\r\n" */, CHUNK_TAIL = 2 };

/* One line without its CRLF; false at the end, or when it is none. */
static bool line_next(struct span *rest, struct span *line)
{
    const uint8_t *end =
        rest->n ? memchr(rest->p, '\n', rest->n) : (const uint8_t *)NULL;
    size_t n;

    if (!end || end == rest->p || end[-1] != '\r')
        return false;
    n = (size_t)(end - rest->p) + 1;
    *line = (struct span){rest->p, n - 2};
    *rest = (struct span){rest->p + n, rest->n - n};
    return true;
}

static bool is_one_of(struct span line, const char *names)
{
    const uint8_t *colon = memchr(line.p, ':', line.n);
    struct span name = {line.p, colon ? (size_t)(colon - line.p) : 0};
    struct span list = span_of(names), one;

    while (http1_list_next(&list, &one))
        if (http1_same(name, one))
            return true;
    return false;
}

/* How a message is framed and where it goes is ours to say. */
bool client_fields_good(struct span fields)
{
    struct span line;

    if (fields.n > HTTP_FETCH_FIELDS)
        return false;
    while (fields.n) {
        if (!line_next(&fields, &line) || line.n == 0 || *line.p == ' ' ||
            *line.p == '\t' || *line.p == ':' || !memchr(line.p, ':', line.n) ||
            memchr(line.p, '\r', line.n) || memchr(line.p, 0, line.n) ||
            is_one_of(line, "host,connection,content-length,transfer-encoding,"
                            "expect,upgrade,te,trailer"))
            return false;
    }
    return true;
}

static const char *method_name(enum http_method m)
{
    static const char names[][8] = {"GET",    "HEAD",  "POST",   "PUT",
                                    "DELETE", "PATCH", "OPTIONS"};

    return names[__builtin_ctz(m)];
}

static void add(struct http_link *l, struct span text)
{
    ASSERT(text.n <= CLIENT_OUT_BYTES - l->out_n);
    memcpy(l->out + l->out_n, text.p, text.n);
    l->out_n += text.n;
}

static void add_text(struct http_link *l, const char *text)
{
    add(l, span_of(text));
}

static bool has_body(const struct http_fetch *f)
{
    return f->body_bytes && !f->bodyless;
}

static void add_length(struct http_link *l)
{
    const struct http_fetch *f = l->fetch;
    char digits[20];

    if (has_body(f) && f->body_bytes == HTTP_ANY_LENGTH) {
        add_text(l, "Transfer-Encoding: chunked\r\n");
    } else if (has_body(f) || f->now == HTTP_POST || f->now == HTTP_PUT ||
               f->now == HTTP_PATCH) {
        add_text(l, "Content-Length: ");
        add(l, (struct span){(const uint8_t *)digits,
                             fmt_u64(digits, has_body(f) ? f->body_bytes : 0)});
        add_text(l, "\r\n");
    }
}

void client_write_head(struct http_link *l)
{
    const struct http_fetch *f = l->fetch;
    const struct url *u = &l->url;
    struct span fields = f->fields, line;
    char text[URL_HOST_MAX + CLIENT_AGENT_MAX + 64];
    size_t n;

    add_text(l, method_name(f->now));
    add_text(l, " ");
    add(l, (struct span){(const uint8_t *)u->target, u->target_n});
    add_text(l, " HTTP/1.1\r\n");
    n = fmt(text, sizeof(text), "Host: %s%s%s", u->brackets ? "[" : "", u->host,
            u->brackets ? "]" : "");
    if (u->port_said)
        n += fmt(text + n, sizeof(text) - n, ":%u", (unsigned)u->port);
    fmt(text + n, sizeof(text) - n, "\r\nUser-Agent: %.*s\r\n",
        CLIENT_AGENT_MAX, l->client->config.agent);
    add_text(l, text);
    add_length(l);
    while (line_next(&fields, &line)) {
        if ((f->foreign && is_one_of(line, "authorization,cookie,"
                                           "proxy-authorization")) ||
            (f->bodyless && is_one_of(line, "content-type,content-encoding,"
                                            "content-language,digest")))
            continue;
        add(l, line);
        add_text(l, "\r\n");
    }
    add_text(l, "\r\n");
    l->sent = !has_body(f);
}

/* The next piece of the body into `out`.  False: not now, or the fetch is
 * over. */
static bool push(struct http_link *l)
{
    struct http_fetch *f = l->fetch;
    bool chunked = f->body_bytes == HTTP_ANY_LENGTH;
    struct mspan room = {l->out, CLIENT_OUT_BYTES};
    uint32_t serial = l->serial;
    size_t n;

    if (chunked) {
        room.p += CHUNK_HEAD;
        room.n -= CHUNK_HEAD + CHUNK_TAIL;
    } else if (room.n > f->body_bytes - f->pushed) {
        room.n = (size_t)(f->body_bytes - f->pushed);
    }
    n = f->push(f, room);
    if (l->serial != serial)
        return false;
    l->waits_push = n == HTTP_PUSH_LATER;
    if (l->waits_push)
        return false;
    ASSERT(n <= room.n);
    if (n == 0 && !chunked) {
        client_end(l, E_INVAL, "the body is shorter than was said");
        return false;
    }
    f->pushed += n;
    l->sent = chunked ? n == 0 : f->pushed == f->body_bytes;
    l->out_n = n;
    if (chunked) {
        char head[CHUNK_HEAD + 1];

        fmt(head, sizeof(head), "%04x\r\n", (unsigned)n);
        memcpy(l->out, head, CHUNK_HEAD);
        l->out_n += CHUNK_HEAD;
        add_text(l, "\r\n");
    }
    return true;
}

bool client_send(struct http_link *l)
{
    uint32_t serial = l->serial;

    while (!l->eof) {
        size_t n = stream_write(
            l->s, (struct span){l->out + l->out_at, l->out_n - l->out_at});

        if (n)
            l->since = loop_now(l->client->loop);
        l->out_at += n;
        if (l->out_at < l->out_n)
            return true;
        l->out_at = l->out_n = 0;
        if (l->sent || l->waits_push)
            return true;
        if (!push(l))
            return l->serial == serial;
    }
    return true;
}
