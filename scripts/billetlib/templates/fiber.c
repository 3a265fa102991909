/* SPDX-License-Identifier: ISC */
/*
 * @NAME@ - a conversation of lines with each connection, in straight code.
 */
#include <billet/app.h>

KEY_UINT(port, "port", "NUMBER", 1, 65535, "@PORT@", "TCP port to listen on");

enum { LINE_BYTES = 512, CALLERS = 64, PATIENCE_S = 60 };

struct caller {
    struct caller *next; /* free ones */
    struct @ID@ *app;
    struct fstream f;
};

struct @ID@ {
    struct env *env;
    struct caller *free;
};

static const struct span hello = SPAN("Welcome to @NAME@. Say something:\r\n");
static const struct span heard = SPAN("You said: ");

static enum err talk(struct fstream *f)
{
    enum err err = fstream_write_all(f, hello);

    while (!err) {
        uint8_t line[LINE_BYTES];
        size_t n;

        err = fstream_read_line(f, (struct mspan){line, sizeof(line)}, &n);
        if (err || n == 0)
            break;
        err = fstream_write_all(f, heard);
        if (!err)
            err = fstream_write_all(f, (struct span){line, n});
    }
    return err;
}

static void serve(struct env *env, void *arg)
{
    struct caller *c = arg;
    enum err err = talk(&c->f);

    log_debug(env->log, "@NAME@", "a conversation ended: %s", err_name(err));
    fstream_close(&c->f);
    c->next = c->app->free;
    c->app->free = c;
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    struct @ID@ *app = user;
    struct caller *c = app->free;

    (void)peer;
    if (!c)
        return false; /* as many as there are fibers for are here */
    if (fiber_spawn(app->env, serve, c, NULL))
        return false;
    /* Now, not on the fiber: what happens until it runs must not be lost. */
    c->f = (struct fstream){.timeout = PATIENCE_S * NS_PER_SEC};
    fstream_attach(app->env, &c->f, s);
    app->free = c->next;
    return true;
}

static enum err start(struct env *env)
{
    struct @ID@ *app = NEW(env, struct @ID@);
    struct caller *c = NEW_ARRAY(env, struct caller, CALLERS);

    app->env = env;
    for (unsigned i = 0; i < CALLERS; i++) {
        c[i].app = app;
        c[i].next = app->free;
        app->free = &c[i];
    }
    return tcp_listen(env->net, (uint16_t)key_uint(env->keys, &key_port),
                      on_accept, app);
}

BILLET_NET_APP(start, .name = "@NAME@", .nets = {"uplink"},
               .limits = {.tcp_conns = CALLERS, .fibers = CALLERS + 2,
                          .conn_bytes = sizeof(struct caller)});
