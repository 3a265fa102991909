/* SPDX-License-Identifier: ISC */
/*
 * @NAME@ - sends back what each connection says.
 */
#include <billet/app.h>

KEY_UINT(port, "port", "NUMBER", 1, 65535, "@PORT@", "TCP port to listen on");

#define APP_METRICS(X)                                                         \
    X(COUNTER, callers, "", "connections accepted")                            \
    X(COUNTER, bytes, "", "bytes sent back")
METRICS_STRUCT(@ID@, APP_METRICS);
METRICS_TABLE(@ID@, APP_METRICS);

struct caller {
    struct caller *next; /* free ones */
    struct @ID@ *app;
    struct stream *s;
    bool eof; /* it will say no more */
};

struct @ID@ {
    struct @ID@_metrics metrics;
    struct caller *free;
};

/* As much as there is room for; the rest waits for STREAM_WRITABLE. */
static void pump(struct caller *c)
{
    struct span in;

    while ((in = stream_peek(c->s)).n > 0) {
        size_t n = stream_write(c->s, in);

        if (n == 0)
            return;
        stream_consume(c->s, n);
        c->app->metrics.bytes += n;
    }
    if (c->eof)
        stream_shutdown(c->s);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct caller *c = user;

    if (events & STREAM_CLOSED) {
        stream_release(s);
        c->next = c->app->free;
        c->app->free = c;
        return;
    }
    c->eof |= (events & STREAM_EOF) != 0;
    pump(c);
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    struct @ID@ *app = user;
    struct caller *c = app->free;

    (void)peer;
    if (!c)
        return false; /* as many as the limits allow are here */
    app->free = c->next;
    *c = (struct caller){.app = app, .s = s};
    s->on_event = on_event;
    s->user = c;
    app->metrics.callers++;
    return true;
}

static enum err start(struct env *env)
{
    struct @ID@ *app = NEW(env, struct @ID@);
    uint32_t n = env->limits.tcp_conns;
    struct caller *c = NEW_ARRAY(env, struct caller, n);

    for (uint32_t i = 0; i < n; i++) {
        c[i].next = app->free;
        app->free = &c[i];
    }
    metrics_add(env->metrics, &@ID@_metrics_group,
                (const uint64_t *)&app->metrics);
    return tcp_listen(env->net, (uint16_t)key_uint(env->keys, &key_port),
                      on_accept, app);
}

BILLET_NET_APP(start, .name = "@NAME@", .nets = {"uplink"},
               .limits = {.tcp_conns = 256,
                          .conn_bytes = sizeof(struct caller)});
