/* SPDX-License-Identifier: ISC */
/*
 * page.c - the test peer by HTTP.
 */
#include "echo.h"

#define BYTES_MAX (UINT64_C(1) << 40)

static const char page[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>Billet echo</title>\n"
    "<h1>Billet echo</h1>\n"
    "<p>A peer to test a network with, over TCP and UDP, IPv4 and IPv6:\n"
    "<ul>\n"
    "<li>7: sends back what it gets\n"
    "<li>9: takes everything and says nothing\n"
    "<li>19: sends a pattern\n"
    "<li>80: <a href=\"/bytes/1000\">/bytes/N</a>, N bytes of that pattern;\n"
    "<a href=\"/metrics\">/metrics</a>,\n"
    "<a href=\"/connections\">/connections</a>; with --peer=on also\n"
    "/connect?to=HOST:PORT and /udp?to=ADDRESS:PORT\n"
    "</ul>\n</html>\n";

static void front(struct http_exchange *x, const struct http_request *rq,
                  void *user)
{
    (void)rq;
    (void)user;
    http_reply_html(x, (struct span){(const uint8_t *)page, sizeof(page) - 1});
}

static void metrics(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    struct echo *e = user;

    http_reply_metrics(x, rq, e->env->metrics);
}

static void connections(struct http_exchange *x, const struct http_request *rq,
                        void *user)
{
    struct echo *e = user;

    http_reply_connections(x, rq, e->env->net);
}

static struct span piece(struct http_exchange *x, uint64_t at)
{
    struct span pattern = echo_pattern(http_user(x));
    size_t from = (size_t)(at % pattern.n);

    return (struct span){pattern.p + from, pattern.n - from};
}

/* The decimal number behind "/bytes/". */
static bool count(struct span path, uint64_t *out)
{
    size_t at = sizeof("/bytes/") - 1;
    uint64_t n = 0;

    if (at == path.n)
        return false;
    for (; at < path.n; at++) {
        if (path.p[at] < '0' || path.p[at] > '9' || n > BYTES_MAX)
            return false;
        n = n * 10 + (path.p[at] - '0');
    }
    *out = n;
    return n <= BYTES_MAX;
}

static void bytes(struct http_exchange *x, const struct http_request *rq,
                  void *user)
{
    uint64_t n;

    (void)user;
    if (!count(rq->path, &n)) {
        http_reply_page(x, 400, SPAN(""));
        return;
    }
    http_reply_pieces(
        x, &(struct http_reply){.status = 200, .type = SPAN("text/plain")}, n,
        piece);
}

static const struct http_route routes[] = {
    {.path = "/", .methods = HTTP_GET, .handle = front},
    {.path = "/bytes/*", .methods = HTTP_GET, .handle = bytes},
    {.path = "/metrics", .methods = HTTP_GET, .handle = metrics},
    {.path = "/connections", .methods = HTTP_GET, .handle = connections},
    {.path = "/connect", .methods = HTTP_GET, .handle = dial_connect},
    {.path = "/udp", .methods = HTTP_GET, .handle = dial_datagram},
};

enum err page_start(struct echo *e)
{
    struct image_status status;

    image_status(e->env, &status);
    return http_serve(
        e->env, HTTP_PORT,
        &(struct http_config){
            .routes = routes,
            .nroutes = sizeof(routes) / sizeof(routes[0]),
            .user = e,
            .fields = SPAN("X-Content-Type-Options: nosniff\r\n"
                           "Content-Security-Policy: default-src 'none'\r\n"),
            .wall_ns = status.wall_ns,
            .conns = HTTP_CONNS},
        NULL);
}
