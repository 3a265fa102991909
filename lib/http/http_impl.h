/* SPDX-License-Identifier: ISC */
/*
 * http_impl.h - the server inside: one struct per connection, which is also
 * the exchange that an application sees, for a connection has one at a time.
 *
 *     conn.c     events in, states, reading heads
 *     timeout.c  how long each may take
 *     body.c     request bodies, to the application or to nobody
 *     accept.c   connections come, wait at rest, are turned away, go
 *     dispatch.c from a complete head to a handler
 *     query.c    what a handler asks of its request
 *     reply.c    from an answer to its head in the send buffer
 *     send.c     bodies, as room comes
 *     scratch.c  the few buffers, for what does not fit where it should
 *     page.c     words for each status, and pages of them
 *     file.c     baked files: conditions, ranges, codings
 *     secure.c   from http to https
 *     standard.c answers that many give: counters, the log
 *     serve.c    the server in an image: keys, port, counters
 *
 * A connection at rest holds no buffer: it is this struct and its stream.
 */
#ifndef HTTP_IMPL_H
#define HTTP_IMPL_H

#include <base/bytes.h>
#include <base/pool.h>
#include <billet/clock.h>
#include <billet/http.h>
#include <billet/loop.h>
#include <billet/metrics.h>
#include <billet/stream.h>
#include <proto/http1.h>

enum {
    HTTP_BURST = 16,        /* pipelined requests of one connection in a turn */
    HTTP_PIECE_MAX = 65536, /* bytes of one loan: then progress is visible */
    HTTP_LOANS = 2,         /* of a connection at once... */
    HTTP_LOANS_MORE = 64,   /* ...and for all together, for long fat paths */
    HTTP_LEND_MIN = 1025,   /* bytes; a shorter body is copied */
    HTTP_WRITE_MIN = 1024,  /* bytes of room that a http_write_fn gets */
    HTTP_SKIP_MAX = 65536,  /* bytes of a body that nobody wants; beyond: 413,
                             * or the connection ends */
    HTTP_LINGER_MAX = 1 << 20, /* bytes thrown away after the last answer */
    HTTP_SCRATCH = 16,         /* beyond: wait, or take it from the oldest */
    HTTP_SCRATCH_HEADS = 12,   /* of these for heads that come in pieces: who
                                * has asked is not kept waiting by them */
    HTTP_REFUSALS = 8,         /* being told 503 at once; beyond: reset */
    HTTP_RATE_BYTES = 500,     /* a second, that a peer must keep up */
    HTTP_PATH_MAX = 1024,      /* bytes of a path with escapes; beyond: 414 */
    HTTP_FRAME_BYTES = 24      /* "\r\n", a chunk's size, "\r\n" */
};
#define HTTP_GRACE (1 * NS_PER_SEC) /* held this long, it may be taken away */
/* How long we wait for a peer to close after we did: when it had nothing to
 * read; when that was short, but may have to be sent again; longer answers have
 * the time-out for writing. */
#define HTTP_LINGER_SHORT (2 * NS_PER_SEC)
#define HTTP_LINGER_REPLY (8 * NS_PER_SEC)

#define HTTP_METRICS(X)                                                        \
    X(COUNTER, requests__1xx, "class=\"1xx\"", "Requests answered")            \
    X(COUNTER, requests__2xx, "class=\"2xx\"", "Requests answered")            \
    X(COUNTER, requests__3xx, "class=\"3xx\"", "Requests answered")            \
    X(COUNTER, requests__4xx, "class=\"4xx\"", "Requests answered")            \
    X(COUNTER, requests__5xx, "class=\"5xx\"", "Requests answered")            \
    X(COUNTER, accepted, "", "Connections accepted")                           \
    X(GAUGE, connections, "", "Connections open")                              \
    X(GAUGE, connections_high, "", "The most connections ever open")           \
    X(COUNTER, evicted, "", "Idle connections closed to make room")            \
    X(COUNTER, aborted, "", "Exchanges that the client broke off")             \
    X(COUNTER, received_bytes, "", "Bytes of requests")                        \
    X(COUNTER, sent_bytes, "", "Bytes of answers")                             \
    X(COUNTER, scratch_waits, "", "Waits for a scratch buffer")                \
    X(COUNTER, timeouts__header, "kind=\"header\"", "Clients too slow")        \
    X(COUNTER, timeouts__body, "kind=\"body\"", "Clients too slow")            \
    X(COUNTER, timeouts__idle, "kind=\"idle\"", "Clients too slow")            \
    X(COUNTER, timeouts__write, "kind=\"write\"", "Clients too slow")          \
    X(COUNTER, timeouts__reply, "kind=\"reply\"", "Clients too slow")          \
    X(COUNTER, refused__syntax, "reason=\"syntax\"", "Requests refused")       \
    X(COUNTER, refused__smuggling, "reason=\"smuggling\"", "Requests refused") \
    X(COUNTER, refused__head_size, "reason=\"head_size\"", "Requests refused") \
    X(COUNTER, refused__body_size, "reason=\"body_size\"", "Requests refused") \
    X(COUNTER, refused__body_syntax, "reason=\"body_syntax\"",                 \
      "Requests refused")                                                      \
    X(COUNTER, refused__version, "reason=\"version\"", "Requests refused")     \
    X(COUNTER, refused__method, "reason=\"method\"", "Requests refused")       \
    X(COUNTER, refused__no_length, "reason=\"no_length\"", "Requests refused") \
    X(COUNTER, refused__expectation, "reason=\"expectation\"",                 \
      "Requests refused")                                                      \
    X(COUNTER, refused__busy, "reason=\"busy\"", "Requests refused")
METRICS_STRUCT(http, HTTP_METRICS);
extern const struct metrics_group http_metrics_group;

/* When a client has had long enough. */
struct http_timeouts {
    ns_t header; /* from a request's first byte, or the start, to its head */
    ns_t body;   /* without enough of a body coming */
    ns_t idle;   /* between requests */
    ns_t write;  /* without enough of an answer being taken */
    ns_t reply;  /* from http_later() to http_ready() */
};

enum http_conn_state {
    CONN_READING,   /* at rest, or with part of a head here */
    CONN_HANDLING,  /* the handler runs */
    CONN_WAITING,   /* http_later() */
    CONN_TAKING,    /* http_read_body() */
    CONN_SENDING,   /* an answer goes out */
    CONN_SKIPPING,  /* answered; the rest of the request's body is skipped */
    CONN_LINGERING, /* we have sent our last; what comes is thrown away */
    CONN_GONE,      /* the stream is given back; a loan is out, or it is still
                     * in the run queue */
    CONN_STATES
};

enum http_out {
    OUT_NONE,
    OUT_MEMORY,
    OUT_PIECES,
    OUT_WRITTEN,
    OUT_ECHO,
    OUT_LAST /* all is queued but the bytes in `frame` */
};

/* For what does not fit in its place: a head that came in pieces, an answer's
 * head when the send buffer's window is short. */
struct http_scratch {
    struct http_scratch *older, *newer;
    struct http_exchange *holder;
    ns_t since;
    bool gathers;           /* it was taken for a head */
    struct http1_head head; /* of the `in_n` bytes gathered */
    uint16_t in_n, out_at, out_n;
    uint8_t in[HTTP_HEAD_MAX];
    uint8_t out[HTTP_REPLY_MAX];
};

struct http_loan {
    struct loan loan;
    struct http_exchange *x;
    bool out, shared; /* shared: of http.loans */
};

/* A list of connections, oldest first. */
struct http_list {
    struct http_exchange *head, *tail;
};

struct http_exchange {
    struct stream *stream;
    struct http *server;
    uint8_t state;     /* enum http_conn_state; conn_enter() assigns it */
    uint8_t out;       /* enum http_out */
    uint8_t loans_out; /* loans the stream still has */
    uint8_t frame_at, frame_n;
    bool partial;  /* bytes of a head have come */
    bool eof;      /* the peer will send no more */
    bool queued;   /* in the run queue */
    bool listed;   /* in `rest` or in `starved`, by `prev` and `next` */
    bool starved;  /* in `starved`: waits for a scratch buffer */
    bool given_up; /* the client was too slow, or made no sense */
    bool secure;   /* came over TLS */
    bool framed;   /* one exchange of a protocol that frames bodies itself */
    /* Of one exchange: conn_clear().  Bytes, for each request sets them all. */
    bool keep;              /* the connection goes on after this answer */
    bool old;               /* the request is HTTP/1.0 */
    bool head_only;         /* the request is HEAD */
    bool chunked;           /* the answer is */
    bool in_chunks;         /* the request's body is */
    bool expects;           /* waits for 100 before it sends its body */
    bool ready;             /* http_ready() was called */
    bool kept_used;         /* `kept` was asked for in this exchange */
    bool blocked_in;        /* an echo waits for input rather than for room */
    struct http1_body body; /* the request's */
    uint64_t body_left;     /* that may still come, by the route's limit */
    uint64_t out_left;      /* bytes of the answer's body to queue */
    union {
        const uint8_t *memory;
        struct {
            http_piece_fn *next;
            uint64_t at;
        } pieces;
        http_write_fn *write;
        const struct http_reply *echo; /* not begun */
        uint64_t echo_left;            /* of the chunk that is announced */
    } from;
    void (*ready_fn)(struct http_exchange *, void *user);
    http_body_fn *body_fn; /* NULL: the answer is an echo */
    void (*gone_fn)(void *user);
    void *later_user;
    struct timer timer; /* re-armed lazily: see `deadline` */
    ns_t deadline, since;
    struct http_scratch *scratch;
    struct http_exchange *prev, *next; /* in `rest` or `starved` */
    struct http_exchange *run_next;
    struct http_loan loan[HTTP_LOANS];
    uint8_t frame[HTTP_FRAME_BYTES];
    uint64_t kept[HTTP_STATE_BYTES / 8]; /* http_state() */
};

/* A route's path without its '*'. */
struct http_way {
    struct span path;
    const struct http_route *route;
};

#define HTTP_OK_LINE "HTTP/1.1 200 OK\r\n"
enum { HTTP_OK_BYTES = 17, HTTP_DATE_LINE = 37 /* "Date: ...\r\n" */ };

struct http {
    struct loop *loop;
    struct http_config config;
    struct http_timeouts timeouts;
    struct http_metrics m;
    uint8_t path[HTTP_PATH_MAX]; /* of the request that is handled */
    struct mspan room;           /* where the reply being composed goes */
    bool room_direct;            /* that is the stream's, else scratch->out */
    struct http_list rest;       /* with no exchange, longest first */
    struct http_list starved;    /* waiting for a scratch buffer */
    struct http_exchange *run, **run_end;
    struct task task;
    struct timer starved_timer;
    struct stop stop;
    struct pool conns, scratches, loans;
    struct http_scratch *oldest, *newest; /* scratch buffers held */
    unsigned gathering;                   /* of these, for heads */
    const struct clock *clock;            /* NULL: wall_base it is */
    uint64_t wall_base; /* seconds since 1970 at loop time 0 */
    ns_t date_until;    /* `ok` is right before */
    uint8_t date_n;     /* bytes of the Date line; 0: no clock */
    uint8_t ok[HTTP_OK_BYTES + HTTP_DATE_LINE + 2]; /* both, and CR LF */
    uint64_t exact_marks; /* of the exact paths, see http_mark() */
    unsigned nexact, nways;
    struct http_way way[HTTP_ROUTES_MAX]; /* those for one path, then those
                                           * for all below, longest first */
};

/* Short texts, both of n bytes; no call, for they mostly differ early. */
static inline bool http_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
    uint64_t x, y;

    for (; n >= 8; n -= 8, a += 8, b += 8) {
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        if (x != y)
            return false;
    }
    for (; n > 0; n--) {
        if (*a++ != *b++)
            return false;
    }
    return true;
}

/* One bit for a path, so that most are told apart from all that are routed
 * exactly without looking at any of those. */
static inline uint64_t http_mark(struct span path)
{
    return UINT64_C(1) << ((path.n * 11 + (path.n > 1 ? path.p[1] : 0u)) & 63);
}

/* accept.c */
struct http *http_new(struct arena *, struct loop *, const struct http_config *,
                      const struct http_timeouts *);
void conn_rest(struct http_exchange *);   /* between requests */
void conn_unlist(struct http_exchange *); /* from `rest` or `starved` */
void conn_list(struct http_list *, struct http_exchange *);
/* Gives the stream back; `x` is gone as soon as nothing refers to it. */
void conn_end(struct http_exchange *);
void loan_done(struct loan *);
void conn_free(struct http_exchange *);

/* One exchange of lib/http2, as a stream that is for it alone; its request says
 * `connection: close`.  False: refused, and the stream stays the caller's. */
MUST_USE bool http_join(struct http *, struct stream *);

/* conn.c */
void conn_on_event(struct stream *, unsigned events, void *user);
void conn_run(struct http_exchange *);
void conn_queue(struct http_exchange *); /* conn_run() later in this turn */
void conn_enter(struct http_exchange *, enum http_conn_state);
/* The head of an echo, when something of the body has come. */
void reply_echo_begin(struct http_exchange *);
void conn_linger(struct http_exchange *, ns_t how_long);
void conn_gone(struct http_exchange *); /* tells an application that waits */

/* Forgets the exchange before. */
static inline void conn_clear(struct http_exchange *x)
{
    x->out = OUT_NONE;
    x->keep = x->old = x->head_only = x->chunked = x->in_chunks = false;
    x->expects = x->ready = x->blocked_in = x->kept_used = false;
    x->body = (struct http1_body){0};
}

/* timeout.c */
void conn_until(struct http_exchange *, ns_t deadline);
/* `n` bytes went well: they buy time, up to `timeout` from now. */
void conn_progress(struct http_exchange *, size_t n, ns_t timeout);
void conn_timeout(struct timer *, ns_t now);
/* The last answer to a client that fell silent or broke the rules.  False:
 * there was no room for it, and `x` is gone. */
MUST_USE bool conn_give_up(struct http_exchange *, unsigned status);

/* body.c; false: wait, or `x` is gone */
/* The next run of the request's body.  Framing on the way is consumed, through
 * as many pieces as it spans; so HTTP1_MORE means that nothing has come. */
enum http1_got body_next(struct http_exchange *, struct span *data);
bool body_take(struct http_exchange *);
bool body_skip(struct http_exchange *);

/* dispatch.c */
void http_dispatch(struct http_exchange *, const struct http1_head *,
                   const uint8_t *text);
void http_refuse_head(struct http_exchange *, const struct http1_head *,
                      unsigned status);

/* reply.c */
/* Room for an answer's head; false: none now, `x` is in `starved`. */
MUST_USE bool reply_room(struct http_exchange *);
struct http_writer {
    uint8_t *p, *end;
};
void put_span(struct http_writer *, struct span);
void put_text(struct http_writer *, const char *);
void put_u64(struct http_writer *, uint64_t);
/* False: escaped, it is longer than the room for it. */
MUST_USE bool put_escaped(struct http_writer *, struct span);
/* The answer `w` has so far, then the lines every head ends with, and the
 * body if it is short enough.  `w` began at server->room. */
struct http_writer reply_begin(struct http_exchange *);
void reply_end(struct http_exchange *, struct http_writer *, unsigned status,
               struct span body, bool lasting);
/* 200 with all of it. */
void reply_variant(struct http_exchange *, const struct http_variant *);

/* send.c */
bool send_more(struct http_exchange *);

/* scratch.c */
MUST_USE bool scratch_take(struct http_exchange *);
void scratch_put(struct http_exchange *);
void scratch_retry(struct timer *, ns_t now);

/* page.c */
struct span http_phrase(unsigned status); /* "404 Not Found" */

#endif
