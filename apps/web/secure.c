/* SPDX-License-Identifier: ISC */
/*
 * secure.c - HTTP, and HTTPS when the keys say so.
 */
#include <billet/https.h>

#include "web.h"

void web_wish(const struct env *env, struct limits *limits)
{
    https_wish(env, limits);
}

enum err web_serve(struct env *env, const struct http_config *config)
{
    struct https_ports ports = https_ports(env);
    enum err err =
        mdns_publish(env->net, "_http._tcp", ports.http, (struct span){0});

    if (!err && ports.https)
        err = mdns_publish(env->net, "_https._tcp", ports.https,
                           (struct span){0});
    return err ? err : https_serve(env, config, NULL);
}
