/* SPDX-License-Identifier: ISC */
/*
 * fiber.h - straight-line code over the event loop.
 *
 * A fiber is a flow with a bounded stack of its own (limits.fiber_stack, with
 * a page below it that faults).  It runs until it waits; nothing else runs
 * meanwhile.  Calls marked "waits" may only be made on a fiber; start() is on
 * one.
 */
#ifndef BILLET_FIBER_H
#define BILLET_FIBER_H

#include <billet/net.h>

struct env;
struct fiber;
struct fibers;

/* Starts at the end of this turn.  E_FULL: limits.fibers are running.  `out`
 * may be NULL when nobody will join; such a fiber frees itself. */
MUST_USE enum err fiber_spawn(struct env *,
                              void (*run)(struct env *, void *arg), void *arg,
                              struct fiber **out);

/* Waits.  E_CLOSED when the fiber was cancelled meanwhile. */
enum err fiber_sleep(struct env *, ns_t duration);

/* Waits until `f` has ended, then frees it.  Cancelling a fiber that joins
 * cancels `f`, too: that is how the join comes to an end. */
void fiber_join(struct env *, struct fiber *f);

/* Make the call that `f` waits in, and each later one, return E_CLOSED. */
void fiber_cancel(struct env *, struct fiber *f);

/*
 * A stream in blocking form.  Takes the stream's on_event.  All calls wait.
 * Zero-initialise it and, if wanted, set `timeout`, which is for each call as a
 * whole; 0 waits for ever.  After a failure only fstream_close() may follow;
 * other calls repeat it.  One fiber at a time may use it.
 */
struct fstream {
    struct env *env;
    struct stream *s;
    struct fiber *waiter;
    ns_t timeout;
    enum err error;
    bool open, eof, closed;
};

/* At once when a listener hands the stream over, not on a fiber that has yet
 * to run: events of before are not told again. */
void fstream_attach(struct env *, struct fstream *, struct stream *);
MUST_USE enum err fstream_dial(struct env *, struct fstream *,
                               const struct endpoint *);
/* By name, with happy eyeballs: RFC 8305.  `timeout` 0 is 30 seconds. */
MUST_USE enum err fstream_dial_name(struct env *, struct fstream *,
                                    const char *name, uint16_t port);
/* At least one byte, at most into.n; *got is 0 at the end of the stream. */
MUST_USE enum err fstream_read_some(struct fstream *, struct mspan into,
                                    size_t *got);
/* Exactly into.n bytes, or E_CLOSED. */
MUST_USE enum err fstream_read_exact(struct fstream *, struct mspan into);
/* Up to and including '\n'; E_FULL when the line is longer than `into`.  At the
 * end of the stream what is left without '\n', then *got is 0. */
MUST_USE enum err fstream_read_line(struct fstream *, struct mspan into,
                                    size_t *got);
MUST_USE enum err fstream_write_all(struct fstream *, struct span);
/* Ends sending, waits until the peer ends too (`timeout`, else 10 seconds; what
 * comes meanwhile is thrown away), then gives the stream back, which aborts
 * what is left.  After a failure, or cancelled: gives it back at once. */
void fstream_close(struct fstream *);

/* Waits.  The first address of a name. */
MUST_USE enum err fiber_resolve(struct env *, const char *name,
                                struct ipaddr *out);

#endif
