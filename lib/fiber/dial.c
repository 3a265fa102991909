/* SPDX-License-Identifier: ISC */
/*
 * dial.c - connecting and resolving names in blocking form.  Apart from
 * fstream.c so that only images that dial link the network stack for it.
 */
#include "fibers.h"
#include "fstream.h"

enum err fstream_dial(struct env *env, struct fstream *fs,
                      const struct endpoint *to)
{
    struct stream *s;
    ns_t deadline;

    *fs = (struct fstream){.env = env, .timeout = fs->timeout};
    if ((fs->error = tcp_connect(env->net, to, &s)))
        return fs->error;
    fstream_attach(env, fs, s);
    fs->open = false;
    deadline = fstream_deadline_(fs, fs->timeout);
    while (!fs->error && !fs->open) {
        if (fs->closed)
            fs->error = s->error ? s->error : E_CLOSED;
        else
            fs->error = fstream_wait_(fs, deadline);
    }
    return fs->error;
}

static void on_answer(enum err err, const struct ipaddr *addrs, unsigned n,
                      void *user)
{
    struct fiber_lookup *l = user;

    if (!l->waiter) { /* cancelled meanwhile */
        l->open = false;
        return;
    }
    l->answered = true;
    l->err = !err && n == 0 ? E_NOENT : err;
    if (!l->err)
        l->addr = addrs[0];
    fiber_wake(l->waiter);
}

static struct fiber_lookup *lookup_get(struct fibers *all)
{
    for (uint32_t i = 0; i < all->limit; i++)
        if (!all->lookup[i].open)
            return &all->lookup[i];
    return NULL;
}

enum err fiber_resolve(struct env *env, const char *name, struct ipaddr *out)
{
    struct fiber_lookup *l = lookup_get(env->fibers);
    enum err err;

    if (!l)
        return E_FULL;
    *l = (struct fiber_lookup){.waiter = fiber_current(env->fibers)};
    if ((err = dns_resolve(env->net, name, on_answer, l)))
        return err;
    l->open = true;
    while (!l->answered)
        if ((err = fiber_wait(env->fibers, NS_NEVER))) {
            l->waiter = NULL; /* the answer will close the entry */
            return err;
        }
    l->open = false;
    if (!l->err)
        *out = l->addr;
    return l->err;
}
