/* SPDX-License-Identifier: ISC */
/*
 * @NAME@ - sends each datagram back to where it came from.
 *
 * The source of a datagram is whoever its sender says: so an answer is never
 * longer than the question, and ports that answer by themselves get none.
 */
#include <billet/app.h>

KEY_UINT(port, "port", "NUMBER", 1, 65535, "@PORT@", "UDP port to listen on");

#define APP_METRICS(X)                                                         \
    X(COUNTER, datagrams, "", "datagrams that came")                           \
    X(COUNTER, answered, "", "of them answered")
METRICS_STRUCT(@ID@, APP_METRICS);
METRICS_TABLE(@ID@, APP_METRICS);

enum { SERVICES_BELOW = 1024 };

struct @ID@ {
    struct @ID@_metrics metrics;
    struct net *net;
};

static void on_datagram(const struct udp_dgram *d, void *user)
{
    struct @ID@ *app = user;

    app->metrics.datagrams++;
    if (d->broadcast || d->remote.port < SERVICES_BELOW)
        return;
    if (udp_send(app->net, d) == OK)
        app->metrics.answered++;
}

static enum err start(struct env *env)
{
    struct @ID@ *app = NEW(env, struct @ID@);
    uint16_t port = (uint16_t)key_uint(env->keys, &key_port);

    app->net = env->net;
    metrics_add(env->metrics, &@ID@_metrics_group,
                (const uint64_t *)&app->metrics);
    return udp_bind(env->net, &port, on_datagram, app);
}

BILLET_NET_APP(start, .name = "@NAME@", .nets = {"uplink"});
