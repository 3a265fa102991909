/* SPDX-License-Identifier: ISC */
/*
 * http1.h - HTTP/1.1 messages as a server reads them (RFC 9112), without I/O.
 *
 * Strict where leniency is what request smuggling lives on: lines end in CRLF
 * and nothing else, no folding, no blank before a colon, one length.
 */
#ifndef PROTO_HTTP1_H
#define PROTO_HTTP1_H

#include <billet/http.h>

enum {
    HTTP1_FIELDS_MAX = 100,    /* header lines; beyond: 431 */
    HTTP1_BLANK_MAX = 4,       /* empty lines before a request; beyond: 400 */
    HTTP1_METHOD_MAX = 32,     /* bytes; beyond: 501 (RFC 9112 3) */
    HTTP1_OVERHEAD_MAX = 16384 /* bytes of chunk framing above what the data
                                * pays for; beyond: 400 */
};

/* Bytes of the head, by offset: the head may move while it is gathered. */
struct http1_ref {
    uint16_t at, n;
};

enum http1_flag {
    HTTP1_HAS_LENGTH = 1 << 0,
    HTTP1_CHUNKED = 1 << 1,
    HTTP1_CLOSE = 1 << 2,      /* Connection: close */
    HTTP1_KEEP_ALIVE = 1 << 3, /* Connection: keep-alive */
    HTTP1_CONTINUE = 1 << 4,   /* Expect: 100-continue */
    HTTP1_EXPECT_OTHER = 1 << 5,
    HTTP1_HAS_QUERY = 1 << 6,
    HTTP1_ROUGH_PATH = 1 << 7 /* has '%' or a dot segment: http1_path() */
};

/* Start zeroed (http1_head_start); what is below `have` needs no start. */
struct http1_head {
    uint16_t at;             /* where the line that is not complete begins */
    uint16_t seen;           /* no end of line in [at, seen) */
    uint8_t lines;           /* complete so far, the request line included */
    uint8_t blanks;          /* empty lines before it */
    uint8_t minor;           /* HTTP/1.minor, at most 1 */
    uint8_t refusal;         /* enum http1_refusal */
    uint16_t flags;          /* enum http1_flag */
    uint16_t method;         /* enum http_method */
    uint64_t length;         /* Content-Length, with HTTP1_HAS_LENGTH */
    uint32_t have, repeated; /* 1 << enum http_field */
    uint16_t bytes;          /* of the complete head, last CRLF included */
    uint16_t fields;         /* where the header lines begin */
    struct http1_ref target, path, query;
    struct http1_ref field[HTTP_FIELDS]; /* values, where `have` says so */
};

/* Why a request is refused, for the counters. */
enum http1_refusal {
    HTTP1_SYNTAX,
    HTTP1_SMUGGLING, /* two readers could see two different requests */
    HTTP1_TOO_LARGE
};

static inline void http1_head_start(struct http1_head *h)
{
    h->at = h->seen = 0;
    h->lines = h->blanks = h->minor = h->refusal = 0;
    h->flags = h->method = 0;
    h->length = 0;
    h->have = h->repeated = 0;
}

/*
 * Reads on.  `in` is all of the head so far, from its first byte; bytes of
 * what follows it may be there too.  0: more is needed.  200: complete, and
 * h->bytes says where the body begins.  Else the status to refuse it with, and
 * the connection is of no more use, for nobody knows where a next request
 * would begin.
 */
unsigned http1_head_parse(struct http1_head *h, struct span in);

/* The same for the head of an answer: h->method is its status.  Neither 0 nor
 * 200: it is refused. */
unsigned http1_answer_parse(struct http1_head *h, struct span in);

static inline struct span http1_at(const uint8_t *text, struct http1_ref r)
{
    return (struct span){text + r.at, r.n};
}

/* The header lines one by one: start with *at = h->fields; false after the
 * last.  Only for complete heads. */
bool http1_line_next(const struct http1_head *, const uint8_t *text,
                     uint32_t *at, struct span *name, struct span *value);

/* Equal but for the case of A to Z. */
bool http1_same(struct span a, struct span b);

/* The next element of a comma-separated list, blanks trimmed, empty ones
 * skipped; false after the last.  Commas in quoted strings are text. */
bool http1_list_next(struct span *rest, struct span *element);

/*
 * Decodes and normalises a path: %41 is A, "." and ".." segments are resolved
 * (RFC 3986 5.2.4), %2F stays as it is.  0, or the status to refuse with: 400
 * for %00, a bad escape or ".." above the root; 414 when `out` is too small.
 */
unsigned http1_path(struct span raw, struct mspan out, size_t *n);

/*
 * A message body.  The caller peeks at what has come and asks again and again:
 *     got = http1_body_next(b, in, &framing, &data)
 * then consumes `framing` bytes at once, takes as much of `data` as it likes,
 * consumes that and says so with http1_body_took().
 */
struct http1_body {
    uint64_t left;     /* of the content, or of this chunk */
    uint16_t overhead; /* framing bytes that no data paid for */
    uint8_t state;     /* enum in http1_body.c; 0: no body */
    uint8_t digits;    /* of the chunk size */
};

enum http1_got { HTTP1_MORE, HTTP1_DATA, HTTP1_END, HTTP1_BAD };

void http1_body_start(struct http1_body *, const struct http1_head *);
enum http1_got http1_body_next(struct http1_body *, struct span in,
                               size_t *framing, struct span *data);
void http1_body_took(struct http1_body *, size_t n);
static inline bool http1_body_over(const struct http1_body *b)
{
    return b->state == 0;
}

#endif
