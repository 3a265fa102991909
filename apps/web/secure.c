/* SPDX-License-Identifier: ISC */
/*
 * secure.c - HTTP, and HTTPS when the keys say so, with a certificate that a CA
 * gives when they say that, too.
 */
#include <billet/acme.h>
#include <billet/https.h>
#include <billet/trust.h>
#include <billet/update.h>
#include <string.h>

#include "web.h"

BILLET_DISKS;

void web_wish(const struct env *env, struct limits *limits)
{
    https_wish(env, limits);
    acme_wish(env, limits, trust_roots);
    update_wish(env, limits);
    limits->arena_bytes += HTTP_ROUTES_MAX * sizeof(struct http_route);
}

void web_challenge(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    const struct web *web = user;

    acme_answer(web->acme, x, rq);
}

static const char *install(void *user, const struct tls_identity *id)
{
    return https_install(user, id);
}

static enum err certify(struct web *web, struct https *https)
{
    struct env *env = web->env;
    struct acme_config c = {.roots = trust_roots,
                            .server = https_tls(https),
                            .install = install,
                            .user = https};

    if (!acme_wanted(env))
        return OK;
    if (!c.server) {
        log_error(env->log, "acme", "--acme wants --tls=on or --tls=only");
        return E_INVAL;
    }
    if (env->blk[0] && !(c.store = acme_disk(env, env->blk[0]))) {
        log_error(env->log, "acme",
                  "the disk `state` is too small, or only to be read");
        return E_INVAL;
    }
    if (!c.store)
        log_warn(env->log, "acme",
                 "there is no disk `state`: the certificate, and the account, "
                 "end with this machine");
    return acme_start(env, &c, &web->acme);
}

static void update(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    const struct web *web = user;

    update_answer(web->update, x, rq);
}

static void readyz(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    const struct web *web = user;

    (void)rq;
    update_readyz(web->update, x);
}

enum { ADDRS_MAX = 32 };

/* Of this machine, or of one link: where the network gave no other, something
 * is wrong with it. */
static bool is_local(const struct ipaddr *a)
{
    if (ipaddr_is_v4(a))
        return a->b[12] == 127 || (a->b[12] == 169 && a->b[13] == 254);
    return a->b[0] == 0 || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

/* It listens, and has an address that others can use. */
static bool ready(void *user)
{
    const struct web *web = user;
    struct net_addr addrs[ADDRS_MAX];
    unsigned n = net_addrs(web->env->net, addrs, ADDRS_MAX);

    for (unsigned i = 0; i < n; i++)
        if (!addrs[i].tentative && !is_local(&addrs[i].addr))
            return web->serving;
    return false;
}

static const struct http_route more[] = {
    {.path = "/readyz", .methods = HTTP_GET, .handle = readyz, .plain = true},
    {.path = "/update",
     .methods = HTTP_GET | HTTP_PUT | HTTP_POST,
     .handle = update,
     .body_max = UPDATE_FILE_MAX},
};

static struct http_config with_more(struct env *env,
                                    const struct http_config *config)
{
    struct http_route *routes =
        NEW_ARRAY(env, struct http_route, HTTP_ROUTES_MAX);
    struct http_config c = *config;

    ASSERT(c.nroutes + ARRAY_LEN(more) <= HTTP_ROUTES_MAX);
    memcpy(routes, c.routes, c.nroutes * sizeof(*routes));
    memcpy(routes + c.nroutes, more, sizeof(more));
    c.routes = routes;
    c.nroutes += (unsigned)ARRAY_LEN(more);
    return c;
}

enum err web_serve(struct web *web, const struct http_config *config)
{
    struct env *env = web->env;
    struct http_config c = with_more(env, config);
    struct https_ports ports = https_ports(env);
    struct https *https;
    enum err err =
        mdns_publish(env->net, "_http._tcp", ports.http, (struct span){0});

    if (!err && ports.https)
        err = mdns_publish(env->net, "_https._tcp", ports.https,
                           (struct span){0});
    if (!err)
        err = https_serve(env, &c, &https);
    if (!err)
        err = certify(web, https);
    web->serving = !err;
    return err ? err
               : update_start(
                     env, &(struct update_config){.ready = ready, .user = web},
                     &web->update);
}
