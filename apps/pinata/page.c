/* SPDX-License-Identifier: ISC */
/*
 * page.c - the rules, the CA, who tried; over HTTP and HTTPS.
 */
#include <string.h>

#include "pinata.h"

static const char rules[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<title>Pinata</title>\n<h1>Break it, and the secret is yours</h1>\n"
    "<p>This machine holds a secret, and gives it to whoever shows a "
    "certificate of <a href=\"/ca.crt\">its CA</a>. The key of that CA was "
    "forgotten when it had signed three certificates, all of which are in "
    "here.\n<ul>\n"
    "<li>Port 10000: TLS; it is the server.\n"
    "<li>Port 10001: it calls you back at port 40001, and is the client.\n"
    "<li>Port 10002: TLS, on the connection that you made; it is the client.\n"
    "</ul>\n<p>It may talk to itself: join 10000 with 10002, and look on.\n"
    "<p><a href=\"/attempts\">Who tried</a>, and why it was not enough. "
    "<a href=\"/metrics\">Counters</a>.\n</html>\n";

static void front(struct http_exchange *x, const struct http_request *rq,
                  void *user)
{
    (void)rq;
    (void)user;
    http_reply_html(x, (struct span){(const uint8_t *)rules, strlen(rules)});
}

static void ca(struct http_exchange *x, const struct http_request *rq,
               void *user)
{
    struct pinata *p = user;

    (void)rq;
    http_reply(x, &(struct http_reply){
                      .status = 200,
                      .type = SPAN("application/x-pem-file"),
                      .body = {(const uint8_t *)p->ca_pem, p->ca_pem_n}});
}

/* Where an answer of /attempts is: the next of them, the newest first. */
struct listing {
    uint64_t next, end;
};

static size_t line(struct http_exchange *x, struct mspan room)
{
    struct pinata *p = http_user(x);
    struct listing *l = http_state(x);
    const struct attempt *a;
    struct text t = {(char *)room.p, room.n, 0};

    if (l->next == l->end)
        return 0;
    a = &p->attempt[--l->next % ATTEMPTS];
    text_add_u64(&t, a->at_s);
    text_add(&t, " ");
    text_add(&t, a->text);
    text_add(&t, "\n");
    return t.n;
}

static void attempts(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    struct pinata *p = user;
    struct listing *l = http_state(x);

    (void)rq;
    l->next = p->attempts;
    l->end = p->attempts > ATTEMPTS ? p->attempts - ATTEMPTS : 0;
    http_reply_written(
        x,
        &(struct http_reply){.status = 200,
                             .type = SPAN("text/plain; charset=utf-8")},
        line);
}

static void counters(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    struct pinata *p = user;

    http_reply_metrics(x, rq, p->env->metrics);
}

static bool on_tls(struct stream *lower, const struct endpoint *peer,
                   void *user)
{
    struct pinata *p = user;
    struct stream *s;

    (void)peer;
    if (tls_accept(p->site, lower, &s) == OK && !http_accept(p->http, s))
        stream_release(s);
    return true; /* it is theirs, or gone */
}

static const struct http_route routes[] = {
    {.path = "/", .methods = HTTP_GET, .handle = front},
    {.path = "/ca.crt", .methods = HTTP_GET, .handle = ca},
    {.path = "/attempts", .methods = HTTP_GET, .handle = attempts},
    {.path = "/metrics", .methods = HTTP_GET, .handle = counters},
};

enum err page_start(struct pinata *p)
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
                           "Content-Security-Policy: default-src 'none'\r\n"),
            .wall_ns = status.wall_ns,
            .conns = PAGE_CONNS},
        &p->http);
    if (err)
        return err;
    return tcp_listen(p->env->net, PORT_PAGE_TLS, on_tls, p);
}
