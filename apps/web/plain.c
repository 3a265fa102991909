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

enum err web_serve(struct env *env, const struct http_config *config)
{
    enum err err = mdns_publish(env->net, "_http._tcp", 80, (struct span){0});

    return err ? err : http_serve(env, 80, config, NULL);
}
