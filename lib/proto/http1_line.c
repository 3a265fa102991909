/* SPDX-License-Identifier: ISC */
/*
 * http1_line.c - the request line (RFC 9112 3): method SP target SP version.
 */
#include <base/bytes.h>

#include "http1_impl.h"

enum { VERSION_BYTES = 8 /* "HTTP/1.1" */ };

struct cursor {
    struct http1_head *h;
    const uint8_t *text, *p, *end;
};

static RARE enum http_method method_of(struct span m)
{
    static const struct {
        struct span name;
        enum http_method method;
    } known[] = {{SPAN("HEAD"), HTTP_HEAD},   {SPAN("POST"), HTTP_POST},
                 {SPAN("PUT"), HTTP_PUT},     {SPAN("DELETE"), HTTP_DELETE},
                 {SPAN("PATCH"), HTTP_PATCH}, {SPAN("OPTIONS"), HTTP_OPTIONS},
                 {SPAN("TRACE"), HTTP_TRACE}, {SPAN("CONNECT"), HTTP_CONNECT},
                 {SPAN("GET"), HTTP_GET}};

    for (unsigned i = 0; i < ARRAY_LEN(known); i++) {
        if (span_eq(m, known[i].name))
            return known[i].method;
    }
    return HTTP_UNKNOWN;
}

static unsigned read_method(struct cursor *c)
{
    const uint8_t *start = c->p, *p = start;

    if (c->end - p >= 4 &&
        le32(p) == ('G' | 'E' << 8 | 'T' << 16 | ' ' << 24)) {
        c->h->method = HTTP_GET;
        c->p = p + 4;
        return 200;
    }
    while (p < c->end && http1_is(*p, HTTP1_TOKEN)) {
        if (++p - start > HTTP1_METHOD_MAX)
            return http1_refuse(c->h, HTTP1_TOO_LARGE, 501);
    }
    if (p == c->end)
        return 0;
    if (*p != ' ' || p == start)
        return http1_refuse(c->h, HTTP1_SYNTAX, 400);
    c->h->method =
        (uint16_t)method_of((struct span){start, (size_t)(p - start)});
    c->p = p + 1;
    return 200;
}

/* One of '%', '.' and '?': what does it mean for the path? */
static void note_special(struct cursor *c, const uint8_t *p)
{
    struct http1_head *h = c->h;

    if (h->flags & HTTP1_HAS_QUERY)
        return;
    if (*p == '?') {
        h->flags |= HTTP1_HAS_QUERY;
        h->query.at = (uint16_t)(p + 1 - c->text);
    } else if (*p == '%' || p[-1] == '/') {
        h->flags |= HTTP1_ROUGH_PATH;
    }
}

static unsigned read_target(struct cursor *c)
{
    const uint8_t *start = c->p, *p = start;

    c->h->flags = 0;
    for (;; p++) {
        p = http1_skip(p, c->end, HTTP1_TARGET);
        if (p == c->end || !http1_is(*p, HTTP1_SPECIAL))
            break;
        note_special(c, p);
    }
    if (p - start > HTTP_TARGET_MAX)
        return http1_refuse(c->h, HTTP1_TOO_LARGE, 414);
    if (p == c->end)
        return 0;
    if (*p != ' ' || p == start)
        return http1_refuse(c->h, HTTP1_SYNTAX, 400);
    c->h->target = http1_ref_of(c->text, start, p);
    c->p = p + 1;
    return 200;
}

static unsigned read_version(struct cursor *c)
{
    const uint8_t *p = c->p;

    if (c->end - p < VERSION_BYTES + 2)
        return 0;
    if (memcmp(p, "HTTP/1.1", 8) == 0 && p[8] == '\r' && p[9] == '\n') {
        c->h->minor = 1;
        c->p = p + VERSION_BYTES + 2;
        return 200;
    }
    if (memcmp(p, "HTTP/", 5) != 0 || p[5] < '0' || p[5] > '9' || p[6] != '.' ||
        p[7] < '0' || p[7] > '9' || p[8] != '\r' || p[9] != '\n')
        return http1_refuse(c->h, HTTP1_SYNTAX, 400);
    if (p[5] != '1')
        return http1_refuse(c->h, HTTP1_SYNTAX, 505);
    c->h->minor = p[7] != '0'; /* RFC 9110 2.5: 1.2 is read as 1.1 */
    c->p = p + VERSION_BYTES + 2;
    return 200;
}

/* http://authority/path?query: RFC 9112 3.2.2.  Returns where the path is. */
static RARE const uint8_t *skip_authority(const uint8_t *p, const uint8_t *end)
{
    struct span rest = {p, (size_t)(end - p)};

    if (rest.n > 7 && http1_same((struct span){p, 7}, SPAN("http://")))
        p += 7;
    else if (rest.n > 8 && http1_same((struct span){p, 8}, SPAN("https://")))
        p += 8;
    else
        return NULL;
    rest.p = p; /* userinfo is refused with the rest: RFC 9110 4.2.4 */
    while (p < end && *p != '/' && *p != '?')
        p++;
    rest.n = (size_t)(p - rest.p);
    return rest.n && http1_host(rest) ? p : NULL;
}

static unsigned split_target(struct http1_head *h, const uint8_t *text)
{
    const uint8_t *start = text + h->target.at, *end = start + h->target.n;
    const uint8_t *query = end;

    h->query.n = 0;
    if (h->flags & HTTP1_HAS_QUERY) {
        query = text + h->query.at - 1;
        h->query.n = (uint16_t)(end - query - 1);
    }
    if (*start != '/') {
        bool star = h->target.n == 1 && *start == '*';
        const uint8_t *path = skip_authority(start, end);

        if (path) {
            h->flags |= HTTP1_ROUGH_PATH; /* may be empty, or look rough */
            start = path;
        } else if (!(star && h->method == HTTP_OPTIONS) &&
                   h->method != HTTP_CONNECT) {
            return http1_refuse(h, HTTP1_SYNTAX, 400);
        }
    }
    h->path = http1_ref_of(text, start, query);
    return 200;
}

unsigned http1_request_line(struct http1_head *h, struct span in)
{
    struct cursor c = {h, in.p, in.p + h->at, in.p + in.n};
    unsigned status;

    if (c.p < c.end && *c.p == '\r') { /* RFC 9112 2.2: left by the last one */
        if (c.end - c.p < 2)
            return 0;
        if (c.p[1] != '\n' || ++h->blanks > HTTP1_BLANK_MAX)
            return http1_refuse(h, HTTP1_SYNTAX, 400);
        h->at = (uint16_t)(h->at + 2);
        return 200;
    }
    if ((status = read_method(&c)) != 200 ||
        (status = read_target(&c)) != 200 ||
        (status = read_version(&c)) != 200 ||
        (status = split_target(h, in.p)) != 200)
        return status;
    h->lines = 1;
    h->at = h->fields = (uint16_t)(c.p - in.p);
    return 200;
}
