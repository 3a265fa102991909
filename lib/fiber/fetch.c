/* SPDX-License-Identifier: ISC */
/*
 * fetch.c - the HTTP client in blocking form.
 */
#include <billet/http_client.h>

#include "fibers.h"

struct fetching {
    struct fiber *waiter;
    bool over;
    enum err err;
};

static void on_done(struct http_fetch *f, enum err err)
{
    struct fetching *w = f->waiter;

    w->over = true;
    w->err = err;
    fiber_wake(w->waiter);
}

enum err fiber_fetch(struct env *env, struct http_client *c,
                     struct http_fetch *f)
{
    struct fetching w = {.waiter = fiber_current(env->fibers)};
    enum err err;

    f->done = on_done;
    f->waiter = &w;
    err = http_fetch(c, f);
    while (!err && !w.over)
        err = fiber_wait(env->fibers, NS_NEVER);
    if (err)
        http_fetch_cancel(f);
    return err ? err : w.err;
}
