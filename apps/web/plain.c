/* SPDX-License-Identifier: ISC */
/*
 * plain.c - HTTP alone, for images without TLS.
 */
#include "web.h"

void web_wish(const struct env *env, struct limits *limits)
{
    (void)env;
    (void)limits;
}

void web_challenge(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    (void)rq;
    (void)user;
    http_reply_page(x, 404, (struct span){0});
}

enum err web_serve(struct web *web, const struct http_config *config)
{
    struct env *env = web->env;
    enum err err = mdns_publish(env->net, "_http._tcp", 80, (struct span){0});

    return err ? err : http_serve(env, 80, config, NULL);
}
