/* SPDX-License-Identifier: ISC */
/*
 * plain.c - an image without TLS: https is refused.
 */
#include "fetch.h"

void fetch_wish(const struct env *env, struct limits *limits)
{
    (void)env;
    (void)limits;
}

bool fetch_secure(struct env *env, struct http_client_config *c)
{
    (void)env;
    (void)c;
    return true;
}
