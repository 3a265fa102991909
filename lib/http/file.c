/* SPDX-License-Identifier: ISC */
/*
 * file.c - baked files: which coding, under which conditions, which bytes.
 *
 * The common case, a GET without conditions, is a copy of what was made at
 * build time.
 */
#include <proto/http_date.h>
#include <proto/http_value.h>

#include "http_impl.h"

enum {
    FOR_FILES = 1 << HTTP_ACCEPT_ENCODING | 1 << HTTP_IF_MATCH |
                1 << HTTP_IF_MODIFIED_SINCE | 1 << HTTP_IF_NONE_MATCH |
                1 << HTTP_IF_UNMODIFIED_SINCE | 1 << HTTP_RANGE
};

static bool has(const struct http_request *rq, enum http_field f)
{
    return rq->have & 1u << f;
}

/* The value of a field that may not be repeated; empty when it is. */
static struct span single(const struct http_request *rq, enum http_field f)
{
    if (rq->head->repeated & 1u << f)
        return (struct span){0};
    return http_field(rq, f);
}

static bool listed(const struct http_request *rq, struct span name,
                   struct span etag, bool weak)
{
    uint32_t cursor = 0;
    struct span list;

    while (http_field_next(rq, name, &cursor, &list)) {
        if (http_etag_listed(list, etag, weak))
            return true;
    }
    return false;
}

static bool date(const struct http_request *rq, enum http_field f,
                 uint64_t *seconds)
{
    return http_date_parse(single(rq, f), 0, seconds);
}

/* RFC 9110 13.2.2, in its order.  200: go on. */
static unsigned conditions(const struct http_request *rq,
                           const struct http_file *f,
                           const struct http_variant *v)
{
    uint64_t when;

    if (has(rq, HTTP_IF_MATCH)) {
        if (!listed(rq, SPAN("if-match"), v->etag, false))
            return 412;
    } else if (has(rq, HTTP_IF_UNMODIFIED_SINCE) &&
               date(rq, HTTP_IF_UNMODIFIED_SINCE, &when) &&
               f->modified > when) {
        return 412;
    }
    if (has(rq, HTTP_IF_NONE_MATCH)) {
        if (listed(rq, SPAN("if-none-match"), v->etag, true))
            return 304;
    } else if (has(rq, HTTP_IF_MODIFIED_SINCE) &&
               date(rq, HTTP_IF_MODIFIED_SINCE, &when) && f->modified <= when) {
        return 304;
    }
    return 200;
}

/* RFC 9110 13.1.5: a tag that is the very one, or a date likewise. */
static bool range_applies(const struct http_request *rq,
                          const struct http_file *f,
                          const struct http_variant *v)
{
    struct span value = single(rq, HTTP_IF_RANGE);
    uint64_t when;

    if (!has(rq, HTTP_IF_RANGE))
        return true;
    if (value.n && value.p[0] == '"')
        return span_eq(value, v->etag);
    return http_date_parse(value, 0, &when) && when == f->modified;
}

/* The best over all Accept-Encoding lines; -1: not named. */
static int coding_quality(const struct http_request *rq, struct span coding)
{
    uint32_t cursor = 0;
    struct span list;
    int best = -1;

    while (http_field_next(rq, SPAN("accept-encoding"), &cursor, &list)) {
        int q = http_quality(list, coding);

        best = q > best ? q : best;
    }
    return best;
}

static const struct http_variant *choose(const struct http_request *rq,
                                         const struct http_file *f)
{
    int gzip;

    if (f->gzip.body.n == 0 || !has(rq, HTTP_ACCEPT_ENCODING))
        return &f->plain;
    gzip = coding_quality(rq, SPAN("gzip"));
    if (gzip > 0 && gzip >= coding_quality(rq, SPAN("identity")))
        return &f->gzip;
    return &f->plain;
}

static void put_line(struct http_writer *w, const char *name, struct span value)
{
    put_text(w, name);
    put_span(w, value);
    put_span(w, SPAN("\r\n"));
}

static void reply_not_modified(struct http_exchange *x,
                               const struct http_file *f,
                               const struct http_variant *v)
{
    struct http_writer w = reply_begin(x);

    put_text(&w, "HTTP/1.1 304 Not Modified\r\nServer: Billet\r\n");
    put_line(&w, "ETag: ", v->etag);
    put_span(&w, f->lines);
    reply_end(x, &w, 304, SPAN(""), true);
}

static void reply_range(struct http_exchange *x, const struct http_file *f,
                        const struct http_variant *v,
                        const struct http_range *r)
{
    struct http_writer w = reply_begin(x);

    put_text(&w, "HTTP/1.1 206 Partial Content\r\nServer: Billet\r\n");
    put_line(&w, "Content-Type: ", f->type);
    put_text(&w, "Content-Range: bytes ");
    put_u64(&w, r->first);
    put_text(&w, "-");
    put_u64(&w, r->first + r->n - 1);
    put_text(&w, "/");
    put_u64(&w, v->body.n);
    put_text(&w, "\r\nContent-Length: ");
    put_u64(&w, r->n);
    put_line(&w, "\r\nETag: ", v->etag);
    if (v == &f->gzip)
        put_text(&w, "Content-Encoding: gzip\r\n");
    put_span(&w, f->lines);
    reply_end(x, &w, 206, (struct span){v->body.p + r->first, (size_t)r->n},
              true);
}

static void reply_beyond(struct http_exchange *x, uint64_t size)
{
    uint8_t line[64];
    struct http_writer w = {line, line + sizeof(line)};

    put_text(&w, "Content-Range: bytes */");
    put_u64(&w, size);
    put_text(&w, "\r\n");
    http_reply_page(x, 416, (struct span){line, (size_t)(w.p - line)});
}

/* To a request with conditions or wishes. */
static RARE void reply_choice(struct http_exchange *x,
                              const struct http_request *rq,
                              const struct http_file *f)
{
    const struct http_variant *v = choose(rq, f);
    struct http_range r;
    unsigned status;

    status = conditions(rq, f, v);
    if (status == 412) {
        http_reply_page(x, 412, SPAN(""));
        return;
    }
    if (status == 304) {
        reply_not_modified(x, f, v);
        return;
    }
    if (has(rq, HTTP_RANGE) && rq->method == HTTP_GET &&
        range_applies(rq, f, v)) {
        switch (http_range_parse(single(rq, HTTP_RANGE), v->body.n, &r)) {
        case HTTP_RANGE_ONE:
            reply_range(x, f, v, &r);
            return;
        case HTTP_RANGE_UNSATISFIABLE:
            reply_beyond(x, v->body.n);
            return;
        default: /* RFC 9110 14.2: may be ignored */
            break;
        }
    }
    reply_variant(x, v);
}

void http_reply_file(struct http_exchange *x, const struct http_request *rq,
                     const struct http_file *f)
{
    if (rq->have & FOR_FILES)
        reply_choice(x, rq, f);
    else
        reply_variant(x, &f->plain);
}

/* Eight bytes a step, from a seed that the baker chose so that probes are few.
 * The files are ours: nobody outside can make their hashes collide. */
static uint32_t path_hash(uint32_t seed, struct span path)
{
    uint64_t hash = seed, word;
    size_t i = 0;

    for (; path.n - i >= 8; i += 8) {
        memcpy(&word, path.p + i, 8);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    for (word = 0; i < path.n; i++)
        word = word << 8 | path.p[i];
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash >> 32);
}

const struct http_file *http_site_find(const struct http_site *site,
                                       struct span path)
{
    uint32_t hash = path_hash(site->seed, path), slot;

    for (slot = hash & site->mask; site->slots[slot];
         slot = (slot + 1) & site->mask) {
        const struct http_file *f = &site->files[site->slots[slot] - 1];

        if (f->hash == hash && f->path.n == path.n &&
            http_equal(f->path.p, path.p, path.n))
            return f;
    }
    return NULL;
}

static RARE void reply_elsewhere(struct http_exchange *x,
                                 const struct http_request *rq,
                                 const struct http_file *f)
{
    uint8_t place[512];
    struct http_writer w = {place, place + sizeof(place)};

    if (f->location.n + 1 + rq->query.n > sizeof(place)) {
        http_reply_page(x, 414, SPAN(""));
        return;
    }
    put_span(&w, f->location);
    if (rq->query.n) {
        put_text(&w, "?");
        put_span(&w, rq->query);
    }
    http_reply_redirect(x, 301, (struct span){place, (size_t)(w.p - place)});
}

void http_reply_site(struct http_exchange *x, const struct http_request *rq,
                     const struct http_site *site)
{
    const struct http_file *f = http_site_find(site, rq->path);

    if (!f)
        http_reply_page(x, 404, SPAN(""));
    else if (f->location.n)
        reply_elsewhere(x, rq, f);
    else
        http_reply_file(x, rq, f);
}

bool http_prefers(const struct http_request *rq, struct span a, struct span b)
{
    uint32_t cursor = 0;
    struct span list;
    int qa = -1, qb = -1;

    while (http_field_next(rq, SPAN("accept"), &cursor, &list)) {
        int q = http_quality(list, a);

        qa = q > qa ? q : qa;
        q = http_quality(list, b);
        qb = q > qb ? q : qb;
    }
    return qa > qb;
}
