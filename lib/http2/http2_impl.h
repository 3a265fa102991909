/* SPDX-License-Identifier: ISC */
/*
 * http2_impl.h - what the files of lib/http2 share.
 *
 * Each of HTTP/2's streams is a `struct stream` to the HTTP/1.1 server, which
 * reads a request from it as text and writes its answer as text; what stands
 * between is here.  A body is never text: it passes as it is, and the window
 * of a stream opens as the handler takes.
 *
 *     conn.c     a connection: events in, turns, time, its end
 *     recv.c     from frames to requests
 *     stream.c   the stream that the server sees: reading, writing, its end
 *     answer.c   from an answer's head to HEADERS
 *     send.c     DATA, and all bytes to the stream below
 *     port.c     what nghttp2 asks its surroundings for; memory
 */
#ifndef HTTP2_IMPL_H
#define HTTP2_IMPL_H

#include <base/heap.h>
#include <billet/http2.h>
#include <http/http_impl.h>
#include <nghttp2/nghttp2.h>

enum {
    H2_STREAMS = 100,           /* of a connection at once; beyond: refused */
    H2_STREAM_WINDOW = 65535,   /* bytes of a body that wait for a handler */
    H2_CONN_WINDOW = 2 * 65535, /* the same, for all of a connection */
    H2_CONN_BYTES = 48 << 10,   /* of memory laid out for each connection */
    H2_CONN_MOST = 384 << 10,   /* that one may have; beyond: it ends */
    H2_ROOM_BYTES = 32 << 10,   /* less is free: streams are refused */
    H2_BLOCK_MIN = 1024,        /* small DATA frames share one block */
    H2_STAGE_BYTES = 8192,      /* what is written at once */
    H2_OUT_MOST = 16384,        /* bytes written and not sent; beyond: wait */
    H2_LOANS = 2,               /* of a stream at once */
    H2_FIELDS = 48,             /* lines of an answer's head; beyond: 500 */
    H2_LIST_MOST = 4 * HTTP_HEAD_MAX, /* of a field section; beyond: reset */
    H2_TURNS = 16,                    /* then it is the others' turn */
    H2_ACKS = 100, /* that wait to be sent; beyond: it ends */
    H2_FRAME_HEAD = 9
};
/* What costs us something and the peer nothing is paid for from an allowance:
 * a thousand at once, a hundred a second after that; beyond, the connection
 * ends with ENHANCE_YOUR_CALM. */
enum {
    COST_RESET = 4,    /* RST_STREAM: CVE-2023-44487 */
    COST_PING = 4,     /* and SETTINGS: answers */
    COST_EMPTY = 4,    /* DATA without data or end */
    COST_REFUSED = 4,  /* a stream beyond the limit */
    COST_INVALID = 10, /* a frame that makes no sense */
    COST_CRUMB = 1,    /* PRIORITY, a window opened by a few bytes */
    CRUMB_BYTES = 256
};
#define H2_COST_NS   (10 * NS_PER_MS)
#define H2_CREDIT_NS (1000 * H2_COST_NS)
#define H2_LINGER_NS (2 * NS_PER_SEC)

#define HTTP2_METRICS(M)                                                       \
    M(GAUGE, connections, "", "Connections open")                              \
    M(COUNTER, accepted, "", "Connections accepted")                           \
    M(COUNTER, streams, "", "Requests begun")                                  \
    M(COUNTER, resets, "", "Streams that clients reset")                       \
    M(COUNTER, refused, "", "Streams refused, for there is no room")           \
    M(COUNTER, floods, "", "Connections ended: they cost more than they ask")  \
    M(COUNTER, errors, "", "Connections ended: they broke the protocol")       \
    M(COUNTER, starved, "", "Connections ended: memory was short")             \
    M(COUNTER, idle, "", "Connections ended: nothing was asked for")           \
    M(GAUGE, memory_bytes, "", "memory in use")                                \
    M(GAUGE, memory_high_bytes, "", "the most that ever was")
METRICS_STRUCT(http2, HTTP2_METRICS);

/* Bytes on their way in or out. */
struct h2_block {
    struct h2_block *next;
    uint32_t at, n, size;
    uint8_t bytes[];
};
struct h2_queue {
    struct h2_block *first, *last;
    size_t n;
};

struct h2_stream {
    struct stream stream;
    struct h2_conn *conn;
    struct h2_stream *prev, *next, *next_ready;
    int32_t id; /* 0: closed for nghttp2 */
    /* The request. */
    nghttp2_rcbuf *method, *path, *authority;
    uint8_t *head; /* as text; freed when it was read */
    uint32_t head_n, head_at, head_size, list_bytes;
    struct h2_queue in;
    size_t chunk_left; /* bytes of `in` that belong to the chunk begun */
    uint8_t frame[HTTP_FRAME_BYTES], frame_at, frame_n;
    /* The answer: what was written, and behind it what was lent. */
    uint8_t *out_head; /* not complete */
    uint32_t out_head_n;
    struct h2_queue out;
    struct loan *loan[H2_LOANS];
    unsigned nloans;
    size_t loan_at;
    unsigned events; /* to be delivered */
    bool begun;      /* the head has its first line */
    bool cookie;     /* whose last line is a cookie */
    bool too_large;
    bool has_length, in_chunks;
    bool got_end;  /* the request is complete */
    bool in_ended; /* and its last chunk was made */
    bool head_only;
    bool joined;   /* the server has it */
    bool answered; /* the answer's head is with nghttp2 */
    bool no_body;  /* and there is no more */
    bool shut;
    bool end_sent;
    bool deferred; /* nghttp2 waits for more */
    bool writer_waits;
    bool ready; /* in conn.ready */
    bool closed;
    bool released;
};

/* A frame of DATA that is being written. */
struct h2_cut {
    struct h2_stream *from;
    uint8_t head[H2_FRAME_HEAD];
    uint8_t at; /* of the head; H2_FRAME_HEAD: through */
    size_t left;
    bool on;
};

enum h2_state {
    H2_OPEN,
    H2_LINGERING, /* our last word is written; the peer's end is waited for */
    H2_GONE       /* the stream below is given back */
};

struct h2_conn {
    struct http2 *h2;
    struct stream *lower;
    nghttp2_session *session; /* NULL unless OPEN */
    nghttp2_mem mem;
    size_t in_use;
    enum h2_state state;
    struct h2_conn *prev, *next;
    struct h2_stream *streams, *ready, **ready_end;
    unsigned nstreams, njoined;
    struct span left; /* of nghttp2, to be written */
    struct h2_cut cut;
    struct task task;
    struct timer timer;
    ns_t since;      /* without a request */
    ns_t credit_end; /* of the allowance: this much is used up */
    bool asked;      /* there was a request */
    bool flooded, starved;
    bool lower_eof;
    bool busy; /* in its turn */
    bool reap; /* there are streams to be freed */
};

struct http2 {
    struct loop *loop;
    struct http *http;
    struct heap heap;
    struct pool conns;
    struct h2_conn *first;
    struct stop stop;
    struct http2_metrics m;
    uint8_t stage[H2_STAGE_BYTES];
};

/* conn.c */
struct http2 *http2_make(struct arena *, struct loop *, struct http *,
                         uint32_t conns, uint32_t key);
void h2_turn_later(struct h2_conn *);
/* Takes from the allowance; what a callback of nghttp2 answers. */
int h2_pay(struct h2_conn *, unsigned cost);
/* The connection that has most of the memory ends, if that is more than its
 * share.  False: there is no such one. */
bool h2_shed(struct http2 *, const struct h2_conn *asking);

/* port.c; NULL when the connection has had its share, or there is none. */
void *h2_get(struct h2_conn *, size_t n);
void h2_put(struct h2_conn *, void *);
void h2_mem_init(struct h2_conn *);

/* recv.c */
nghttp2_session *h2_session(struct h2_conn *);
void h2_drop_pseudo(struct h2_stream *);

/* stream.c */
struct h2_stream *h2_stream_new(struct h2_conn *, int32_t id);
void h2_stream_free(struct h2_stream *);
/* For nghttp2 it is over; what is not ended is reset. */
void h2_forget(struct h2_stream *, uint32_t why);
void h2_post(struct h2_stream *, unsigned events);
/* Behind what is there.  False: no memory. */
MUST_USE bool h2_append(struct h2_conn *, struct h2_queue *, struct span);
void h2_took(struct h2_conn *, struct h2_queue *, size_t n);
void h2_queue_drop(struct h2_conn *, struct h2_queue *);

/* answer.c: takes the next bytes written, up to the end of the head; returns
 * how many those were.  False: it cannot be sent. */
MUST_USE bool h2_answer(struct h2_stream *, struct mspan text, size_t *taken);

/* send.c */
/* Everything that can be sent; true: something was. */
bool h2_pump(struct h2_conn *);
bool h2_blocked(const struct h2_conn *);
nghttp2_ssize h2_read_data(nghttp2_session *, int32_t id, uint8_t *, size_t n,
                           uint32_t *flags, nghttp2_data_source *, void *conn);
int h2_send_data(nghttp2_session *, nghttp2_frame *, const uint8_t *head,
                 size_t n, nghttp2_data_source *, void *conn);
void h2_loans_done(struct h2_stream *);

#endif
