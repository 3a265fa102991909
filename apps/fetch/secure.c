/* SPDX-License-Identifier: ISC */
/*
 * secure.c - https by the roots that are given, or by those baked in.
 */
#include <billet/trust.h>

#include "fetch.h"

static struct trust_config config(void)
{
    return (struct trust_config){
        .roots = trust_roots, .sessions = 2, .labels = "side=\"fetch\""};
}

void fetch_wish(const struct env *env, struct limits *limits)
{
    struct trust_config c = config();

    limits->arena_bytes += trust_bytes(env, &c);
}

bool fetch_secure(struct env *env, struct http_client_config *c)
{
    struct trust_config t = config();
    const char *why;

    c->secure = trust_secure;
    c->secure_why = tls_failure;
    c->secure_user = trust_client(env, &t, &why);
    if (!c->secure_user)
        log_error(env->log, "fetch", "%s", why);
    return c->secure_user;
}
