/* SPDX-License-Identifier: ISC */
/*
 * @NAME@ - answers over HTTP.
 */
#include <billet/app.h>
#include <billet/http.h>

KEY_UINT(port, "port", "NUMBER", 1, 65535, "80", "TCP port to listen on");
KEY_STRING(greeting, "greeting", "TEXT", "Hello from @NAME@", "what / says");

enum { LINE_BYTES = 200 };

struct @ID@ {
    struct env *env;
    char line[LINE_BYTES];
    size_t n;
};

static void front(struct http_exchange *x, const struct http_request *rq,
                  void *user)
{
    struct @ID@ *app = user;

    (void)rq;
    http_reply_copy(x, &(struct http_reply){
                           .status = 200,
                           .type = SPAN("text/plain; charset=utf-8"),
                           .body = {(uint8_t *)app->line, app->n}});
}

static void ready(struct http_exchange *x, const struct http_request *rq,
                  void *user)
{
    (void)rq;
    (void)user;
    http_reply(x, &(struct http_reply){.status = 200,
                                       .type = SPAN("text/plain"),
                                       .body = SPAN("ready\n")});
}

static const struct http_route routes[] = {
    {.path = "/", .methods = HTTP_GET, .handle = front},
    {.path = "/readyz", .methods = HTTP_GET, .handle = ready},
};

static enum err start(struct env *env)
{
    const char *greeting = key_string(env->keys, &key_greeting);
    struct @ID@ *app = NEW(env, struct @ID@);

    app->env = env;
    while (greeting[app->n] && app->n < LINE_BYTES - 1) {
        app->line[app->n] = greeting[app->n];
        app->n++;
    }
    app->line[app->n++] = '\n';
    return http_serve(env, (uint16_t)key_uint(env->keys, &key_port),
                      &(struct http_config){.routes = routes,
                                            .nroutes = ARRAY_LEN(routes),
                                            .user = app},
                      NULL);
}

BILLET_NET_APP(start, .name = "@NAME@", .nets = {"uplink"},
               .limits = {.tcp_conns = 256, .conn_bytes = HTTP_CONN_BYTES,
                          .arena_bytes = HTTP_ARENA_BYTES +
                                         sizeof(struct @ID@)});
