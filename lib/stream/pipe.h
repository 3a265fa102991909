/* SPDX-License-Identifier: ISC */
/*
 * pipe.h - two streams in memory, each the other's peer.
 *
 * For joining parts of an image, and for tests: a protocol written on
 * <billet/stream.h> runs on a pipe as it does on TCP, with buffers as small as
 * the test wants and in pieces as small as it wants.
 */
#ifndef STREAM_PIPE_H
#define STREAM_PIPE_H

#include <billet/loop.h>
#include <billet/stream.h>

/* Bytes under way to an end: in a ring, with loans between them. */
struct pipe_queue {
    struct mspan ring;
    uint64_t in, out;   /* ring bytes ever put in and taken out */
    size_t behind;      /* ring bytes behind the last loan */
    struct loan *loans; /* not yet consumed, oldest first */
    struct loan **end;  /* valid while there are loans */
    size_t lent;        /* bytes of them not yet consumed */
    size_t loan_used;   /* bytes of the first one that are */
    struct loan *done;  /* consumed; done() is still to run */
    bool shut;          /* the sender will add no more */
    bool sender_waits;  /* was told that there is no room */
};

struct pipe_end {
    struct stream stream;
    struct pipe *pipe;
    struct pipe_queue queue; /* to this end */
    unsigned events;         /* to be delivered */
    bool closed;             /* STREAM_CLOSED was delivered */
    bool released;           /* nobody to deliver to */
};

struct pipe {
    struct pipe_end end[2];
    struct loop *loop;
    struct task task;
    size_t piece_bytes;
    bool over; /* no bytes flow any more, either way */
};

/*
 * `to_0` and `to_1` are the buffers towards the two ends, at least one byte
 * each.  End 0 gets STREAM_OPEN, as who connects; end 1 is open already, as
 * what is accepted.  Events are delivered by a task of `loop`; without one
 * (NULL) pipe_dispatch() delivers them.  The pipe must stay until both ends
 * are released and what is queued then has run.
 */
void pipe_init(struct pipe *, struct loop *loop, struct mspan to_0,
               struct mspan to_1);

static inline struct stream *pipe_stream(struct pipe *p, unsigned end)
{
    return &p->end[end].stream;
}

/* Let peek and reserve show at most `n` bytes at once; 0: no limit. */
static inline void pipe_pieces(struct pipe *p, size_t n)
{
    p->piece_bytes = n;
}

/* Deliver what is due now; returns how many callbacks were made. */
unsigned pipe_dispatch(struct pipe *);

#endif
