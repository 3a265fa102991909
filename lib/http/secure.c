/* SPDX-License-Identifier: ISC */
/*
 * secure.c - from http to https, for servers that have both.
 */
#include "http_impl.h"

bool http_is_secure(const struct http_exchange *x)
{
    return x->secure;
}

/* A host as the client gave it, without a port. */
static struct span without_port(struct span host)
{
    for (size_t i = host.n; i > 0; i--) {
        if (host.p[i - 1] == ']')
            break;
        if (host.p[i - 1] == ':')
            return (struct span){host.p, i - 1};
    }
    return host;
}

/* A method but GET and HEAD must stay what it is (RFC 9110 15.4.9).  Who does
 * not say which host was meant cannot be sent there. */
void http_to_secure(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    uint16_t port = x->server->config.secure_port;
    struct span host = without_port(http_field(rq, HTTP_HOST));
    bool reads = rq->method & (HTTP_GET | HTTP_HEAD);
    uint8_t line[704];
    struct http_writer w = {line, line + sizeof(line)};

    (void)user;
    if (host.n == 0 || host.n > 255) {
        http_reply_page(x, 400, SPAN(""));
        return;
    }
    put_text(&w, "Location: https://");
    put_span(&w, host);
    if (port != 443) {
        put_text(&w, ":");
        put_u64(&w, port);
    }
    if (!put_escaped(&w, http1_at(rq->text, rq->head->path)) ||
        (rq->query.n && !put_escaped(&w, SPAN("?"))) ||
        !put_escaped(&w, rq->query)) {
        http_reply_page(x, 414, SPAN(""));
        return;
    }
    put_text(&w, "\r\n");
    http_reply_page(x, reads ? 301 : 308,
                    (struct span){line, (size_t)(w.p - line)});
}
