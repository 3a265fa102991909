/* SPDX-License-Identifier: ISC */
/*
 * router - forwards between its networks, and lowers the MSS of connections
 * that are going to pass a narrow one.
 */
#include <billet/app.h>
#include <billet/forward.h>
#include <billet/http.h>

enum {
    HTTP_PORT = 80,
    HTTP_CONNS = 16,
    MSS_MIN = 536 /* RFC 9293 3.7.1: less is not for us to ask */
};

KEY_FLAG(forward, "forward", "on", "forward between the networks");
KEY_FLAG(mss_clamp, "mss-clamp", "on",
         "lower the MSS of passing TCP connections to what the next network "
         "takes");
KEY_UINT(mss, "mss", "BYTES", MSS_MIN, 65535, "65535",
         "with --mss-clamp: the most it may be in any case");
KEY_FLAG(reverse_path, "reverse-path", "off",
         "drop what comes in by another network than the way back to its "
         "source (RFC 3704)");

#define ROUTER_METRICS(X)                                                      \
    X(COUNTER, datagrams__ip4, "family=\"ip4\"", "Datagrams looked at")        \
    X(COUNTER, datagrams__ip6, "family=\"ip6\"", "Datagrams looked at")        \
    X(COUNTER, clamped, "", "SYNs whose MSS was lowered")
METRICS_STRUCT(router, ROUTER_METRICS);
METRICS_TABLE(router, ROUTER_METRICS);

struct router {
    struct env *env;
    struct router_metrics m;
    bool clamp;
    uint16_t mss;
};

static enum forward_verdict routed(struct forward_pkt *f, void *user)
{
    struct router *r = user;

    if (f->v4)
        r->m.datagrams__ip4++;
    else
        r->m.datagrams__ip6++;
    if (r->clamp && forward_clamp_mss(f, 0) + forward_clamp_mss(f, r->mss))
        r->m.clamped++;
    return FORWARD_ACCEPT;
}

static void front(struct http_exchange *x, const struct http_request *rq,
                  void *user)
{
    (void)rq;
    (void)user;
    http_reply_html(
        x,
        SPAN("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<title>Billet router</title>\n<h1>Billet router</h1>\n"
             "<p>What it has forwarded and dropped: "
             "<a href=\"/metrics\">/metrics</a>\n</html>\n"));
}

static void metrics(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    struct router *r = user;

    http_reply_metrics(x, rq, r->env->metrics);
}

static const struct http_route routes[] = {
    {.path = "/", .methods = HTTP_GET, .handle = front},
    {.path = "/metrics", .methods = HTTP_GET, .handle = metrics},
};

static enum err start(struct env *env)
{
    struct router *r = NEW(env, struct router);
    struct image_status status;

    r->env = env;
    r->clamp = key_flag(env->keys, &key_mss_clamp);
    r->mss = (uint16_t)key_uint(env->keys, &key_mss);
    if (key_flag(env->keys, &key_forward))
        net_set_forward(
            env->net, &(struct net_forward){.routed = routed,
                                            .user = r,
                                            .reverse_path = key_flag(
                                                env->keys, &key_reverse_path)});
    metrics_add(env->metrics, &router_metrics_group, (const uint64_t *)&r->m);
    image_status(env, &status);
    return http_serve(
        env, HTTP_PORT,
        &(struct http_config){.routes = routes,
                              .nroutes = sizeof(routes) / sizeof(routes[0]),
                              .user = r,
                              .wall_ns = status.wall_ns,
                              .conns = HTTP_CONNS},
        NULL);
}

BILLET_NET_APP(start, .name = "router", .nets = {"uplink", "lan"},
               .limits = {.tcp_conns = 128,
                          .tcp_half_open = 64,
                          .tcp_listeners = 2,
                          .rx_blocks = 2048,
                          .tx_blocks = 512,
                          .udp_binds = 4,
                          .fibers = 1,
                          .arena_bytes = HTTP_ARENA_BYTES +
                                         HTTP_CONNS * HTTP_CONN_BYTES +
                                         16 * 1024});
