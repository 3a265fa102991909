/* SPDX-License-Identifier: ISC */
/*
 * serve.c - the server in an image: its keys, its port, its counters.
 */
#include <billet/app.h>

#include "http_impl.h"

KEY_UINT(http_conns, "http-conns", "COUNT", 1, 65536, NULL,
         "HTTP connections at once; beyond: 503 (default: as memory allows)");
KEY_UINT(http_header_timeout, "http-header-timeout", "SECONDS", 1, 3600, "10",
         "time for the head of an HTTP request to arrive");
KEY_UINT(http_body_timeout, "http-body-timeout", "SECONDS", 1, 3600, "30",
         "time an HTTP request's body may come slower than 500 bytes/s");
KEY_UINT(http_idle_timeout, "http-idle-timeout", "SECONDS", 1, 3600, "60",
         "time an HTTP connection may rest between requests");
KEY_UINT(http_write_timeout, "http-write-timeout", "SECONDS", 1, 3600, "60",
         "time an HTTP answer may be read slower than 500 bytes/s");
KEY_UINT(http_reply_timeout, "http-reply-timeout", "SECONDS", 1, 3600, "120",
         "time an HTTP handler may take to answer");

enum {
    MANY = 128, /* connections of the stack from which on... */
    SPARE = 32  /* ...these are left for 503s and for other ports */
};

static ns_t seconds(struct env *env, const struct key *key)
{
    return key_uint(env->keys, key) * NS_PER_SEC;
}

static uint32_t conns_for(struct env *env, uint32_t asked)
{
    uint32_t most = env->limits.tcp_conns, n;

    if (most >= MANY)
        most -= SPARE;
    n = asked ? asked : most;
    if (key_given(env->keys, &key_http_conns))
        n = (uint32_t)key_uint(env->keys, &key_http_conns);
    if (n <= most)
        return n;
    log_warn(env->log, "http",
             "%u connections at most, not %u: TCP has no more", (unsigned)most,
             (unsigned)n);
    return most;
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    return http_accept(user, s);
}

/* Who rests has had everything; the others are told with their answer. */
static void stop(struct stop *s, ns_t now)
{
    struct http *h = CONTAINER(s, struct http, stop);

    for (struct http_exchange *x = h->rest.head; x; x = x->next)
        if (x->state == CONN_READING && !x->partial && !x->framed)
            conn_until(x, now);
}

static bool serves(const struct stop *s)
{
    return CONTAINER(s, const struct http, stop)->m.connections > 0;
}

enum err http_serve(struct env *env, uint16_t port,
                    const struct http_config *config, struct http **out)
{
    struct http_config c = *config;
    struct http_timeouts t = {seconds(env, &key_http_header_timeout),
                              seconds(env, &key_http_body_timeout),
                              seconds(env, &key_http_idle_timeout),
                              seconds(env, &key_http_write_timeout),
                              seconds(env, &key_http_reply_timeout)};
    struct http *h;

    c.conns = conns_for(env, c.conns);
    h = http_new(env->arena, env->loop, &c, &t);
    if (!h) {
        log_error(env->log, "http",
                  "no room for %u connections: limits.arena_bytes and "
                  "limits.conn_bytes",
                  (unsigned)c.conns);
        return E_FULL;
    }
    h->clock = env->clock;
    h->stop = (struct stop){.begin = stop, .busy = serves};
    loop_on_stop(env->loop, &h->stop);
    metrics_add(env->metrics, &http_metrics_group, (const uint64_t *)&h->m);
    if (out)
        *out = h;
    return tcp_listen(env->net, port, on_accept, h);
}
