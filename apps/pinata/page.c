/* SPDX-License-Identifier: ISC */
/*
 * page.c - the pages, over HTTP and HTTPS: the rules with figures in them, the
 * CA, who tried.
 */
#include <string.h>

#include "page.h"
#include "pinata.h"

static void ca_pem(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    struct pinata *p = user;
    const struct authority *ca = &p->ca;

    (void)rq;
    http_reply(x,
               &(struct http_reply){.status = 200,
                                    .type = SPAN("application/x-pem-file"),
                                    .fields = SPAN(NO_STORE),
                                    .body = {(const uint8_t *)ca->pem[ca->now],
                                             ca->pem_n[ca->now]}});
}

static void ca_der(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    const struct pinata *p = user;
    struct span cert = {p->ca.pair.cert, p->ca.pair.cert_n};
    struct http_reply r = {.status = 200,
                           .type = SPAN("application/pkix-cert"),
                           .fields = SPAN(NO_STORE),
                           .body = cert};

    (void)rq;
    if (cert.n < HTTP_COPY_MAX - 128)
        http_reply_copy(x, &r); /* it may be replaced meanwhile */
    else
        http_reply(x, &r);
}

static void site(struct http_exchange *x, const struct http_request *rq,
                 void *user)
{
    (void)user;
    http_reply_site(x, rq, &web_site);
}

static void metrics(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    struct pinata *p = user;

    http_reply_metrics(x, rq, p->env->metrics);
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

static bool on_tls(struct stream *lower, const struct endpoint *peer,
                   void *user)
{
    struct pinata *p = user;
    struct stream *s;

    if (limit_take(&p->site_limit, &peer->addr, loop_now(p->env->loop)) !=
        LIMIT_OK) {
        p->m.limited++;
        return false;
    }
    if (tls_accept(p->site, lower, &s) == OK && !http_accept(p->http, s))
        stream_release(s);
    return true; /* it is theirs, or gone */
}

#define GET(path_, handle_)                                                    \
    {                                                                          \
        .path = path_, .methods = HTTP_GET, .handle = handle_                  \
    }
static const struct http_route routes[] = {
    GET("/", front_page),
    GET("/index.html", front_page),
    GET("/*", site),
    GET("/ca.crt", ca_pem),
    GET("/ca.pem", ca_pem),
    GET("/ca.der", ca_der),
    GET("/attempts", attempts_page),
    GET("/attempts.json", attempts_json),
    GET("/counters", counters_page),
    GET("/metrics", metrics),
    GET("/healthz", healthz),
    GET("/proof", proof_page),
    GET("/proof.txt", proof_text),
    GET("/proof.sig", proof_signature),
    GET("/proof.pub", proof_public),
    GET("/commitment", proof_commitment),
};

enum err page_start(struct pinata *p, uint32_t conns)
{
    struct image_status status;
    enum err err;

    image_status(p->env, &status);
    err = http_serve(
        p->env, PORT_PAGE,
        &(struct http_config){
            .routes = routes,
            .nroutes = sizeof(routes) / sizeof(routes[0]),
            .user = p,
            .fields = SPAN("X-Content-Type-Options: nosniff\r\n"
                           "Referrer-Policy: no-referrer\r\n"
                           "Content-Security-Policy: default-src 'none'; "
                           "script-src 'self'; style-src 'self'; "
                           "img-src 'self'; connect-src 'self'; "
                           "base-uri 'none'; form-action 'self'; "
                           "frame-ancestors 'none'\r\n"),
            .style = "/style.css",
            .wall_ns = status.wall_ns,
            .conns = conns},
        &p->http);
    if (err)
        return err;
    return tcp_listen(p->env->net, PORT_PAGE_TLS, on_tls, p);
}
