/* SPDX-License-Identifier: ISC */
/*
 * dial_name.c - connecting to a name in blocking form.  Apart from dial.c, so
 * that only images that dial names link happy eyeballs for it.
 */
#include "fibers.h"
#include "fstream.h"

struct dialling {
    struct happy_eyeballs eyes;
    struct fiber *waiter;
    struct fstream *fs;
    struct env *env;
    bool over;
    enum err err;
};

static void on_dialled(enum err err, struct stream *s,
                       struct happy_eyeballs *eyes, void *user)
{
    struct dialling *d = user;

    (void)eyes;
    d->err = err;
    d->over = true;
    if (!err)
        fstream_attach(d->env, d->fs, s);
    fiber_wake(d->waiter);
}

enum err fstream_dial_name(struct env *env, struct fstream *fs,
                           const char *name, uint16_t port)
{
    struct dialling d = {.eyes.timeout = fs->timeout,
                         .waiter = fiber_current(env->fibers),
                         .fs = fs,
                         .env = env};
    enum err err;

    *fs = (struct fstream){.env = env, .timeout = fs->timeout};
    err = happy_eyeballs_dial(env->net, &d.eyes, name, port, on_dialled, &d);
    while (!err && !d.over)
        err = fiber_wait(env->fibers, NS_NEVER);
    if (err)
        happy_eyeballs_cancel(&d.eyes);
    if (!fs->error)
        fs->error = err ? err : d.err;
    return fs->error;
}
