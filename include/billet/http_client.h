/* SPDX-License-Identifier: ISC */
/*
 * http_client.h - an HTTP/1.1 client (RFC 9110, RFC 9112) for applications.
 *
 *     static void on_done(struct http_fetch *f, enum err err) { ... }
 *     ...
 *     client = http_client_new(env, &(struct http_client_config){0});
 *     *f = (struct http_fetch){.url = "http://example.com/", .done = on_done};
 *     err = http_fetch(client, f);
 *
 * Names are dialled by happy eyeballs, connections kept for a next request to
 * the same origin, redirects followed.  Servers are not trusted: everything
 * they can send has a bound, and an answer whose end is in doubt is refused.
 */
#ifndef BILLET_HTTP_CLIENT_H
#define BILLET_HTTP_CLIENT_H

#include <billet/http.h>

struct http_client;
struct http_fetch;
struct http_link;

enum {
    HTTP_URL_MAX = 2047,     /* bytes of a URL's path and query */
    HTTP_FETCH_FIELDS = 2048 /* bytes of lines of one's own */
};

/* Puts TLS on a connection: tls_connect() and the like.  Takes `lower`, success
 * or not.  STREAM_OPEN or STREAM_CLOSED follows on `out`.  `host` is a name or
 * an address in text form, which the certificate must have. */
typedef enum err http_secure_fn(void *user, struct stream *lower,
                                const char *host, struct stream **out);

/* What is zero is chosen: the value in the comment. */
struct http_client_config {
    unsigned connections; /* 8: in use or kept; beyond: E_FULL */
    unsigned per_origin;  /* 4: of these, with one server */
    ns_t connect;         /* 30 s: until connected, TLS included */
    ns_t head;  /* 60 s: from then, or the last byte sent, to the answer */
    ns_t idle;  /* 30 s: without a byte, within a body */
    ns_t total; /* 10 min: for all, redirects included */
    ns_t keep;  /* 30 s: an unused connection is kept */
    unsigned redirects;     /* 10: followed at most */
    http_secure_fn *secure; /* NULL: https is refused; trust_secure() */
    void *secure_user;
    /* What went wrong with what `secure` made, in words; NULL: nothing. */
    const char *(*secure_why)(const struct stream *);
    const char *agent; /* User-Agent; NULL: "billet" */
};

/* Memory comes from env->arena: HTTP_CLIENT_BYTES for each connection.  The
 * configuration is copied, its texts stay. */
enum { HTTP_CLIENT_BYTES = 17 * 1024 };
struct http_client *http_client_new(struct env *,
                                    const struct http_client_config *);

/* Closes the connections that are kept, which keep an image alive, too. */
void http_client_rest(struct http_client *);

struct http_answer {
    unsigned status;
    uint64_t length;               /* of the body; HTTP_ANY_LENGTH: not said */
    const struct http1_head *head; /* the client's */
    const uint8_t *text;           /* the client's */
};

/* Every field of any name, in order, as http_field_next(): of the answer that
 * `on_head` is called with, during that call. */
bool http_answer_next(const struct http_answer *, struct span name,
                      uint32_t *cursor, struct span *value);

/* What `push` of a fetch answers while it has nothing yet. */
#define HTTP_PUSH_LATER SIZE_MAX

/*
 * One request and what became of it.  The struct is the caller's; zero it, set
 * what is wanted, and leave it alone until `done` ran or it was cancelled.
 * Callbacks never run from inside http_fetch().
 */
struct http_fetch {
    const char *url;
    enum http_method method; /* 0: GET */
    /* Further lines, each ending in CRLF; they stay.  Those that carry
     * credentials are not sent to another origin that a redirect names. */
    struct span fields;
    /* The body: so many bytes, or HTTP_ANY_LENGTH.  `push` writes what there is
     * room for and says how much: 0 is the end (of HTTP_ANY_LENGTH), and
     * HTTP_PUSH_LATER stops it until http_fetch_resume().  `rewind` goes back
     * to the first byte, to send it elsewhere; NULL: cannot be done. */
    uint64_t body_bytes;
    size_t (*push)(struct http_fetch *, struct mspan room);
    void (*rewind)(struct http_fetch *);
    uint64_t body_max; /* of the answer; beyond: E_FULL.  0: 1 MiB */
    bool stay;         /* a redirect is an answer like any other */
    /* The answer's head, once; may be NULL. */
    void (*on_head)(struct http_fetch *, const struct http_answer *);
    /* Its body, in pieces: says how many bytes it has taken.  Less than all:
     * no more comes, and the server is held back, until http_fetch_resume().
     * NULL: it is thrown away. */
    size_t (*on_body)(struct http_fetch *, struct span data);
    /* The end, exactly once.  OK: the whole answer was received, whatever its
     * status.  E_PROTO: it was malformed or cut short; E_TIMEOUT; E_FULL: it
     * was too large; E_REFUSED: a redirect that is not followed. */
    void (*done)(struct http_fetch *, enum err);
    void *user;

    /* To be read in and after `done`. */
    unsigned status; /* of the last answer; 0: there was none */
    const char *why; /* words for an error; NULL: those of the error */
    unsigned hops;   /* redirects followed */
    uint64_t got;    /* bytes of the body */
    /* The client's. */
    struct http_client *client;
    struct http_link *link; /* NULL: it is over */
    enum http_method now;   /* what is asked for: GET after a 303 */
    bool retried;           /* on a new connection, as the kept one was gone */
    bool foreign;           /* a redirect led to another origin */
    bool bodyless;          /* a redirect took the body off */
    uint64_t pushed;        /* bytes of the body */
    void *waiter;           /* fiber_fetch()'s */
    ns_t ends_at;
};

/* E_INVAL: no URL, or one that is not http or https, or https without TLS;
 * `why` says which.  E_FULL: all connections are in use.  Else dns_resolve()'s.
 */
MUST_USE enum err http_fetch(struct http_client *, struct http_fetch *);
/* The same on a fiber: waits for the end, and takes `done`.  E_CLOSED when the
 * fiber was cancelled. */
MUST_USE enum err fiber_fetch(struct env *, struct http_client *,
                              struct http_fetch *);
/* Goes on where `push` or `on_body` stopped. */
void http_fetch_resume(struct http_fetch *);
/* No callback follows.  Nothing when it is over. */
void http_fetch_cancel(struct http_fetch *);
/* Where the last answer came from: "https://example.com:8443/path".  Only in
 * callbacks.  Cut to `size`. */
void http_fetch_url(const struct http_fetch *, char *out, size_t size);

#endif
