/* SPDX-License-Identifier: ISC */
/*
 * http.h - an HTTP/1.1 server (RFC 9110, RFC 9112) for applications.
 *
 *     static void greet(struct http_exchange *x, const struct http_request *rq,
 *                       void *user)
 *     {
 *         http_reply(x, &(struct http_reply){.status = 200,
 *                                            .type = SPAN("text/plain"),
 *                                            .body = SPAN("Hello\n")});
 *     }
 *     static const struct http_route routes[] = {
 *         {.path = "/", .methods = HTTP_GET, .handle = greet}};
 *     ...
 *     return http_serve(env, 80, &(struct http_config){
 *                           .routes = routes, .nroutes = 1}, NULL);
 *
 * A handler answers by exactly one call that begins with http_reply, at once
 * or, after http_later(), when it is ready.  HEAD is answered as GET without
 * the body, wherever GET is.  Everything else that HTTP asks of a server is
 * done here: framing, keep-alive, pipelining, limits, timeouts, error pages.
 */
#ifndef BILLET_HTTP_H
#define BILLET_HTTP_H

#include <billet/base.h>

struct env;
struct http;
struct http_exchange; /* one request and its answer */
struct http1_head;
struct log;
struct metrics;
struct net;
struct stream;

enum http_method {
    HTTP_UNKNOWN = 0, /* well-formed, but none of these: answered 501 */
    HTTP_GET = 1 << 0,
    HTTP_HEAD = 1 << 1,
    HTTP_POST = 1 << 2,
    HTTP_PUT = 1 << 3,
    HTTP_DELETE = 1 << 4,
    HTTP_PATCH = 1 << 5,
    HTTP_OPTIONS = 1 << 6,
    HTTP_TRACE = 1 << 7,
    HTTP_CONNECT = 1 << 8
};

/* Header fields that are found without a search.  Those before HTTP_HOST say
 * how a message is framed; the server has dealt with them. */
enum http_field {
    HTTP_CONNECTION,
    HTTP_CONTENT_LENGTH,
    HTTP_TRANSFER_ENCODING,
    HTTP_EXPECT,
    HTTP_HOST,
    HTTP_ACCEPT,
    HTTP_ACCEPT_ENCODING,
    HTTP_CONTENT_TYPE,
    HTTP_IF_MATCH,
    HTTP_IF_MODIFIED_SINCE,
    HTTP_IF_NONE_MATCH,
    HTTP_IF_RANGE,
    HTTP_IF_UNMODIFIED_SINCE,
    HTTP_RANGE,
    HTTP_FIELDS
};

enum {
    HTTP_HEAD_MAX = 8192,   /* bytes of a request's head; beyond: 431 */
    HTTP_TARGET_MAX = 8000, /* bytes of its target; beyond: 414 */
    HTTP_REPLY_MAX = 2048,  /* bytes of a reply's head and a copied body */
    HTTP_COPY_MAX = 1408,   /* bytes that http_reply_copy() takes */
    HTTP_STATE_BYTES = 64,  /* that a handler may keep in an exchange */
    HTTP_ROUTES_MAX = 32,
    /* What the manifest must reserve: limits.arena_bytes and .conn_bytes. */
    HTTP_ARENA_BYTES = 192 * 1024,
    HTTP_CONN_BYTES = 448
};
#define HTTP_ANY_LENGTH UINT64_MAX

/* Valid until the handler returns or replies. */
struct http_request {
    enum http_method method;
    struct span path;    /* from '/'; decoded, without "." and ".." segments */
    struct span query;   /* what follows '?', as it came; may be empty */
    uint64_t body_bytes; /* 0: no body; HTTP_ANY_LENGTH: chunked */
    uint32_t have;       /* 1 << enum http_field for each that is there */
    const struct http1_head *head; /* the server's */
    const uint8_t *text;           /* the server's */
};

/* The value of a field; of the first when it is repeated, empty when it is
 * absent. */
struct span http_field(const struct http_request *, enum http_field);

/* Every field of any name, in order: start with *cursor 0; false after the
 * last.  `name` is in lower case and compared without regard to case. */
bool http_field_next(const struct http_request *, struct span name,
                     uint32_t *cursor, struct span *value);

/* The value of `name` in the query, not decoded.  False when it is absent. */
bool http_query(const struct http_request *, const char *name,
                struct span *value);

/* The same for a decimal number; false, too, when it is none or above `most`.
 */
bool http_query_u64(const struct http_request *, const char *name,
                    uint64_t most, uint64_t *out);

/* Decodes %41 and '+' in a value from the query.  False: a bad escape, or it
 * is longer than `out`. */
bool http_decode(struct span raw, struct mspan out, size_t *n);

/* Answers, or says http_later(); called once for each request of its route. */
typedef void http_handler(struct http_exchange *, const struct http_request *,
                          void *user);

struct http_route {
    const char *path; /* "/log": that path; with a '*' behind it: every path
                       * that begins so */
    unsigned methods; /* enum http_method, ored; any other is a 405 */
    http_handler *handle;
    uint64_t body_max; /* of a request; beyond: 413.  0: bodies are skipped */
    bool plain;        /* answered without TLS, whatever config.insecure says */
};

struct http_config {
    const struct http_route *routes; /* the longest path that fits wins */
    unsigned nroutes;
    void *user;         /* for the handlers */
    struct span fields; /* lines for every reply, each ending in CRLF, but not
                         * for baked files, which bring their own */
    const char *style;  /* path of a style sheet for error pages, or NULL */
    uint64_t wall_ns;   /* UTC, now; counts where env->clock is NULL */
    uint32_t conns;     /* at once; beyond: 503.  0: env->limits.tcp_conns,
                         * less a few when there are many */
    struct span secure_fields; /* further lines for every reply over TLS, baked
                                * files as well */
    /* Answers what came without TLS instead of its route, but for those that
     * are `plain`: http_to_secure().  NULL: the routes do. */
    http_handler *insecure;
    uint16_t secure_port; /* where that sends to */
};

/* Listens on `port`, IPv4 and IPv6.  Takes its memory from env->arena.  The
 * configuration is copied, the routes stay.  E_FULL, E_INVAL: tcp_listen()'s.
 * `out` may be NULL. */
MUST_USE enum err http_serve(struct env *, uint16_t port,
                             const struct http_config *, struct http **out);

/* One more connection, of any kind of stream, TLS for one.  False: refused, and
 * the stream stays the caller's. */
MUST_USE bool http_accept(struct http *, struct stream *);

/* The same for one over TLS. */
MUST_USE bool http_accept_secure(struct http *, struct stream *);

/* Ends the one of these that has been at rest longest, and longer than a
 * second, to make room for another.  False: none was found. */
bool http_evict_secure(struct http *);

/* How many connections are open. */
unsigned http_conns(const struct http *);

struct http_reply {
    unsigned status;
    struct span type;   /* Content-Type; empty: none */
    struct span fields; /* further lines, each ending in CRLF */
    struct span body;
};

/* The whole answer.  The body is copied when small, else lent: it must be
 * there for good and not change (a constant, a baked file). */
void http_reply(struct http_exchange *, const struct http_reply *);

/* A page of HTML, with 200: a constant. */
void http_reply_html(struct http_exchange *, struct span page);

/* As http_reply(), with a body that is copied: at most HTTP_COPY_MAX bytes,
 * less what `fields` has. */
void http_reply_copy(struct http_exchange *, const struct http_reply *);

/* A small page that says what the status means. */
void http_reply_page(struct http_exchange *, unsigned status,
                     struct span fields);

/* 301 or the like: there is a better place.  `location` is a URL or a part of
 * one; bytes that cannot stand in any are escaped. */
void http_reply_redirect(struct http_exchange *, unsigned status,
                         struct span location);

/* A body of `length` bytes, lent in pieces: the piece that starts at `at`, of
 * any length but 0; what is too long is cut, what found no room is asked for
 * again.  It must be there for good. */
typedef struct span http_piece_fn(struct http_exchange *, uint64_t at);
void http_reply_pieces(struct http_exchange *, const struct http_reply *,
                       uint64_t length, http_piece_fn *);

/* A body that is written as room comes: each call has at least 1,024 bytes of
 * room; 0 is the end.  Progress is kept in http_state(). */
typedef size_t http_write_fn(struct http_exchange *, struct mspan room);
void http_reply_written(struct http_exchange *, const struct http_reply *,
                        http_write_fn *);

/* The body is the request's, sent back as it comes in; reply.body is unused.
 * The head goes out with the first of the body, for a body that is malformed
 * from its first byte still gets 400; so the reply must outlive the call. */
void http_reply_echo(struct http_exchange *, const struct http_reply *);

/* Take the request's body before answering.  `data` is lent for the call;
 * empty data is the end, and the call that must answer (or go http_later).
 * `gone` (may be NULL) runs instead when the client leaves before the end. */
typedef void http_body_fn(struct http_exchange *, struct span data, void *user);
void http_read_body(struct http_exchange *, http_body_fn *,
                    void (*gone)(void *user), void *user);

/*
 * Answer later.  Returns at once; the application calls http_ready() when it
 * knows the answer, and `ready` is then called from the loop to give it.
 * `gone` runs instead when the client leaves or the wait takes longer than the
 * key http-reply-timeout; after it, `x` must not be used.
 */
void http_later(struct http_exchange *x,
                void (*ready)(struct http_exchange *x, void *user),
                void (*gone)(void *user), void *user);
void http_ready(struct http_exchange *);

/* HTTP_STATE_BYTES for the handler, aligned to 8, zero at first. */
void *http_state(struct http_exchange *);
/* Sends the client to the same host, path and query by https, by 301 or 308. */
http_handler http_to_secure;

/* Whether the request came over TLS. */
bool http_is_secure(const struct http_exchange *);

/* The config's user. */
void *http_user(struct http_exchange *);

/* What one file is in one coding.  `head` is all lines between the status line
 * and the empty line but Date; `etag` has its quotes.  A body that lies behind
 * the head in memory, with an empty line between them, is sent with it in one
 * piece. */
struct http_variant {
    struct span head, etag, body;
};

/* A file as apps/web/bake.py bakes it: files[] of a site. */
struct http_file {
    struct span path;
    uint32_t hash;                   /* of the path, see http_site_find() */
    struct http_variant plain, gzip; /* gzip.body empty: not worth it */
    struct span lines; /* for 206 and 304: Last-Modified, Cache-Control... */
    struct span type;
    uint64_t modified;    /* seconds since 1970, UTC */
    struct span location; /* not empty: a directory, redirect to here */
};

/* An open-addressed table of file numbers plus 1, a power of two large. */
struct http_site {
    const struct http_file *files;
    const uint16_t *slots;
    uint32_t mask, seed;
};

/* NULL when there is none. */
const struct http_file *http_site_find(const struct http_site *,
                                       struct span path);

/* Answers GET and HEAD for a file: conditions, ranges, coding (RFC 9110 8.8,
 * 12.5.3, 13, 14). */
void http_reply_file(struct http_exchange *, const struct http_request *,
                     const struct http_file *);

/* Finds and answers; a page with 404 when there is no such file. */
void http_reply_site(struct http_exchange *, const struct http_request *,
                     const struct http_site *);

/* All counters, as OpenMetrics; as plain text to who would rather have a page.
 */
void http_reply_metrics(struct http_exchange *, const struct http_request *,
                        const struct metrics *);

/* The log's ring buffer, oldest line first. */
void http_reply_log(struct http_exchange *, const struct log *);

/* The TCP connections, a line each, as `ss -tin` has them; as JSON with
 * `?format=json` or to who prefers that. */
void http_reply_connections(struct http_exchange *, const struct http_request *,
                            struct net *);

/* Whether the client ranks media type `a` ("text/html") above `b` by Accept;
 * both count alike without one. */
bool http_prefers(const struct http_request *, struct span a, struct span b);

#endif
