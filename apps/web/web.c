/* SPDX-License-Identifier: ISC */
/*
 * web - serves a directory that was baked in at build time, and shows what
 * the image that serves it is doing.
 */
#include "web.h"

#define NO_STORE "Cache-Control: no-store\r\n"

static void site(struct http_exchange *x, const struct http_request *rq,
                 void *user)
{
    (void)user;
    http_reply_site(x, rq, &web_site);
}

static void healthz(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    (void)rq;
    (void)user;
    http_reply(x, &(struct http_reply){.status = 200,
                                       .type = SPAN("text/plain"),
                                       .fields = SPAN(NO_STORE),
                                       .body = SPAN("ok\n")});
}

static void metrics(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    struct web *web = user;

    http_reply_metrics(x, rq, web->env->metrics);
}

static void show_log(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    struct web *web = user;

    (void)rq;
    http_reply_log(x, web->env->log);
}

static void connections(struct http_exchange *x, const struct http_request *rq,
                        void *user)
{
    struct web *web = user;

    http_reply_connections(x, rq, web->env->net);
}

static void transmit(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    const struct web *web = user;

    (void)rq;
    http_reply_echo(x, &web->echo);
}

static const struct http_route routes[] = {
    {.path = "/*", .methods = HTTP_GET, .handle = site},
    {.path = "/healthz", .methods = HTTP_GET, .handle = healthz, .plain = true},
    {.path = "/metrics", .methods = HTTP_GET, .handle = metrics},
    {.path = "/log", .methods = HTTP_GET, .handle = show_log},
    {.path = "/connections", .methods = HTTP_GET, .handle = connections},
    {.path = "/status.json", .methods = HTTP_GET, .handle = web_status},
    {.path = "/random", .methods = HTTP_GET, .handle = web_random},
    {.path = "/.well-known/acme-challenge/*",
     .methods = HTTP_GET,
     .handle = web_challenge,
     .plain = true},
    {.path = "/transmit",
     .methods = HTTP_POST | HTTP_PUT,
     .handle = transmit,
     .body_max = HTTP_ANY_LENGTH},
};

static enum err start(struct env *env)
{
    struct web *web = NEW(env, struct web);
    struct image_status status;
    image_status(env, &status);
    web->env = env;
    web->echo = (struct http_reply){.status = 200,
                                    .type = SPAN("application/octet-stream"),
                                    .fields = SPAN(NO_STORE)};
    web->noise = arena_raw(env->arena, NOISE_BYTES, 64);
    return web_serve(
        web, &(struct http_config){
                 .routes = routes,
                 .nroutes = sizeof(routes) / sizeof(routes[0]),
                 .user = web,
                 .fields = SPAN("X-Content-Type-Options: nosniff\r\n"
                                "Content-Security-Policy: default-src 'none'; "
                                "style-src 'self'; frame-ancestors 'none'\r\n"
                                "Referrer-Policy: no-referrer\r\n"),
                 .style = "/assets/style.css",
                 .wall_ns = status.wall_ns});
}

BILLET_NET_APP_WISH(start, web_wish, .name = "web", .nets = {"uplink"},
                    .blks = {"state?"},
                    .limits = {.tcp_conns = 10240 + 64,
                               .tcp_half_open = 1024,
                               .tcp_listeners = 1,
                               .udp_binds = 4,
                               .fibers = 1,
                               .arena_bytes = HTTP_ARENA_BYTES + NOISE_BYTES +
                                              1024,
                               .conn_bytes = HTTP_CONN_BYTES});
