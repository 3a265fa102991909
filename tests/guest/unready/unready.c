/* SPDX-License-Identifier: ISC */
/*
 * unready - what `web` is updated to where it ought not to be: it answers, and
 * is never ready; or worse.
 *
 * tests/system/test_update.py writes another word behind "do:" into its file.
 */
#include <billet/app.h>
#include <billet/https.h>
#include <billet/update.h>
#include <string.h>

BILLET_DISKS;

static const volatile char mark[16] = "do:unready";

static bool never(void *user)
{
    (void)user;
    return false;
}

static void readyz(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    (void)rq;
    update_readyz(*(struct update **)user, x);
}

static const struct http_route routes[] = {
    {.path = "/readyz", .methods = HTTP_GET, .handle = readyz}};

static void wish(const struct env *env, struct limits *limits)
{
    https_wish(env, limits);
    update_wish(env, limits);
}

static enum err start(struct env *env)
{
    struct update **update = NEW(env, struct update *);
    enum err err;

    if (mark[3] == 'p')
        panic(__FILE__, __LINE__, "as it was told");
    if (mark[3] == 'f')
        return E_INVAL;
    while (mark[3] == 'h')
        ;
    err = https_serve(
        env,
        &(struct http_config){.routes = routes, .nroutes = 1, .user = update},
        NULL);
    return err ? err
               : update_start(env, &(struct update_config){.ready = never},
                              update);
}

BILLET_NET_APP_WISH(start, wish, .name = "web", .nets = {"uplink"},
                    .limits = {.tcp_conns = 64,
                               .tcp_listeners = 1,
                               .fibers = 1,
                               .arena_bytes = HTTP_ARENA_BYTES + 1024,
                               .conn_bytes = HTTP_CONN_BYTES});
