/* SPDX-License-Identifier: ISC */
/*
 * fstream.c - streams in blocking form.
 *
 * Every call tries, and when it cannot go on waits for the stream's next event
 * and tries again; the events themselves only leave marks.
 */
#include "fstream.h"
#include "fibers.h"

#include <string.h>

enum { LINGER_SECONDS = 10 };

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct fstream *fs = user;

    (void)s;
    fs->open |= (events & STREAM_OPEN) != 0;
    fs->eof |= (events & STREAM_EOF) != 0;
    fs->closed |= (events & STREAM_CLOSED) != 0;
    if (fs->waiter)
        fiber_wake(fs->waiter);
}

void fstream_attach(struct env *env, struct fstream *fs, struct stream *s)
{
    *fs = (struct fstream){
        .env = env, .s = s, .timeout = fs->timeout, .open = true};
    s->on_event = on_event;
    s->user = fs;
}

ns_t fstream_deadline_(const struct fstream *fs, ns_t timeout)
{
    ns_t now = loop_now(fs->env->loop);

    return timeout && timeout < NS_NEVER - now ? now + timeout : NS_NEVER;
}

enum err fstream_wait_(struct fstream *fs, ns_t deadline)
{
    enum err err;

    fs->waiter = fiber_current(fs->env->fibers);
    err = fiber_wait(fs->env->fibers, deadline);
    fs->waiter = NULL;
    return err;
}

/* Waits until there is something to read: into *seen, empty at the end of the
 * stream. */
static enum err readable(struct fstream *fs, ns_t deadline, struct span *seen)
{
    while (!fs->error) {
        *seen = stream_peek(fs->s);
        if (seen->n)
            return OK;
        if (fs->closed && fs->s->error)
            fs->error = fs->s->error;
        else if (fs->eof || fs->closed)
            return OK;
        else
            fs->error = fstream_wait_(fs, deadline);
    }
    return fs->error;
}

/* Moves the first `n` bytes that were seen. */
static void take(struct fstream *fs, struct span seen, uint8_t *to, size_t n)
{
    memcpy(to, seen.p, n);
    stream_consume(fs->s, n);
}

enum err fstream_read_some(struct fstream *fs, struct mspan into, size_t *got)
{
    struct span seen;
    enum err err = readable(fs, fstream_deadline_(fs, fs->timeout), &seen);

    *got = 0;
    if (err)
        return err;
    *got = seen.n < into.n ? seen.n : into.n;
    if (*got)
        take(fs, seen, into.p, *got);
    return OK;
}

enum err fstream_read_exact(struct fstream *fs, struct mspan into)
{
    ns_t deadline = fstream_deadline_(fs, fs->timeout);
    struct span seen;
    enum err err;

    while (into.n) {
        size_t n;

        if ((err = readable(fs, deadline, &seen)))
            return err;
        if (seen.n == 0)
            return fs->error = E_CLOSED;
        n = seen.n < into.n ? seen.n : into.n;
        take(fs, seen, into.p, n);
        into = (struct mspan){into.p + n, into.n - n};
    }
    return fs->error;
}

enum err fstream_read_line(struct fstream *fs, struct mspan into, size_t *got)
{
    ns_t deadline = fstream_deadline_(fs, fs->timeout);
    struct span seen;
    enum err err;

    for (*got = 0; *got < into.n;) {
        const uint8_t *mark;
        size_t n;

        if ((err = readable(fs, deadline, &seen)))
            return err;
        if (seen.n == 0)
            return OK;
        n = seen.n < into.n - *got ? seen.n : into.n - *got;
        mark = memchr(seen.p, '\n', n);
        n = mark ? (size_t)(mark - seen.p) + 1 : n;
        take(fs, seen, into.p + *got, n);
        *got += n;
        if (mark)
            return OK;
    }
    return fs->error = E_FULL;
}

enum err fstream_write_all(struct fstream *fs, struct span src)
{
    ns_t deadline = fstream_deadline_(fs, fs->timeout);

    while (!fs->error) {
        size_t n;

        if (fs->closed)
            return fs->error = fs->s->error ? fs->s->error : E_CLOSED;
        n = stream_write(fs->s, src);
        src = (struct span){src.p + n, src.n - n};
        if (src.n == 0)
            return OK;
        fs->error = fstream_wait_(fs, deadline);
    }
    return fs->error;
}

void fstream_close(struct fstream *fs)
{
    ns_t linger = fs->timeout ? fs->timeout : LINGER_SECONDS * NS_PER_SEC;
    struct span seen = {0};

    if (!fs->s)
        return;
    if (fs->open && !fs->error && !fs->closed) {
        ns_t deadline = fstream_deadline_(fs, linger);

        stream_shutdown(fs->s);
        while (!readable(fs, deadline, &seen) && seen.n)
            stream_consume(fs->s, seen.n);
    }
    stream_release(fs->s);
    fs->s = NULL;
}
