/* SPDX-License-Identifier: ISC */
/*
 * stream.h - a reliable, ordered, two-way byte stream.
 *
 * TCP connections, TLS sessions and in-memory pipes all are streams, so a
 * protocol written on this header runs on any of them.
 *
 * Bytes are lent, never handed over: peek or reserve a window, use it, then
 * say how much of it was used.  A window stays valid until the next call on
 * the same stream or until the current event callback returns.
 */
#ifndef BILLET_STREAM_H
#define BILLET_STREAM_H

#include <billet/base.h>

enum stream_event {
    STREAM_OPEN = 1 << 0,     /* connected; bytes may flow */
    STREAM_READABLE = 1 << 1, /* stream_peek() has bytes it had not before */
    STREAM_WRITABLE = 1 << 2, /* stream_reserve() has room after having none */
    STREAM_EOF = 1 << 3,      /* the peer will send no more; bytes received
                               * before may still be there to peek */
    STREAM_CLOSED = 1 << 4    /* over, see stream.error; the last event */
};

struct stream;

/*
 * Bytes lent to a stream for sending in place.  Embed in their owner and set
 * `bytes` and `done`; the rest is the stream's.  `bytes` must not change until
 * done() has run, which is after the peer acknowledged them (or the stream
 * ended) AND no device refers to them any more.  done() runs exactly once, and
 * never from inside stream_lend().
 */
struct loan {
    struct loan *next;
    struct buf buf;
    struct span bytes;
    void (*done)(struct loan *);
};

struct stream_ops {
    struct span (*peek)(struct stream *);
    void (*consume)(struct stream *, size_t n);
    struct mspan (*reserve)(struct stream *);
    void (*commit)(struct stream *, size_t n);
    void (*shutdown)(struct stream *);
    void (*abort)(struct stream *);
    void (*release)(struct stream *);
    bool (*lend)(struct stream *, struct loan *); /* NULL: not supported */
};

struct stream {
    const struct stream_ops *ops;
    enum err error; /* why it closed; OK until then */
    /* Set by the owner before the turn ends; NULL: released when it closes. */
    void (*on_event)(struct stream *, unsigned events, void *user);
    void *user;
};

/* Next contiguous received bytes; empty when there are none. */
static inline struct span stream_peek(struct stream *s)
{
    return s->ops->peek(s);
}

/* Done with the first `n` peeked bytes.  Opens the peer's window.  When more
 * bytes wait behind them, peek has those at once. */
static inline void stream_consume(struct stream *s, size_t n)
{
    s->ops->consume(s, n);
}

/* Contiguous room to write into; empty when the send buffer is full, in which
 * case STREAM_WRITABLE follows once there is room. */
static inline struct mspan stream_reserve(struct stream *s)
{
    return s->ops->reserve(s);
}

/* Send the first `n` reserved bytes.  Leaves the machine when the turn ends. */
static inline void stream_commit(struct stream *s, size_t n)
{
    s->ops->commit(s, n);
}

/* No more bytes from us: FIN, or close_notify.  Receiving goes on. */
static inline void stream_shutdown(struct stream *s)
{
    s->ops->shutdown(s);
}

/* Drop the connection at once: RST.  STREAM_CLOSED still follows. */
static inline void stream_abort(struct stream *s)
{
    s->ops->abort(s);
}

/* Give the stream back.  Aborts it when still open (unless both directions
 * were already shut, in which case the closing handshake goes on without an
 * owner).  `s` is gone after: no event follows. */
static inline void stream_release(struct stream *s)
{
    s->ops->release(s);
}

/*
 * Send without copying.  Takes the loan when it answers true; false, and no
 * done(), when there is no room now (STREAM_WRITABLE follows) or the stream
 * has no lending.  A loan counts its bytes against the send buffer, but one
 * loan of any size is taken when there is any room at all.
 */
MUST_USE bool stream_lend(struct stream *s, struct loan *);

/* Whether lending is supported at all. */
static inline bool stream_lends(const struct stream *s)
{
    return s->ops->lend != NULL;
}

/* Copy in as much of `src` as fits.  Returns the number of bytes taken. */
size_t stream_write(struct stream *s, struct span src);

#endif
